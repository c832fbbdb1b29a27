/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For whom a message is: the destination modes one by one.
 *
 * SDM vol. 3, "Determining IPI Destination", "Logical Destination Mode in x2APIC Mode",
 * "Lowest Priority Delivery Mode".
 */
#include "tests/unit/lapic_cpus.h"

#define END (-1)

static void check_targets(struct cpus *m, int from, struct apic_msg msg, const int *want)
{
	uint32_t count = lapic_route(m->dir, from, &msg, m->targets);
	uint32_t i = 0;

	for (; want[i] != END; i++) {
		ck_assert_msg(i < count && m->targets[i] == want[i], "dest %#x misses CPU %d",
			      (unsigned int)msg.dest, want[i]);
	}
	ck_assert_msg(count == i, "dest %#x: %u targets, not %u", (unsigned int)msg.dest,
		      (unsigned int)count, (unsigned int)i);
}

static void physical(struct cpus *m, uint32_t dest, const int *want)
{
	check_targets(m, LAPIC_FROM_NO_CPU, cpus_message(dest, false), want);
}

static void logical(struct cpus *m, uint32_t dest, const int *want)
{
	check_targets(m, LAPIC_FROM_NO_CPU, cpus_message(dest, true), want);
}

/* Four xAPICs with these LDRs and this DFR. */
static struct cpus with_ldrs(const uint32_t ldrs[4], uint32_t dfr)
{
	struct cpus m = cpus_enabled(4, 0, false);

	for (uint32_t i = 0; i < 4; i++) {
		cpus_write(&m, i, LAPIC_LDR, ldrs[i] << 24);
		cpus_write(&m, i, LAPIC_DFR, dfr);
	}
	return m;
}

START_TEST(R96_physical_by_id)
{
	struct cpus m = cpus_enabled(4, 3, false);

	physical(&m, 3, (const int[]){ 0, END });
	physical(&m, 6, (const int[]){ 3, END });
	physical(&m, 2, (const int[]){ END });
	physical(&m, 7, (const int[]){ END });
	physical(&m, 0x80000003, (const int[]){ END });
	cpus_free(&m);
}
END_TEST

START_TEST(R89_physical_broadcast)
{
	struct cpus m = cpus_enabled(3, 0, false);

	physical(&m, 0xff, (const int[]){ 0, 1, 2, END });
	check_targets(&m, 1, cpus_message(0xff, false), (const int[]){ 0, 1, 2, END });
	cpus_free(&m);
}
END_TEST

