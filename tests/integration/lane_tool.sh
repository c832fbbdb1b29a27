#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lane_tool.sh usage|native|amd: scripts/lane itself, as docs/testing.md, "Lanes", describes it: how
# it reads its command line, what the command sees, what arrives of it and when, and each exit
# status.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$SOURCE/scripts/lane
build=(--build "$BIN/..")
mkdir "$work/tmp" "$work/folder"
echo "of a file" >"$work/a file"
echo "of a folder" >"$work/folder/inner"
export TMPDIR=$work/tmp

# output NAME WANTED: what the last command that `expect` ran wrote to its standard output.
output() {
	[ "$(cat "$work/out")" = "$2" ] || fail "$1: wrote '$(cat "$work/out")', not '$2'"
}

no_traces() {
	[ -z "$(ls -A "$work/tmp")" ] || fail "left behind: $(ls "$work/tmp")"
}

# The command line is read before anything else happens: neither KVM nor an emulator is needed.
usage() {
	local text='see scripts/lane --help'

	expect "no lane" 2 "native, amd or intel, not ''; $text" "$lane"
	expect "no such lane" 2 "not 'arm'; $text" "$lane" arm true
	expect "no command" 2 "a command is missing; $text" "$lane" native
	expect "no command after --" 2 "a command is missing; $text" "$lane" amd --smp 1 --
	expect "no such option" 2 "unknown option '--cpus'; $text" "$lane" native --cpus 2 true
	expect "an option without its value" 2 "--timeout needs a value; $text" \
		"$lane" amd --timeout
	expect "no time" 2 "--timeout takes a number .* not '0'; $text" \
		"$lane" native --timeout 0 true
	expect "no such file" 2 "--file $work/none: no such file; $text" \
		"$lane" native --file "$work/none" true
	expect "no such build" 2 "--build $work: there is no folder $work/bin; $text" \
		"$lane" native --build "$work" true
	expect "no such kernel" 2 "--kernel takes 6.1 or 6.12, not '5.10'; $text" \
		"$lane" amd --kernel 5.10 true
	expect "a kernel for this machine" 2 "the native lane has no --kernel" \
		"$lane" native --kernel=6.1 true
	expect "CPUs for Bochs" 2 "has one CPU: no --smp" "$lane" intel --smp 2 true
	expect "help" 0 "" "$lane" --help
	grep -q '^Usage: scripts/lane native|amd|intel' "$work/out" || fail "help: no usage"
}

# The reader lets the command go on only when it has seen the first line: one that arrives with the
# last would never be followed by it.
streams() {
	local line status=0

	mkfifo "$work/stream"
	# shellcheck disable=SC2016 # expanded in the lane
	"$lane" native "${build[@]}" --timeout 60 -- sh -c '
		echo first
		until [ -e "$1" ]; do sleep 0.05; done
		echo last' sh "$work/seen" >"$work/stream" 2>"$work/err" &
	{
		read -r line && touch "$work/seen"
		cat >"$work/rest"
	} <"$work/stream"
	wait $! || status=$?
	if [ "$status $line $(cat "$work/rest")" = "0 first last" ]; then
		echo "ok: output arrives at once"
	else
		fail "streaming: status $status, '$line', '$(cat "$work/rest")'; $(cat "$work/err")"
	fi
}

# A signal that ends scripts/lane ends the command too, which is told which one, perhaps repeatedly.
passes_signal() {
	local pid line status=0

	mkfifo "$work/told"
	# shellcheck disable=SC2016
	"$lane" native "${build[@]}" -- sh -c '
		trap "trap : TERM; echo TERM; exit" TERM
		echo ready
		while :; do sleep 0.05; done' >"$work/told" 2>"$work/err" &
	pid=$!
	{
		read -r line && kill -TERM "$pid"
		cat >"$work/rest"
	} <"$work/told"
	wait "$pid" || status=$?
	if [ "$status $line $(cat "$work/rest")" = "143 ready TERM" ]; then
		echo "ok: SIGTERM"
	else
		fail "SIGTERM: status $status, '$line', '$(cat "$work/rest")'; $(cat "$work/err")"
	fi
}

