#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# native.sh EPISODES CPUS...: compare.sh on this machine's KVM, for each number of CPUs: that many
# episodes of a fixed seed and as many of a fresh one.
set -u
here=$(dirname "$0")
# shellcheck source=tests/integration/common.sh
. "$here/../integration/common.sh"
need_kvm
episodes=$1
shift
status=0
for cpus in "$@"; do
	for seed in 1 fresh; do
		"$here/compare.sh" "$cpus" "$seed" "$episodes" || status=1
	done
done
exit $status
