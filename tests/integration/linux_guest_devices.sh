# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2154 # cpus and last are set by linux_guest.sh
# A part of linux_guest.sh: disks, random numbers, MSI-X vectors, a network.

sum() {
	md5sum | cut -d' ' -f1
}

disk_read() {
	[ "$(sum </dev/vda)" = "$(word md5)" ] && [ "$(sum </dev/vdb)" = "$(word md5)" ]
}

# writer CPU: a MiB of its own.
writer() {
	dd if=/dev/urandom of="/tmp/noise.$1" bs=64k count=16 2>/dev/null &&
		dd if="/tmp/noise.$1" of=/dev/vda bs=64k seek=$(($1 * 16)) count=16 conv=notrunc,fsync 2>/dev/null
}

# From all CPUs at once, then read again from the disk; the host compares the whole in the end.
disk_write() {
	pids=
	for cpu in $(seq 0 "$last"); do
		taskset -c "$cpu" sh /test writer "$cpu" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || { say "a writer's status is $?"; return 1; }
	done
	sync
	echo 3 >/proc/sys/vm/drop_caches
	for cpu in $(seq 0 "$last"); do
		dd if=/dev/vda bs=64k skip=$((cpu * 16)) count=16 2>/dev/null | cmp - "/tmp/noise.$cpu" || return 1
	done
	written=$(sum </dev/vda)
	say "md5 $written"
	[ "$written" != "$(word md5)" ]
}

disk_read_only() {
	[ "$(cat /sys/block/vdb/ro)" = 1 ] && ! dd if=/dev/zero of=/dev/vdb bs=512 count=1 2>/dev/null
}

random_bytes() {
	dd if=/dev/hwrng bs=64 count=4 2>/dev/null | od -A n -t x1 >/tmp/random
	[ "$(wc -w </tmp/random)" -ge 64 ] && [ "$(sort -u /tmp/random | wc -l)" -eq "$(wc -l </tmp/random)" ]
}

# counts_on CPU MORE: waits until $irq has come there so many times more.
counts_on() {
	goal=$(($(count "$irq" "$1") + $2))
	tries=100
	while [ "$(count "$irq" "$1")" -lt $goal ]; do
		nap 0.1
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { say "vector $irq is not seen on CPU $1"; return 1; }
	done
}

# The vector of the random number generator goes from CPU to CPU while numbers are read; it has to be
# counted where it was sent, and no longer where it was before.
vectors_move() {
	# The generator is the last of the devices that calls its queue "input".
	irq=$(awk '/virtio.*-input/ { sub(":", "", $1); found = $1 } END { print found }' /proc/interrupts)
	[ -n "$irq" ] || { say "no vector of the generator"; return 1; }
	(while :; do dd if=/dev/hwrng of=/dev/null bs=64 count=16 2>/dev/null; done) &
	reader=$!
	moved=0
	old=
	for cpu in $(seq 0 "$last") $(seq 0 "$last"); do
		echo "$cpu" >"/proc/irq/$irq/smp_affinity_list" || break
		counts_on "$cpu" 1 || break
		if [ -n "$old" ] && [ "$old" != "$cpu" ]; then
			stopped=$(count "$irq" "$old")
			counts_on "$cpu" 5 || break
			[ "$(count "$irq" "$old")" -eq "$stopped" ] ||
				{ say "vector $irq still comes to CPU $old, not to $cpu alone"; break; }
		fi
		old=$cpu
		moved=$((moved + 1))
	done
	kill $reader
	[ $moved -eq $((2 * cpus)) ]
}

# A file from the host and another to it, whose sum it compares. A nc whose input ends closes that way, and
# the other one goes: hence inputs where nothing comes.
network() {
	dd if=/dev/urandom of=/tmp/sent bs=64k count=32 2>/dev/null
	ip addr add 10.99.0.2/24 dev eth0 && ip link set eth0 up && ping -q -c 3 -w 20 10.99.0.1 >/dev/null &&
		[ "$(nc 10.99.0.1 5000 <&9 | sum)" = "$(word md5)" ] || return 1
	nc 10.99.0.1 5001 </tmp/sent >/dev/null || return 1
	say "sent $(sum </tmp/sent)"
}

devices() {
	check "disk read" disk_read
	check "disk write" disk_write
	check "disk read-only" disk_read_only
	check "random bytes" random_bytes
	check "vectors move" vectors_move
	has_word nonet || check "network" network
}
