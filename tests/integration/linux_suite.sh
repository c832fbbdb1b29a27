#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# linux_suite.sh WORD...: inside a lane (busybox) or natively, Linux guests: one line a run, the output of
# those that failed. Words that are sets: full, matrix, modes, devices, tiny, soak=SECONDS; before them
# kernels=6.1,6.12, cpus=N and tiny-cpus=N,N. In VMM_FILES: vmlinuz-6.1, initrd-6.1, vmlinuz-6.12, ...,
# of the small kernel vmlinux, bzImage, bzImage-xz and the like, and tiny-initrd.
# shellcheck source=tests/integration/linux_log.sh
. "$VMM_FILES/linux_log.sh"
failed=0
passed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log
err=$scratch/err
why=$scratch/why

# Answers the guest while its console goes to the log.
converse() {
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		*"test: type"*) echo "a line for the guest" >&3 ;;
		*"test: time"*)
			# shellcheck disable=SC2034 # the rest of the line
			read -r time rest </proc/uptime
			echo "host ${time%.*}${time#*.}" >&3
			;;
		esac
	done
}

# run_vmm ARGS...: the guest's console to the log, what the host says to the console of the guest.
run_vmm() {
	rm -f "$scratch/in" "$scratch/status"
	mkfifo "$scratch/in"
	# Opened for both directions, so that neither side waits for the other.
	exec 3<>"$scratch/in"
	{
		vmm --timeout 400 --dump-on-exit=always --stats "$@" <"$scratch/in" 2>"$err"
		echo $? >"$scratch/status"
	} | converse >"$log"
	exec 3>&-
	tr -d '\r' <"$log" >"$log.text"
	mv "$log.text" "$log"
	status=$(cat "$scratch/status")
}

# ---- what is against a run, as lines of text ------------------------------------------------------------

# What the kernel logged, and what it said on its console when the guest was done.
kernel_log() {
	sed -n '/^test: log$/,/^test: end of log/p; /^test: done/,$p' "$log"
}

# tests_passed WORDS: nothing failed, and what such a guest has to have passed is there.
tests_passed() {
	grep -a '^test: FAIL' "$log"
	# What is said for the reader is worth something only beside a failure.
	! grep -aq '^test: FAIL' "$log" || grep -a '^test: [^oF]' "$log" | tail -n 20
	case $1 in
	*test=full*)
		wanted="sleeps|small sleeps|clock source|console echo|clock agrees with the host's"
		wanted="$wanted|NMI backtrace|counters rise after NMIs"
		;;
	*test=boot*) wanted="counters rise|console echo" ;;
	*test=memory*) wanted="memory size|memory above the hole|disk read|memory above the hole stays" ;;
	*test=devices*) wanted="disk read|disk write|disk read-only|random bytes|vectors move" ;;
	*) wanted= ;;
	esac
	printf '%s\n' "CPUs online|x2APIC mode|paravirtual features|$wanted" | tr '|' '\n' |
		while IFS= read -r test; do
			[ -z "$test" ] || grep -aqx "test: ok $test" "$log" || echo "no line 'test: ok $test'"
		done
}

# apics_in MODE N: the APICs that vmm shows at the end.
apics_in() {
	seen=$(grep -acE "^LAPIC of CPU [0-9]+: base 0x[0-9a-f]+ $1([ ,]|\$)" "$err")
	[ "$seen" -eq "$2" ] || echo "$seen APICs of $2 are in $1 mode"
}

# Each of our own APICs has seen EOIs of the paravirtual kind; KVM does not count its own.
eois_paravirtual() {
	seen=$(grep -acE '(^| )pv-eoi=[1-9]' "$err")
	[ "$seen" -eq "$1" ] || echo "$seen CPUs of $1 use PV EOI"
}

# disk_agrees SUM: what the guest read back is what the file has, and not what the file had.
disk_agrees() {
	guest=$(sed -n 's/^test: md5 //p' "$log")
	now=$(md5sum <"$scratch/disk" | cut -d' ' -f1)
	[ "$guest" = "$now" ] || echo "the disk's file has $now, the guest has read '$guest'"
	[ "$now" != "$1" ] || echo "the disk's file is what it was"
	[ "$(md5sum <"$scratch/disk.ro" | cut -d' ' -f1)" = "$1" ] || echo "the read-only disk has changed"
}

file_arrived() {
	sent=$(sed -n 's/^test: sent //p' "$log")
	got=$(md5sum <"$scratch/received" | cut -d' ' -f1)
	[ "$sent" = "$got" ] || echo "the guest has sent '$sent', $got has arrived"
}

