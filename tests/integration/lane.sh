#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lane.sh LANE [OPTION...]: the SMP kernel in every shape and mode inside a lane, in one host.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
shift
here=$(cd "$(dirname "$0")" && pwd)

# The lane expands the variables.
# shellcheck disable=SC2016
"$SOURCE/scripts/lane" "$lane" "$@" --build "$BIN/.." --timeout 1100 --file "$here/lane_suite.sh" \
	--file "$here/known.sh" --file "$here/../differential/compare.sh" -- sh -c 'exec sh "$VMM_FILES/lane_suite.sh" "$VMM_LANE"'
status=$?
[ $status -eq 4 ] && skip "the lane $lane is not available"
exit $status
