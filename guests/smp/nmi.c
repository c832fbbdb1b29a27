/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NMI IPIs: by id, by shorthand, to oneself; the vector field is of no account (R49). While one is
 * handled the next one waits for the IRET, and one only (R134, R135). SDM vol. 3, "Interrupt
 * Command Register (ICR)", "Nonmaskable Interrupt (NMI)", "Handling Multiple NMIs".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
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

#define EXTRA_NMIS 3u
#define APART_US   500u
#define HOLD_US    2000000u

/* scratch[0] of the CPU: it may leave the handler. */
static void holding_nmi(struct cpu *cpu, struct frame *frame)
{
	uint64_t end = rdtsc() + clock_us_to_tsc(cpu->kernel, HOLD_US);

	irq_nmi_notify(cpu, frame);
	while (!test_load(&cpu->scratch[0]) && rdtsc() < end)
		cpu_relax();
}

void test_nmi_latch(struct kernel *kernel)
{
	struct cpu *target = kernel_cpu(kernel, kernel->nr_cpus - 1);

	irq_set_handler(kernel, VECTOR_NMI, holding_nmi);
	apic_icr(target->apic_id, APIC_ICR_ASSERT | APIC_MODE_NMI);
	expect_nmis(kernel, target->index, 1);
	for (uint32_t i = 0; i < EXTRA_NMIS; i++) {
		clock_delay_us(kernel, APART_US);
		apic_icr(target->apic_id, APIC_ICR_ASSERT | APIC_MODE_NMI);
	}
	clock_delay_us(kernel, APART_US);
	if (test_load(&target->nmis) != 1)
		test_fail(kernel, "%u NMIs came inside the handler of the first",
			  test_load(&target->nmis) - 1);
	test_store(&target->scratch[0], 1);
	expect_nmis(kernel, target->index, 2);
	clock_delay_us(kernel, APART_US);
	expect_nmis(kernel, target->index, 2);
}
