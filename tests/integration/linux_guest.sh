#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# /test of a Linux guest (busybox): what a local APIC has to do for Linux, seen from user space. Words of
# the kernel's command line say what: test=full|boot|reboot|devices cpus=N md5=SUM, the sums of the disks. Lines that begin with "test:" are for
# linux_suite.sh, which reads the console on the other side.

word() {
	sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline
}
cpus=$(word cpus)
last=$((cpus - 1))

say() {
	echo "test: $*"
}

ok() {
	say "ok $1"
}

fail() {
	say "FAIL $*"
}

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@"; then ok "$name"; else fail "$name"; fi
}

# count ROW CPU: a number of /proc/interrupts.
count() {
	awk -v row="$1:" -v column=$(($2 + 2)) '$1 == row { print $column }' /proc/interrupts
}

# Centiseconds since the boot.
now() {
	cut -d' ' -f1 /proc/uptime | tr -d .
}

all_online() {
	[ "$(nproc)" -eq "$cpus" ] && [ "$(grep -c ^processor /proc/cpuinfo)" -eq "$cpus" ]
}

# Pipe a few bytes through each CPU from its neighbour, so that it is woken up from there; switch code on
# all CPUs, which calls functions on them.
interrupt_all() {
	cpu=0
	while [ $cpu -lt "$cpus" ]; do
		(for n in 1 2 3 4 5; do usleep 20000; echo $n; done) |
			taskset -c $cpu sh -c 'while read -r n; do :; done'
		cpu=$((cpu + 1))
	done
	for n in 1 0 1 0; do
		echo $n >/proc/sys/kernel/sched_schedstats
	done
}

counters_rise() {
	rows=LOC
	[ "$cpus" -eq 1 ] || rows="LOC RES CAL"
	for row in $rows; do
		cpu=0
		while [ $cpu -lt "$cpus" ]; do
			eval "${row}_$cpu=$(count "$row" "$cpu")"
			cpu=$((cpu + 1))
		done
	done
	interrupt_all
	interrupt_all
	for row in $rows; do
		cpu=0
		while [ $cpu -lt "$cpus" ]; do
			eval "old=\$${row}_$cpu"
			new=$(count "$row" "$cpu")
			# shellcheck disable=SC2154 # by eval
			[ "$new" -gt "$old" ] || { say "$row of CPU $cpu stays at $old"; return 1; }
			cpu=$((cpu + 1))
		done
	done
}

offline_and_online() {
	for cpu in $(seq 1 $last); do
		file=/sys/devices/system/cpu/cpu$cpu/online
		echo 0 >"$file" && [ "$(cat "$file")" = 0 ] && [ "$(nproc)" -eq $last ] &&
			echo 1 >"$file" && [ "$(cat "$file")" = 1 ] && [ "$(nproc)" -eq "$cpus" ] || return 1
		taskset -c "$cpu" true || return 1
	done
}

nmi_backtrace() {
	echo l >/proc/sysrq-trigger
	sleep 1
	for cpu in $(seq 0 $last); do
		dmesg | grep -Eq "NMI backtrace for cpu $cpu( |\$)" || { say "none of CPU $cpu"; return 1; }
	done
	dmesg -c >/dev/null
}

# A second on each CPU at the same time: never early, and not late by more than a loaded host explains.
sleeps() {
	for cpu in $(seq 0 $last); do
		# shellcheck disable=SC2016 # for the other shell
		taskset -c "$cpu" sh -c '
			a=$(cut -d" " -f1 /proc/uptime | tr -d .)
			sleep 1
			b=$(cut -d" " -f1 /proc/uptime | tr -d .)
			echo $((b - a))' >"/tmp/sleep.$cpu" &
	done
	wait
	for cpu in $(seq 0 $last); do
		slept=$(cat "/tmp/sleep.$cpu")
		say "CPU $cpu slept $slept cs"
		[ "$slept" -ge 99 ] && [ "$slept" -le 200 ] || return 1
	done
}

# The host takes the time between the two lines.
clock() {
	for n in 1 2 3; do
		a=$(now)
		echo "test: clock start"
		sleep 2
		b=$(now)
		echo "test: clock stop $((b - a))"
	done
}

