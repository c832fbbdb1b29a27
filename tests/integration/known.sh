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
	# The version register shows directed EOI in a split irqchip, but EOIs are broadcast all the same.
	known=ioapic-directed-eoi
	# kvm_pvm's LAPIC has nothing in service while a handler runs.
	[ -d /sys/module/kvm_pvm ] &&
		known=$known,priority-nesting,ioapic-level,ioapic-mask,ioapic-logical
	echo "skip=$known"
}
