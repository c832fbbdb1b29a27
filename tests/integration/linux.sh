#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# linux.sh CPUS [vmm's options]: the small kernel of guests/linux on this machine's KVM. It judges
# itself; here its verdict, its complaints and the mode in which it ran its APICs count.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/integration/linux_log.sh
. "$(dirname "$0")/linux_log.sh"
need_kvm
cpus=$1
shift

mapfile -t image < <("$SOURCE/scripts/linux" --tiny --cached 2>/dev/null)
[ ${#image[@]} -eq 2 ] || skip "the small kernel is not in the cache: run scripts/linux --tiny"

# What an emulator of kernel code does not know has to be kept from the kernel (guests/linux/README.md).
start=$SECONDS
expect "linux" 0 "reason=power-off" vmm --timeout 300 --cpus "$cpus" --memory 64M --stats "$@" "${image[0]}" \
	--cmdline "console=ttyS0 panic=-1 loglevel=5 percpu_alloc=page clearcpuid=popcnt tinytest=$cpus"
cat "$work/out"
echo "took $((SECONDS - start)) s"
grep -aq 'tinytest: PASSED' "$work/out" || fail "the kernel's own test: $(cat "$work/err")"
kernel_in_mode "$work/out" "$*" ||
	fail "the APICs' mode is not that of '$*': $(grep -a 'tinytest: .*CPUs' "$work/out")"
complaints=$(kernel_complaints "$work/out")
[ -z "$complaints" ] || fail "the kernel complains: $complaints"
finish
