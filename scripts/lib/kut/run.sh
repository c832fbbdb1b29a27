#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The part of scripts/kvm-unit-tests that runs beside /dev/kvm: one guest after the other. A POSIX
# shell, for busybox. Usage: sh run.sh TOKEN PLAN, the latter being a file of `one` and `left_out`.
#
# Writes, each line starting with TOKEN, which no guest knows:
#   TOKEN start                  at the very beginning
#   TOKEN begin TEST MODE
#   ... what the guest wrote on COM1
#   TOKEN log                    and then what vmm wrote, registers included
#   TOKEN end STATUS SECONDS
#   TOKEN skip TEST MODE REASON
#   TOKEN done                   at the very end
token=$1
# A group of its own, which coreutils' timeout makes, would escape whoever ends the native lane.
case $VMM_LANE in
native) group=--foreground ;;
*) group= ;;
esac
log=$(mktemp)
out=$(mktemp)
trap 'rm -f "$log" "$out"' EXIT

# left_out TEST MODE REASON
left_out()
{
	echo "$token skip $*"
}

# unmet CHECK: prints the first of "PATH=VALUE ..." that is not so.
unmet()
{
	for condition in $1; do
		if [ ! -f "${condition%%=*}" ] || [ "$(cat "${condition%%=*}")" != "${condition#*=}" ]; then
			echo "$condition"
			return
		fi
	done
}

# spoiled STATUS: did the lane give a guest the registers of its own host? See docs/testing.md.
spoiled()
{
	case $1 in
	1 | 77) return 1 ;;
	esac
	[ "$VMM_LANE" = amd ] && grep -Eq '^CPU [0-9]+: rip ff|^  gdt ff' "$log"
}

# one TEST MODE CHECK SECONDS OPTION...: one guest, in vmm with those options.
one()
{
	test=$1 mode=$2 check=$(unmet "$3") seconds=$4
	shift 4
	if [ -n "$check" ]; then
		left_out "$test" "$mode" "not so on this host: $check"
		return
	fi
	start=$(date +%s)
	for attempt in 1 2 3; do
		timeout $group -s KILL $((seconds + 15)) vmm --timeout "$seconds" --test-device \
			--cpuid host --dump-on-exit=always "$@" >"$out" 2>"$log" </dev/null
		status=$?
		spoiled "$status" || break
		echo "attempt $attempt of 3 at $test, $mode: spoiled by the lane" >&2
	done
	echo "$token begin $test $mode"
	tr -d '\r' <"$out"
	echo
	echo "$token log"
	head -c 65536 "$log"
	echo
	echo "$token end $status $(($(date +%s) - start))"
}

cd "$VMM_FILES" || exit 70
echo "$token start"
# shellcheck source=/dev/null # made by plan.py
. "./$2"
echo "$token done"
