#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# check.sh MODEL all|broken: have Spin look at every interleaving of a protocol. "all" finds nothing wrong
# in it; "broken" finds what is lost in each variant that lacks something.
# Exit status 77: Spin or a compiler is missing.
set -eu -o pipefail

model=$(realpath "$1")
what=$2
cc=${CC:-cc}
for tool in spin "$cc"; do
	command -v "$tool" >/dev/null || {
		echo "skipped: $tool is not installed; scripts/setup test installs it"
		exit 77
	}
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$model" "$dir/model.pml" # next to which trails are written
cd "$dir"

# check OPTIMIZATION [DEFINE]: prints pan's line with the number of errors.
check() {
	local optimization=$1 define=${2-}
	rm -f ./*.trail
	spin ${define:+"-D$define"} -a model.pml >spin.out || {
		cat spin.out >&2
		return 1
	}
	"$cc" -w "$optimization" -DSAFETY -o pan pan.c
	./pan -E -m100000 >pan.out
	if grep -q 'max search depth too small' pan.out; then
		echo "the search was cut off" >&2
		return 1
	fi
	grep -o 'errors: [0-9]*' pan.out
}

if [[ $what == all ]]; then
	result=$(check -O2)
	grep -E 'states, stored|State-vector' pan.out
	[[ $result == 'errors: 0' ]] || {
		spin -t -p -l -g model.pml | tail -n 60
		echo "check.sh: something is lost, as above"
		exit 1
	}
	exit 0
fi

# The variants are those that the model's head lists; each of them is one.
mapfile -t variants < <(grep -oE '^ \*  [A-Z_]+' "$model" | tr -d ' *')
[[ ${#variants[@]} -ge 5 ]] || {
	echo "check.sh: the model lists ${#variants[@]} variants only"
	exit 1
}
failed=0
for variant in "${variants[@]}"; do
	grep -qE "^#ifn?def $variant\$" "$model" || {
		echo "check.sh: the model has no $variant"
		failed=1
	}
	result=$(check -O0 "$variant")
	if [[ $result == 'errors: 1' && -n $(compgen -G '*.trail') ]]; then
		echo "$variant: lost, as it should be"
	else
		echo "$variant: nothing was found ($result)"
		failed=1
	fi
done
exit "$failed"
