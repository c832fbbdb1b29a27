/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ends a HLT: an IPI, the timer, an NMI even with interrupts off; and what does not: a vector
 * that TPR holds back (R141). SDM vol. 2, "HLT"; vol. 3, "Nonmaskable Interrupt (NMI)".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define VECTOR_WAKE 0x60u
#define ASLEEP_US   2000u /* long enough for the others to be in HLT */
#define TIMER_US    2000u
#define NMI_TRIES   20u
#define NMI_TRY_US  300000u

static void ready(struct kernel *kernel, struct cpu *cpu)
{
	test_store(&cpu->scratch[0], 1);
	apic_kick(kernel->apic_ids[0]);
}

static void woken(struct kernel *kernel, struct cpu *cpu)
{
	test_store(&cpu->scratch[1], 1);
	apic_kick(kernel->apic_ids[0]);
}

static bool all_are(const struct kernel *kernel, uint32_t word)
{
	for (uint32_t i = 1; i < kernel->nr_cpus; i++) {
		if (!smp_wait(&kernel_cpu(kernel, i)->scratch[word], 1))
			return false;
	}
	return true;
}

/* CPU 0 waits until the others sleep, wakes them all by IPI, and they tell. */
static void ipi_job(struct kernel *kernel, struct cpu *cpu)
{
	if (cpu->index == 0) {
		if (all_are(kernel, 0))
			clock_delay_us(kernel, ASLEEP_US);
		for (uint32_t i = 1; i < kernel->nr_cpus; i++)
			apic_send(kernel->apic_ids[i], VECTOR_WAKE);
		all_are(kernel, 1);
		return;
	}
	ready(kernel, cpu);
	smp_wait(&cpu->count[VECTOR_WAKE], 1);
	woken(kernel, cpu);
}

/* One that is pending before STI; HLT has to see it too. */
static void pending_job(struct kernel *kernel, struct cpu *cpu)
{
	irq_disable();
	apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | VECTOR_WAKE);
	if (!smp_wait(&cpu->count[VECTOR_WAKE], 1))
		test_fail(kernel, "cpu %u: a pending vector did not end HLT", cpu->index);
}

void test_hlt_ipi(struct kernel *kernel)
{
	test_run(kernel, pending_job);
	irq_reset_counts(kernel);
	if (!test_failed(kernel))
		test_run(kernel, ipi_job);
}

static void timer_job(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t ticks = (uint64_t)TIMER_US * kernel->clock.bus_khz / 1000 / 16;

	if (cpu->index == 0)
		smp_tick(kernel, false);
	apic_write(APIC_LVT_TIMER, VECTOR_WAKE);
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_16);
	apic_write(APIC_TIMER_ICR, (uint32_t)ticks);
	if (!smp_wait(&cpu->count[VECTOR_WAKE], 1))
		test_fail(kernel, "cpu %u: the timer did not end HLT", cpu->index);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	if (cpu->index == 0)
		smp_tick(kernel, true);
}

void test_hlt_timer(struct kernel *kernel)
{
	test_run(kernel, timer_job);
}

/*
 * An NMI between a CPU's check and its HLT leaves it asleep, however long it was given to get
 * there: another one has to help. One that no NMI wakes is lost to the rest of the tests.
 */
static void wake_by_nmi(struct kernel *kernel)
{
	const _Atomic uint32_t *awake = &kernel_cpu(kernel, 0)->scratch[3];

	for (uint32_t try = 0; try < NMI_TRIES; try++) {
		for (uint32_t i = 1; i < kernel->nr_cpus; i++) {
			if (!test_load(&kernel_cpu(kernel, i)->scratch[1]))
				apic_icr(kernel->apic_ids[i], APIC_ICR_ASSERT | APIC_MODE_NMI);
		}
		if (smp_wait_us(awake, kernel->nr_cpus - 1, NMI_TRY_US))
			return;
	}
	test_fail(kernel, "HLT of %u of %u CPUs goes on after %u NMIs",
		  kernel->nr_cpus - 1 - test_load(awake), kernel->nr_cpus - 1, NMI_TRIES);
}

static void nmi_job(struct kernel *kernel, struct cpu *cpu)
{
	if (cpu->index == 0) {
		if (all_are(kernel, 0))
			clock_delay_us(kernel, ASLEEP_US);
		wake_by_nmi(kernel);
		return;
	}
	irq_disable();
	ready(kernel, cpu);
	while (!test_load(&cpu->nmis))
		cpu_stop();
	irq_enable();
	atomic_fetch_add(&kernel_cpu(kernel, 0)->scratch[3], 1);
	woken(kernel, cpu);
}

void test_hlt_nmi(struct kernel *kernel)
{
	test_run(kernel, nmi_job);
}

/* scratch[2]: CPU 0 says that it is time to wake up, by a kick, whose class TPR lets through. */
static void held_job(struct kernel *kernel, struct cpu *cpu)
{
	if (cpu->index == 0) {
		if (all_are(kernel, 0))
			clock_delay_us(kernel, ASLEEP_US);
		for (uint32_t i = 1; i < kernel->nr_cpus; i++) {
			test_store(&kernel_cpu(kernel, i)->scratch[2], 1);
			apic_kick(kernel->apic_ids[i]);
		}
		all_are(kernel, 1);
		return;
	}
	irq_disable();
	write_cr8(VECTOR_WAKE >> 4);
	apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | VECTOR_WAKE);
	ready(kernel, cpu);
	while (!test_load(&cpu->scratch[2]) && !atomic_load(&kernel->jobs.aborting)) {
		/* A kick that was meant for an earlier wait may end this one; nothing else may. */
		uint32_t kicks = test_load(&cpu->count[VECTOR_KICK]);

		irq_halt();
		if (test_load(&cpu->count[VECTOR_KICK]) == kicks)
			test_fail(kernel, "cpu %u: TPR holds a vector, but HLT ended", cpu->index);
	}
	irq_enable();
	if (test_load(&cpu->count[VECTOR_WAKE]))
		test_fail(kernel, "cpu %u: came through TPR", cpu->index);
	write_cr8(0);
	if (!test_spin(cpu, &cpu->count[VECTOR_WAKE], 1))
		test_fail(kernel, "cpu %u: did not come after all", cpu->index);
	woken(kernel, cpu);
}

void test_hlt_held(struct kernel *kernel)
{
	test_run(kernel, held_job);
}
