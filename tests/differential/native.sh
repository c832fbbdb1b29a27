#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# native.sh SEED EPISODES CPUS...: compare.sh on this machine's KVM, for each number of CPUs.
set -u
here=$(dirname "$0")
# shellcheck source=tests/integration/common.sh
. "$here/../integration/common.sh"
need_kvm
seed=$1
episodes=$2
shift 2
status=0
for cpus in "$@"; do
	"$here/compare.sh" "$cpus" "$seed" "$episodes" || status=1
done
exit $status
