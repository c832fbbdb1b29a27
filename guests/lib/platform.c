/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order of initialisation on the boot CPU. SDM vol. 3, "Typical BSP Initialization Sequence"; KVM's
 * CPUID leaf 0x40000001 for the 15-bit destinations.
 */
#include "lib/platform.h"

#include "lib/acpi.h"
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/pic.h"

#define CPUID_HYPERVISOR      0x40000000u
#define CPUID_KVM_FEATURES    0x40000001u
#define CPUID_KVM_SIGNATURE   0x4b4d564bu /* "KVMK", the first four letters */
#define CPUID1_ECX_HYPERVISOR (1u << 31)

uint32_t platform_kvm_features(void)
{
	struct cpuid r;

	if (!(cpuid(1, 0).ecx & CPUID1_ECX_HYPERVISOR))
		return 0;
	r = cpuid(CPUID_HYPERVISOR, 0);
	if (r.ebx != CPUID_KVM_SIGNATURE || r.eax < CPUID_KVM_FEATURES)
		return 0;
	return cpuid(CPUID_KVM_FEATURES, 0).eax;
}

void platform_init(struct kernel *kernel)
{
	struct cpu *cpu = this_cpu();
	const char *error;

	irq_init(kernel);
	pic_init();
	atomic_store(&cpu->x2apic, (rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD) != 0);
	atomic_store(&kernel->x2apic, atomic_load(&cpu->x2apic));
	error = acpi_parse(kernel, apic_id());
	if (error)
		panic("ACPI: %s", error);
	if (kernel->max_apic_id > PLATFORM_XAPIC_MAX_ID) {
		if (!apic_has_x2apic())
			panic("APIC id %u needs x2APIC", kernel->max_apic_id);
		atomic_store(&kernel->x2apic, true);
	}
	apic_enable(kernel);
	clock_init(kernel);
	kernel->ioapic.ext_dest = (platform_kvm_features() & KVM_FEATURE_EXT_DEST) != 0;
	ioapic_init(&kernel->ioapic);
}
