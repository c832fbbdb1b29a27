/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer's TSC-deadline mode: IA32_TSC_DEADLINE, and what it shares with the counting modes.
 *
 * SDM vol. 3, "TSC-Deadline Mode".
 */
#include "tests/unit/lapic_fixture.h"

#define VECTOR   0x41u
#define ONE_SHOT VECTOR
#define DEADLINE (2u << LAPIC_LVT_TIMER_SHIFT | VECTOR)

#define TSC UINT64_C(5000000) /* the guest's counter at FX_NOW; fx_config() makes it 1 GHz */

static struct lapic in_deadline_mode(uint32_t tsc_khz)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.tsc_khz = tsc_khz;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_LVT_TIMER, DEADLINE);
	return a;
}

static void arm(struct lapic *a, uint64_t deadline)
{
	ck_assert_int_eq(lapic_tsc_deadline_write(a, deadline, TSC, FX_NOW), LAPIC_OK);
}

static uint64_t armed(const struct lapic *a)
{
	uint64_t value = 1;

	ck_assert_int_eq(lapic_tsc_deadline_read(a, &value), LAPIC_OK);
	return value;
}

START_TEST(R119_fires_at_the_deadline_and_disarms)
{
	struct lapic a = in_deadline_mode(1000000);

	ck_assert_uint_eq(armed(&a), 0);
	arm(&a, TSC + 12345);
	ck_assert_uint_eq(armed(&a), TSC + 12345);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 12345);
	lapic_expire(&a, FX_NOW + 12344);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	lapic_expire(&a, FX_NOW + 12345);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
	ck_assert_uint_eq(armed(&a), 0);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(a.counters.timer_expired, 1);
}
END_TEST

START_TEST(R119_zero_disarms)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 12345);
	arm(&a, 0);
	ck_assert_uint_eq(armed(&a), 0);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	lapic_expire(&a, FX_NOW + 100000);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R119_a_time_already_past_fires_at_once)
{
	static const uint64_t past[] = { 1, TSC - 1, TSC };

	for (size_t i = 0; i < FX_COUNT(past); i++) {
		struct lapic a = in_deadline_mode(1000000);

		arm(&a, past[i]);
		if (lapic_pending(&a) == LAPIC_NO_VECTOR)
			ck_assert_uint_le(lapic_deadline(&a), FX_NOW);
		lapic_expire(&a, FX_NOW);
		ck_assert_int_eq(lapic_pending(&a), VECTOR);
		ck_assert_uint_eq(armed(&a), 0);
	}
}
END_TEST

START_TEST(R119_rearming_moves_the_deadline)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 1000);
	arm(&a, TSC + 3000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 3000);
	arm(&a, TSC + 500);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 500);
}
END_TEST

START_TEST(R120_frequency_and_rounding)
{
	static const uint32_t frequencies[] = { 1, 1000, 999999, 2400000, 3000000, 4294967295u };

	for (size_t i = 0; i < FX_COUNT(frequencies); i++) {
		for (uint64_t ticks = 1; ticks < UINT64_C(1) << 36; ticks = ticks * 3 + 1) {
			struct lapic a = in_deadline_mode(frequencies[i]);
			uint64_t ns;

			arm(&a, TSC + ticks);
			ns = lapic_deadline(&a) - FX_NOW;
			/* Never early, and late by a nanosecond at most. */
			ck_assert_uint_ge(ns * frequencies[i], ticks * 1000000);
			ck_assert_uint_le(ns, ticks * 1000000 / frequencies[i] + 1);
		}
	}
}
END_TEST

START_TEST(R111_far_deadlines_do_not_wrap)
{
	static const uint32_t frequencies[] = { 1, 1000000, 4294967295u };

	for (size_t i = 0; i < FX_COUNT(frequencies); i++) {
		struct lapic a = in_deadline_mode(frequencies[i]);

		arm(&a, UINT64_MAX);
		ck_assert_uint_gt(lapic_deadline(&a), FX_NOW + (UINT64_C(1) << 31));
		ck_assert_uint_eq(armed(&a), UINT64_MAX);
		lapic_expire(&a, FX_NOW + 1000000);
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	}
}
END_TEST

START_TEST(R117_the_count_registers_are_dead)
{
	struct lapic a = in_deadline_mode(1000000);

	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	arm(&a, TSC + 5000);
	fx_write(&a, LAPIC_TIMER_ICR, 10);
	fx_write(&a, LAPIC_TIMER_DCR, 0xb);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 5000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_ICR), 0);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_CCR, FX_NOW + 100), 0);
}
END_TEST

START_TEST(R118_the_msr_is_dead_in_other_modes)
{
	static const uint32_t lvts[] = { ONE_SHOT, 1u << LAPIC_LVT_TIMER_SHIFT | VECTOR };

	for (size_t i = 0; i < FX_COUNT(lvts); i++) {
		struct lapic a = fx_enabled();

		fx_write(&a, LAPIC_LVT_TIMER, lvts[i]);
		arm(&a, TSC + 5000);
		ck_assert_uint_eq(armed(&a), 0);
		ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
		fx_write(&a, LAPIC_TIMER_ICR, 1000);
		arm(&a, TSC - 1);
		ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 * 2 * 10);
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	}
}
END_TEST