# stock_faults WORDS SHAPE CPUS
stock_faults() {
	kernel_log >"$log.kernel"
	grep -aq '^test: log$' "$log" || cp "$log" "$log.kernel"
	# With apic=debug the APICs are talked of all the time, and so they are in backtraces.
	case $1 in
	*apic=debug*) kernel_alarms "$log.kernel" ;;
	# Its stand-in cannot do what Linux then tries to have of it.
	*nolapic_timer*) kernel_complaints "$log.kernel" | grep -v 'lapic is not functional' ;;
	*) kernel_complaints "$log.kernel" ;;
	esac
	sed -n '/^test: log of backtraces$/,/^test: end of log/p' "$log" >"$log.kernel"
	kernel_alarms "$log.kernel"
	tests_passed "$1"
	case $1 in
	*x2apic=off* | *nox2apic* | *noapic*) apics_in xAPIC "$3" ;;
	*) apics_in x2APIC "$3" ;;
	esac
	case $1$2 in
	*test=full*--irqchip*) eois_paravirtual "$3" ;;
	*test=devices*)
		disk_agrees "$(echo "$1" | sed 's/.*md5=//; s/ .*//')"
		case $1 in *nonet*) ;; *) file_arrived ;; esac
		;;
	esac
}

# tiny_faults WORDS OPTIONS
tiny_faults() {
	kernel_complaints "$log"
	case $1 in
	*tinytest=*) kernel_in_mode "$log" "$2" || grep -a 'tinytest: .*CPUs' "$log" ;;
	esac
}

# one NAME STATUS MARK JUDGE WORDS SHAPE CPUS ARGS...: a run of vmm, judged by what JUDGE prints.
one() {
	name=$1
	want=$2
	mark=$3
	judge=$4
	words=$5
	shape=$6
	n=$7
	shift 7
	start=$(date +%s)
	# shellcheck disable=SC2086 # options are words
	run_vmm $shape --cpus "$n" --cmdline "console=ttyS0 panic=-1 loglevel=5 $words" "$@"
	{
		[ "$status" -eq "$want" ] || echo "status $status, not $want"
		grep -aq "$mark" "$log" || echo "no line '$mark'"
		$judge "$words" "$shape" "$n"
	} >"$why" 2>&1
	if [ ! -s "$why" ]; then
		passed=$((passed + 1))
		echo "ok $name ($(($(date +%s) - start)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		cat "$why"
		echo "---- console"
		tail -n 150 "$log"
		echo "---- vmm"
		tail -n 120 "$err"
	fi
}

# ---- Debian's kernels ------------------------------------------------------------------------------------

# stock VERSION SHAPE CPUS WORDS [STATUS [vmm's options]]
stock() {
	version=$1
	options=$2
	words="$4 present=$3"
	case $4 in
	*cpus=*) ;;
	*) words="cpus=$3 $words" ;;
	esac
	case " ${6:-} " in
	*" --x2apic on "*) words="$words x2apic=on" ;;
	*" --x2apic off "*) words="$words x2apic=off" ;;
	*) words="$words x2apic=auto" ;;
	esac
	[ "$3" -le "$(nproc)" ] || words="$words steal=1"
	label=$(echo "$4 ${6:-}" | sed 's/ md5=[^ ]*//; s/ *--disk [^ ]*//g')
	# shellcheck disable=SC2086 # options are words
	one "Linux $version $options $3 CPUs $label" "${5:-0}" "^test: done" stock_faults "$words" "$options" \
		"$3" --memory 256M ${6:-} --initrd "$VMM_FILES/initrd-$version" "$VMM_FILES/vmlinuz-$version"
}

# in_mode MODE VERSION SHAPE CPUS
in_mode() {
	case $1 in
	full) stock "$2" "$3" "$4" "test=full" ;;
	xapic) stock "$2" "$3" "$4" "test=full" 0 "--x2apic off" ;;
	x2apic) stock "$2" "$3" "$4" "test=full" 0 "--x2apic on" ;;
	reboot) stock "$2" "$3" "$4" "test=reboot" 32 ;;
	maxcpus=1) stock "$2" "$3" "$4" "test=boot cpus=1 maxcpus=1" ;;
	# A processor with TSC deadlines has a timer that this word does not turn off.
	nolapic_timer) stock "$2" "$3" "$4" "test=boot $1" 0 "--tsc-deadline off" ;;
	nox2apic | noapic | apic=debug) stock "$2" "$3" "$4" "test=boot $1" ;;
	esac
}

# options_of TYPE: of machine.
options_of() {
	case $1 in
	kernel) echo "--lapic kernel" ;;
	*) echo "--irqchip $1" ;;
	esac
}

full() {
	for release in $versions; do
		for type in split none kernel; do
			in_mode full "$release" "$(options_of $type)" "$count"
		done
	done
}

# Each shape, both APIC modes, each number of CPUs.
matrix() {
	for release in $versions; do
		for type in split none kernel; do
			for mode in x2apic xapic; do
				for cpus in 1 2 4; do
					in_mode $mode "$release" "$(options_of $type)" $cpus
				done
			done
		done
	done
}

