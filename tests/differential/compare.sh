#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# compare.sh CPUS SEED EPISODES [STEPS]: the same random programs on our local APICs in both shapes
# and on KVM's; says where the first difference is and how to repeat it. Status 1: there is one.
# With "fresh" for SEED it is one that nobody has run yet, printed like every other. README.md says
# what is compared and what is not.
cpus=$1
seed=$2
episodes=$3
steps=${4:-40}
[ "$seed" != fresh ] || seed=$(($(od -An -N4 -tu4 /dev/urandom) + 1))
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
words="seed=$seed episodes=$episodes steps=$steps"
# kvm_pvm's own LAPIC has nothing in service while a handler runs: there handlers end their vectors.
[ -d /sys/module/kvm_pvm ] && words="$words eoi"
failed=0

# run NAME MODE OPTION...: its output goes to NAME.
run() {
	name=$1
	mode=$2
	shift 2
	# shellcheck disable=SC2086
	vmm "$@" --cpus "$cpus" --test-device --timeout 300 diff.elf -- $words "$mode" \
		>"$folder/$name" 2>"$folder/$name.log"
	status=$?
	[ $status -eq 0 ] && tail -n 1 "$folder/$name" | grep -qx end && return 0
	echo "FAIL $name, $mode, $cpus CPUs: the program did not come to its end (status $status)"
	cat "$folder/$name.log"
	failed=1
	return 1
}

# same MODE ONE OTHER: the outputs of two runs.
same() {
	line=$(cmp "$folder/$2" "$folder/$3" 2>&1 | sed -n 's/.* line \([0-9]*\)$/\1/p')
	[ -z "$line" ] && ! cmp -s "$folder/$2" "$folder/$3" && line=1
	if [ -z "$line" ]; then
		echo "ok $2 = $3, $1, $cpus CPUs, seed $seed: $((episodes * steps)) steps"
		return
	fi
	failed=1
	echo "FAIL $2 and $3 differ, $1, $cpus CPUs, $words, at line $line;"
	echo "the program up to there:"
	head -n "$((line - 1))" "$folder/$2" | awk '
		/^episode/ { text = "" }
		{ text = text $0 "\n" }
		END { printf "%s", text }'
	echo "$2: $(sed -n "${line}p" "$folder/$2")"
	echo "$3: $(sed -n "${line}p" "$folder/$3")"
}

for mode in xapic x2apic; do
	run user-split "$mode" --lapic user --irqchip split || continue
	run user-none "$mode" --lapic user --irqchip none && same "$mode" user-split user-none
	run kernel "$mode" --lapic kernel && same "$mode" user-split kernel
done
[ $failed -eq 0 ]
