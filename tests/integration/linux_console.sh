#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# linux_console.sh LANE [OPTION...]: the shell of a Linux guest on its consoles, inside a lane.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
[ "$1" != native ] || need_real_kvm

mapfile -t image < <("$SOURCE/scripts/linux")
[ ${#image[@]} -eq 2 ] || skip "Debian's kernel is not to be had"
cp "${image[0]}" "$work/vmlinuz"
cp "${image[1]}" "$work/initrd"
# The lane expands the variable.
# shellcheck disable=SC2016
run_lane "$1" --build "$BIN/.." --file "$work/vmlinuz" --file "$work/initrd" \
	--file "$here/linux_terminal.sh" "${@:2}" -- sh -c 'exec sh "$VMM_FILES/linux_terminal.sh"'
