/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowest priority: of the CPUs that a message names, exactly one takes it; which one is the
 * machine's choice (R97). SDM vol. 3, "Lowest Priority Delivery Mode".
 */
#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define MESSAGES  24u
#define FLAT_CPUS 8u

static bool is_member(const struct kernel *kernel, uint32_t index)
{
	if (in_x2apic(kernel))
		return kernel->apic_ids[index] >> 4 == kernel->apic_ids[0] >> 4;
	return index < FLAT_CPUS;
}

void test_ipi_lowest(struct kernel *kernel)
{
	const _Atomic uint32_t *arrived = &kernel_cpu(kernel, 0)->scratch[0];
	uint32_t dest = 0;

	for (uint32_t i = 0; i < kernel->nr_cpus; i++) {
		if (is_member(kernel, i))
			dest |= 1u << (in_x2apic(kernel) ? kernel->apic_ids[i] & 15 : i);
	}
	if (in_x2apic(kernel))
		dest |= (kernel->apic_ids[0] >> 4) << 16;
	/* All of flat's eight bits would be the broadcast, which lowest priority excludes (R98). */
	if (!in_x2apic(kernel) && dest == 0xff)
		dest = 0x7f;

	for (uint32_t n = 0; n < MESSAGES && !test_failed(kernel); n++) {
		irq_set_handler(kernel, VECTOR_FIRST + n, test_handler);
		apic_icr(dest, APIC_ICR_ASSERT | APIC_ICR_LOGICAL | APIC_MODE_LOWEST |
				       (VECTOR_FIRST + n));
		if (!smp_wait(arrived, n + 1))
			test_fail(kernel, "message %u of %u did not come", n, MESSAGES);
	}
	if (!test_failed(kernel))
		test_expect_sum(kernel, MESSAGES);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++) {
		uint32_t irqs = test_load(&kernel_cpu(kernel, i)->irqs);

		if (irqs && !is_member(kernel, i))
			test_fail(kernel, "cpu %u was not named, and got %u", i, irqs);
	}
}
