#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Inside a lane (busybox) or natively: the shell of a Linux guest, with drive as its user at a terminal, and
# in a pipe. In VMM_FILES: vmlinuz, initrd.
#
# A terminal echoes what is typed, so that must not contain what is waited for: the guest adds numbers up.
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

cat >session.sh <<'EOS'
stty -g >before
vmm --timeout 600 --initrd "$VMM_FILES/initrd" "$@" "$VMM_FILES/vmlinuz"
status=$?
stty -g >after
exit $status
EOS

awk 'BEGIN { for (i = 0; i < 200; i++) print i, "lines are longer than any buffer on their way" }' >pasted
sum=$(md5sum <pasted | cut -d' ' -f1)

# verdict NAME REASON: against it, if there is one.
verdict() {
	if [ -z "$2" ]; then
		echo "ok $1 ($(($(date +%s) - start)) s)"
		return
	fi
	failed=$((failed + 1))
	echo "FAIL $1: ${2#; }"
	for file in heard messages; do
		echo "---- $file"
		tail -n 60 $file
	done
}

# at_terminal NAME STEP... -- sh session.sh OPTION...: a user at the shell, whose last steps are the caller's.
at_terminal() {
	name=$1
	why=
	start=$(date +%s)
	shift
	# Prompt; erase; an older line; Ctrl-A Ctrl-A, the start of the line; Ctrl-C; Ctrl-Z, jobs, fg; a paste.
	# shellcheck disable=SC2016 # for the guest's shell
	drive limit:300 "expect:poweroff -f ends it" "expect:# " \
		'send:echo $((6*7))\r' expect:42 "expect:# " \
		'send:echo $((40+3\1772))\r' expect:42 "expect:# " \
		'send:\033[A\r' expect:42 "expect:# " \
		'send:cho $((500+3))\001\001e\r' expect:503 "expect:# " \
		"send:sh -c 'echo \$((70+1)); exec sleep 1000'\\r" expect:71 'send:\003' "expect:# " \
		'send:echo status $?\r' "expect:status 130" "expect:# " \
		"send:sh -c 'echo \$((80+1)); exec cat'\\r" expect:81 'send:\032' expect:Stopped "expect:# " \
		'send:jobs\r' expect:Stopped "expect:# " 'send:fg\r' "expect:exec cat" \
		'send:back\r' expect:back expect:back 'send:\003' "expect:# " \
		"send:sh -c 'echo \$((90+1)); exec cat >/tmp/pasted'\\r" expect:91 file:pasted 'send:\004' \
		"expect:# " 'send:md5sum </tmp/pasted\r' "expect:$sum" "expect:# " \
		"$@" >heard 2>messages || why="status $?"
	cmp -s before after || why="$why; the terminal was not restored"
	grep -q "reason=quit" heard || why="$why; it was not ended by Ctrl-A x"
	[ "$(grep -c "Ctrl-A x quits" heard)" -eq 1 ] || why="$why; the hint is not there once"
	verdict "$name" "$why"
}

# in_a_pipe NAME OPTION...
in_a_pipe() {
	name=$1
	why=
	start=$(date +%s)
	shift
	{
		echo 'uname -r; poweroff -f' | vmm --timeout 600 --initrd "$VMM_FILES/initrd" "$@" \
			"$VMM_FILES/vmlinuz" 2>messages
		echo $? >status
	} | cat | tr -d '\r' >heard
	[ "$(cat status)" -eq 0 ] || why="status $(cat status)"
	grep -q "reason=power-off" messages || why="$why; no power-off"
	grep -Eqx '[0-9]+\.[0-9]+\.[^ ]*' heard || why="$why; no output of uname"
	verdict "$name" "$why"
}

# A serial port has no window: its terminal is as large as the user says.
at_terminal "a terminal on ttyS0" 'send:stty rows 40 cols 100; stty size\r' "expect:40 100" "expect:# " \
	'send:\001x' -- sh session.sh --cmdline console=ttyS0
# shellcheck disable=SC2016
at_terminal "a terminal on hvc0" 'send:stty size\r' "expect:24 80" "expect:# " \
	"send:sh -c 'trap \"stty size\" WINCH; echo \$((60+1)); while :; do sleep 1; done'\\r" expect:61 \
	size:50x132 "expect:50 132" 'send:\003' "expect:# " 'send:stty size\r' "expect:50 132" "expect:# " \
	'send:\001x' -- sh session.sh --console --cmdline console=hvc0
in_a_pipe "a pipe on ttyS0" --cmdline console=ttyS0
in_a_pipe "a pipe on hvc0" --console --cmdline console=hvc0
[ $failed -eq 0 ]
