#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What cmake --install leaves, moved elsewhere: the programs start, their manuals are there, and README's
# example is built with the libraries through pkg-config and prints what README says.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
cmake --install "$BIN/.." --prefix "$work/first" >"$work/out" 2>&1 || fail "cmake --install: $(cat "$work/out")"
mv "$work/first" "$work/moved"
for program in vmm lapicdump; do
	expect "$program" 0 "" "$work/moved/bin/$program" --version
	[ -s "$work/moved/share/man/man1/$program.1" ] || fail "no manual of $program"
done

awk '/^```/ { inside = $0 == "```c"; next } inside' "$SOURCE/README.md" >"$work/example.c"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name libioapic.pc)")
export PKG_CONFIG_PATH
read -ra flags < <(pkg-config --cflags --libs liblapic libioapic) || fail "pkg-config"
case "${flags[*]}" in
*"$work/first"*) fail "pkg-config looks where nothing is any more: ${flags[*]}" ;;
esac
expect "README's example" 0 "" \
	gcc -std=c11 -Wall -Wextra -Werror -o "$work/example" "$work/example.c" "${flags[@]}"
expect "it runs" 0 "" "$work/example"
grep -qxF -- "    $(cat "$work/out")" "$SOURCE/README.md" || fail "README does not say: $(cat "$work/out")"
finish
