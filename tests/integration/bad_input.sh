#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Bad input: each mistake has its one-line error that says what to do, and its exit status.
set -u
# shellcheck source=tests/integration/common.sh
. "$(dirname "$0")/common.sh"
need_kvm
cd "$work" || exit 1

# One error, one line.
one_line() {
	local name=$1
	[ "$(grep -c '^vmm: error:' "$work/err")" -eq 1 ] || fail "$name: not exactly one error line"
}

refuse() {
	local name=$1 pattern=$2
	shift 2
	expect "$name" 2 "$pattern" vmm "$@"
	one_line "$name"
}

# Options
refuse "no CPUs" "--cpus: '0' is not a number from 1 to 1024" --cpus 0 "$BIN/hello.elf"
refuse "too many CPUs" "--cpus: '1025'" --cpus 1025 "$BIN/hello.elf"
refuse "CPUs in words" "--cpus: 'four'" --cpus four "$BIN/hello.elf"
refuse "negative CPUs" "--cpus: '-1'" --cpus=-1 "$BIN/hello.elf"
refuse "unknown option" "unknown option '--cpu5'" --cpu5 "$BIN/hello.elf"
refuse "unknown short option" "unknown option" -Z "$BIN/hello.elf"
refuse "missing value" "needs a value" --cpus
refuse "unknown word" "'maybe' is not one of: user, kernel" --lapic maybe
refuse "memory suffix" "unknown suffix" --memory 12Q "$BIN/hello.elf"
refuse "memory hex with suffix" "use decimal" --memory 0x10M "$BIN/hello.elf"
refuse "memory too small" "too small" --memory 1M "$BIN/hello.elf"
refuse "memory too large" "limit of 1T" --memory 4T "$BIN/hello.elf"
refuse "two guests" "unexpected 'b.elf' after the guest image" a.elf b.elf
refuse "contradiction kernel/none" "--lapic kernel contradicts --irqchip none" \
	--lapic kernel --irqchip none "$BIN/hello.elf"
refuse "contradiction restore/restart" "--restore contradicts" --restore x --on-reset restart
refuse "contradiction kernel/restart" "--lapic kernel contradicts --on-reset restart" \
	--lapic kernel --on-reset restart "$BIN/hello.elf"
refuse "unknown vendor" "'cyrix' is not one of: host, intel, amd" --cpu-vendor cyrix
refuse "xAPIC ids" "--x2apic off contradicts 300 CPUs" --x2apic off --cpus 300 "$BIN/hello.elf"
refuse "id offset" "leads beyond APIC id" --apic-id-offset 32767 --cpus 2 "$BIN/hello.elf"
refuse "serial word" "--serial: 'loud'" --serial loud "$BIN/hello.elf"
refuse "serial file" "--serial file: cannot write" --serial file=/nonexistent/x "$BIN/hello.elf"
refuse "serial socket" "--serial socket: /nonexistent/x: No such file" \
	--serial socket=/nonexistent/x "$BIN/hello.elf"
refuse "serial socket's path" "the path is longer than 107 characters" \
	--serial "socket=$(printf '%0108d' 0)" "$BIN/hello.elf"
refuse "log file" "--log-file: cannot write" --log-file /nonexistent/x "$BIN/hello.elf"

# Images
printf '' >empty
head -c 100 "$BIN/hello.elf" >short.elf
head -c 6000 "$BIN/hello.elf" >truncated.elf
printf 'just text, no kernel\n' >text
truncate -s 1G zeros
printf 'MZ\000\000zimg' >zboot
cp "$BIN/hello.elf" machine.elf && printf '\267\000' | dd of=machine.elf bs=1 seek=18 conv=notrunc status=none
mkdir folder
refuse "no such image" "nothere.*No such file" nothere.elf
refuse "a folder" "folder" folder
refuse "empty file" "empty" empty
refuse "not an ELF" "text" text
refuse "1 GiB of zeros" "nothing but zeros" zeros
refuse "a kernel for EFI only" "zboot" zboot
refuse "ELF header cut" "short.elf" short.elf
refuse "ELF truncated" "truncated.elf" truncated.elf
refuse "other machine" "AArch64|machine" machine.elf
refuse "initrd missing" "noinitrd" --initrd noinitrd "$BIN/hello-pvh.elf"
truncate -s 200M large
for guest in hello-pvh.elf hello-multiboot.elf; do
	refuse "initrd too large for $guest" \
		"large: initrd of 209715200 bytes does not fit.*give the guest more memory" \
		--memory 128M --initrd large "$BIN/$guest"
