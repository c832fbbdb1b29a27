#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# virtio.sh [vmm's options]: the virtio guest on a fresh disk, and what it has left there.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm

# The byte that the guest writes at this place of a sector: guests/virtio/blk.c, pattern().
pattern() {
	printf '%02x' $((($1 * 31 + $2 * 7 + $2 / 256) % 256))
}

expect_byte() {
	local sector=$1 i=$2 got

	got=$(od -An -tx1 -j $((sector * 512 + i)) -N 1 "$work/disk" | tr -d ' ')
	[ "$got" = "$(pattern "$sector" "$i")" ] ||
		fail "byte $i of sector $sector is $got, not $(pattern "$sector" "$i")"
}

truncate -s 1M "$work/disk"
got=0
vmm "$@" --rng --disk "$work/disk" virtio.elf </dev/null || got=$?
[ "$got" -eq 0 ] || fail "status $got"
# The last eight sectors are blk-poll's; those at the start were written again since.
for i in 0 511 512 4095; do
	expect_byte 2040 "$i"
done

# A doorbell ends in the I/O thread and not in an exit: 2000 of them are rung, for what takes some
# 100 accesses to other registers.
got=0
vmm "$@" --rng --stats="$work/stats" virtio.elf -- only=rng-doorbells </dev/null || got=$?
[ "$got" -eq 0 ] || fail "doorbells: status $got"
exits=$(awk '{ for (i = 1; i <= NF; i++) if (sub(/^mmio=/, "", $i)) n += $i } END { print n + 0 }' \
	"$work/stats")
if [ "$exits" -eq 0 ] || [ "$exits" -ge 500 ]; then
	fail "2000 doorbells took $exits MMIO exits"
fi
finish
