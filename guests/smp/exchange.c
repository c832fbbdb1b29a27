/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everybody to everybody: each pair exchanges one IPI, each message in flight to one CPU has a
 * vector of its own. SDM vol. 3, "Issuing Interprocessor Interrupts".
 */
#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/test.h"

#define EXCHANGE_VECTORS 96u

uint32_t dest_physical(const struct kernel *kernel, uint32_t index)
{
	return kernel->apic_ids[index];
}

/*
 * The target's offset from the sender picks the vector: of the senders to one CPU no two have the
 * same offset.
 */
static void exchange_job(struct kernel *kernel, struct cpu *cpu)
{
	const struct exchange *exchange = &test_env(kernel)->exchange;

	for (uint32_t i = 0; i < exchange->count; i++) {
		uint32_t target = (cpu->index + exchange->first + i) % exchange->members;

		apic_icr(exchange->dest(kernel, target),
			 exchange->low | APIC_ICR_ASSERT | (VECTOR_FIRST + i));
	}
	if (smp_wait(&cpu->irqs, exchange->count))
		test_expect_each_once(kernel, cpu, exchange->count);
}

void exchange_matrix(struct kernel *kernel, const struct exchange *exchange)
{
	struct exchange *now = &test_env(kernel)->exchange;
	uint32_t members = exchange->members;

	*now = *exchange;
	for (now->first = 0; now->first < members; now->first += now->count) {
		now->count = members - now->first;
		if (now->count > EXCHANGE_VECTORS)
			now->count = EXCHANGE_VECTORS;
		irq_reset_counts(kernel);
		test_run_on(kernel, exchange_job, 0, members - 1);
		test_expect_totals(kernel, members, now->count);
		if (test_failed(kernel))
			return;
	}
}