done
refuse "memory too small for image" "memory" --memory 2M "$BIN/high.elf"
refuse "image over the tables" "overlap|reserved|0x" "$BIN/overlap.elf"

# Linux kernels: put FILE OFFSET BYTES, and a bzImage in which everything that is looked at is sound.
put() {
	printf '%b' "$3" | dd of="$1" bs=1 seek=$(($2)) conv=notrunc status=none
}
truncate -s $((0x600 + 0x800)) sound.bz
put sound.bz 0x1f1 '\0002'                  # setup_sects
put sound.bz 0x1f4 '\0200'                  # syssize
put sound.bz 0x1fe '\0125\0252\0353\0152HdrS' # boot_flag, jump, header
put sound.bz 0x206 '\0017\0002'             # version
put sound.bz 0x211 '\0001'                  # loadflags
put sound.bz 0x22c '\0377\0377\0377\0177'   # initrd_addr_max
put sound.bz 0x232 '\0040'                  # kernel_alignment
put sound.bz 0x236 '\0077'                  # xloadflags
put sound.bz 0x238 '\0377\0007'             # cmdline_size
put sound.bz 0x25a '\0040'                  # pref_address
put sound.bz 0x262 '\0020'                  # init_size
put sound.bz 0x800 '\0061\0300\0346\0364'   # its 64-bit entry: debug-exit with 0
cp sound.bz entry.bz && put entry.bz 0x236 '\0076'
cp sound.bz old.bz && put old.bz 0x206 '\0013'
spaces() {
	printf '%*s' "$1" ''
}
refuse "no 64-bit entry" "entry.bz: .*without 64-bit entry \(xloadflags 0x3e\).*for x86-64" entry.bz
refuse "an old kernel" "old.bz: .*protocol 2.11 \(version\).*needs 2.12" old.bz
refuse "initrd too large for a kernel" "large: initrd of .* does not fit.*give the guest more memory" \
	--initrd large sound.bz
refuse "command line too long" "command line is longer than 16383 characters" \
	--cmdline "$(spaces 16384)" "$BIN/hello.elf"
refuse "command line too long for the kernel" "of 2048 bytes is too long .* at most 2047 \(cmdline_size\)" \
	--cmdline "$(spaces 2048)" sound.bz
refuse "command line and name too long" "too long: at most 16383 with the image's name" \
	--cmdline "$(spaces 16383)" "$BIN/hello-multiboot.elf"
expect "the longest command line" 0 "" vmm --cmdline "$(spaces 16383)" "$BIN/hello.elf"
expect "the kernel's longest command line" 1 "" vmm --cmdline "$(spaces 2047)" sound.bz

# Memory on both sides of the hole below 4 GiB.
for size in 3583M 3584M 3585M 4G 5G; do
	for guest in hello.elf hello-pvh.elf hello-multiboot.elf; do
		expect "$size of memory for $guest" 0 "" vmm --memory $size "$BIN/$guest"
	done
done

# Disks
truncate -s 1M disk
truncate -s 1000 odd
refuse "disk missing" "nodisk: No such file.*truncate" --disk nodisk "$BIN/hello.elf"
refuse "disk empty" "empty is empty" --disk empty "$BIN/hello.elf"
refuse "disk of odd size" "odd has 1000 bytes, which is no multiple of 512" -d odd,ro "$BIN/hello.elf"
refuse "disk twice" "disk is in use by another machine" -d disk -d disk "$BIN/hello.elf"
# Once its guest is up, another machine has it.
coproc other { vmm --timeout 60 -d disk "$BIN/exit.elf" -- echo 2>/dev/null; }
other_pid=$!
read -r _ <&"${other[0]}"
refuse "disk locked" "disk is in use by another machine; end that one, or add ',ro' to both" \
	-d disk "$BIN/hello.elf"
