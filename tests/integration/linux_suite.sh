#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# linux_suite.sh SET...: inside a lane (busybox) or natively, Linux guests: one line a run, the output of
# those that failed. Sets: full, modes, devices, tiny, soak=SECONDS; before them kernels=6.1,6.12, cpus=N and
# tiny-cpus=N,N. In VMM_FILES: vmlinuz-6.1, initrd-6.1,
# vmlinuz-6.12, ..., vmlinux (the small kernel).
# shellcheck source=tests/integration/linux_log.sh
. "$VMM_FILES/linux_log.sh"
failed=0
passed=0
log=/tmp/linux.log

# Centiseconds.
now() {
	cut -d' ' -f1 /proc/uptime | tr -d .
}

# Answers the guest and takes the time while its console goes to the log.
converse() {
	while IFS= read -r line; do
		printf '%s\n' "$line"
		case $line in
		*"test: type"*) echo "a line for the guest" >&3 ;;
		*"test: clock start"*) clock_start=$(now) ;;
		*"test: clock stop"*) echo "host: clock $(($(now) - clock_start))" ;;
		esac
	done
}

# run_vmm ARGS...: the guest's console to the log, what the host says to the console of the guest.
run_vmm() {
	rm -f /tmp/linux.in /tmp/linux.status
	mkfifo /tmp/linux.in
	# Opened for both directions, so that neither side waits for the other.
	exec 3<>/tmp/linux.in
	{
		vmm --timeout 400 --dump-on-exit=always --stats "$@" </tmp/linux.in 2>/tmp/linux.err
		echo $? >/tmp/linux.status
	} | converse >$log
	exec 3>&-
	tr -d '\r' <$log >$log.text
	mv $log.text $log
	status=$(cat /tmp/linux.status)
}

# The guest's clock and the host's between the same two lines, several times: what delays a line on its
# way does so once in a while, a clock that is wrong is so always. Less than a third of a second in two.
clock_agrees() {
	sed -n 's/^test: clock stop //p; s/^host: clock //p' $log | awk '
		NR % 2 == 1 { guest = $1 }
		NR % 2 == 0 { d = guest - $1; if (d < 0) d = -d; if (NR == 2 || d < best) best = d }
		END { if (NR > 0 && best > 30) { print "the clock is wrong by " best " cs at least"; exit 1 } }
		' >>/tmp/linux.why
}

# What the guest read back is what the file has.
disk_agrees() {
	guest=$(sed -n 's/^test: md5 //p' $log)
	[ -z "$guest" ] || [ "$guest" = "$(md5sum </tmp/disk | cut -d' ' -f1)" ] ||
		echo "the disk's file differs from what the guest has written" >>/tmp/linux.why
}

# judge STATUS DONE: reasons against a run are left in linux.why.
judge() {
	: >/tmp/linux.why
	[ "$status" -eq "$1" ] || echo "status $status, not $1" >>/tmp/linux.why
	grep -aq "$2" $log || echo "no line '$2'" >>/tmp/linux.why
	grep -a 'test: FAIL' $log >>/tmp/linux.why
	if grep -aq '^test: log' $log; then
		sed -n '/^test: log/,/^test: end of log/p' $log >$log.kernel
	else
		cp $log $log.kernel
	fi
	# With apic=debug the APICs are talked of all the time.
	case $name in
	*apic=debug*) grep -aE 'WARNING|BUG|Call Trace' $log.kernel >>/tmp/linux.why ;;
	*) kernel_complaints $log.kernel >>/tmp/linux.why ;;
	esac
	clock_agrees
	disk_agrees
	[ ! -s /tmp/linux.why ]
}

# one NAME STATUS DONE ARGS...
one() {
	name=$1
	want=$2
	mark=$3
	shift 3
	start=$(date +%s)
	run_vmm "$@"
	if judge "$want" "$mark"; then
		passed=$((passed + 1))
		echo "ok $name ($(($(date +%s) - start)) s)"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		cat /tmp/linux.why
		echo "---- console"
		tail -n 150 $log
		echo "---- vmm"
		tail -n 120 /tmp/linux.err
	fi
}

# stock VERSION SHAPE CPUS WORDS [STATUS [vmm's options]]
stock() {
	version=$1
	shape=$2
	n=$3
	words=$4
	want=${5:-0}
	extra=${6:-}
	# shellcheck disable=SC2086 # options are words
	one "Linux $version $shape $n CPUs $words $extra" "$want" "^test: done" $shape --memory 256M $extra \
		--cpus "$n" --initrd "$VMM_FILES/initrd-$version" "$VMM_FILES/vmlinuz-$version" \
		--cmdline "console=ttyS0 panic=-1 loglevel=5 $words"
}

full() {
	for version in $versions; do
		for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
			stock "$version" "$shape" "$count" "test=full cpus=$count"
		done
	done
}

modes() {
	for version in $versions; do
		for word in nox2apic nolapic_timer noapic apic=debug; do
			stock "$version" "--irqchip split" "$count" "test=boot cpus=$count $word"
		done
		stock "$version" "--irqchip none" "$count" "test=boot cpus=1 maxcpus=1"
		stock "$version" "--irqchip none" "$count" "test=reboot cpus=$count" 32
		stock "$version" "--irqchip none" "$count" "test=full cpus=$count" 0 "--x2apic off"
		stock "$version" "--irqchip split" "$count" "test=boot cpus=$count" 0 "--x2apic on"
		stock "$version" "--irqchip split" 1 "test=full cpus=1"
		stock "$version" "--irqchip split" "$count" "test=boot cpus=$count" 0 "--memory 3584M"
		stock "$version" "--irqchip none" "$count" "test=boot cpus=$count" 0 "--memory 5G"
	done
}

# Disks with sums, random numbers, and a network with the lane's host at its other end.
devices() {
	tunctl -t tap0 >/dev/null && ip addr add 10.99.0.1/24 dev tap0 && ip link set tap0 up || exit 1
	for version in $versions; do
		for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
			dd if=/dev/urandom of=/tmp/disk bs=1M count=8 2>/dev/null
			cp /tmp/disk /tmp/disk.ro
			nc -l -p 5000 </tmp/disk.ro &
			server=$!
			stock "$version" "$shape" "$count" \
				"test=devices cpus=$count md5=$(md5sum </tmp/disk | cut -d' ' -f1)" 0 \
				"--disk /tmp/disk --disk /tmp/disk.ro,ro --net tap=tap0 --rng"
			kill $server 2>/dev/null
		done
	done
	tunctl -d tap0 >/dev/null
}

tiny() {
	for shape in "--irqchip split" "--irqchip none" "--lapic kernel"; do
		for n in $tiny_counts; do
			# shellcheck disable=SC2086 # options are words
			one "small kernel $shape $n CPUs" 0 "tinytest: PASSED" $shape --memory 64M \
				--cpus "$n" "$VMM_FILES/vmlinux" \
				--cmdline "console=ttyS0 panic=-1 loglevel=5 tinytest=$n"
		done
	done
	one "small kernel as bzImage" 0 "tinytest: PASSED" --memory 64M --cpus 2 "$VMM_FILES/bzImage" \
		--cmdline "console=ttyS0 panic=-1 loglevel=5 tinytest=2"
}

soak() {
	end=$(($(date +%s) + $1))
	while [ "$(date +%s)" -lt "$end" ] && [ $failed -eq 0 ]; do
		full
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
	full | modes | devices | tiny) $word ;;
	*) echo "unknown word $word" && exit 2 ;;
	esac
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
