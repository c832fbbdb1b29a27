#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lane_tests.sh LANE [OPTION...] -- REGEX: the tests that need /dev/kvm and whose names match, which ctest
# runs natively, inside a lane, in one host.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
split_options "$@"

# Busybox lacks some of what the scripts call.
mkdir "$work/tools"
dpkg -L bash coreutils diffutils findutils grep iproute2 sed util-linux |
	grep -E '^(/usr)?/s?bin/[^/]+$' | awk -F/ '!seen[$NF]++' | xargs -d '\n' cp -Lt "$work/tools"
cp -L "$(command -v awk)" "$work/tools/awk"
ctest --test-dir "$BIN/.." --show-only=json-v1 -L '^kvm$' -R "${operands[0]}" |
	python3 "$here/lane_plan.py" >"$work/plan"

# The lane expands the variables.
# shellcheck disable=SC2016
run_lane "$lane" "${options[@]}" --build "$BIN/.." --file "$work/tools" --file "$work/plan" --file "$here" \
	-- sh -c 'exec sh "$VMM_FILES/integration/lane_tests_run.sh" "$@"' sh "$BIN" "$here"