refuse "disk locked against readers" "disk is in use by another machine" -d disk,ro "$BIN/hello.elf"
echo q >&"${other[1]}"
wait "$other_pid"
refuse "disk key" "'rw' is not one of: ro" -d disk,rw "$BIN/hello.elf"
expect "a disk and its reader" 0 "" vmm -d disk,ro -d disk,ro "$BIN/hello.elf"

# Networks
refuse "tap missing" "there is no interface 'vmm-none'.*ip tuntap add dev vmm-none mode tap" \
	-n tap=vmm-none "$BIN/hello.elf"
refuse "no tap" "--net: " -n tap=lo "$BIN/hello.elf"
refuse "net without tap" "lacks tap=NAME" -n mac=02:00:00:00:00:01 "$BIN/hello.elf"
tap=vmmt$$
# Root as anybody else: without a capability, and held to what files and taps permit. The path, because a
# shell of busybox would take its own.
plain=("$(command -v setpriv)" --bounding-set=-all --inh-caps=-all "--securebits=+noroot,+noroot_locked")
if [ "$(id -u)" -eq 0 ] && ip tuntap add dev $tap mode tap 2>/dev/null; then
	expect "a tap that is down" 0 "tap '$tap' is down.*ip link set $tap up" \
		vmm -n tap=$tap "$BIN/hello.elf"
	refuse "tap twice" "'$tap' is in use by another machine" \
		-n tap=$tap -n tap=$tap "$BIN/hello.elf"
	ip tuntap del dev $tap mode tap
else
	echo "left out: no tap can be made here"
	plain=(false)
fi
if "${plain[@]}" test -w /dev/kvm 2>/dev/null; then
	ip tuntap add dev $tap mode tap user 1
	expect "no permission for the tap" 2 "no permission for tap '$tap'.* user [$]USER" \
		"${plain[@]}" vmm -n tap=$tap "$BIN/hello.elf"
	one_line "no permission for the tap"
	if unshare --mount true 2>/dev/null; then
		expect "no permission for the driver" 2 "/dev/net/tun: Permission denied.*chmod 666" \
			unshare --mount sh -c "mount -t tmpfs none /dev/net &&
			mknod -m 600 /dev/net/tun c 10 200 && chown 1 /dev/net/tun &&
			exec ${plain[*]} vmm -n tap=$tap $BIN/hello.elf"
		one_line "no permission for the driver"
		expect "no driver" 2 "/dev/net/tun: No such file.*modprobe tun" \
			unshare --mount sh -c "mount -t tmpfs none /dev/net &&
			exec vmm -n tap=$tap $BIN/hello.elf"
		one_line "no driver"
	fi
	ip tuntap del dev $tap mode tap
fi

# KVM
for cap in 136:KVM_CAP_IMMEDIATE_EXIT 121:KVM_CAP_SPLIT_IRQCHIP 188:KVM_CAP_X86_USER_SPACE_MSR; do
	if [ -n "${SANITIZED:-}" ]; then break; fi
	expect "without ${cap#*:}" 4 "lacks ${cap#*:}" \
		env LD_PRELOAD="$BIN/libkvm_without_cap.so" WITHOUT_CAP="${cap%%:*}" vmm "$BIN/hello.elf"
done
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$work"
	cp "$BIN/vmm" "$BIN/hello.elf" .
	chmod 755 vmm hello.elf
	if ! setpriv --reuid=65534 --regid=65534 --clear-groups test -w /dev/kvm; then
		expect "no permission" 4 "no permission to open /dev/kvm; join its group" \
			setpriv --reuid=65534 --regid=65534 --clear-groups ./vmm hello.elf
		one_line "no permission"
	fi
	# A mount namespace in which /dev is empty.
	if unshare --mount true 2>/dev/null; then
		expect "no /dev/kvm" 4 "cannot open /dev/kvm: No such file" \
			unshare --mount sh -c 'mount -t tmpfs none /dev && exec ./vmm hello.elf'
		one_line "no /dev/kvm"
	fi
fi
# A full disk: the guest's output is lost, its run is not.
expect "full disk" 0 "No space left" vmm --serial file=/dev/full "$BIN/hello.elf"
finish
