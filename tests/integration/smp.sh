#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# smp.sh [vmm's options] IMAGE [-- words]: an SMP kernel that has to end with status 0.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/integration/known.sh
. "$(dirname "$0")/known.sh"
need_kvm

[[ " $* " == *" -- "* ]] || set -- "$@" --
# shellcheck disable=SC2046 # one word or none
exec vmm --test-device "$@" $(known_words "$@")
