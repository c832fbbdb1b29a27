/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything of the PC platform that a guest with interrupts needs, in one call. SDM vol. 3,
 * "Typical BSP Initialization Sequence".
 */
#ifndef GUESTS_LIB_PLATFORM_H
#define GUESTS_LIB_PLATFORM_H

#include "lib/kernel.h"

#define PLATFORM_XAPIC_MAX_ID 0xfeu

/*
 * IDT, 8259 masked, CPUs from the MADT, APIC on (x2APIC only if it was on already or an id needs
 * it), clocks, I/O APIC masked. Whatever is missing is a panic.
 */
void platform_init(struct kernel *kernel);

/* KVM's CPUID leaf 40000001H EAX, 0 where the hypervisor is another one. */
uint32_t platform_kvm_features(void);

#define KVM_FEATURE_PV_EOI   (1u << 6)
#define KVM_FEATURE_EXT_DEST (1u << 15)

#endif
