#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lane.sh LANE [OPTION...] -- CPUS...: the SMP kernel with so many CPUs, in every shape and mode, inside a
# lane, in one host.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
split_options "$@"
set -- "${operands[@]}"

# The lane expands the variables.
# shellcheck disable=SC2016
run_lane "$lane" "${options[@]}" --build "$BIN/.." --file "$here/lane_suite.sh" \
	--file "$here/known.sh" --file "$here/../differential/compare.sh" \
	-- sh -c 'exec sh "$VMM_FILES/lane_suite.sh" "$VMM_LANE" "$@"' sh "$@"
