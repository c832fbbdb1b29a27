/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer's one-shot and periodic modes, with a time of the test's own.
 *
 * SDM vol. 3, "APIC Timer".
 */
#include "tests/unit/lapic_fixture.h"

#define BUS_NS    10u /* as in fx_config() */
#define VECTOR    0x41u
#define ONE_SHOT  VECTOR
#define PERIODIC  (1u << LAPIC_LVT_TIMER_SHIFT | VECTOR)
#define DIVIDE_1  0xbu
#define DIVIDE_2  0x0u
#define DIVIDE_8  0x2u
#define DIVIDE_16 0x3u

static const struct {
	uint32_t dcr;
	uint32_t divisor;
} divisors[] = {
	{ 0x0, 2 },  { 0x1, 4 },  { 0x2, 8 },   { 0x3, 16 },
	{ 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
};

static struct lapic with_timer(uint32_t lvt, uint32_t dcr, uint32_t count)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_TIMER, lvt);
	fx_write(&a, LAPIC_TIMER_DCR, dcr);
	ck_assert_int_eq(fx_write(&a, LAPIC_TIMER_ICR, count).kind, LAPIC_EFFECT_TIMER);
	return a;
}

static uint64_t current_count(struct lapic *a, uint64_t now)
{
	return fx_read_at(a, LAPIC_TIMER_CCR, now);
}

/* Fires at its deadline, which is then what has to be at hand and ended. */
static void expire(struct lapic *a, uint64_t deadline)
{
	ck_assert_uint_eq(lapic_deadline(a), deadline);
	lapic_expire(a, deadline - 1);
	ck_assert_int_eq(lapic_pending(a), LAPIC_NO_VECTOR);
	lapic_expire(a, deadline);
	fx_take(a, VECTOR);
	fx_eoi(a);
}

START_TEST(R106_R108_divisor_table)
{
	for (size_t i = 0; i < FX_COUNT(divisors); i++) {
		struct lapic a = with_timer(ONE_SHOT, divisors[i].dcr, 1000);
		uint64_t tick = UINT64_C(1) * divisors[i].divisor * BUS_NS;

		ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 * tick);
		ck_assert_uint_eq(current_count(&a, FX_NOW), 1000);
		ck_assert_uint_eq(current_count(&a, FX_NOW + tick), 999);
		ck_assert_uint_eq(current_count(&a, FX_NOW + 999 * tick), 1);
	}
}
END_TEST

START_TEST(R106_writing_the_count_restarts_and_zero_stops)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_1, 1000);

	fx_write_at(&a, LAPIC_TIMER_ICR, 500, FX_NOW + 3000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 3000 + 500 * BUS_NS);
	ck_assert_int_eq(fx_write_at(&a, LAPIC_TIMER_ICR, 0, FX_NOW + 4000).kind,
			 LAPIC_EFFECT_TIMER);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(current_count(&a, FX_NOW + 4000), 0);
	lapic_expire(&a, FX_NOW + 100000);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(a_stopped_timer_never_expires)
{
	struct lapic a = fx_enabled();

	lapic_expire(&a, LAPIC_NEVER);
	lapic_expire(&a, 0);
	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_8);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(current_count(&a, FX_NOW + 1000), 0);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(a.counters.timer_expired, 0);
}
END_TEST

START_TEST(R114_one_shot_fires_once_and_stays_at_zero)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_2, 100);
	uint64_t end = FX_NOW + 100 * 2 * BUS_NS;

	expire(&a, end);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(current_count(&a, end), 0);
	ck_assert_uint_eq(current_count(&a, end + 12345), 0);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_ICR, end), 100);
	lapic_expire(&a, end + 100000);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(a.counters.timer_expired, 1);
}
END_TEST

START_TEST(R114_count_never_rises_nor_exceeds_its_top)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_8, 77);
	uint64_t last = 77;

	for (uint64_t t = FX_NOW; t < FX_NOW + 78 * 8 * BUS_NS; t += 7) {
		uint64_t count = current_count(&a, t);

		ck_assert_uint_le(count, last);
		last = count;
	}
	ck_assert_uint_eq(last, 0);
}
END_TEST

START_TEST(R114_periodic_count_wraps_even_when_the_host_is_late)
{
	struct lapic a = with_timer(PERIODIC, DIVIDE_1, 100);

	for (uint64_t ticks = 1; ticks < 1000; ticks++) {
		uint64_t count = current_count(&a, FX_NOW + ticks * BUS_NS);

		if (ticks % 100 != 0)
			ck_assert_uint_eq(count, 100 - ticks % 100);
		else
			ck_assert(count == 0 || count == 100);
	}
}
END_TEST

