/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed IPIs by physical id. SDM vol. 3, "Physical Destination Mode".
 */
#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

void test_ipi_physical(struct kernel *kernel)
{
	const struct exchange exchange = {
		.members = kernel->nr_cpus,
		.low = APIC_MODE_FIXED,
		.dest = dest_physical,
	};

	exchange_matrix(kernel, &exchange);
}

static void broadcast_job(struct kernel *kernel, struct cpu *cpu)
{
	if (cpu->index == 0)
		apic_send(in_x2apic(kernel) ? APIC_BROADCAST_X2APIC : APIC_BROADCAST_XAPIC,
			  VECTOR_FIRST);
	if (smp_wait(&cpu->irqs, 1))
		test_expect_each_once(kernel, cpu, 1);
}

/* All ones is everybody, the sender too (R89, R90). */
void test_ipi_physical_broadcast(struct kernel *kernel)
{
	test_run(kernel, broadcast_job);
	test_expect_totals(kernel, kernel->nr_cpus, 1);
}
