#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# --serial pty and --serial socket: with nobody there, with one after the other, with too many, and the
# socket's file before and after.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm
cd "$work" || exit 1

# Start a guest that echoes until 'q', on --serial "$1".
start_echo() {
	vmm --serial "$1" --timeout 100 "$BIN/exit.elf" -- echo >out 2>err </dev/null &
	pid=$!
}

# The guest has to have ended by itself.
end_echo() {
	local name=$1 status=0
	wait "$pid" || status=$?
	if [ "$status" -ne 0 ] || ! grep -q "reason=power-off" err; then
		fail "$name: status $status; $(cat err)"
	elif [ -s out ]; then
		fail "$name: output on stdout"
	else
		echo "ok: $name"
	fi
}

# until_true COMMAND...: there is no telling how long this machine takes.
until_true() {
	until "$@" >/dev/null 2>&1; do
		kill -0 "$pid" 2>/dev/null || { fail "$*: vmm has ended: $(cat err)"; return; }
		sleep 0.05
	done
}

as() {
	local name=$1
	shift
	drive "$@" >heard 2>drive.err || fail "$name: $(cat drive.err)"
}

# ---- a pseudo-terminal ---------------------------------------------------------------------------------
start_echo pty
until_true grep -q "^vmm: serial port: /dev/" err
tty=$(sed -n 's/^vmm: serial port: //p' err)
[ "$(grep -c . err)" -eq 1 ] || fail "pty: not exactly one line: $(cat err)"
# Raw before anybody has opened it, or the guest would be sent what it says.
as "pty, first" -t "$tty" raw 'send:one\001x' 'expect:one'
as "pty, again" -t "$tty" send:two expect:two
head -c 12000 /dev/zero | tr '\0' z >zeds
as "pty, many bytes" -t "$tty" send:first expect:first file:zeds send:end expect:end
[ "$(tr -dc z <heard | wc -c)" -eq 12000 ] || fail "pty: bytes are missing: $(tr -dc z <heard | wc -c)"
printf 'without a reader' >"$tty"
as "pty, the end" -t "$tty" send:q
end_echo "pty"

vmm --serial pty --timeout 100 "$BIN/hello.elf" >out 2>err </dev/null || fail "pty, nobody came: $(cat err)"
echo "ok: pty to which nobody came"

# ---- a socket --------------------------------------------------------------------------------------------
start_echo socket=here
until_true test -S here
as "socket, first" -u here send:one expect:one
as "socket, again" -u here send:two expect:two
as "socket, many bytes" -u here send:first expect:first file:zeds send:end expect:end
[ "$(tr -dc z <heard | wc -c)" -eq 12000 ] || fail "socket: bytes are missing: $(tr -dc z <heard | wc -c)"
# Ctrl-A is the guest's.
as "socket, Ctrl-A" -u here 'send:a\001x' expect:x
# The end of what a client has to say is not the end of what it wants to hear.
as "socket, half closed" -u here send:three half expect:three
# The second one waits until the first has left.
as "socket, two clients" -u here send:four expect:four \
	"run:drive -u here send:five expect:five >second 2>&1 & echo \$! >second.pid" \
	send:six expect:six
until_true grep -q five second
grep -q five heard && fail "socket: two clients at once"
# A second machine does not take it over.
expect "socket in use" 2 "here: somebody listens there already" vmm --serial socket=here "$BIN/hello.elf"
as "socket, the end" -u here send:q eof
grep -q "interrupts" heard || fail "socket: the guest's last words are missing: $(cat heard)"
end_echo "socket"
[ -e here ] && fail "socket: the file was not removed"

# Nobody came at all.
expect "socket to which nobody came" 0 "reason=power-off" vmm --serial socket=here "$BIN/hello.elf"
[ -e here ] && fail "socket: the file was not removed"

# A killed one leaves its file, which the next one replaces.
start_echo socket=here
until_true test -S here
kill -KILL "$pid"
wait "$pid" 2>/dev/null
[ -S here ] || fail "socket: nothing is left to be replaced"
start_echo socket=here
until_true drive -u here send:q eof
end_echo "socket of one that was killed"

# A file that is not ours stays.
echo precious >file
expect "socket on a file" 2 "file: exists and is no socket" vmm --serial socket=file "$BIN/hello.elf"
grep -q precious file || fail "the file was changed"
expect "socket without folder" 2 "No such file" vmm --serial socket=nowhere/here "$BIN/hello.elf"
start_echo socket=here
until_true drive -u here send:x expect:x
rm here
echo other >here
kill -TERM "$pid"
wait "$pid"
grep -q other here || fail "socket: somebody else's file was removed"
finish
