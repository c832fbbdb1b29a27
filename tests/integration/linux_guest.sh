#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# /test of a Linux guest (busybox): what a local APIC has to do for Linux, seen from user space. Words of
# the kernel's command line say what:
#   test=full|boot|reboot|memory|devices   cpus=N, present=N   the CPUs that run, those that there are
#   x2apic=auto|on|off   what the machine offers               steal=1  the host has too few CPUs for all
#   md5=SUM  of the disks, memory=MIB  of the machine; and Linux' own: nox2apic, noapic, nolapic_timer ...
# Lines that begin with "test:" are for linux_suite.sh, which reads the console on the other side.

word() {
	sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline
}

has_word() {
	grep -qw -- "$1" /proc/cmdline
}
cpus=$(word cpus)
last=$((cpus - 1))
booted=/tmp/boot.log

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

# total ROW: of all CPUs.
total() {
	awk -v row="$1:" -v cpus="$cpus" '$1 == row { for (n = 2; n < cpus + 2; n++) sum += $n }
		END { print sum + 0 }' /proc/interrupts
}

# Sets $time to the centiseconds since the boot; starts nothing for it.
take_time() {
	# shellcheck disable=SC2034 # the rest of the line
	read -r time rest </proc/uptime
	time=${time%.*}${time#*.}
}

# nap SECONDS: nothing is ever written there. It needs no program, whose start would take time too.
nap() {
	# shellcheck disable=SC3045,SC2034 # busybox has -t
	read -r -t "$1" nothing <&9
}

all_online() {
	[ "$(nproc)" -eq "$cpus" ] && [ "$(grep -c ^processor /proc/cpuinfo)" -eq "$cpus" ]
}

# ---- the mode that was asked for ---------------------------------------------------------------------

x2apic_mode() {
	grep -E 'x2apic[ :]+enabled|routing to.* x2apic' $booted >/tmp/x2apic.log
	offered=$(word x2apic)
	! has_word nox2apic || offered=off
	! has_word noapic || offered=unused
	say "x2apic $offered: $(tr '\n' ' ' </tmp/x2apic.log)"
	case $offered in
	off) [ ! -s /tmp/x2apic.log ] && ! grep -qw x2apic /proc/cpuinfo ;;
	# Linux does not go there by itself without an I/O APIC, though it could.
	unused) [ ! -s /tmp/x2apic.log ] && grep -qw x2apic /proc/cpuinfo ;;
	on) grep -q 'enabled by BIOS' /tmp/x2apic.log && grep -q 'routing' /tmp/x2apic.log ;;
	*) grep -q 'x2apic enabled' /tmp/x2apic.log && grep -q 'routing' /tmp/x2apic.log ;;
	esac
}

# What is offered is used (vmm/cpuid.c). Of PV EOI 6.1 says nothing; linux_suite.sh looks for it elsewhere.
paravirtual() {
	grep -q 'kvm-clock: Using msrs 4b564d01' $booted || { say "no kvm-clock"; return 1; }
	[ "$(word present)" -eq 1 ] || grep -q 'KVM setup pv remote TLB flush' $booted ||
		{ say "no remote TLB flush"; return 1; }
	case $(uname -r) in
	6.1.*) ;;
	*) grep -q 'eoi() replaced with kvm_guest_apic_eoi_write' $booted || { say "no PV EOI"; return 1; } ;;
	esac
}

# Read at the end: where more CPUs run than the host has, time was stolen from them.
stolen() {
	steal=$(awk '$1 == "cpu" { print $9 }' /proc/stat)
	say "stolen $steal cs"
	[ "$steal" -gt 0 ]
}

# The 8259 delivers, nothing else.
without_io_apic() {
	grep -q 'XT-PIC.*ttyS0' /proc/interrupts && ! grep -q IO-APIC /proc/interrupts && [ "$(total 4)" -gt 0 ]
}

