/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMI IPIs: by id, by shorthand, to oneself; the vector field is of no account (R49). SDM vol. 3,
 * "Interrupt Command Register (ICR)", "Nonmaskable Interrupt (NMI)".
 */
#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

static void expect_nmis(struct kernel *kernel, uint32_t index, uint32_t count)
{
	const struct cpu *cpu = kernel_cpu(kernel, index);

	if (!smp_wait(&cpu->nmis, count) || test_load(&cpu->nmis) != count)
		test_fail(kernel, "cpu %u: %u NMIs, not %u", index, test_load(&cpu->nmis), count);
}

static void nothing_job(struct kernel *kernel, struct cpu *cpu)
{
	(void)kernel;
	(void)cpu;
}

void test_ipi_nmi(struct kernel *kernel)
{
	struct cpu *self = kernel_cpu(kernel, 0);

	irq_set_handler(kernel, VECTOR_NMI, irq_nmi_notify);
	for (uint32_t i = 1; i < kernel->nr_cpus; i++)
		apic_icr(kernel->apic_ids[i], APIC_ICR_ASSERT | APIC_MODE_NMI);
	for (uint32_t i = 1; !test_failed(kernel) && i < kernel->nr_cpus; i++)
		expect_nmis(kernel, i, 1);

	apic_icr(kernel->apic_ids[0], APIC_ICR_ASSERT | APIC_MODE_NMI);
	if (!test_spin(self, &self->nmis, 1))
		test_fail(kernel, "NMI to oneself did not come");

	/* Everybody has left the handler of the first one by the time that a job is done. */
	test_run(kernel, nothing_job);
	if (test_failed(kernel) || kernel->nr_cpus == 1)
		return;
	apic_icr(0, APIC_ICR_OTHERS | APIC_ICR_ASSERT | APIC_MODE_NMI);
	for (uint32_t i = 1; !test_failed(kernel) && i < kernel->nr_cpus; i++)
		expect_nmis(kernel, i, 2);
	expect_nmis(kernel, 0, 1);
}
