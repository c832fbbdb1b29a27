/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three shorthands and x2APIC's SELF IPI register. SDM vol. 3, "Interrupt Command Register
 * (ICR)", "SELF IPI Register".
 */
#include "lib/apic.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define SENDERS 32u /* with more CPUs, this many of them, spread evenly */

/* Every so many-th CPU sends. */
static uint32_t stride(const struct kernel *kernel)
{
	return (kernel->nr_cpus + SENDERS - 1) / SENDERS;
}

static uint32_t senders(const struct kernel *kernel)
{
	return (kernel->nr_cpus + stride(kernel) - 1) / stride(kernel);
}

static void broadcast(const struct kernel *kernel, const struct cpu *cpu, uint32_t shorthand)
{
	if (cpu->index % stride(kernel))
		return;
	apic_icr(0, shorthand | APIC_ICR_ASSERT | (VECTOR_FIRST + cpu->index / stride(kernel)));
}

static void all_job(struct kernel *kernel, struct cpu *cpu)
{
	broadcast(kernel, cpu, APIC_ICR_ALL);
	if (smp_wait(&cpu->irqs, senders(kernel)))
		test_expect_each_once(kernel, cpu, senders(kernel));
}

void test_ipi_all(struct kernel *kernel)
{
	test_run(kernel, all_job);
	test_expect_totals(kernel, kernel->nr_cpus, senders(kernel));
}

static uint32_t expected_of_others(const struct kernel *kernel, const struct cpu *cpu)
{
	return senders(kernel) - (cpu->index % stride(kernel) == 0);
}

static void others_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t expected = expected_of_others(kernel, cpu);

	broadcast(kernel, cpu, APIC_ICR_OTHERS);
	if (!smp_wait(&cpu->irqs, expected))
		return;
	for (uint32_t i = 0; i < senders(kernel); i++) {
		uint32_t count = test_load(&cpu->count[VECTOR_FIRST + i]);
		uint32_t due = i * stride(kernel) != cpu->index;

		if (count != due)
			test_fail(kernel, "cpu %u: message of cpu %u came %u times, not %u",
				  cpu->index, i * stride(kernel), count, due);
	}
}

void test_ipi_others(struct kernel *kernel)
{
	test_run(kernel, others_job);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++) {
		const struct cpu *cpu = kernel_cpu(kernel, i);

		if (test_load(&cpu->irqs) != expected_of_others(kernel, cpu))
			test_fail(kernel, "cpu %u: %u interrupts, not %u", i, test_load(&cpu->irqs),
				  expected_of_others(kernel, cpu));
	}
}

static void self(const struct kernel *kernel, uint32_t vector)
{
	if (test_env(kernel)->parameter[0])
		apic_write(APIC_SELF_IPI, vector);
	else
		apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
}

/* One of each priority class, each waited for: nothing but this CPU's own doing. */
static void self_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t sent = 0;

	for (uint32_t vector = VECTOR_FIRST; vector <= VECTOR_LAST; vector += 0x10) {
		self(kernel, vector);
		sent++;
		if (!test_spin(cpu, &cpu->irqs, sent))
			test_fail(kernel, "cpu %u: self IPI 0x%x did not come", cpu->index, vector);
		if (test_load(&cpu->count[vector]) != 1)
			test_fail(kernel, "cpu %u: self IPI 0x%x came %u times", cpu->index, vector,
				  test_load(&cpu->count[vector]));
		if (test_failed(kernel))
			return;
	}
}

void test_ipi_self(struct kernel *kernel)
{
	test_env(kernel)->parameter[0] = 0;
	test_run(kernel, self_job);
}

void test_ipi_self_register(struct kernel *kernel)
{
	test_env(kernel)->parameter[0] = 1;
	test_run(kernel, self_job);
}

const char *unfit_xapic(const struct kernel *kernel)
{
	return in_x2apic(kernel) ? NULL : "x2APIC only";
}
