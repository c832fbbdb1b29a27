#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What the start-up probe finds out about this host's KVM (R161..R164, R175), and what follows from it.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm

# finding TEXT: what --check says about it, in $work/check.
finding() {
	sed -nE "s/^  $1 +(yes|no)$/\\1/p" "$work/check"
}

vmm --check >"$work/check" 2>"$work/err" || skip "vmm --check: $(tail -n 1 "$work/err")"
# Without these two no local APIC outside of KVM is possible.
for fact in "x2APIC MSRs exit" "IA32_APIC_BASE exits"; do
	[ "$(finding "$fact")" = yes ] || fail "$fact: $(finding "$fact")"
done

# deadline SHAPE: does the guest's CPUID offer TSC-deadline there?
deadline() {
	vmm --cpus 1 --lapic user --irqchip "$1" --timeout 30 smp.elf -- only=timer-deadline xapic \
		>"$work/out" 2>"$work/err" </dev/null
	if grep -q '^PASS xapic/timer-deadline' "$work/out"; then
		echo yes
	elif grep -q '^SKIP xapic/timer-deadline: CPUID has no TSC-deadline' "$work/out"; then
		echo no
	else
		echo "neither: $(cat "$work/out" "$work/err")"
	fi
}

expected=$(finding "IA32_TSC_DEADLINE exits")
for shape in split none; do
	got=$(deadline $shape)
	[ "$got" = "$expected" ] || fail "TSC-deadline exits: $expected; offered in $shape: $got"
done

# The same on a KVM that swallows the write. A sanitizer has to be the first library.
if [ -z "${SANITIZED:-}" ]; then
	export LD_PRELOAD=$BIN/libkvm_without_cap.so WITHOUT_MSR_EXIT=0x6e0
	vmm --check >"$work/check" 2>"$work/err"
	[ "$(finding "IA32_TSC_DEADLINE exits")" = no ] || fail "the probe overlooks a swallowed write"
	for shape in split none; do
		got=$(deadline $shape)
		[ "$got" = no ] || fail "swallowed in $shape, but offered: $got"
	done
	expect "it cannot be insisted on" 4 "TSC" vmm --tsc-deadline on hello.elf
	unset LD_PRELOAD WITHOUT_MSR_EXIT
fi
finish