START_TEST(R118_leaving_deadline_mode_disarms)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 5000);
	ck_assert_int_eq(fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT).kind, LAPIC_EFFECT_TIMER);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(armed(&a), 0);
	fx_write(&a, LAPIC_LVT_TIMER, DEADLINE);
	ck_assert_uint_eq(armed(&a), 0);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
}
END_TEST

START_TEST(R118_entering_deadline_mode_disarms)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	ck_assert_int_eq(fx_write(&a, LAPIC_LVT_TIMER, DEADLINE).kind, LAPIC_EFFECT_TIMER);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(armed(&a), 0);
	lapic_expire(&a, FX_NOW + 1000000);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
}
END_TEST

START_TEST(R118_same_mode_keeps_the_deadline)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 5000);
	fx_write(&a, LAPIC_LVT_TIMER, (DEADLINE & ~0xffu) | 0x72);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 5000);
	lapic_expire(&a, FX_NOW + 5000);
	ck_assert_int_eq(lapic_pending(&a), 0x72);
}
END_TEST

START_TEST(R107_masked_deadline_passes_silently)
{
	struct lapic a = in_deadline_mode(1000000);

	fx_write(&a, LAPIC_LVT_TIMER, DEADLINE | LAPIC_LVT_MASKED);
	arm(&a, TSC + 5000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 5000);
	lapic_expire(&a, FX_NOW + 5000);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(armed(&a), 0);
}
END_TEST

START_TEST(R120_a_jump_of_the_tsc_is_followed)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 5000);
	lapic_tsc_adjusted(&a, TSC - 1000, FX_NOW);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 6000);
	lapic_tsc_adjusted(&a, TSC + 4000, FX_NOW + 100);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 100 + 1000);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	lapic_tsc_adjusted(&a, TSC + 5000, FX_NOW + 200);
	lapic_expire(&a, FX_NOW + 200);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
	ck_assert_uint_eq(armed(&a), 0);
}
END_TEST

START_TEST(R120_a_jump_of_the_tsc_is_nothing_to_an_unarmed_timer)
{
	struct lapic a = in_deadline_mode(1000000);

	lapic_tsc_adjusted(&a, UINT64_MAX, FX_NOW);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	fx_write(&a, LAPIC_LVT_TIMER, ONE_SHOT);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	lapic_tsc_adjusted(&a, UINT64_MAX, FX_NOW);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 * 2 * 10);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(R121_not_offered_means_no_such_mode)
{
	struct lapic_config config = fx_config();
	struct lapic_effect effect;
	uint64_t value = 1;
	struct lapic a;

	config.tsc_deadline = false;
	config.tsc_khz = 0;
	a = fx_enabled_with(config);
	ck_assert_int_eq(lapic_tsc_deadline_read(&a, &value), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, 1, TSC, FX_NOW), LAPIC_ILLEGAL);
	lapic_tsc_adjusted(&a, TSC, FX_NOW);
	fx_write(&a, LAPIC_LVT_TIMER, DEADLINE);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_TIMER), ONE_SHOT);
	fx_enter_x2apic(&a);
	ck_assert_int_eq(lapic_write(&a, LAPIC_LVT_TIMER, DEADLINE, FX_NOW, &effect),
			 LAPIC_ILLEGAL);
}
END_TEST

START_TEST(R2_R10_init_and_disable_disarm)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 5000);
	lapic_init_signal(&a);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(armed(&a), 0);
	a = in_deadline_mode(1000000);
	arm(&a, TSC + 5000);
	fx_disable_hardware(&a);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(armed(&a), 0);
}
END_TEST

START_TEST(deadline_mode_survives_entering_x2apic_mode)
{
	struct lapic a = in_deadline_mode(1000000);

	arm(&a, TSC + 5000);
	fx_enter_x2apic(&a);
	ck_assert_uint_eq(armed(&a), TSC + 5000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 5000);
}
END_TEST

START_TEST(R121_reserved_mode_is_gp_in_x2apic_mode)
{
	struct lapic a = fx_x2apic();
	struct lapic_effect effect;
	uint64_t reserved = 3u << LAPIC_LVT_TIMER_SHIFT | VECTOR;

	ck_assert_int_eq(lapic_write(&a, LAPIC_LVT_TIMER, reserved, FX_NOW, &effect),
			 LAPIC_ILLEGAL);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_TIMER), LAPIC_LVT_MASKED);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R119_fires_at_the_deadline_and_disarms,
		R119_zero_disarms,
		R119_a_time_already_past_fires_at_once,
		R119_rearming_moves_the_deadline,
		R120_frequency_and_rounding,
		R111_far_deadlines_do_not_wrap,
		R117_the_count_registers_are_dead,
		R118_the_msr_is_dead_in_other_modes,
		R118_leaving_deadline_mode_disarms,
		R118_entering_deadline_mode_disarms,
		R118_same_mode_keeps_the_deadline,
		R107_masked_deadline_passes_silently,
		R120_a_jump_of_the_tsc_is_followed,
		R120_a_jump_of_the_tsc_is_nothing_to_an_unarmed_timer,
		R121_not_offered_means_no_such_mode,
		R2_R10_init_and_disable_disarm,
		deadline_mode_survives_entering_x2apic_mode,
		R121_reserved_mode_is_gp_in_x2apic_mode,
	};

	return fx_run("lapic_deadline", tests, FX_COUNT(tests));
}
