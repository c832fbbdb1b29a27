/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An AP is sent back through INIT and started again, time after time, while the others keep
 * exchanging IPIs. SDM vol. 3, "Local APIC State After an INIT Reset (Wait-for-SIPI State)",
 * "MP Initialization Protocol Requirements and Restrictions".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/storm.h"
#include "smp/tests.h"

#define RESTARTS       6u
#define VECTOR_HANG    0xe0u
#define VECTOR_PENDING 0x90u
#define VECTOR_UNHEARD 0xa0u
#define INIT_US        500u

/* In service for good, interrupts off: only INIT gets a CPU out of here. */
static void hang_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	apic_kick(cpu->kernel->apic_ids[0]);
	for (;;)
		cpu_stop();
}

static void restart(struct kernel *kernel, struct cpu *victim, bool hang, uint32_t hangs)
{
	uint32_t starts = test_load(&victim->starts);

	if (hang) {
		apic_send(victim->apic_id, VECTOR_HANG);
		if (!smp_wait(&victim->count[VECTOR_HANG], hangs))
			test_fail(kernel, "restart %u: the CPU takes no IPI", starts);
		/* Waits in IRR; INIT has to forget it (R2). */
		apic_send(victim->apic_id, VECTOR_PENDING);
	}
	smp_send_init(kernel, victim->index);
	clock_delay_us(kernel, INIT_US);
	/* Does not start a CPU that waits for SIPI (R129), nor is it kept for later. */
	apic_send(victim->apic_id, VECTOR_UNHEARD);
	clock_delay_us(kernel, INIT_US);
	if (test_load(&victim->starts) != starts)
		test_fail(kernel, "restart %u: came up without SIPI", starts);
	victim->expected_starts++;
	smp_send_sipi(kernel, victim->index);
	smp_send_sipi(kernel, victim->index);
	if (!smp_wait(&victim->starts, starts + 1))
		test_fail(kernel, "restart %u: did not come up", starts);
}

static void restart_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t members = kernel->nr_cpus - 2;
	struct cpu *victim = kernel_cpu(kernel, kernel->nr_cpus - 1);

	if (cpu->index != 0) {
		storm(kernel, cpu, 1, members, storm_rounds(kernel, members));
		return;
	}
	for (uint32_t i = 0; i < RESTARTS && !test_failed(kernel); i++)
		restart(kernel, victim, i % 2, i / 2 + 1);
}

/* The victim's share: to have interrupts on and take whatever is pending. */
static void settle_job(struct kernel *kernel, struct cpu *cpu)
{
	clock_delay_us(kernel, INIT_US);
	if (test_load(&cpu->count[VECTOR_PENDING]) || test_load(&cpu->count[VECTOR_UNHEARD]))
		test_fail(kernel, "INIT left %u pending, %u came while waiting for SIPI",
			  test_load(&cpu->count[VECTOR_PENDING]),
			  test_load(&cpu->count[VECTOR_UNHEARD]));
	if (test_load(&cpu->starts) != cpu->expected_starts)
		test_fail(kernel, "started %u times, not %u", test_load(&cpu->starts),
			  cpu->expected_starts);
}

void test_ap_restart(struct kernel *kernel)
{
	uint32_t victim = kernel->nr_cpus - 1;

	irq_set_handler(kernel, VECTOR_HANG, hang_handler);
	test_run_on(kernel, restart_job, 0, victim - 1);
	if (!test_failed(kernel))
		test_run_on(kernel, settle_job, victim, victim);
}
