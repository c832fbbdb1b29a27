/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPI storms: all CPUs send as fast as they can, and still each message is counted once.
 * SDM vol. 3, "Interrupt Acceptance for Fixed Interrupts".
 *
 * Each CPU sends to its neighbours on a ring (to all, while they are few), round after round, with
 * no barrier. The neighbour relation is symmetric, and nobody begins a round before it has had the
 * last one of every neighbour; so when a CPU sends round r + 1 its target has handled round r - 1,
 * and two vectors for each pair are enough to keep messages from merging.
 */
#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/storm.h"
#include "smp/tests.h"

#define ALL_PAIRS_MAX   17u
#define NEIGHBOURS      16u
#define MESSAGES_WANTED 3000u
#define MAX_ROUNDS      200u

static uint32_t neighbours(uint32_t members)
{
	if (members == 1)
		return 1; /* itself */
	return members <= ALL_PAIRS_MAX ? members - 1 : NEIGHBOURS;
}

static uint32_t offset_of(uint32_t members, uint32_t i)
{
	if (members == 1)
		return 0;
	if (members > ALL_PAIRS_MAX && i >= NEIGHBOURS / 2)
		return members - NEIGHBOURS + i;
	return i + 1;
}

static uint32_t vector_of(uint32_t i, uint32_t round)
{
	return VECTOR_FIRST + 2 * i + round % 2;
}

uint32_t storm_rounds(const struct kernel *kernel, uint32_t members)
{
	uint32_t rounds = test_env(kernel)->storm_rounds;

	if (!rounds) {
		rounds = MESSAGES_WANTED / (members * neighbours(members));
		if (rounds > MAX_ROUNDS)
			rounds = MAX_ROUNDS;
	}
	/* Even, so that both vectors of a pair are used equally often. */
	return rounds < 2 ? 2 : rounds & ~1u;
}

static void check(struct kernel *kernel, const struct cpu *cpu, uint32_t members, uint32_t rounds)
{
	for (uint32_t i = 0; i < neighbours(members) * 2; i++) {
		uint32_t count = test_load(&cpu->count[VECTOR_FIRST + i]);

		if (count != rounds / 2)
			test_fail(kernel, "cpu %u: vector 0x%x came %u times, not %u", cpu->index,
				  VECTOR_FIRST + i, count, rounds / 2);
	}
}

void storm(struct kernel *kernel, struct cpu *cpu, uint32_t base, uint32_t members, uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < neighbours(members); i++) {
			uint32_t target = (cpu->index - base + offset_of(members, i)) % members;

			apic_send(kernel->apic_ids[base + target], vector_of(i, round));
		}
		for (uint32_t i = 0; i < neighbours(members); i++) {
			if (smp_wait(&cpu->count[vector_of(i, round)], round / 2 + 1))
				continue;
			test_fail(kernel, "cpu %u: round %u of %u, vector 0x%x came %u times",
				  cpu->index, round, rounds, vector_of(i, round),
				  test_load(&cpu->count[vector_of(i, round)]));
			return;
		}
	}
	check(kernel, cpu, members, rounds);
}

static void storm_job(struct kernel *kernel, struct cpu *cpu)
{
	storm(kernel, cpu, 0, kernel->nr_cpus, storm_rounds(kernel, kernel->nr_cpus));
}

void test_ipi_storm(struct kernel *kernel)
{
	uint32_t members = kernel->nr_cpus;

	test_run(kernel, storm_job);
	if (!test_failed(kernel))
		test_expect_totals(kernel, members,
				   storm_rounds(kernel, members) * neighbours(members));
}
