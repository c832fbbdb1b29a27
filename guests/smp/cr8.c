/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vector that nothing but CR8 holds back comes as soon as CR8 is lowered, without help from any
 * other event (R63). SDM vol. 3, "Interaction of Task Priorities between CR8 and APIC".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define VECTOR_HELD  0x50u
#define HIGH_CLASS   8u /* below the kick's class, so that waits still end */
#define PAIRED_CPUS  8u /* the waits below spin, so not too many at a time */
#define LOCAL_ROUNDS 8u
#define RELEASE_US   2000000u

/* No HLT and no exit on purpose: only MOV to CR8 has told the machine. */
static void release(struct kernel *kernel, struct cpu *cpu, uint32_t count)
{
	uint64_t end;

	write_cr8(0);
	end = rdtsc() + clock_us_to_tsc(kernel, RELEASE_US);
	while (test_load(&cpu->count[VECTOR_HELD]) < count && rdtsc() < end)
		cpu_relax();
	if (test_load(&cpu->count[VECTOR_HELD]) != count)
		test_fail(kernel, "cpu %u: MOV CR8,0 let %u come, not %u; IRR bit %u", cpu->index,
			  test_load(&cpu->count[VECTOR_HELD]), count,
			  apic_test_bit(APIC_IRR, VECTOR_HELD));
}

static void local_job(struct kernel *kernel, struct cpu *cpu)
{
	for (uint32_t round = 0; round < LOCAL_ROUNDS && !test_failed(kernel); round++) {
		write_cr8(HIGH_CLASS);
		apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | VECTOR_HELD);
		if (test_load(&cpu->count[VECTOR_HELD]) != round)
			test_fail(kernel, "cpu %u: came with CR8 at 8", cpu->index);
		release(kernel, cpu, round + 1);
	}
	write_cr8(0);
}

void test_cr8_release(struct kernel *kernel)
{
	uint32_t last = kernel->nr_cpus < PAIRED_CPUS ? kernel->nr_cpus - 1 : PAIRED_CPUS - 1;

	test_run_on(kernel, local_job, 0, last);
}

/* scratch[0] of the CPU that holds: CR8 is high. scratch[1]: the message was sent. */
static void holder(struct kernel *kernel, struct cpu *cpu, const struct cpu *partner)
{
	write_cr8(HIGH_CLASS);
	test_store(&cpu->scratch[0], 1);
	apic_kick(partner->apic_id);
	if (smp_wait(&cpu->scratch[1], 1)) {
		if (test_load(&cpu->count[VECTOR_HELD]))
			test_fail(kernel, "cpu %u: came with CR8 at 8", cpu->index);
		release(kernel, cpu, 1);
	}
	write_cr8(0);
}

static void sender(struct cpu *partner)
{
	if (!smp_wait(&partner->scratch[0], 1))
		return;
	apic_send(partner->apic_id, VECTOR_HELD);
	test_store(&partner->scratch[1], 1);
	apic_kick(partner->apic_id);
}

static void remote_job(struct kernel *kernel, struct cpu *cpu)
{
	struct cpu *partner = kernel_cpu(kernel, cpu->index ^ 1);

	if (cpu->index % 2 == test_env(kernel)->parameter[0])
		holder(kernel, cpu, partner);
	else
		sender(partner);
}

void test_cr8_release_remote(struct kernel *kernel)
{
	uint32_t pairs = (kernel->nr_cpus < PAIRED_CPUS ? kernel->nr_cpus : PAIRED_CPUS) / 2;

	for (uint32_t side = 0; side < 2; side++) {
		irq_reset_counts(kernel);
		test_env(kernel)->parameter[0] = side;
		test_run_on(kernel, remote_job, 0, pairs * 2 - 1);
	}
}