# The 8254 ticks. A single CPU has it alone; to others the one that it interrupts passes it on by IPIs,
# which count as local timer interrupts there.
without_apic_timer() {
	devices=/sys/devices/system/clockevents
	before=$(total 0)
	nap 0.5
	say "8254: $before to $(total 0), LOC $(total LOC), $(cat $devices/clockevent*/current_device \
		$devices/broadcast/current_device 2>/dev/null | tr '\n' ' ')"
	[ "$(total 0)" -gt "$before" ] || return 1
	if [ "$(word present)" -eq 1 ]; then
		[ "$(total LOC)" -eq 0 ]
	else
		[ "$(cat $devices/broadcast/current_device)" = pit ]
	fi
}

# The others are there, and can be started later.
one_cpu_first() {
	[ "$(cat /sys/devices/system/cpu/present)" = "0-$(($(word present) - 1))" ] || return 1
	for cpu in $(seq 1 $(($(word present) - 1))); do
		echo 1 >/sys/devices/system/cpu/cpu"$cpu"/online && taskset -c "$cpu" true || return 1
	done
	[ "$(nproc)" = "$(word present)" ]
}

talks_of_apics() {
	[ "$(grep -cE 'Int: type 0, pol|number of MP IRQ sources: |IO APIC #0' $booted)" -ge 16 ]
}

modes() {
	check "x2APIC mode" x2apic_mode
	check "paravirtual features" paravirtual
	! has_word noapic || check "no I/O APIC" without_io_apic
	! has_word nolapic_timer || check "no APIC timer" without_apic_timer
	! has_word apic=debug || check "apic=debug" talks_of_apics
}

# ---- interrupts ----------------------------------------------------------------------------------------

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

# Which rows of /proc/interrupts rise on each CPU. Without APIC timers there are no timer interrupts on
# the CPU that has those of the 8254.
rows() {
	has_word nolapic_timer || echo LOC
	[ "$cpus" -eq 1 ] || echo RES CAL
}

counters_rise() {
	for row in $(rows); do
		cpu=0
		while [ $cpu -lt "$cpus" ]; do
			eval "${row}_$cpu=$(count "$row" "$cpu")"
			cpu=$((cpu + 1))
		done
	done
	interrupt_all
	interrupt_all
	for row in $(rows); do
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

# The host sends a line when it sees this one.
console_echo() {
	echo "test: type"
	# shellcheck disable=SC3045 # busybox has it
	read -r -t 20 line && [ "$line" = "a line for the guest" ]
}

# ---- time ----------------------------------------------------------------------------------------------

# sleeper CPU: it runs on that CPU, at the same time as the others. A second in ten parts: whatever else a
# CPU is woken for divides a long sleep anyway, and of a deadline that comes late only the last part shows.
# A busy machine makes some seconds long, a timer that is wrong all of them; none is ever short.
sleeper() {
	mkfifo "/tmp/nap.$1" && exec 9<>"/tmp/nap.$1"
	best=
	for n in 1 2 3 4 5 6 7 8 9 10; do
		take_time
		start=$time
		parts=0
		while [ $parts -lt 10 ]; do
			nap 0.1
			parts=$((parts + 1))
		done
		take_time
		slept=$((time - start))
		[ $slept -ge 98 ] || { say "CPU $1 slept $slept cs"; return 1; }
		[ -n "$best" ] && [ "$best" -lt $slept ] || best=$slept
		[ "$best" -ge 112 ] || break
	done
	say "CPU $1 slept $best cs, the best of $n"
	[ "$best" -lt 112 ]
}

sleeps() {
	pids=
	for cpu in $(seq 0 $last); do
		taskset -c "$cpu" sh /test sleeper "$cpu" &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || pids=
	done
	[ -n "$pids" ]
}

# Short naps on each CPU, one CPU after the other, and what the kernel traces of their timers: a timer that
# knows ticks only, of 4 ms, ends each nap at a tick, so that those that are due in one of the quarters of
# these 4 ms are 2 ms late or more. In each quarter most have to be less. A busy host delays some, and ticks
# too: hence several rounds.
small_sleeps() {
	mount -t tracefs tracefs /sys/kernel/tracing || return 1
	for cpu in $(seq 0 $last); do
		taskset -c "$cpu" sh /test napper "$cpu" || return 1
	done
	umount /sys/kernel/tracing
}

# Reads a trace; prints the quarters in which most timers were in time, and after a space what came early.
timers_in_time() {
	awk '{
		for (i = 1; i <= NF; i++)
			value[substr($i, 1, index($i, "=") - 1)] = substr($i, index($i, "=") + 1)
		timer = value["hrtimer"]
	}
	/ hrtimer_start: / { due[timer] = value["softexpires"] }
	/ hrtimer_expire_entry: .*hrtimer_wakeup/ && timer in due {
		late = value["now"] - due[timer]
		quarter = int(due[timer] / 1000000) % 4
		all[quarter]++
		if (late < 2000000)
			good[quarter]++
		if (late < 0)
			early = early " " -late
	}
	END {
		for (q = 0; q < 4; q++)
			printf "%s", (all[q] >= 5 && good[q] > all[q] / 2) ? q : ""
		print early
	}' "$@"
}

