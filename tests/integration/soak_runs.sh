#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# soak_runs.sh N: inside a lane (busybox), the 4-CPU SMP kernel until N runs have passed; the first that
# fails ends it. Runs that the lane itself has spoiled are named and do not count.
# shellcheck source=tests/integration/known.sh
. "$VMM_FILES/known.sh"
log=/tmp/soak.$$
passed=0
spoiled=0

while [ "$passed" -lt "$1" ]; do
	vmm --cpus 4 --timeout 100 --dump-on-exit=always --stats --test-device \
		"$VMM_BIN/smp.elf" >$log 2>&1
	status=$?
	if [ $status -eq 0 ]; then
		passed=$((passed + 1))
	elif [ "$VMM_LANE" != native ] && lane_spoiled $log && [ $((spoiled * 2)) -le "$1" ]; then
		spoiled=$((spoiled + 1))
		echo "spoiled by the lane: $(grep -E '^CPU [0-9]+: rip ff' $log)"
	else
		cat $log
		echo "run $((passed + 1)) of $1: status $status"
		exit 1
	fi
done
rm -f $log
echo "$passed runs, no failure; $spoiled more were spoiled by the lane"
