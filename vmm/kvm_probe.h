/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start-up probe: does this host's KVM do what a parked LAPIC relies on? A scratch VM with one
 * vCPU runs a few instructions per question; it takes some milliseconds at most.
 */
#ifndef VMM_KVM_PROBE_H
#define VMM_KVM_PROBE_H

#include <stdbool.h>

#include "vmm/kvm.h"

enum probe_check {
	PROBE_MMIO,             /* loads and stores at 0xFEE00000 exit, the EOI register's too */
	PROBE_X2APIC_MSR,       /* WRMSR 0x80B exits */
	PROBE_APIC_BASE_MSR,    /* RDMSR 0x1B exits through the filter */
	PROBE_TSC_DEADLINE_MSR, /* WRMSR 0x6E0 exits through the filter */
	PROBE_TSC_WRITE,        /* WRMSR 0x10 does, and kvm_move_tsc() moves the TSC */
	PROBE_INJECTION,        /* KVM_INTERRUPT is delivered, and refused while one is queued */
	PROBE_HLT_WAKE,         /* a signal and KVM_INTERRUPT end a HLT inside KVM */
	PROBE_CPUID_APIC,       /* CPUID.01H:EDX.APIC is 1 */
	PROBE_CR8,              /* a vector in the parked LAPIC is delivered when CR8 falls */
	PROBE_CHECKS,
};

struct probe_result {
	bool passed[PROBE_CHECKS];
	bool parked_is_sound; /* all but PROBE_TSC_DEADLINE_MSR, PROBE_TSC_WRITE and PROBE_CR8 */
	uint32_t tsc_khz;     /* of a guest's TSC; 0: KVM does not tell */
};

/* What a check is about, for people. */
const char *probe_check_name(enum probe_check check);

/* 0, or -errno when the scratch VM could not be made or run at all. */
int kvm_probe(int kvm_fd, struct probe_result *result);

#endif
