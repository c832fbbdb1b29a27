# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2153 # the parts of scripts/lane share variables
# The amd lane: a host with kvm_amd in QEMU's TCG, whose `max` CPU has nested SVM and NPT.

readonly LANE_AMD_TOOLS=(qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio
	xz:xz-utils)

# lane_amd_start DIR: runs the host whose initramfs is DIR/initrd; its ports are DIR/out and
# DIR/control. Sets LANE_PID and LANE_EMULATOR.
lane_amd_start()
{
	local dir=$1

	LANE_EMULATOR=QEMU
	# The host's own doubts of its TSC would have KVM rewrite the guests' TSC offsets. Its doubts of the
	# timer's interrupt, which it waits for in a counted loop, are a panic on a busy machine.
	setpriv --pdeathsig KILL "${LANE_QEMU[@]}" \
		-accel tcg,thread=multi -cpu max,+svm -smp "$LANE_SMP" -m "$LANE_MEMORY" \
		-kernel "$LANE_VMLINUZ" -initrd "$dir/initrd" \
		-append "console=ttyS1 panic=-1 quiet tsc=reliable no_timer_check" \
		-nodefaults -no-user-config -display none -no-reboot \
		-chardev "file,id=out,path=$dir/out" -serial chardev:out \
		-chardev "file,id=control,path=$dir/control" -serial chardev:control \
		</dev/null >"$dir/emulator.log" 2>&1 &
	LANE_PID=$!
}

lane_amd_stop()
{
	:
}
