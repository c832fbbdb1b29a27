#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# The images of kvm-unit-tests, on this machine's KVM: nothing fails that passes with KVM's own LAPIC.
# KVM_UNIT_TESTS is the folder of a built tree; KVM_UNIT_TESTS_OPTIONS goes to the runner.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
[ -n "${KVM_UNIT_TESTS:-}" ] || skip "KVM_UNIT_TESTS is not set to the folder of a built kvm-unit-tests"
need_kvm
command -v python3 >/dev/null || skip "python3 is not installed"
read -ra options <<<"${KVM_UNIT_TESTS_OPTIONS:-}"
"$SOURCE/scripts/kvm-unit-tests" --build "$BIN/.." "${options[@]}" "$KVM_UNIT_TESTS"
status=$?
[ $status -eq 4 ] && skip "no KVM that vmm can use"
exit $status
