#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# soak.sh LANE N: the 4-CPU SMP kernel N times in a row, in one host, without one failure.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
lane=$1
runs=$2

if [ "$lane" = native ]; then
	need_kvm
fi
# shellcheck disable=SC2016
"$SOURCE/scripts/lane" "$lane" --build "$BIN/.." --timeout 3400 -- sh -c '
	i=0
	while [ $i -lt '"$runs"' ]; do
		i=$((i + 1))
		vmm --cpus 4 --timeout 100 --test-device $VMM_BIN/smp.elf >/tmp/soak.$$ 2>&1
		status=$?
		if [ $status -ne 0 ]; then
			cat /tmp/soak.$$
			echo "run $i of '"$runs"': status $status"
			exit 1
		fi
	done
	rm -f /tmp/soak.$$
	echo "'"$runs"' runs, no failure"'
status=$?
[ $status -eq 4 ] && skip "the lane $lane is not available"
exit $status
