# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What KVM's own LAPIC is known to get wrong, so that the rest of the SMP kernel can be run with it.
# docs/testing.md says how each was seen.

# known_words SHAPE...: words for the kernel's command line; none for our own LAPIC.
known_words() {
	case "$*" in
	*kernel*) ;;
	*) return ;;
	esac
	if [ -d /sys/module/kvm_pvm ]; then
		# Nothing is in service while a handler runs.
		echo skip=priority-nesting,ioapic-level,ioapic-mask,ioapic-logical,ioapic-directed-eoi,pv-eoi
		return
	fi
	case $(uname -r) in
	6.1.*) ;;
	*)
		# An INIT in the NMI's handler leaves NMIs blocked; 6.1 gets it right.
		[ -d /sys/module/kvm_amd ] && echo skip=ap-restart
		;;
	esac
}

# A run whose log is FILE was spoiled by the lane itself: QEMU's nested SVM now and then saves its own
# host's registers as those of a guest. No in-tree guest has anything near those addresses, so the dump
# of the registers gives it away.
lane_spoiled() {
	grep -Eq '^CPU [0-9]+: rip ff|^  gdt ff' "$1"
}
