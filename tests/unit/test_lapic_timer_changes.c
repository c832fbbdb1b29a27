/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes of divisor and mode while the timer runs, where the period has a floor and where time
 * ends. SDM vol. 3, "APIC Timer", "TSC-Deadline Mode".
 */
#include "lapic/lapic_state.h"
#include "tests/unit/lapic_fixture.h"

#define BUS_NS       10u /* as in fx_config() */
#define FLOOR_NS     200000u
#define VECTOR       0x41u
#define ONE_SHOT     VECTOR
#define PERIODIC     (1u << LAPIC_LVT_TIMER_SHIFT | VECTOR)
#define TSC_DEADLINE (2u << LAPIC_LVT_TIMER_SHIFT | VECTOR)
#define DIVIDE_1     0xbu
#define DIVIDE_2     0x0u
#define DIVIDE_4     0x1u

/* A count of 10 ticks of 20 ns, far below the floor. */
static struct lapic short_periodic(void)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.min_period_ns = FLOOR_NS;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_2);
	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write(&a, LAPIC_TIMER_ICR, 10);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + FLOOR_NS);
	return a;
}

/* What is left is doubled by the divisor, but never above a whole period. */
START_TEST(R110_R116_a_divisor_under_the_floor)
{
	struct lapic a = short_periodic();

	fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_4, FX_NOW + 1000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 + FLOOR_NS);
}
END_TEST

/* The one-shot that it becomes has no floor: the count that is left is at most the whole one. */
START_TEST(R110_R112_R116_a_divisor_after_the_floor)
{
	struct lapic a = short_periodic();

	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + FLOOR_NS);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_CCR), 10);
	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_1);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 10 * BUS_NS);
}
END_TEST

/* The state of such a one-shot: the rest is kept up to the floor. */
START_TEST(R112_R116_R123_a_floor_survives_save_and_restore)
{
	struct lapic a = short_periodic();
	struct lapic_state state;

	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	lapic_state_save(&a, FX_NOW + 1000, &state);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + FLOOR_NS - 1000);
}
END_TEST

START_TEST(R110_R118_the_divisor_does_not_touch_a_tsc_deadline)
{
	struct lapic a = fx_enabled();
	uint64_t deadline, value;

	fx_write(&a, LAPIC_LVT_TIMER, TSC_DEADLINE);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, 5000, 1000, FX_NOW), LAPIC_OK);
	deadline = lapic_deadline(&a);
	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_4);
	ck_assert_uint_eq(lapic_deadline(&a), deadline);
	ck_assert_int_eq(lapic_tsc_deadline_read(&a, &value), LAPIC_OK);
	ck_assert_uint_eq(value, 5000);
}
END_TEST

START_TEST(R110_the_same_divisor_changes_nothing)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_4);
	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_4, FX_NOW + 17);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + UINT64_C(4000) * BUS_NS);
}
END_TEST

/* There a deadline cannot be later than now; nothing is negative and nothing wraps. */
START_TEST(R111_a_divisor_at_the_end_of_time)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_TIMER_DCR, DIVIDE_1);
	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write_at(&a, LAPIC_TIMER_ICR, 1000, UINT64_MAX - 5);
	fx_write_at(&a, LAPIC_TIMER_DCR, DIVIDE_2, UINT64_MAX);
	ck_assert_uint_eq(lapic_deadline(&a), UINT64_MAX - 1);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_CCR, UINT64_MAX), 0);
}
END_TEST

/* No register and no state brings it about, and if something did, it would be no endless burst. */
START_TEST(R65_a_period_of_0_ends)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_TIMER, PERIODIC);
	fx_write(&a, LAPIC_TIMER_ICR, 10);
	a.timer.period = 0;
	lapic_expire(&a, lapic_deadline(&a));
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R110_R116_a_divisor_under_the_floor,
		R110_R112_R116_a_divisor_after_the_floor,
		R112_R116_R123_a_floor_survives_save_and_restore,
		R110_R118_the_divisor_does_not_touch_a_tsc_deadline,
		R110_the_same_divisor_changes_nothing,
		R111_a_divisor_at_the_end_of_time,
		R65_a_period_of_0_ends,
	};

	return fx_run("lapic_timer_changes", tests, FX_COUNT(tests));
}
