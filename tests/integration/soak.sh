#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# soak.sh LANE N [OPTION...]: the 4-CPU SMP kernel N times in a row, in one host, without one failure.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
runs=$2
shift 2

if [ "$lane" = native ]; then
	need_kvm
fi
here=$(cd "$(dirname "$0")" && pwd)
# The lane expands the variables.
# shellcheck disable=SC2016
run_lane "$lane" "$@" --build "$BIN/.." --timeout 3400 --file "$here/known.sh" \
	--file "$here/soak_runs.sh" -- sh -c 'exec sh "$VMM_FILES/soak_runs.sh" '"$runs"