START_TEST(R108_periodic_keeps_the_exact_period)
{
	struct lapic a = with_timer(PERIODIC, DIVIDE_16, 333);
	uint64_t period = 333 * 16 * BUS_NS;

	for (uint64_t i = 1; i <= 1000; i++)
		expire(&a, FX_NOW + i * period);
	ck_assert_uint_eq(a.counters.timer_expired, 1000);
	ck_assert_uint_eq(a.counters.timer_merged, 0);
	ck_assert_uint_eq(a.counters.timer_lateness_ns, 0);
}
END_TEST

START_TEST(R107_masked_counts_and_the_entry_is_read_at_expiry)
{
	struct lapic a = with_timer(PERIODIC | LAPIC_LVT_MASKED, DIVIDE_1, 100);
	uint64_t period = 100 * BUS_NS;

	ck_assert_uint_eq(current_count(&a, FX_NOW + 400), 60);
	lapic_expire(&a, FX_NOW + period);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(a.counters.timer_expired, 1);
	fx_write_at(&a, LAPIC_LVT_TIMER, 1u << LAPIC_LVT_TIMER_SHIFT | 0x77, FX_NOW + period + 1);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 2 * period);
	lapic_expire(&a, FX_NOW + 2 * period);
	ck_assert_int_eq(lapic_pending(&a), 0x77);
	ck_assert(!fx_bit(&a, LAPIC_TMR, 0x77));
}
END_TEST

START_TEST(R109_divide_configuration_bit_2_is_ignored)
{
	struct lapic a = with_timer(ONE_SHOT, 0xf, 1000);
	struct lapic_effect effect;

	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_DCR), 0xb);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 * BUS_NS);
	fx_enter_x2apic(&a);
	ck_assert_int_eq(lapic_write(&a, LAPIC_TIMER_DCR, 4, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 * BUS_NS);
}
END_TEST

START_TEST(R110_divisor_change_rescales_the_rest)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_1, 1000);
	uint64_t t = FX_NOW + 400 * BUS_NS;

	ck_assert_int_eq(fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_8, t).kind, LAPIC_EFFECT_TIMER);
	ck_assert_uint_eq(current_count(&a, t), 600);
	ck_assert_uint_eq(lapic_deadline(&a), t + 600 * 8 * BUS_NS);
	t += 100 * 8 * BUS_NS;
	ck_assert_uint_eq(current_count(&a, t), 500);
	fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_2, t);
	ck_assert_uint_eq(current_count(&a, t), 500);
	expire(&a, t + 500 * 2 * BUS_NS);
}
END_TEST

START_TEST(R110_divisor_change_in_periodic_mode)
{
	struct lapic a = with_timer(PERIODIC, DIVIDE_1, 1000);
	uint64_t t = FX_NOW + 250 * BUS_NS;

	fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_16, t);
	t += 750 * 16 * BUS_NS;
	expire(&a, t);
	expire(&a, t + 1000 * 16 * BUS_NS);
}
END_TEST

START_TEST(R111_largest_count_and_divisor)
{
	struct lapic_config config = fx_config();
	uint64_t period = UINT64_C(0xffffffff) * 128 * 1000;
	struct lapic a;

	config.bus_cycle_ns = 1000;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write(&a, LAPIC_TIMER_DCR, 0xa);
	fx_write(&a, LAPIC_TIMER_ICR, 0xffffffff);
	ck_assert_uint_eq(current_count(&a, FX_NOW), 0xffffffff);
	ck_assert_uint_eq(current_count(&a, FX_NOW + 128000), 0xfffffffe);
	for (uint64_t i = 1; i < 100; i++)
		expire(&a, FX_NOW + i * period);
}
END_TEST

START_TEST(R111_the_end_of_time_does_not_wrap)
{
	struct lapic a = fx_enabled();
	uint64_t late = LAPIC_NEVER - 1000;

	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write_at(&a, LAPIC_TIMER_ICR, 0xffffffff, late);
	ck_assert_uint_gt(lapic_deadline(&a), late);
	ck_assert_uint_le(current_count(&a, late + 500), 0xffffffff);
	lapic_expire(&a, late + 500);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	lapic_expire(&a, LAPIC_NEVER);
	ck_assert_uint_le(current_count(&a, LAPIC_NEVER), 0xffffffff);
}
END_TEST

START_TEST(R112_one_shot_becomes_periodic_at_its_end)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_1, 1000);
	uint64_t period = 1000 * BUS_NS;

	fx_write_at(&a, LAPIC_LVT_TIMER, PERIODIC, FX_NOW + period / 2);
	ck_assert_uint_eq(current_count(&a, FX_NOW + period / 2), 500);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_ICR), 1000);
	expire(&a, FX_NOW + period);
	expire(&a, FX_NOW + 2 * period);
}
END_TEST