napper() {
	mkfifo "/tmp/naps.$1" && exec 9<>"/tmp/naps.$1"
	cd /sys/kernel/tracing || return 1
	echo 1 | tee events/timer/hrtimer_start/enable >events/timer/hrtimer_expire_entry/enable
	for rounds in 1 2 3 4 5 6 7 8 9 10; do
		: >"per_cpu/cpu$1/trace"
		# In whatever quarter such a nap begins, they are due in all four.
		for n in $(seq 1 30); do
			nap 0.001
			nap 0.002
			nap 0.003
			nap 0.004
		done
		quarters=$(timers_in_time "per_cpu/cpu$1/trace")
		[ "$quarters" != 0123 ] || break
	done
	echo 0 | tee events/timer/hrtimer_start/enable >events/timer/hrtimer_expire_entry/enable
	say "CPU $1: naps less than 2 ms late in the quarters '$quarters' of a tick, in $rounds rounds"
	[ "$quarters" = 0123 ]
}

# Sets $host_time to the host's clock, $guest_time to ours, and $trip to how much earlier than $guest_time
# the other may have been taken: the shortest of several ways there and back. All in centiseconds.
ask_host() {
	trip=
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		take_time
		asked=$time
		echo "test: time"
		# shellcheck disable=SC3045 # busybox has it
		read -r -t 20 answer host || { say "the host does not answer"; return 1; }
		take_time
		[ "$answer" = host ] || { say "the host answers '$answer $host'"; return 1; }
		if [ -z "$trip" ] || [ $((time - asked)) -lt "$trip" ]; then
			trip=$((time - asked))
			guest_time=$time
			host_time=$host
		fi
		[ "$trip" -gt 3 ] || return 0
	done
}

clock_starts() {
	ask_host || return 1
	guest_start=$guest_time
	host_start=$host_time
	start_trip=$trip
}

# From then to now, ten seconds at least: what cannot be known is the longer one of the two trips and the
# centiseconds that are cut off; half a percent is for clocks.
clock_agrees() {
	[ -n "${host_start:-}" ] || return 1
	take_time
	while [ $((time - guest_start)) -lt 1000 ]; do
		nap 1
		take_time
	done
	ask_host || return 1
	passed=$((host_time - host_start))
	wrong=$((guest_time - guest_start - passed))
	[ "$start_trip" -lt "$trip" ] || trip=$start_trip
	say "clock: $wrong cs in $passed, trips up to $trip"
	[ "${wrong#-}" -le $((passed / 200 + trip + 2)) ]
}

# ---- memory ----------------------------------------------------------------------------------------------

