/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSIs to each CPU by physical and logical id, and as NMI. SDM vol. 3, "Message Address Register
 * Format", "Message Data Register Format".
 */
#include "lib/apic.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/pins.h"
#include "smp/tests.h"

#define VECTOR_MSI  0xc0u
#define MSI_LOGICAL (1u << 2)
#define MSI_HINT    (1u << 3)

/* Destination bits 14:8 go to address bits 11:5 (R156). */
static uint64_t address_of(uint32_t dest)
{
	return APIC_MMIO | (dest & 0xff) << 12 | (dest >> 8 & 0x7f) << 5;
}

void test_msi_physical(struct kernel *kernel)
{
	uint32_t sent = 0;

	irq_set_handler(kernel, VECTOR_MSI, test_handler);
	irq_set_handler(kernel, VECTOR_NMI, irq_nmi_notify);
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		struct cpu *cpu = kernel_cpu(kernel, i);

		if (!ioapic_reaches(&kernel->ioapic, cpu->apic_id))
			continue;
		msi_send(address_of(cpu->apic_id), VECTOR_MSI);
		test_expect_at(kernel, i, VECTOR_MSI, 1);
		sent++;
		msi_send(address_of(cpu->apic_id), APIC_MODE_NMI);
		if (!smp_wait(&cpu->nmis, 1))
			test_fail(kernel, "cpu %u: the NMI did not come", i);
	}
	if (!test_failed(kernel))
		test_expect_sum(kernel, sent);
}

void test_msi_logical(struct kernel *kernel)
{
	uint32_t sent = 0, all = 0;

	irq_set_handler(kernel, VECTOR_MSI, test_handler);
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		uint32_t dest = logical_id8(kernel, i);

		if (!dest)
			continue;
		all |= dest;
		msi_send(address_of(dest) | MSI_LOGICAL, VECTOR_MSI);
		test_expect_at(kernel, i, VECTOR_MSI, 1);
		sent++;
	}
	all &= 0x7f;
	if (!test_failed(kernel) && all) {
		msi_send(address_of(all) | MSI_LOGICAL | MSI_HINT, APIC_MODE_LOWEST | VECTOR_MSI);
		test_expect_sum(kernel, sent + 1);
	}
}