START_TEST(R112_periodic_becomes_one_shot_after_its_period)
{
	struct lapic a = with_timer(PERIODIC, DIVIDE_1, 1000);
	uint64_t period = 1000 * BUS_NS;

	expire(&a, FX_NOW + period);
	fx_write_at(&a, LAPIC_LVT_TIMER, ONE_SHOT, FX_NOW + period + 100 * BUS_NS);
	ck_assert_uint_eq(current_count(&a, FX_NOW + period + 100 * BUS_NS), 900);
	expire(&a, FX_NOW + 2 * period);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(current_count(&a, FX_NOW + 2 * period + 1), 0);
}
END_TEST

START_TEST(R113_expired_one_shot_does_not_wake_up_as_periodic)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_1, 100);
	uint64_t end = FX_NOW + 100 * BUS_NS;

	expire(&a, end);
	fx_write_at(&a, LAPIC_LVT_TIMER, PERIODIC, end + 10);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(current_count(&a, end + 20), 0);
	fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_8, end + 30);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	fx_write_at(&a, LAPIC_TIMER_ICR, 100, end + 40);
	ck_assert_uint_eq(lapic_deadline(&a), end + 40 + 100 * 8 * BUS_NS);
}
END_TEST

START_TEST(R115_a_late_host_gets_one_interrupt)
{
	struct lapic a = with_timer(PERIODIC, DIVIDE_1, 100);
	uint64_t period = 100 * BUS_NS;
	uint64_t late = FX_NOW + 5 * period + 300;

	lapic_expire(&a, late);
	fx_take(&a, VECTOR);
	fx_eoi(&a);
	ck_assert_uint_gt(lapic_deadline(&a), late);
	ck_assert_uint_le(lapic_deadline(&a), late + period);
	lapic_expire(&a, late);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(a.counters.timer_expired, 1);
	ck_assert_uint_eq(a.counters.timer_merged, 4);
	ck_assert_uint_eq(a.counters.timer_lateness_ns, 4 * period + 300);
}
END_TEST

START_TEST(R115_late_by_a_very_long_time)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.bus_cycle_ns = 1;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_1);
	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write(&a, LAPIC_TIMER_ICR, 1);
	lapic_expire(&a, UINT64_C(1) << 62);
	fx_take(&a, VECTOR);
	ck_assert_uint_eq(lapic_deadline(&a), (UINT64_C(1) << 62) + 1);
}
END_TEST

START_TEST(R116_floor_of_the_period)
{
	struct lapic_config config = fx_config();
	uint64_t first;
	struct lapic a;

	config.min_period_ns = 200000;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_1);
	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write(&a, LAPIC_TIMER_ICR, 1);
	first = lapic_deadline(&a);
	for (uint64_t t = FX_NOW; t < FX_NOW + 300000; t += 777)
		ck_assert_uint_le(current_count(&a, t), 1);
	lapic_expire(&a, first);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
	ck_assert_uint_ge(lapic_deadline(&a), first + 200000);
	fx_write(&a, LAPIC_TIMER_ICR, 30000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 30000 * BUS_NS);
	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	fx_write(&a, LAPIC_TIMER_ICR, 1);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + BUS_NS);
}
END_TEST

START_TEST(R121_reserved_mode_is_stopped_in_xapic_mode)
{
	struct lapic a = with_timer(ONE_SHOT, DIVIDE_1, 1000);

	fx_write(&a, LAPIC_LVT_TIMER, 3u << LAPIC_LVT_TIMER_SHIFT | VECTOR);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	lapic_expire(&a, FX_NOW + 1000000);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R106_R108_divisor_table,
		R106_writing_the_count_restarts_and_zero_stops,
		a_stopped_timer_never_expires,
		R114_one_shot_fires_once_and_stays_at_zero,
		R114_count_never_rises_nor_exceeds_its_top,
		R114_periodic_count_wraps_even_when_the_host_is_late,
		R108_periodic_keeps_the_exact_period,
		R107_masked_counts_and_the_entry_is_read_at_expiry,
		R109_divide_configuration_bit_2_is_ignored,
		R110_divisor_change_rescales_the_rest,
		R110_divisor_change_in_periodic_mode,
		R111_largest_count_and_divisor,
		R111_the_end_of_time_does_not_wrap,
		R112_one_shot_becomes_periodic_at_its_end,
		R112_periodic_becomes_one_shot_after_its_period,
		R113_expired_one_shot_does_not_wake_up_as_periodic,
		R115_a_late_host_gets_one_interrupt,
		R115_late_by_a_very_long_time,
		R116_floor_of_the_period,
		R121_reserved_mode_is_stopped_in_xapic_mode,
	};

	return fx_run("lapic_timer", tests, FX_COUNT(tests));
}