# What the firmware tells, less a MiB below 1 MiB, and what Linux has: less a 32nd part and its image.
memory_size() {
	size=$(word memory)
	told=0
	# shellcheck disable=SC2013 # words
	for range in $(sed -n 's/^\([0-9a-f]*\)-\([0-9a-f]*\) : System RAM$/\1:\2/p' /proc/iomem); do
		told=$((told + 0x${range#*:} + 1 - 0x${range%:*}))
	done
	total=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
	say "memory: $size MiB, of which $((told >> 20)) are told of and $total in use"
	[ $((told >> 20)) -ge $((size - 2)) ] && [ $((told >> 20)) -le "$size" ] &&
		[ "$total" -ge $((size - size / 32 - 64)) ] && [ "$total" -lt "$size" ]
}

# Pages above 4 GiB that are free.
free_above() {
	awk '/^Node.*zone/ { normal = $4 == "Normal" } normal && $1 == "pages" { print $3 }' /proc/zoneinfo
}

# Linux takes pages from above 4 GiB first. What is written there has to stay, and the disks get there too.
memory_above() {
	grep -q '^100000000-[0-9a-f]* : System RAM' /proc/iomem || return 1
	before=$(free_above)
	sum=$(dd if=/dev/urandom bs=1M count=48 2>/dev/null | tee /tmp/above | md5sum)
	after=$(free_above)
	say "$(((before - after) / 256)) MiB above 4 GiB filled"
	[ $((before - after)) -ge $((40 * 256)) ] && [ "$(md5sum </tmp/above)" = "$sum" ]
}

memory() {
	check "memory size" memory_size
	check "memory above the hole" memory_above
	check "disk read" disk_read
	check "memory above the hole stays" [ "$(md5sum </tmp/above)" = "$sum" ]
}

# ---- the whole -------------------------------------------------------------------------------------------

boot() {
	check "counters rise" counters_rise
	check "console echo" console_echo
	! has_word maxcpus=1 || check "the other CPUs start later" one_cpu_first
}

full() {
	check "host's clock" clock_starts
	check "counters rise" counters_rise
	[ "$cpus" -eq 1 ] || check "CPUs offline and online" offline_and_online
	[ "$cpus" -eq 1 ] || check "counters rise again" counters_rise
	check "sleeps" sleeps
	check "small sleeps" small_sleeps
	check "clock source" grep -q kvm-clock /sys/devices/system/clocksource/clocksource0/current_clocksource
	check "console echo" console_echo
	check "clock agrees with the host's" clock_agrees
	! has_word steal=1 || check "stolen time" stolen
}

# Waits until what was written has left the serial port: the kernel's own lines would tear it. Setting the
# terminal does, also to what it is.
drain() {
	stty cs8
}

# Of levels 0 to 4: warnings and worse. What was printed is gone from the kernel's log.
show_log() {
	echo "test: $1"
	dmesg -r -c | sed -n 's/^<[0-4]>//p'
	echo "test: end of log"
}

# Its backtraces are warnings too, and judged otherwise.
nmi_backtrace() {
	drain
	echo l >/proc/sysrq-trigger
	sleep 1
	dmesg >/tmp/backtrace
	show_log "log of backtraces"
	for cpu in $(seq 0 $last); do
		grep -Eq "NMI backtrace for cpu $cpu( |\$)" /tmp/backtrace || { say "none of CPU $cpu"; return 1; }
	done
}

# shellcheck source=tests/integration/linux_guest_devices.sh
. /test-devices
case ${1:-} in
sleeper | napper | writer)
	"$@"
	exit
	;;
esac
mkfifo /tmp/nap && exec 9<>/tmp/nap
dmesg >$booted
check "CPUs online" all_online
dmesg -n 1
kind=$(word test)
modes
case $kind in
full | boot | memory | devices) $kind ;;
esac
show_log log
if [ "$kind" = full ]; then
	check "NMI backtrace" nmi_backtrace
	# Whatever was broken by NMIs shows now.
	check "counters rise after NMIs" counters_rise
	show_log log
fi
cat /proc/interrupts
# The last that the kernel has to say is for the console itself.
dmesg -n 5
say "done"
drain
case $kind in
reboot) reboot -f ;;
*) poweroff -f ;;
esac