# shellcheck disable=SC2016 # the lane expands the variables
native() {
	need_kvm
	expect "the command's status" 7 "" "$lane" native "${build[@]}" -- sh -c 'exit 7'
	expect "a command without --" 7 "" "$lane" native "${build[@]}" sh -c 'exit 7'
	expect "the command's own options" 0 "" "$lane" native "${build[@]}" \
		sh -c 'printf "%s|" "$@"' sh --timeout 1 -- 'two  words' "it's"
	output "the command's own options" "--timeout|1|--|two  words|it's|"
	expect "a program that is not there" 127 "no-such-program" \
		"$lane" native "${build[@]}" no-such-program
	expect "a program of the build" 0 "" "$lane" native "${build[@]}" vmm --version
	expect "--file" 0 "a note" "$lane" native "${build[@]}" --file "$work/a file" \
		--file="$work/folder" sh -c '
		cat "$VMM_FILES/a file" "$VMM_FILES/folder/inner"
		echo a note >&2'
	output "--file" "$(printf 'of a file\nof a folder')"
	expect "the environment" 0 "" "$lane" native "${build[@]}" \
		sh -c 'echo "$VMM_LANE"; [ "$(pwd -P)" = "$VMM_BIN" ] && test -e vmm'
	output "the environment" native
	echo "not for the command" >"$work/in"
	"$lane" native "${build[@]}" cat <"$work/in" >"$work/out" 2>&1
	output "an empty standard input" ""
	expect "--timeout" 124 "lane: the command was killed after 1 s" \
		"$lane" native "${build[@]}" --timeout 1 sleep 600
	expect "a SIGKILL of its own" 137 "" "$lane" native "${build[@]}" sh -c 'kill -KILL $$'
	streams
	passes_signal
}

# The emulator that a scripts/lane has started, its process PID.
emulator_of() {
	awk -v parent="$1" '
		/^Name:/ { name = $2 }
		/^Pid:/ { pid = $2 }
		/^PPid:/ && $2 == parent && name ~ /^qemu/ { print pid }
		' /proc/[0-9]*/status 2>/dev/null
}

# The host dies while the command runs: no verdict, no second attempt, never a pass. That its first
# line is seen before shows that output does not wait for the end.
amd_dies() {
	local pid line status=0

	mkfifo "$work/stream"
	"$lane" amd "${host[@]}" -- sh -c 'echo first; sleep 600; echo last' \
		>"$work/stream" 2>"$work/err" &
	pid=$!
	{
		read -r line && kill -KILL "$(emulator_of "$pid")"
		cat >"$work/rest"
	} <"$work/stream"
	wait "$pid" || status=$?
	if [ "$status $line $(cat "$work/rest")" != "70 first " ] ||
		! grep -q 'error: QEMU ended without a verdict; the command' "$work/err" ||
		grep -q 'attempt' "$work/err"; then
		fail "dead host: status $status, '$line', '$(cat "$work/rest")'; $(cat "$work/err")"
	else
		echo "ok: no verdict"
	fi
}

# shellcheck disable=SC2016 # the lane expands the variables
amd() {
	local status=0

	host=("${build[@]}" --smp 1 --memory 1024)
	"$lane" amd "${host[@]}" --file "$work/a file" --file "$work/folder" sh -c '
		echo "$VMM_LANE $1"
		cat "$VMM_FILES/a file" "$VMM_FILES/folder/inner" -
		no-such-program || exit 7' sh "it's one  word" </dev/null \
		>"$work/out" 2>"$work/err" || status=$?
	[ "$status" -ne 4 ] || skip "the lane amd is not available: $(cat "$work/err")"
	[ "$status" -eq 7 ] || fail "the command's status: $status; $(cat "$work/err")"
	output "the command" "$(printf '%s\n' "amd it's one  word" "of a file" "of a folder")"
	grep -q 'no-such-program: not found' "$work/err" || fail "stderr: $(cat "$work/err")"
	expect "--timeout" 124 "lane: the command was killed after 1 s" \
		"$lane" amd "${host[@]}" --timeout 1 sleep 600
	amd_dies
}

"$1"
no_traces
finish
