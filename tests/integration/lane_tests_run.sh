#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lane_tests_run.sh BIN SCRIPTS: inside a lane, the tests of the file "plan", one line each, and the output of
# those that failed. The paths are those of the programs and of this folder where the plan was made.
# shellcheck source=tests/integration/known.sh
. "$VMM_FILES/integration/known.sh"
passed=0
failed=0
skipped=0

mkdir -p /usr/bin "${1%/*}" "${2%/*}"
ln -s "$VMM_BIN" "$1"
ln -s "$VMM_FILES/integration" "$2"
ln -s "$VMM_FILES/tools/env" /usr/bin/env
ln -s /proc/self/fd /dev/fd
PATH=$VMM_FILES/tools:$PATH

# run_test NAME SECONDS SKIP-STATUS FORBIDDEN-LINE FOLDER COMMAND...
run_test() {
	name=$1
	limit=$2
	skip=$3
	forbidden=$4
	mkdir -p "$5"
	cd "$5" || exit
	shift 5
	start=$(date +%s)
	run_unspoiled "$name" 0 timeout -s KILL "$limit" "$@"
	if [ -n "$skip" ] && [ "$status" -eq "$skip" ]; then
		skipped=$((skipped + 1))
		echo "skip $name: $(tail -n 1 /tmp/out)"
	elif [ "$status" -eq 0 ] && { [ -z "$forbidden" ] || ! grep -Eq "$forbidden" /tmp/out; }; then
		passed=$((passed + 1))
		echo "ok $name ($(($(date +%s) - start)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL $name: status $status"
		tail -n 60 /tmp/out
	fi
}

# shellcheck source=/dev/null # made by lane_tests.sh
. "$VMM_FILES/plan"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $skipped -eq 0 ] && [ $passed -gt 0 ]
