#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# linux_judge.sh: whether linux_suite.sh can fail. A script in the place of vmm plays guests that pass, and
# guests with one fault each, which has to be found.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
busybox=$(command -v busybox) || skip "busybox is not installed"

mkdir "$work/bin" "$work/files"
cp "$here/linux_suite.sh" "$here/linux_log.sh" "$work/files/"
install -m 755 "$here/linux_fake_vmm.sh" "$work/bin/vmm"
# No network is made for guests that do not exist.
# shellcheck disable=SC2016 # for the other shell
printf '#!/bin/sh\n[ "$1" != tunctl ] || exit 1\nexec %s "$@"\n' "$busybox" >"$work/bin/busybox"
chmod 755 "$work/bin/busybox"
touch "$work/files/"{vmlinuz-6.1,initrd-6.1,vmlinux,bzImage,bzImage-gzip,bzImage-xz,bzImage-zstd,tiny-initrd}
echo 5 >"$work/files/tiny-sum"

# suite FAULT WORD...: the verdict of a run.
suite() {
	PATH="$work/bin:$PATH" VMM_LANE=native VMM_FILES="$work/files" FAULT=$1 \
		sh "$work/files/linux_suite.sh" "${@:2}" >"$work/out" 2>&1 </dev/null
}

suite none full modes devices tiny || fail "guests without a fault: $(grep -A 3 ^FAIL "$work/out" | head -n 20)"
suite none && fail "no guest at all passes"

# found SET FAULT REASON: a line of the output matches the reason, and the verdict is against the guest.
found() {
	if suite "$2" "$1"; then
		fail "the fault '$2' is not found by the set $1"
	elif ! grep -q -- "$3" "$work/out"; then
		fail "the fault '$2' is found for another reason: $(head -n 5 "$work/out")"
	else
		echo "ok: $1, $2"
	fi
}

found full mode "0 APICs of 2 are in x2APIC mode"
found full pv-eoi "0 CPUs of 2 use PV EOI"
found full status "status 38, not 0"
found full "done" "no line '^test: done'"
found full warning "APIC error on CPU0"
found full warning-in-backtrace "WARNING: CPU: 1"
found full warning-after-backtrace "nobody cared"
found full warning-at-power-off "WARNING: CPU: 0"
found full "without sleeps" "no line 'test: ok sleeps'"
found full "without NMI backtrace" "no line 'test: ok NMI backtrace'"
found full failure "test: FAIL counters rise"
found devices unwritten "the disk's file is what it was"
found devices unread "the guest has read ''"
found devices lost "the disk's file has"
found devices read-only "the read-only disk has changed"
found devices "without vectors move" "no line 'test: ok vectors move'"
found modes "without memory above the hole" "no line 'test: ok memory above the hole'"
found modes "without console echo" "no line 'test: ok console echo'"
found tiny mode "tinytest: 2 CPUs, flat"
found tiny warning "WARNING: CPU: 0"
found tiny file "no line '^user: the file is whole'"
finish
