#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# lane.sh LANE [OPTION...]: the SMP kernel in every shape and mode inside a lane, in one host.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
shift
here=$(cd "$(dirname "$0")" && pwd)

"$SOURCE/scripts/lane" "$lane" "$@" --build "$BIN/.." --timeout 1100 --file "$here/lane_suite.sh" \
	-- sh /files/lane_suite.sh "$lane"
status=$?
[ $status -eq 4 ] && skip "the lane $lane is not available"
exit $status
