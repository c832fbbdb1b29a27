#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The console on a terminal and in scripts: every way out gives the terminal back, nothing is lost of
# what is pasted or piped in, and a closed or full output does not end the guest.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm
cd "$work" || exit 1
export BIN

# A shell with job control runs vmm in the foreground, and compares the terminal before and after.
cat >session.sh <<'EOS'
set -m
stty -a >before
sh -c 'echo $$ >pid; exec vmm --timeout 100 "$BIN/exit.elf" -- echo'
status=$?
while [ "$status" -eq 147 ]; do # 128 + SIGSTOP
	stty -a >stopped
	echo "session: stopped"
	fg >fg.out
	status=$?
done
stty -a >after
echo "session: over"
exit "$status"
EOS

# on_terminal NAME STATUS STEP...: in that session.
on_terminal() {
	local name=$1 want=$2 status=0
	shift 2
	rm -f pid before after stopped
	drive expect:ready raw "$@" "expect:session: over" -- bash session.sh >heard 2>drive.err || status=$?
	if [ "$status" -ne "$want" ]; then
		fail "$name: status $status; $(cat drive.err heard)"
	elif ! cmp -s before after; then
		fail "$name: the terminal was not restored"
	elif [ -e stopped ] && ! cmp -s before stopped; then
		fail "$name: the terminal was not restored while stopped"
	else
		echo "ok: $name"
	fi
}

# shellcheck disable=SC2016
kill_it='run:kill -s %s "$(cat pid)"'
# shellcheck disable=SC2059
killed() { printf "$kill_it" "$1"; }

on_terminal "the guest's end" 0 send:q
[ "$(grep -c "Ctrl-A x quits" heard)" -eq 1 ] || fail "the hint is not there once: $(cat heard)"
on_terminal "Ctrl-A x" 0 'send:\001x'
# Ctrl-C and Ctrl-Z are the guest's, who echoes them, and so are an arrow key and two Ctrl-A.
control_c=$'\003\032\033[A\001'
on_terminal "keys for the guest" 0 'send:\003\032\033[A\001\001' "expect:$control_c" send:q
on_terminal "Ctrl-A h, l and s" 0 'send:\001h' "expect:dump the local APICs" 'send:\001l' "expect:LAPIC of CPU 0" \
	'send:\001s' "expect:vcpu0 exits" send:q
for signal in INT:130 TERM:143 HUP:129 QUIT:131; do
	on_terminal "SIG${signal%:*}" "${signal#*:}" "$(killed "${signal%:*}")"
done
on_terminal "SIGTSTP and SIGCONT" 0 "$(killed TSTP)" "expect:session: stopped" raw send:x expect:x send:q

# A crash: by a signal from outside, and on the thread of a vCPU.
ulimit -c 0
if [ -z "${SANITIZED:-}" ]; then
	for signal in SEGV:139 BUS:135 ABRT:134 ILL:132 FPE:136; do
		on_terminal "SIG${signal%:*}" "${signal#*:}" "$(killed "${signal%:*}")"
	done
	export CRASH_WHEN=$work/crash
	sed "s|exec vmm|LD_PRELOAD=$BIN/libkvm_crash.so exec vmm|" session.sh >crash.sh
	mv crash.sh session.sh
	on_terminal "a crash of a vCPU" 139 run:"touch crash" send:x
fi

# In the background the terminal is the shell's; the guest runs, and is given the terminal by fg.
cat >background.sh <<'EOS'
set -m
stty -a >before
vmm --timeout 100 "$BIN/exit.elf" -- echo &
echo "session: typed"
read -r line
stty -a >after
echo "session: line $line"
fg >fg.out
EOS
if drive "expect:session: typed" cooked 'send:mine\n' "expect:session: line mine" raw send:yours \
	expect:yours send:q -- bash background.sh >heard 2>drive.err && cmp -s before after; then
	echo "ok: background and fg"
else
	fail "background and fg: $(cat drive.err heard)"
fi

# A paste of 10 kB while the guest echoes byte by byte.
seq 10000 12000 | tr '\n' ' ' | head -c 10240 >pasted
if drive expect:ready raw file:pasted send:q "expect:interrupts" -- vmm --timeout 100 "$BIN/exit.elf" -- echo \
	>heard 2>drive.err && grep -qF "$(cat pasted)" heard; then
	echo "ok: paste"
else
	fail "paste: $(cat drive.err)"
fi

# Scripts.
piped() {
	local name=$1 want=$2 got
	got=$(tr -d '\r' <heard | sed '/^echo: /d')
	if [ "$got" = "$want" ]; then echo "ok: $name"; else fail "$name: '$got'; $(cat err)"; fi
}
vmm_echo() { vmm --timeout 100 "$BIN/exit.elf" -- echo 2>err; }
echo "hello q" | vmm_echo | cat >heard
piped "a pipe" "hello "
printf '%sq' "$(cat pasted)" | vmm_echo | cat >heard
piped "a long pipe" "$(cat pasted)"
vmm_echo <<-EOS >heard
	here is a document
	$(cat pasted)
	q
EOS
piped "a here-document" "here is a document
$(cat pasted)"
printf 'filq' >input
vmm_echo <input >heard
piped "a file" "fil"
expect "no input" 0 "reason=power-off" vmm "$BIN/hello.elf"
vmm "$BIN/hello.elf" <&- >heard 2>err || fail "stdin closed: $(cat err)"
grep -q Hello heard || fail "stdin closed: no output"
# shellcheck disable=SC2016
expect "stdout closed" 0 "reason=power-off" sh -c 'vmm "$BIN/hello.elf" >&-'
grep -q "dropped" "$work/err" && fail "stdout closed: another file took its place: $(cat err)"
{ vmm --timeout 100 "$BIN/exit.elf" -- echo <pasted 2>err & echo $! >pid; } | head -c 1 >/dev/null
until grep -q "cannot be written any more" err; do sleep 0.05; done
kill -TERM "$(cat pid)"
[ "$(grep -c "cannot be written any more" err)" -eq 1 ] || fail "a closed pipe: not exactly one message"
status=0
vmm "$BIN/hello.elf" >/dev/full 2>err </dev/null || status=$?
if [ "$status" -ne 0 ] || ! grep -q "dropped: No space left" err; then fail "a full disk: $status $(cat err)"; fi
finish
