# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
# What a Linux kernel complains about. Its console or log is read at level "warning" and worse only, so
# that a line which speaks of an APIC, a timer or an interrupt at all is a complaint.

# Not our fault: the MP table tells of a wire that firmware would have had to program too; where the host
# is emulated or busy a handler takes as long as it takes, and so does reading a clock.
linux_known='ExtINT not setup in hardware but reported by MP table|interrupt took [0-9]+ ns'
linux_known="$linux_known|clocksource: Long readout interval, skipping watchdog check"

# kernel_complaints FILE: those lines, if there are any.
kernel_complaints() {
	grep -aE 'WARNING|BUG|Oops|Call Trace|lockup|stall|hung task|nobody cared|purious|unexpected|APIC|apic|IRQ|irq|[Ii]nterrupt|[Tt]imer|[Cc]locksource|clockevent|TSC|tsc|NMI|x2APIC' "$1" |
		grep -avE "$linux_known|tinytest: |^(\[[ 0-9.]+\] )? *(CPU0 |[A-Z0-9]{1,3}:)"
}

# kernel_alarms FILE: where APICs, timers and interrupts are spoken of without harm.
kernel_alarms() {
	grep -aE 'WARNING|BUG|Oops|lockup|stall|hung task|nobody cared|purious|unexpected' "$1"
}

# kernel_in_mode FILE OPTIONS: whether the small kernel tells of the APIC driver that vmm's options lead
# to: it goes into x2APIC mode by itself unless that is not offered.
kernel_in_mode() {
	driver=$(sed -n 's/.*tinytest: [0-9]* CPUs, \(.*\), clock.*/\1/p' "$1")
	case " $2 " in
	*" --x2apic off "*) [ "$driver" = flat ] || [ "$driver" = "physical flat" ] ;;
	*) [ "$driver" = "physical x2apic" ] || [ "$driver" = "cluster x2apic" ] ;;
	esac
}
