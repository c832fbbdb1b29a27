# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What KVM's own LAPIC is known to get wrong, so that the rest of the SMP kernel can be run with it, and
# what a host's KVM cannot do at all. docs/testing.md says how each was seen.

# known_words SHAPE...: words for the kernel's command line.
known_words() {
	local known=id-alias,mixed-modes,pit-extint-pin,timer-tsc-write

	case "$*" in
	*kernel*) ;;
	*)
		# kvm_pvm: a guest's TSC is the host's and cannot be moved (D39).
		[ ! -d /sys/module/kvm_pvm ] || echo "skip=timer-tsc-write"
		return
		;;
	esac
	# kvm_pvm: nothing is in service while a handler runs, and now and then not even an NMI.
	[ ! -d /sys/module/kvm_pvm ] ||
		known=$known,priority-nesting,ioapic-level,ioapic-mask,ioapic-logical,ioapic-storm,ioapic-directed-eoi,pv-eoi,nmi-latch
	# kvm_amd: an INIT in the NMI's handler leaves NMIs blocked; 6.1 gets it right.
	case $(uname -r) in
	6.1.*) ;;
	*) [ ! -d /sys/module/kvm_amd ] || known=$known,ap-restart ;;
	esac
	echo "skip=$known"
}

# A run whose log is FILE was spoiled by the lane itself: QEMU's nested SVM now and then saves its own
# host's registers as those of a guest. No in-tree guest has anything near those addresses, so the dump
# of the registers gives it away.
lane_spoiled() {
	grep -Eq '^CPU [0-9]+: rip ff|^  gdt ff' "$1"
}

# run_unspoiled NAME STATUS COMMAND...: what it prints is in /tmp/out, how it ended in $status. Where that is
# not STATUS and the lane has spoiled the run, it is repeated, at most twice.
run_unspoiled() {
	local name=$1 want=$2 attempt

	shift 2
	for attempt in 1 2 3; do
		"$@" >/tmp/out 2>&1 </dev/null
		status=$?
		if [ "$status" -eq "$want" ] || ! lane_spoiled /tmp/out; then
			return
		fi
		echo "spoiled by the lane, attempt $attempt of 3: $name"
	done
}
