#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# smp.sh [vmm's options] IMAGE [-- words]: an SMP kernel that has to end with status 0 and to skip no other
# tests than those that make no sense on this machine; and what the counters say of it.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/integration/known.sh
. "$(dirname "$0")/known.sh"
need_kvm

[[ " $* " == *" -- "* ]] || set -- "$@" --
# shellcheck disable=SC2046 # one word or none
set -- "$@" $(known_words "$@")

cpus=1 ids_from=0 ioapic=0x20 shape=user stress=0
words=
while read -r option value; do
	case $option in
	--cpus) cpus=$value ;;
	--apic-id-offset) ids_from=$value ;;
	--ioapic-version) ioapic=$value ;;
	--lapic) shape=$value ;;
	--stress-state) stress=$value ;;
	esac
done < <(for i in $(seq $#); do echo "${*:i:2}"; done)
for word; do
	[ "$word" = -- ] && words=" "
	[ -n "$words" ] && words+="$word "
done
last_id=$((ids_from + cpus - 1))

# The word for the other mode alone keeps a pass away.
wanted() {
	[[ $words == *" $1 "* ]] || [[ $words != *" xapic "* && $words != *" x2apic "* ]]
}

has_deadline() {
	[ "$shape" = kernel ] || vmm --check | grep -q 'TSC-deadline offered'
}

# skips_of_pass MODE: the tests that make no sense on this machine.
skips_of_pass() {
	local no="ext-apic remote-read" name

	case $1 in
	xapic) no+=" ipi-self-register mixed-modes" ;;
	x2apic) no+=" ipi-logical-flat apic-move id-alias" ;;
	esac
	[ "$cpus" -gt 1 ] || no+=" ipi-others nmi-latch cr8-release-remote hlt-nmi hlt-held id-alias
		mixed-modes ap-restart"
	[ "$last_id" -lt 255 ] || no+=" mixed-modes"
	# Pins and MSIs have logical ids of 8 bits: the first half of x2APIC's cluster 0.
	[ "$1" = xapic ] || [ "$ids_from" -lt 8 ] || no+=" ioapic-logical msi-logical"
	[ "$ioapic" != 0x11 ] || no+=" ioapic-directed-eoi"
	[ "$shape" != kernel ] || no+=" lvt-pmc lvt-thermal lvt-lint1"
	has_deadline || no+=" timer-deadline timer-tsc-write"
	[[ $words != *skip=* ]] || no+=" $(sed 's/.* skip=\([^ ]*\) .*/\1/; s/,/ /g' <<<"$words")"
	for name in $no; do
		echo "$1/$name"
	done
}

# "mode/test", or "mode" for a pass that is not run.
expected_skips() {
	local pass

	for pass in xapic x2apic; do
		if ! wanted $pass || { [ $pass = xapic ] && [ "$last_id" -gt 254 ]; }; then
			echo $pass
		else
			skips_of_pass $pass
		fi
	done | sort -u
}

vmm --test-device --stats="$work/stats" "$@" </dev/null | tee "$work/out"
status=${PIPESTATUS[0]}
[ "$status" -ne 4 ] || skip "this KVM lacks something"
[ "$status" -eq 0 ] || fail "status $status"

# A busy host may keep the clocks from being compared, which the kernel says.
sed -nE '/SKIP .*clocks-agree: no quiet moment/d; s/^SKIP ([a-z0-9/-]+):.*/\1/p' "$work/out" |
	sort -u >"$work/skipped"
expected_skips >"$work/expected"
if [[ $words != *" only="* ]] && ! diff "$work/expected" "$work/skipped" >"$work/diff"; then
	fail "skipped (>) against expectation (<): $(grep '^[<>]' "$work/diff" | tr '\n' ' ')"
fi

# R170: the vectors whose EOI took no exit, on each CPU.
if grep -q '^PASS .*/pv-eoi' "$work/out" && [ "$shape" != kernel ]; then
	[ "$(grep -c ' pv-eoi=[1-9]' "$work/stats")" -eq "$cpus" ] ||
		fail "not every CPU has saved an EOI: $(cat "$work/stats")"
fi
[ "$stress" -eq 0 ] || expect_stressed "$work/stats" "$stress"
finish
