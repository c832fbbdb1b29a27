#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# state.sh between|random CPUS SHAPE...: the SMP kernel, saved again and again and restored in a new
# process in the next one of the shapes (split, none, kernel), until it has passed all its tests. between:
# it asks for the saves itself, after each test. random: a signal does, at any moment.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/integration/known.sh
. "$(dirname "$0")/known.sh"
need_kvm

SAVED=40
TOO_EARLY=140 # SIGUSR2 before the VMM listens
when=$1
cpus=$2
shift 2
shapes=("$@")
cd "$work" || exit 1

words=$(known_words "$@")
if [ "$when" = between ]; then
	words="$words save-between"
else
	# A restored pin starts over with its storm, and time passes while a count is being compared.
	words=${words:-skip=none},ioapic-storm,clocks-agree
	# Local sources can be raised in our own shapes only, so such a test cannot change over in its middle.
	[[ " $* " == *" kernel "* ]] && words=$words,lvt-pmc,lvt-thermal,lvt-lint1
fi
# What KVM's LAPIC offers, ours has to be able to go on with.
deadline=off
vmm --check | grep -q 'IA32_TSC_DEADLINE exits *yes' && deadline=auto

# run WORDS...: one process, and the signal, if that is how it is saved. Its status.
run() {
	local status=0
	if [ "$when" = between ]; then
		vmm --timeout 120 --save-state state "$@" >>out 2>err </dev/null || status=$?
		return "$status"
	fi
	vmm --timeout 120 --save-state state "$@" >>out 2>err </dev/null &
	sleep "0.$((RANDOM % 300 + 100))"
	kill -USR2 $! 2>/dev/null
	wait $! || status=$?
	return "$status"
}

shape_options() {
	case $1 in
	kernel) echo --lapic kernel ;;
	*) echo --lapic user --irqchip "$1" ;;
	esac
}

status=$TOO_EARLY
while [ "$status" -eq "$TOO_EARLY" ]; do
	status=0
	# shellcheck disable=SC2046,SC2086 # several words
	run $(shape_options "${shapes[0]}") --cpus "$cpus" --memory 16M --test-device \
		--tsc-deadline "$deadline" "$BIN/smp.elf" -- $words || status=$?
done
saves=0
while [ "$status" -eq "$SAVED" ] || [ "$status" -eq "$TOO_EARLY" ]; do
	[ "$status" -eq "$SAVED" ] && saves=$((saves + 1))
	status=0
	# shellcheck disable=SC2046
	run $(shape_options "${shapes[$((saves % ${#shapes[@]}))]}") --restore state || status=$?
done
echo "$saves saves, status $status"
cat err
if [ "$status" -ne 0 ]; then
	fail "status $status in shape ${shapes[$((saves % ${#shapes[@]}))]}; $(grep FAIL out; tail -n 2 out)"
fi
grep -q 'passed, 0 failed' out || fail "no test kernel that has passed everything"
[ "$saves" -ge 5 ] || fail "only $saves saves"
finish