# The host sends a line when it sees this one.
console_echo() {
	echo "test: type"
	# shellcheck disable=SC3045 # busybox has it
	read -r -t 20 line && [ "$line" = "a line for the guest" ]
}

full() {
	check "counters rise" counters_rise
	[ "$cpus" -eq 1 ] || check "CPUs offline and online" offline_and_online
	[ "$cpus" -eq 1 ] || check "counters rise again" counters_rise
	check "sleeps" sleeps
	check "clock source" grep -q kvm-clock /sys/devices/system/clocksource/clocksource0/current_clocksource
	clock
	check "console echo" console_echo
}

# ---- virtio devices ---------------------------------------------------------------------------------

sum() {
	md5sum | cut -d' ' -f1
}

disk_read() {
	[ "$(sum </dev/vda)" = "$(word md5)" ] && [ "$(sum </dev/vdb)" = "$(word md5)" ]
}

# Some of it, from all CPUs at once; the host compares the whole in the end.
disk_write() {
	for cpu in $(seq 0 $last); do
		taskset -c "$cpu" dd if=/dev/urandom of=/dev/vda bs=64k seek=$((cpu * 16)) count=16 \
			conv=notrunc,fsync 2>/dev/null &
	done
	wait
	sync
	echo 3 >/proc/sys/vm/drop_caches
	say "md5 $(sum </dev/vda)"
}

disk_read_only() {
	[ "$(cat /sys/block/vdb/ro)" = 1 ] && ! dd if=/dev/zero of=/dev/vdb bs=512 count=1 2>/dev/null
}

random_bytes() {
	dd if=/dev/hwrng bs=64 count=4 2>/dev/null | od -A n -t x1 >/tmp/random
	[ "$(wc -w </tmp/random)" -ge 64 ] && [ "$(sort -u /tmp/random | wc -l)" -eq "$(wc -l </tmp/random)" ]
}

# The vector of the random number generator goes from CPU to CPU while numbers are read; it has to be
# counted where it was sent.
vectors_move() {
	irq=$(awk '/virtio.*-input/ { sub(":", "", $1); found = $1 } END { print found }' /tmp/rng.irqs)
	[ -n "$irq" ] || { say "no vector of the generator"; return 1; }
	(while :; do dd if=/dev/hwrng of=/dev/null bs=64 count=16 2>/dev/null; done) &
	reader=$!
	moved=0
	for cpu in $(seq 0 $last) $(seq 0 $last); do
		echo "$cpu" >"/proc/irq/$irq/smp_affinity_list" || break
		before=$(count "$irq" "$cpu")
		for n in 1 2 3 4 5 6 7 8 9 10; do
			usleep 100000
			[ "$(count "$irq" "$cpu")" -eq "$before" ] || break
		done
		[ "$(count "$irq" "$cpu")" -gt "$before" ] || { say "vector $irq is not seen on CPU $cpu"; break; }
		moved=$((moved + 1))
	done
	kill $reader
	[ $moved -eq $((2 * cpus)) ]
}

network() {
	ip addr add 10.99.0.2/24 dev eth0 && ip link set eth0 up && ping -q -c 3 -w 20 10.99.0.1 >/dev/null &&
		[ "$(nc 10.99.0.1 5000 | sum)" = "$(word md5)" ]
}

devices() {
	check "disk read" disk_read
	check "disk write" disk_write
	check "disk read-only" disk_read_only
	check "random bytes" random_bytes
	# The generator is the last of the devices that calls its queue "input".
	grep -- '-input' /proc/interrupts | tail -n 1 >/tmp/rng.irqs
	check "vectors move" vectors_move
	check "network" network
}

complaints() {
	echo "test: log"
	# Levels 0 to 4: warnings and worse.
	dmesg -r | sed -n 's/^<[0-4]>//p'
	echo "test: end of log"
}

check "CPUs online" all_online
dmesg -n 1
kind=$(word test)
case $kind in
full | devices) $kind ;;
esac
complaints
# Its backtraces are at warning level too: what they say is no complaint.
[ "$kind" != full ] || check "NMI backtrace" nmi_backtrace
cat /proc/interrupts
say "done"
case $kind in
reboot) reboot -f ;;
*) poweroff -f ;;
esac
