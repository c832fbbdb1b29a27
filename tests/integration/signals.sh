#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SIGINT and SIGTERM end a run cleanly, Ctrl-C and Ctrl-A x too, and the terminal is as it was.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm

# Until the guest says so, its VMM may not have come to wait for signals.
guest_runs() {
	grep -qs 'exit: halted' "$work/out"
}

# Ends by signal NAME while SHAPE runs 4 CPUs; the status is 128 + its number.
end_by() {
	local name=$1 number=$2 shape=$3 pid status=0
	rm -f "$work/out"
	# shellcheck disable=SC2086
	vmm $shape --cpus 4 --timeout 30 "$BIN/exit.elf" -- halt >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	await guest_runs
	kill -s "$name" "$pid"
	wait "$pid" || status=$?
	if [ "$status" -ne $((128 + number)) ] || ! grep -q "reason=signal" "$work/err"; then
		fail "$name $shape: status $status; $(cat "$work/err")"
	else
		echo "ok: $name $shape"
	fi
}

for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
	end_by INT 2 "$shape"
	end_by TERM 15 "$shape"
done
end_by HUP 1 ""

# On a terminal: KEYS end it with STATUS, and stty says the same before and after.
on_terminal() {
	local name=$1 keys=$2 status=$3
	cat >"$work/session.sh" <<-EOS
		stty -a >"$work/before"
		vmm --timeout 20 "$BIN/exit.elf" -- halt
		echo \$? >"$work/status"
		stty -a >"$work/after"
	EOS
	rm -f "$work/out"
	(await guest_runs; printf '%b' "$keys"; sleep 1) |
		script -qec "bash $work/session.sh" /dev/null >"$work/out" 2>&1
	[ "$(cat "$work/status")" = "$status" ] || fail "$name: status $(cat "$work/status"); $(cat "$work/out")"
	cmp -s "$work/before" "$work/after" || fail "$name: the terminal was not restored"
	echo "ok: $name"
}

command -v script >/dev/null || { finish; exit 0; }
on_terminal "Ctrl-C" '\003' 130
on_terminal "Ctrl-A x" '\001x' 0
finish