START_TEST(absent_and_disabled_cpus_never_match)
{
	struct cpus m = cpus_new(3, 0);

	physical(&m, 0, (const int[]){ END });
	physical(&m, 0xff, (const int[]){ END });
	fx_disable_hardware(&m.cpu[1]);
	cpus_publish(&m);
	physical(&m, 1, (const int[]){ END });
	physical(&m, 0xff, (const int[]){ 0, 2, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R87_flat_logical)
{
	struct cpus m = with_ldrs((const uint32_t[]){ 1, 2, 4, 0x84 }, LAPIC_DFR_FLAT);

	logical(&m, 0x00, (const int[]){ END });
	logical(&m, 0x01, (const int[]){ 0, END });
	logical(&m, 0x06, (const int[]){ 1, 2, 3, END });
	logical(&m, 0x80, (const int[]){ 3, END });
	logical(&m, 0x78, (const int[]){ END });
	logical(&m, 0x100, (const int[]){ END });
	cpus_free(&m);
}
END_TEST

START_TEST(R89_logical_broadcast_reaches_even_a_zero_ldr)
{
	struct cpus m = with_ldrs((const uint32_t[]){ 1, 0, 4, 8 }, LAPIC_DFR_FLAT);

	logical(&m, 0xff, (const int[]){ 0, 1, 2, 3, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R88_cluster_logical)
{
	struct cpus m = with_ldrs((const uint32_t[]){ 0x11, 0x12, 0x21, 0x23 }, LAPIC_DFR_CLUSTER);

	logical(&m, 0x11, (const int[]){ 0, END });
	logical(&m, 0x13, (const int[]){ 0, 1, END });
	logical(&m, 0x22, (const int[]){ 3, END });
	logical(&m, 0x2f, (const int[]){ 2, 3, END });
	logical(&m, 0x3f, (const int[]){ END });
	logical(&m, 0x10, (const int[]){ END });
	logical(&m, 0xf1, (const int[]){ 0, 2, 3, END });
	logical(&m, 0xff, (const int[]){ 0, 1, 2, 3, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R38_odd_dfr_models_match_nothing)
{
	for (uint32_t model = 1; model < 15; model++) {
		struct cpus m = with_ldrs((const uint32_t[]){ 0x11, 0x12, 0x21, 0x23 },
					  model << 28 | 0x0fffffff);

		for (uint32_t dest = 0; dest < 0xff; dest++)
			logical(&m, dest, (const int[]){ END });
		physical(&m, 2, (const int[]){ 2, END });
		cpus_free(&m);
	}
}
END_TEST

START_TEST(R91_x2apic_logical)
{
	struct cpus m = cpus_enabled(40, 0, true);

	logical(&m, 0x00000001, (const int[]){ 0, END });
	logical(&m, 0x00018001, (const int[]){ 16, 31, END });
	logical(&m, 0x00020080, (const int[]){ 39, END });
	logical(&m, 0x0002ff00, (const int[]){ END });
	logical(&m, 0x00010000, (const int[]){ END });
	logical(&m, 0x00030001, (const int[]){ END });
	logical(&m, 0xffff0001, (const int[]){ END });
	cpus_free(&m);
}
END_TEST

START_TEST(R90_x2apic_broadcasts)
{
	struct cpus m = cpus_enabled(3, 300, true);

	physical(&m, 0xffffffff, (const int[]){ 0, 1, 2, END });
	logical(&m, 0xffffffff, (const int[]){ 0, 1, 2, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R92_x2apic_logical_0xff_is_eight_cpus_of_cluster_0)
{
	struct cpus m = cpus_enabled(20, 0, true);

	check_targets(&m, 19, cpus_message(0xff, true),
		      (const int[]){ 0, 1, 2, 3, 4, 5, 6, 7, END });
	check_targets(&m, 19, cpus_message(0xff, false), (const int[]){ END });
	cpus_free(&m);
}
END_TEST

START_TEST(R93_aliased_ids)
{
	struct cpus m = cpus_enabled(4, 0, false);

	cpus_write(&m, 3, LAPIC_ID, 0x01000000);
	physical(&m, 1, (const int[]){ 1, 3, END });
	physical(&m, 3, (const int[]){ END });
	cpus_write(&m, 1, LAPIC_ID, 0x55000000);
	physical(&m, 1, (const int[]){ 3, END });
	physical(&m, 0x55, (const int[]){ 1, END });
	cpus_write(&m, 1, LAPIC_ID, 0x01000000);
	cpus_write(&m, 3, LAPIC_ID, 0x03000000);
	physical(&m, 1, (const int[]){ 1, END });
	physical(&m, 3, (const int[]){ 3, END });
	cpus_write(&m, 2, LAPIC_ID, 0x01000000);
	fx_enter_x2apic(&m.cpu[2]);
	cpus_publish(&m);
	physical(&m, 1, (const int[]){ 1, END });
	physical(&m, 2, (const int[]){ 2, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R94_large_ids_are_not_truncated)
{
	struct cpus m = cpus_enabled(1024, 0, true);

	physical(&m, 0x1ff, (const int[]){ 0x1ff, END });
	physical(&m, 0x2ff, (const int[]){ 0x2ff, END });
	physical(&m, 1023, (const int[]){ 1023, END });
	physical(&m, 1024, (const int[]){ END });
	physical(&m, 0x10005, (const int[]){ END });
	check_targets(&m, 7, cpus_message(0xff, false), (const int[]){ 0xff, END });
	logical(&m, 0x002b1000, (const int[]){ 700, END });
	ck_assert_uint_eq(
		lapic_route(m.dir, 5, &(struct apic_msg){ .dest = 0xffffffff }, m.targets), 1024);
	cpus_free(&m);
}
END_TEST

START_TEST(R94_xapics_are_not_hit_by_truncated_destinations)
{
	struct cpus m = with_ldrs((const uint32_t[]){ 1, 2, 4, 8 }, LAPIC_DFR_FLAT);

	physical(&m, 0x1ff, (const int[]){ END });
	physical(&m, 0x102, (const int[]){ END });
	physical(&m, 0x7fff, (const int[]){ END });
	logical(&m, 0x1ff, (const int[]){ END });
	logical(&m, 0x00010001, (const int[]){ END });
	cpus_free(&m);
}
END_TEST

START_TEST(R95_each_target_is_matched_by_its_own_mode)
{
	struct cpus m = cpus_enabled(4, 0, false);

	for (uint32_t i = 0; i < 2; i++)
		cpus_write(&m, i, LAPIC_LDR, 0x04000000);
	fx_enter_x2apic(&m.cpu[2]);
	fx_enter_x2apic(&m.cpu[3]);
	cpus_publish(&m);
	logical(&m, 0x04, (const int[]){ 0, 1, 2, END });
	logical(&m, 0x08, (const int[]){ 3, END });
	physical(&m, 1, (const int[]){ 1, END });
	physical(&m, 3, (const int[]){ 3, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R80_R82_shorthands)
{
	struct cpus m = cpus_enabled(4, 0, false);
	struct apic_msg msg = cpus_message(2, true);

	/* The same id twice: excluding self is by identity. */
	cpus_write(&m, 3, LAPIC_ID, 0x01000000);
	fx_enter_x2apic(&m.cpu[2]);
	cpus_publish(&m);
	msg.shorthand = APIC_SHORTHAND_OTHERS;
	check_targets(&m, 1, msg, (const int[]){ 0, 2, 3, END });
	check_targets(&m, 3, msg, (const int[]){ 0, 1, 2, END });
	msg.shorthand = APIC_SHORTHAND_ALL;
	check_targets(&m, 1, msg, (const int[]){ 0, 1, 2, 3, END });
	msg.shorthand = APIC_SHORTHAND_SELF;
	check_targets(&m, 3, msg, (const int[]){ 3, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R99_R100_modes_are_routed_alike)
{
	static const enum apic_delivery_mode modes[] = {
		APIC_MODE_SMI,
		APIC_MODE_NMI,
		APIC_MODE_INIT,
		APIC_MODE_SIPI,
	};
	struct cpus m = with_ldrs((const uint32_t[]){ 1, 2, 4, 8 }, LAPIC_DFR_FLAT);

	for (size_t i = 0; i < FX_COUNT(modes); i++) {
		struct apic_msg msg = cpus_message(0x06, true);

		msg.mode = modes[i];
		check_targets(&m, 0, msg, (const int[]){ 1, 2, END });
		msg = cpus_message(2, false);
		msg.mode = modes[i];
		check_targets(&m, 2, msg, (const int[]){ 2, END });
		msg.dest = 0xff;
		check_targets(&m, 0, msg, (const int[]){ 0, 1, 2, 3, END });
	}
	cpus_free(&m);
}
END_TEST

START_TEST(software_disabled_cpus_still_match)
{
	struct cpus m = cpus_new(2, 0);
	struct apic_msg msg = cpus_message(1, false);

	cpus_publish(&m);
	msg.mode = APIC_MODE_INIT;
	check_targets(&m, 0, msg, (const int[]){ 1, END });
	msg.mode = APIC_MODE_SIPI;
	check_targets(&m, 0, msg, (const int[]){ 1, END });
	cpus_free(&m);
}
END_TEST

START_TEST(R97_lowest_priority_takes_an_enabled_cpu)
{
	struct cpus m = with_ldrs((const uint32_t[]){ 1, 2, 4, 8 }, LAPIC_DFR_FLAT);
	struct apic_msg msg = cpus_message(0x07, true);

	msg.mode = APIC_MODE_LOWEST_PRIORITY;
	for (uint32_t i = 0; i < 4; i++)
		cpus_write(&m, i, LAPIC_TPR, i == 1 ? 0x10 : 0x90);
	check_targets(&m, LAPIC_FROM_NO_CPU, msg, (const int[]){ 1, END });
	cpus_write(&m, 1, LAPIC_TPR, 0xa0);
	cpus_write(&m, 2, LAPIC_TPR, 0x20);
	check_targets(&m, LAPIC_FROM_NO_CPU, msg, (const int[]){ 2, END });
	cpus_write(&m, 2, LAPIC_SVR, 0xff);
	cpus_write(&m, 0, LAPIC_SVR, 0xff);
	check_targets(&m, LAPIC_FROM_NO_CPU, msg, (const int[]){ 1, END });
	cpus_write(&m, 1, LAPIC_SVR, 0xff);
	check_targets(&m, LAPIC_FROM_NO_CPU, msg, (const int[]){ END });
	cpus_free(&m);
}
END_TEST

START_TEST(R98_lowest_priority_broadcast_is_harmless)
{
	struct cpus m = cpus_enabled(4, 0, false);
	struct apic_msg msg = cpus_message(0xff, false);

	msg.mode = APIC_MODE_LOWEST_PRIORITY;
	ck_assert_uint_le(lapic_route(m.dir, 0, &msg, m.targets), 1);
	cpus_free(&m);
}
END_TEST

START_TEST(R137_published_extint)
{
	struct cpus m = cpus_new(4, 0);

	for (uint32_t i = 1; i < 3; i++) /* until then nothing reaches it (R129) */
		ck_assert(lapic_sipi(&m.cpu[i]));
	fx_write(&m.cpu[1], LAPIC_SVR, FX_SVR_ENABLED);
	fx_write(&m.cpu[1], LAPIC_LVT_LINT0, 0x700);
	fx_disable_hardware(&m.cpu[2]);
	fx_disable_hardware(&m.cpu[3]);
	ck_assert(!lapic_published_extint(m.dir, 1));
	cpus_publish(&m);
	ck_assert(!lapic_published_extint(m.dir, 0));
	ck_assert(lapic_published_extint(m.dir, 1));
	ck_assert(lapic_published_extint(m.dir, 2));
	ck_assert(!lapic_published_extint(m.dir, 3));
	ck_assert(!lapic_published_extint(m.dir, 4));
	ck_assert(!lapic_published_extint(m.dir, UINT32_MAX));
	cpus_write(&m, 1, LAPIC_LVT_LINT0, 0x10700);
	ck_assert(!lapic_published_extint(m.dir, 1));
	cpus_free(&m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R96_physical_by_id,
		R89_physical_broadcast,
		absent_and_disabled_cpus_never_match,
		R87_flat_logical,
		R89_logical_broadcast_reaches_even_a_zero_ldr,
		R88_cluster_logical,
		R38_odd_dfr_models_match_nothing,
		R91_x2apic_logical,
		R90_x2apic_broadcasts,
		R92_x2apic_logical_0xff_is_eight_cpus_of_cluster_0,
		R93_aliased_ids,
		R94_large_ids_are_not_truncated,
		R94_xapics_are_not_hit_by_truncated_destinations,
		R95_each_target_is_matched_by_its_own_mode,
		R80_R82_shorthands,
		R99_R100_modes_are_routed_alike,
		software_disabled_cpus_still_match,
		R97_lowest_priority_takes_an_enabled_cpu,
		R98_lowest_priority_broadcast_is_harmless,
		R137_published_extint,
	};

	return fx_run("lapic_route", tests, FX_COUNT(tests));
}
