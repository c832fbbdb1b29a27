#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# scripts/rule-coverage must not overlook anything: made-up results, each with one thing wrong.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
: "${SOURCE:?set SOURCE to the source folder}"

rules=$SOURCE/docs/rules.md

# Results in which every rule has a passing test, but for those that are excused.
excused=$(sed -n 's/^Untested: //p' "$SOURCE/docs/deviations.md" | tr -cs 'R0-9' '\n')
sed -nE 's/^\| (R[0-9]+) \|.*/\1/p' "$rules" | grep -vxF "$excused" |
	sed 's/.*/pass\ttest_of_&\t&/' >"$work/good"

# judge NAME STATUS PATTERN: the results in $work/bad, by the rules in $rules.
judge() {
	local got=0

	"$SOURCE/scripts/rule-coverage" --rules "$rules" --results "$work/bad" >"$work/out" || got=$?
	if [ "$got" -ne "$2" ]; then
		fail "$1: status $got instead of $2"
	elif ! grep -Eq -- "$3" "$work/out"; then
		fail "$1: no line matches '$3'"
	else
		echo "ok: $1"
	fi
}

# change SED-SCRIPT: the good results with something wrong.
change() {
	sed -E "$1" "$work/good" >"$work/bad"
}

change ''
judge "everything passes" 0 '^R45 +pass +test_of_R45$'
change '/\tR45$/d'
judge "a rule without a test" 1 '^R45 +GAP'
change '/\tR45$/s/^pass/fail/'
judge "a test that fails" 1 '^R45 +FAIL +test_of_R45 \(fail\)$'
change '/\tR45$/{p;s/^pass/fail/;}'
judge "one of two tests fails" 1 '^R45 +FAIL'
change '/\tR45$/s/^pass/not-run/'
judge "a test that does not run" 1 '^R45 +NOT RUN'
change '/\tR45$/s/^pass/skip/'
judge "a test that is skipped" 77 '^R45 +skip'
change '/\tR45$/{p;s/^pass/skip/;}'
judge "one of two tests is skipped" 0 '^R45 +pass'
change 's/\tR45$/\tR999/'
judge "a test of a rule that does not exist" 1 'R999 is no rule'
change '/\tR44$/{h;s/R44/R45/;H;s/.*/pass\tboth\tR44 R45/;};/\tR45$/d'
judge "one test for two rules" 0 '^R45 +pass +both$'
change "\$s/.*/&\\npass\\textra\\t$(head -n 1 <<<"$excused")/"
judge "a reason for a rule that is tested" 1 'is tested: take it out of D'

# A build in which no unit test runs, and no guest: all of them are still in the results.
mkdir -p "$work/build/bin"
touch "$work/build/CTestTestfile.cmake"
printf '#!/bin/sh\necho "vmm: error: cannot open /dev/kvm" >&2\nexit 4\n' >"$work/build/bin/vmm"
chmod +x "$work/build/bin/vmm"
"$SOURCE/scripts/rule-coverage" --build "$work/build" --save "$work/results" >"$work/out" 2>"$work/err"
grep -q 'no guest was run: vmm: error: cannot open /dev/kvm' "$work/err" || fail "no guest: no reason is given"
[ "$(grep -c $'^skip\tsmp/' "$work/results")" -eq "$(grep -cE '^\sTEST\("[^"]*", "R' "$SOURCE/guests/smp/main.c")" ] ||
	fail "no guest: its tests are not shown as skipped"
[ "$(grep -c $'^not-run\ttest_' "$work/results")" -eq \
	"$(cat "$SOURCE"/tests/unit/*.c | grep -cE '^START_TEST\([rR][0-9]+_')" ] ||
	fail "unit tests that do not run are missing"

change ''
{
	cat "$rules"
	echo '| R999 | Nobody tests this |'
} >"$work/rules.md"
rules=$work/rules.md
judge "a rule that is new" 1 'R999 has no test: Nobody tests this'
judge "rules between that are missing" 1 'R998 is missing in the list'
finish