modes() {
	new_disks
	for release in $versions; do
		for type in split none; do
			for mode in nox2apic nolapic_timer noapic apic=debug maxcpus=1 reboot; do
				in_mode $mode "$release" "$(options_of $type)" "$count"
			done
			in_mode nolapic_timer "$release" "$(options_of $type)" 1
		done
		# A hole below 4 GiB, with little and with much above it.
		memory_of "$release" split 3584
		memory_of "$release" none 5120
	done
}

# memory_of VERSION TYPE MIB
memory_of() {
	stock "$1" "$(options_of "$2")" "$count" "test=memory memory=$3 md5=$disk_sum" 0 "--memory $3M $disks"
}

new_disks() {
	dd if=/dev/urandom of="$scratch/disk" bs=1M count=8 2>/dev/null
	cp "$scratch/disk" "$scratch/disk.ro"
	disk_sum=$(md5sum <"$scratch/disk" | cut -d' ' -f1)
	disks="--disk $scratch/disk --disk $scratch/disk.ro,ro"
}

# A network with the lane's host at its other end. Natively that takes root's rights.
new_tap() {
	net="--net tap=vmmtest0"
	mkfifo "$scratch/silence" && exec 4<>"$scratch/silence"
	busybox tunctl -t vmmtest0 >/dev/null && ip addr add 10.99.0.1/24 dev vmmtest0 &&
		ip link set vmmtest0 up && return
	[ "$VMM_LANE" = native ] || exit 1
	echo "without a network: no tap device can be made"
	net=
}

# Disks with sums, random numbers, and files both ways over a network.
devices() {
	new_tap
	for release in $versions; do
		for type in split none kernel; do
			new_disks
			words="test=devices md5=$disk_sum"
			servers=
			if [ -n "$net" ]; then
				busybox nc -l -p 5000 <"$scratch/disk.ro" >/dev/null &
				servers=$!
				busybox nc -l -p 5001 <&4 >"$scratch/received" &
				servers="$servers $!"
			else
				words="$words nonet"
			fi
			stock "$release" "$(options_of $type)" "$count" "$words" 0 "$disks $net --rng"
			# shellcheck disable=SC2086 # their numbers
			[ -z "$servers" ] || kill $servers 2>/dev/null
		done
	done
	[ -z "$net" ] || busybox tunctl -d vmmtest0 >/dev/null
}

# ---- the small kernel ------------------------------------------------------------------------------------

tiny() {
	for type in split none kernel; do
		for offered in auto off; do
			for cpus in $tiny_counts; do
				one "small kernel $(options_of $type) --x2apic $offered $cpus CPUs" 0 "tinytest: PASSED" \
					tiny_faults "tinytest=$cpus" "$(options_of $type) --x2apic $offered" "$cpus" \
					--memory 64M "$VMM_FILES/vmlinux"
			done
		done
	done
	for image in bzImage bzImage-gzip bzImage-xz bzImage-zstd; do
		one "small kernel as $image" 0 "tinytest: PASSED" tiny_faults "tinytest=2" "" 2 \
			--memory 64M "$VMM_FILES/$image"
	done
	# The initramfs of vmlinux: its init is busybox, which compares a file of its own with the sum.
	[ "$VMM_LANE" = intel ] ||
		one "small kernel with an initrd" 32 "^user: the file is whole" tiny_faults \
			"rdinit=/bin/busybox sum=$(cat "$VMM_FILES/tiny-sum") -- sh /user" "" 2 --memory 64M \
			--initrd "$VMM_FILES/tiny-initrd" "$VMM_FILES/vmlinux"
}

# ---- for an hour -----------------------------------------------------------------------------------------

soak() {
	end=$(($(date +%s) + $1))
	while :; do
		for mode in full reboot xapic nox2apic full noapic x2apic nolapic_timer maxcpus=1 apic=debug; do
			for type in split none kernel; do
				for release in $versions; do
					[ $failed -eq 0 ] && [ "$(date +%s)" -lt "$end" ] || return
					in_mode $mode "$release" "$(options_of $type)" "$count"
				done
			done
		done
	done
}

versions=6.1
count=2
tiny_counts="1 2 4"
for word in "$@"; do
	case $word in
	kernels=*) versions=$(echo "${word#*=}" | tr , ' ') ;;
	cpus=*) count=${word#*=} ;;
	tiny-cpus=*) tiny_counts=$(echo "${word#*=}" | tr , ' ') ;;
	soak=*) soak "${word#*=}" ;;
	full | matrix | modes | devices | tiny) $word ;;
	*) echo "unknown word $word" && exit 2 ;;
	esac
done
echo "$passed passed, $failed failed"
[ $((passed + failed)) -gt 0 ] && [ $failed -eq 0 ]
