#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# How a guest can end, and what the process says then; dumps, counters, input.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm

expect "power-off" 0 "^vmm: exit reason=power-off vcpu=0 rip=0x[0-9a-f]+ code=0$" vmm "$BIN/hello.elf"
grep -q "Hello" "$work/out" || fail "power-off: the guest's line is missing"
expect "debug-exit 0" 1 "reason=debug-exit .* code=1$" vmm "$BIN/exit.elf" -- exit=0
expect "debug-exit 5" 11 "reason=debug-exit .* code=11$" vmm "$BIN/exit.elf" -- exit=5
expect "i8042 reset" 32 "reason=reset .* code=32$" vmm "$BIN/exit.elf" -- reset
expect "reset register" 32 "reason=reset" vmm "$BIN/exit.elf" -- resetreg
expect "INIT to the BSP" 32 "reason=reset" vmm "$BIN/exit.elf" -- init
for shape in split none; do
	expect "restarts, $shape" 0 "reason=power-off" vmm --on-reset restart --irqchip $shape --cpus 2 \
		--timeout 30 "$BIN/exit-multiboot.elf" -- restarts
	grep -q "restart 8, 4 through real mode" "$work/out" ||
		fail "restarts, $shape: $(cat "$work/out")"
done
expect "reset of the board" 32 "reason=reset" vmm --on-reset restart "$BIN/exit.elf" -- resetreg
expect "time-out" 124 "reason=timeout vcpu=-1 .* code=124$" vmm --timeout 1 "$BIN/exit.elf" -- halt
for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
	# shellcheck disable=SC2086
	expect "triple fault $shape" 38 "reason=triple-fault" vmm $shape "$BIN/crash.elf"
	grep -q "rip" "$work/err" || fail "triple fault $shape: no registers in the dump"
	grep -q "LAPIC of CPU 0" "$work/err" || fail "triple fault $shape: no LAPIC in the dump"
done
expect "dump always" 0 "LVT_TIMER" vmm --dump-on-exit=always "$BIN/hello.elf"
expect "stats" 0 "vcpu0 exits: io=" vmm --stats "$BIN/hello.elf"
expect "stats to a file" 0 "reason=power-off" vmm --stats="$work/stats" "$BIN/hello.elf"
grep -q "vcpu0 exits" "$work/stats" || fail "stats to a file: nothing in it"
expect "log file" 0 "" vmm --log-file "$work/log" "$BIN/hello.elf"
grep -q "reason=power-off" "$work/log" || fail "log file: no verdict in it"
expect "serial file" 0 "reason=power-off" vmm --serial "file=$work/serial" "$BIN/hello.elf"
grep -q "Hello" "$work/serial" || fail "serial file: the guest's line is missing"
expect "serial null" 0 "reason=power-off" vmm --serial null "$BIN/hello.elf"
[ -s "$work/out" ] && fail "serial null: output on stdout"
expect "serial off" 0 "reason=power-off" vmm --serial off "$BIN/hello.elf"

# Input through the UART's receive interrupt, more than its FIFO holds.
for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
	text=$(printf 'abcdefghijklmnopr%.0s' 1 2 3 4 5 6 7 8 9 10)
	# The first byte may be gone when the guest switches the FIFO on, as on the chip.
	# shellcheck disable=SC2086
	got=$(printf '.%sq' "$text" | vmm $shape --timeout 20 "$BIN/exit.elf" -- echo 2>"$work/err")
	case "$got" in
	*"$text"*) echo "ok: echo $shape" ;;
	*) fail "echo $shape: got '$got'; $(cat "$work/err")" ;;
	esac
done
vmm --version | grep -Eq '^vmm [0-9]' || fail "--version"
vmm --help | grep -q -- '--cpus' || fail "--help"
vmm --check >"$work/out" || fail "--check: status $?"
grep -q "IA32_APIC_BASE exits" "$work/out" || fail "--check: no findings"
expect "--help to a full disk" 70 "" sh -c 'vmm --help >/dev/full'
finish
