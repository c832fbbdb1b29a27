/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The largest machine with ids and logical ids of software's choice: who is named is found wherever
 * he is, and nobody who has changed his name since.
 *
 * SDM vol. 3, "Determining IPI Destination"; rules R87, R88, R93.
 */
#include "tests/unit/lapic_cpus.h"

#define NR   LAPIC_MAX_CPUS
#define STEP 37u /* some CPUs of each group of 64 */

static void check_one(struct cpus *m, uint32_t dest, bool logical, uint32_t cpu)
{
	const struct apic_msg msg = cpus_message(dest, logical);

	ck_assert_uint_eq(lapic_route(m->dir, LAPIC_FROM_NO_CPU, &msg, m->targets), 1);
	ck_assert_uint_eq(m->targets[0], cpu);
}

static uint32_t count_of(struct cpus *m, uint32_t dest, bool logical)
{
	const struct apic_msg msg = cpus_message(dest, logical);

	return lapic_route(m->dir, LAPIC_FROM_NO_CPU, &msg, m->targets);
}

/* Two at a time, half of all groups apart, of which one leaves: the other one stays. */
START_TEST(R87_a_flat_id_moves_through_all_cpus)
{
	struct cpus m = cpus_enabled(NR, 0, false);

	for (uint32_t i = 0; i < NR / 2; i += STEP) {
		for (uint32_t stays = 0; stays < 2; stays++) {
			uint32_t cpu = stays ? i + NR / 2 : i;
			uint32_t other = stays ? i : i + NR / 2;

			cpus_write(&m, cpu, LAPIC_LDR, 0x80000000);
			cpus_write(&m, other, LAPIC_LDR, 0x81000000);
			ck_assert_uint_eq(count_of(&m, 0x80, true), 2);
			cpus_write(&m, other, LAPIC_LDR, 0x01000000);
			check_one(&m, 0x80, true, cpu);
			check_one(&m, 0x01, true, other);
			cpus_write(&m, cpu, LAPIC_LDR, 0);
			cpus_write(&m, other, LAPIC_LDR, 0);
			ck_assert_uint_eq(count_of(&m, 0x81, true), 0);
		}
	}
	cpus_free(&m);
}
END_TEST

START_TEST(R88_a_cluster_id_moves_through_all_cpus)
{
	struct cpus m = cpus_enabled(NR, 0, false);

	for (uint32_t i = 0; i < NR; i += STEP) {
		cpus_write(&m, i, LAPIC_DFR, LAPIC_DFR_CLUSTER);
		cpus_write(&m, i, LAPIC_LDR, 0xe4000000);
		check_one(&m, 0xe4, true, i);
		check_one(&m, 0xf4, true, i);
		ck_assert_uint_eq(count_of(&m, 0xd4, true), 0);
		ck_assert_uint_eq(count_of(&m, 0xf8, true), 0);
		cpus_write(&m, i, LAPIC_LDR, 0);
		ck_assert_uint_eq(count_of(&m, 0xf4, true), 0);
	}
	cpus_free(&m);
}
END_TEST

/* In xAPIC mode four of 1024 CPUs share each id but the broadcast. */
START_TEST(R93_aliases_are_found_in_every_group)
{
	struct cpus m = cpus_enabled(NR, 0, false);

	for (uint32_t id = 0; id < 0xff; id++) {
		ck_assert_uint_eq(count_of(&m, id, false), 4);
		for (uint32_t i = 0; i < 4; i++)
			ck_assert_uint_eq(m.targets[i], id + 256 * i);
	}
	/* An x2APIC has its whole id; the others stay aliases of the first one. */
	for (uint32_t left = 3, i = 261; i < NR; i += 256, left--) {
		fx_enter_x2apic(&m.cpu[i]);
		cpus_publish(&m);
		check_one(&m, i, false, i);
		ck_assert_uint_eq(count_of(&m, 5, false), left);
	}
	cpus_free(&m);
}
END_TEST

START_TEST(R92_0xff_is_one_cpu_where_all_are_x2apics)
{
	struct cpus m = cpus_enabled(300, 0, true);

	check_one(&m, 0xff, false, 0xff);
	cpus_free(&m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R87_a_flat_id_moves_through_all_cpus,
		R88_a_cluster_id_moves_through_all_cpus,
		R93_aliases_are_found_in_every_group,
		R92_0xff_is_one_cpu_where_all_are_x2apics,
	};

	return fx_run("lapic_route_index", tests, FX_COUNT(tests));
}
