/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing while CPUs change what they are: a sender sees a CPU as it was or as it is, never half of
 * each. SDM vol. 3, "Determining IPI Destination". Meant for ThreadSanitizer too.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/lapic_cpus.h"

#define CHANGES 20000u

/* Two states; the LDR of the second with the DFR of the first would match what neither does. */
#define FLAT_LDR     0x10000000u
#define FLAT_DEST    0x10u
#define CLUSTER_LDR  0x21000000u
#define CLUSTER_DEST 0x21u
#define TORN_DEST    0x20u

struct race {
	struct cpus cpus;
	_Atomic bool over;
};

/* The LDR and the DFR change together, as far as anybody else can see. */
static void *change(void *opaque)
{
	struct race *r = opaque;
	struct lapic *a = &r->cpus.cpu[0];

	for (uint32_t i = 0; i < CHANGES; i++) {
		fx_write(a, LAPIC_DFR, i % 2 ? LAPIC_DFR_FLAT : LAPIC_DFR_CLUSTER);
		fx_write(a, LAPIC_LDR, i % 2 ? FLAT_LDR : CLUSTER_LDR);
		fx_write(a, LAPIC_ID, i % 2 ? 0x01000000u : 0x02000000u);
		lapic_publish(r->cpus.dir, 0, a);
	}
	atomic_store(&r->over, true);
	return NULL;
}

static uint32_t count_of(struct race *r, uint32_t dest, bool logical)
{
	const struct apic_msg msg = cpus_message(dest, logical);

	return lapic_route(r->cpus.dir, LAPIC_FROM_NO_CPU, &msg, r->cpus.targets);
}

/* Either state has one of the two ids; the broadcast finds the CPU at every moment. */
START_TEST(R95_R178_a_cpu_is_seen_as_a_whole)
{
	struct race r = { .cpus = cpus_enabled(1, 0, false) };
	uint32_t flat = 0, cluster = 0;
	pthread_t thread;

	fx_write(&r.cpus.cpu[0], LAPIC_ID, 0x01000000u);
	fx_write(&r.cpus.cpu[0], LAPIC_LDR, FLAT_LDR);
	cpus_publish(&r.cpus);
	ck_assert_int_eq(pthread_create(&thread, NULL, change, &r), 0);
	do {
		flat += count_of(&r, FLAT_DEST, true);
		cluster += count_of(&r, CLUSTER_DEST, true);
		ck_assert_uint_eq(count_of(&r, TORN_DEST, true), 0);
		ck_assert_uint_eq(count_of(&r, 0xff, false), 1);
		ck_assert_uint_eq(count_of(&r, 0, false), 0);
	} while (!atomic_load(&r.over));
	pthread_join(thread, NULL);
	ck_assert_uint_eq(count_of(&r, FLAT_DEST, true), 1);
	ck_assert_uint_eq(count_of(&r, 1, false), 1);
	ck_assert_uint_gt(flat + cluster, 0);
	cpus_free(&r.cpus);
}
END_TEST

/* ---- the index ------------------------------------------------------------------------------- */

#define FLIPPERS  2u
#define BOTH_LDR  0x11000000u /* flat: bits 0 and 4; cluster: the first CPU of cluster 1 */
#define BOTH_DEST 0x11u
#define OTHER_LDR 0x02000000u

struct flipper {
	struct race *race;
	uint32_t cpu;
};

/* CPU 0 stays as it is; so does the last one, which has CPU 0's id. */
static void *flip(void *opaque)
{
	const struct flipper *f = opaque;
	struct lapic *a = &f->race->cpus.cpu[f->cpu];

	for (uint32_t i = 0; i < CHANGES; i++) {
		fx_write(a, LAPIC_DFR, i % 2 ? LAPIC_DFR_FLAT : LAPIC_DFR_CLUSTER);
		fx_write(a, LAPIC_ID, i % 2 ? 0x31000000u : 0x42000000u);
		lapic_publish(f->race->cpus.dir, f->cpu, a);
	}
	atomic_store(&f->race->over, true);
	return NULL;
}

/*
 * Whoever is meant before and after a change is meant in the middle of it, whatever else changes.
 */
START_TEST(R93_R95_R178_nobody_is_lost_in_a_change)
{
	struct race r = { .cpus = cpus_enabled(FLIPPERS + 2, 0, false) };
	struct flipper flippers[FLIPPERS];
	pthread_t threads[FLIPPERS];

	for (uint32_t i = 0; i < FLIPPERS + 2; i++) {
		bool steady = i == 0 || i > FLIPPERS;

		fx_write(&r.cpus.cpu[i], LAPIC_LDR, steady ? OTHER_LDR : BOTH_LDR);
		fx_write(&r.cpus.cpu[i], LAPIC_ID, steady ? 0 : 0x31000000u);
	}
	cpus_publish(&r.cpus);
	for (uint32_t i = 0; i < FLIPPERS; i++) {
		flippers[i] = (struct flipper){ .race = &r, .cpu = i + 1 };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, flip, &flippers[i]), 0);
	}
	do {
		ck_assert_uint_eq(count_of(&r, BOTH_DEST, true), FLIPPERS);
		ck_assert_uint_eq(count_of(&r, 0x02, true), 2);
		ck_assert_uint_eq(count_of(&r, 0, false), 2);
		ck_assert_uint_eq(count_of(&r, 0x32, false), 0);
	} while (!atomic_load(&r.over));
	for (uint32_t i = 0; i < FLIPPERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(count_of(&r, 0x31, false), FLIPPERS);
	ck_assert_uint_eq(count_of(&r, 0x42, false), 0);
	cpus_free(&r.cpus);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R95_R178_a_cpu_is_seen_as_a_whole,
		R93_R95_R178_nobody_is_lost_in_a_change,
	};

	return fx_run("lapic_route_threads", tests, FX_COUNT(tests));
}
