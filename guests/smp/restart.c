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

#define RESTARTS       12u
#define VECTOR_HANG    0xe0u
#define VECTOR_PENDING 0x90u
#define VECTOR_UNHEARD 0xa0u
#define INIT_US        500u

/* How the victim is found by its INIT. */
enum victim_state {
	VICTIM_IDLE,
	VICTIM_IN_SERVICE, /* in a handler, interrupts off, another vector pending */
	VICTIM_IN_NMI,     /* in the NMI's handler, another NMI pending */
	NR_VICTIM_STATES,
};

/* For good: only INIT gets a CPU out of here. */
static void hang(const struct cpu *cpu)
{
	apic_kick(cpu->kernel->apic_ids[0]);
	for (;;)
		cpu_stop();
}

static void hang_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	hang(cpu);
}

static void hang_nmi(struct cpu *cpu, struct frame *frame)
{
	irq_nmi(cpu, frame);
	hang(cpu);
}

/* What waits in IRR, or as a latched NMI, INIT has to forget (R2, R132). */
static void prepare(struct kernel *kernel, struct cpu *victim, enum victim_state state)
{
	uint32_t hangs = test_load(&victim->count[VECTOR_HANG]), nmis = test_load(&victim->nmis);

	if (state == VICTIM_IN_SERVICE) {
		apic_send(victim->apic_id, VECTOR_HANG);
		if (!smp_wait(&victim->count[VECTOR_HANG], hangs + 1))
			test_fail(kernel, "the CPU takes no IPI");
		apic_send(victim->apic_id, VECTOR_PENDING);
	} else if (state == VICTIM_IN_NMI) {
		apic_icr(victim->apic_id, APIC_ICR_ASSERT | APIC_MODE_NMI);
		if (!smp_wait(&victim->nmis, nmis + 1))
			test_fail(kernel, "the CPU takes no NMI");
		apic_icr(victim->apic_id, APIC_ICR_ASSERT | APIC_MODE_NMI);
	}
}

static void restart(struct kernel *kernel, struct cpu *victim)
{
	uint32_t starts = test_load(&victim->starts);

	smp_send_init(kernel, victim->index);
	clock_delay_us(kernel, INIT_US);
	/* Does not start a CPU that waits for SIPI (R129), nor is it kept for later. */
	apic_send(victim->apic_id, VECTOR_UNHEARD);
	clock_delay_us(kernel, INIT_US);
	if (test_load(&victim->starts) != starts)
		test_fail(kernel, "start %u: came up without SIPI", starts);
	victim->expected_starts++;
	smp_send_sipi(kernel, victim->index);
	smp_send_sipi(kernel, victim->index);
	if (!smp_wait(&victim->starts, starts + 1))
		test_fail(kernel, "start %u: did not come up", starts);
}

static void restart_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t members = kernel->nr_cpus - 2;
	struct cpu *victim = kernel_cpu(kernel, kernel->nr_cpus - 1);

	if (cpu->index != 0) {
		storm(kernel, cpu, 1, members, storm_rounds(kernel, members));
		return;
	}
	for (uint32_t i = 0; i < RESTARTS && !test_failed(kernel); i++) {
		prepare(kernel, victim, (enum victim_state)(i % NR_VICTIM_STATES));
		if (!test_failed(kernel))
			restart(kernel, victim);
	}
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
	struct cpu *victim = kernel_cpu(kernel, kernel->nr_cpus - 1);
	uint32_t nmis;

	irq_set_handler(kernel, VECTOR_HANG, hang_handler);
	irq_set_handler(kernel, VECTOR_NMI, hang_nmi);
	test_run_on(kernel, restart_job, 0, victim->index - 1);
	if (!test_failed(kernel))
		test_run_on(kernel, settle_job, victim->index, victim->index);
	if (test_failed(kernel))
		return;
	/* INIT has ended the blocking of NMIs with the handler it ended, and left none latched. */
	nmis = test_load(&victim->nmis);
	if (nmis != RESTARTS / NR_VICTIM_STATES)
		test_fail(kernel, "%u NMIs were taken, not %u", nmis, RESTARTS / NR_VICTIM_STATES);
	irq_set_handler(kernel, VECTOR_NMI, irq_nmi_notify);
	apic_icr(victim->apic_id, APIC_ICR_ASSERT | APIC_MODE_NMI);
	if (!smp_wait(&victim->nmis, nmis + 1))
		test_fail(kernel, "no NMI gets through after INIT");
}
