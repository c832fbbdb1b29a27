#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# stress.sh N [vmm's options] GUEST [-- words]: a guest that ends with status 0 while all interrupt
# controllers are saved and restored every N exits.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm

n=$1
shift
status=0
vmm --stress-state "$n" --stats="$work/stats" "$@" </dev/null || status=$?
[ "$status" -ne 4 ] || skip "this KVM lacks something"
[ "$status" -eq 0 ] || fail "status $status"
expect_stressed "$work/stats" "$n"
finish
