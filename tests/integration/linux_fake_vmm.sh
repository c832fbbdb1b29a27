#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# In the place of vmm, for linux_judge.sh: what a Linux guest shows that passes, but for one $FAULT.
set -u
cpus=1
cmdline=
disk=
read_only=
mode=x2APIC
while [ $# -gt 0 ]; do
	case $1 in
	--cpus) cpus=$2 ;;
	--cmdline) cmdline=$2 ;;
	--disk) case $2 in *,ro) read_only=${2%,ro} ;; *) disk=$2 ;; esac ;;
	--x2apic) [ "$2" != off ] || mode=xAPIC ;;
	esac
	shift
done
[[ $cmdline != *nox2apic* && $cmdline != *noapic* ]] || mode=xAPIC
if [ "$FAULT" = mode ]; then
	case $mode in xAPIC) mode=x2APIC ;; *) mode=xAPIC ;; esac
fi

# unless FAULT LINE, if FAULT LINE: a line that one fault leaves out, or brings.
unless() {
	[ "$FAULT" = "$1" ] || echo "$2"
}

if_fault() {
	[ "$FAULT" != "$1" ] || echo "$2"
}

passes() {
	local test

	for test in "$@"; do
		unless "without $test" "test: ok $test"
	done
}

kernel_log() {
	echo "test: log"
	if_fault "$1" "$2"
	echo "test: end of log"
}

# The host has to answer.
converses() {
	local line

	echo "test: type"
	read -r line
	[ "$line" = "a line for the guest" ] || echo "test: FAIL console"
	echo "test: time"
	read -r line
	[[ $line =~ ^host\ [0-9]+$ ]] || echo "test: FAIL host"
}

# noise FILE
noise() {
	dd if=/dev/urandom of="$1" bs=64k count=1 conv=notrunc 2>/dev/null
}

uses_disks() {
	[ "$FAULT" = unwritten ] || noise "$disk"
	unless unread "test: md5 $(md5sum <"$disk" | cut -d' ' -f1)"
	[ "$FAULT" != lost ] || noise "$disk"
	[ "$FAULT" != read-only ] || noise "$read_only"
}

stock() {
	passes "CPUs online" "x2APIC mode" "paravirtual features"
	case $cmdline in
	*test=full*)
		passes "counters rise" sleeps "small sleeps" "clock source" "console echo" \
			"clock agrees with the host's"
		if_fault failure "test: FAIL counters rise"
		converses
		;;
	*test=boot*) passes "counters rise" "console echo" ;;
	*test=memory*) passes "memory size" "memory above the hole" "disk read" "memory above the hole stays" ;;
	*test=devices*)
		passes "disk read" "disk write" "disk read-only" "random bytes" "vectors move"
		uses_disks
		;;
	esac
	kernel_log warning "[ 2.0] APIC error on CPU0: 00(40)"
	if [[ $cmdline == *test=full* ]]; then
		printf '%s\n' "test: log of backtraces" "[ 3.0] NMI backtrace for cpu 0" "[ 3.0] Call Trace: timer"
		if_fault warning-in-backtrace "[ 3.1] WARNING: CPU: 1"
		echo "test: end of log"
		passes "NMI backtrace" "counters rise after NMIs"
		kernel_log warning-after-backtrace "[ 4.0] irq 4: nobody cared"
	fi
	echo " LOC:  1  2  Local timer interrupts"
	unless "done" "test: done"
	if_fault warning-at-power-off "[ 9.0] WARNING: CPU: 0 at native_machine_shutdown"
	echo "[ 9.1] reboot: Power down"
}

tiny() {
	local driver="physical x2apic"

	[ $mode = x2APIC ] || driver=flat
	echo "[ 1.0] tinytest: $cpus CPUs, $driver, clock 10 ms"
	if_fault warning "[ 2.0] WARNING: CPU: 0"
	echo "[ 3.0] tinytest: PASSED, clock 20 ms"
}

status=0
case $cmdline in
*tinytest=*) tiny ;;
*rdinit=*)
	unless file "user: the file is whole"
	status=32
	;;
*) stock ;;
esac
for ((cpu = 0; cpu < cpus; cpu++)); do
	printf '%s\n' "LAPIC of CPU $cpu: base 0xfee00d00 $mode" "  lapic: eoi=3" >&2
	unless pv-eoi "  lapic: pv-eoi=5" >&2
done
[[ $cmdline != *test=reboot* ]] || status=32
[ "$FAULT" != status ] || status=38
exit $status
