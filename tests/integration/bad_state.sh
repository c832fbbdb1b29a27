#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# States that cannot be saved or restored: each has its one-line error and status 2, and nothing is lost.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm
cd "$work" || exit 1

refuse() {
	local name=$1 pattern=$2
	shift 2
	expect "$name" 2 "$pattern" vmm "$@"
	[ "$(grep -c '^vmm: error:' "$work/err")" -eq 1 ] || fail "$name: not exactly one error line"
}

# refuse_forged NAME PATTERN SECTION OFFSET BYTE [COUNT]: the state with other bytes in it.
refuse_forged() {
	local name=$1 pattern=$2
	shift 2
	forge_state good forged "$@" || fail "$name: forge_state failed"
	refuse "$name" "$pattern" --restore forged
}

smp=("$BIN/smp.elf" -- x2apic only=ipi-self save-between)
expect "saved" 40 "reason=saved vcpu=0 .* code=40" \
	vmm --cpus 2 --memory 16M --test-device --save-state good "${smp[@]}"
[ "$(stat -c %a good)" = 600 ] || fail "others can read the state"

# Options
refuse "no such folder" "--save-state: cannot write nowhere/s: No such file" --save-state nowhere/s
refuse "a device to save to" "/dev/null is not a plain file" --save-state /dev/null
refuse "no such state" "cannot read the state missing: No such file" --restore missing
refuse "a folder to restore" "not a plain file" --restore .
refuse "state and image" "--restore takes the guest from the file" --restore good "$BIN/hello.elf"
refuse "state and cmdline" "--restore takes the guest from the file" --restore good -p x
refuse "other CPUs" "--cpus of the state good is 2, not 4: leave the option out" --restore good --cpus 4
refuse "other memory" "--memory" --restore good --memory 32M
refuse "other ids" "--apic-id-offset" --restore good --apic-id-offset 1
refuse "no x2APIC" "--x2apic contradicts" --restore good --x2apic off
refuse "no UART" "--serial contradicts" --restore good --serial off
refuse "PCI devices" "--save-state: a machine with PCI devices cannot be" --save-state s --rng "$BIN/hello.elf"
refuse "PCI devices, restored" "--restore: a machine with PCI devices cannot be" --restore good --rng
refuse "stress by words" "--stress-state: 'often'" --stress-state often

# AMD's extended registers go on where they can
expect "extended registers, saved" 40 "reason=saved" vmm --cpus 2 --memory 16M --test-device \
	--amd-extapic on --save-state extended "$BIN/smp.elf" -- xapic only=ext-apic,ipi-self save-between
refuse "no extended registers" "--amd-extapic contradicts" --restore extended --amd-extapic off
refuse "KVM's LAPIC has none" "--lapic kernel has no AMD extended registers" --restore extended --lapic kernel
refuse "none were saved" "--amd-extapic contradicts" --restore good --amd-extapic on
expect "extended registers, restored" 0 "reason=power-off" vmm --restore extended
grep -q 'PASS xapic/ext-apic' "$work/out" || fail "no test of the extended registers: $(cat "$work/out")"

# Files
printf '' >empty
head -c 20 good >short
head -c "$(($(stat -c %s good) / 2))" good >half
cp good flipped && printf '\125' | dd of=flipped bs=1 seek=5000 conv=notrunc status=none
cp good newer && printf '\011' | dd of=newer bs=1 seek=8 conv=notrunc status=none
refuse "an empty state" "empty is not a saved state" --restore empty
refuse "an image as state" "hello.elf is not a saved state" --restore "$BIN/hello.elf"
refuse "a short state" "short is truncated" --restore short
refuse "half a state" "half is truncated" --restore half
refuse "a damaged state" "flipped is damaged in its section" --restore flipped
refuse "a newer state" "is of version 9, this vmm reads version 1" --restore newer

# Forgeries, whose checksums fit
refuse_forged "no CPUs" "a 'machine' that cannot be" machine 0 0
refuse_forged "memory without end" "a 'machine' that cannot be" machine 11 255
refuse_forged "another CPU" "differs from this host's in CPUID leaf" cpuid 60 165 4
refuse_forged "RAM far away" "RAM outside of the machine's" ram 6 1
refuse_forged "RAM beyond the end" "RAM outside of the machine's" ram 3 1
refuse_forged "no local APIC" "a 'vcpu' that cannot be" vcpu 0 0 4
refuse_forged "another CPU's APIC" "belongs to a CPU with another id" vcpu 40 1
refuse_forged "an APIC base that cannot be" "CPU 0: KVM_SET_SREGS|IA32_APIC_BASE" vcpu 23 255
refuse_forged "no I/O APIC" "an* 'ioapic' that cannot be" ioapic 0 0 4
refuse_forged "no 8259" "a 'pic' that cannot be" pic 4 99

# A file that must not grow: the guest runs on, the older state stays.
cp good before
# shellcheck disable=SC2016 # expanded by the inner shell
expect "no room" 0 "the state cannot be saved to good: File too large; the guest runs on" \
	sh -c 'ulimit -f 8; exec "$@"' sh vmm --cpus 2 --memory 16M --test-device --save-state good \
	"${smp[@]}"
cmp -s good before || fail "no room: the older state is gone"
[ "$(find . -name 'good.*' | wc -l)" -eq 0 ] || fail "no room: a temporary file is left"

# Nobody said where to: the guest runs on, and hears nothing of it.
expect "not wanted" 0 "reason=power-off" vmm --cpus 2 --test-device "${smp[@]}"
# shellcheck disable=SC2016 # expanded by the inner shell
expect "by key, not wanted" 0 "not saved: there is no --save-state" \
	sh -c 'printf "\001w\001x" | vmm --test-device "$1"' sh "$BIN/smp.elf"
# shellcheck disable=SC2016
expect "by key" 40 "reason=saved" \
	sh -c 'printf "\001w" | vmm --save-state key "$1" -- halt' sh "$BIN/exit.elf"
expect "by key, restored" 124 "reason=timeout" vmm --restore key --timeout 1
finish
