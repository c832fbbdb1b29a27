/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One counter of an 8254 in its six modes: OUT and the count, tick by tick, as the data sheet draws
 * them. Intel 8254 Programmable Interval Timer data sheet, "Mode Definitions".
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/i8254_fixture.h"

/*
 * From tick START + 1 on, one character a tick: OUT as '_' and '-'. And each rise has to be where
 * next_rise() says, seen from every tick before it.
 */
static void expect_wave(struct i8254_counter *c, const char *wave)
{
	bool before = i8254_counter_out(c, START);
	int64_t foreseen = i8254_counter_next_rise(c, START);

	for (int64_t i = 0; wave[i]; i++) {
		int64_t tick = START + 1 + i;
		bool out = i8254_counter_out(c, tick);

		ck_assert_msg(out == (wave[i] == '-'), "OUT at %d of %s", (int)i, wave);
		ck_assert_msg((out && !before) == (foreseen == tick), "rise at %d of %s", (int)i,
			      wave);
		before = out;
		foreseen = i8254_counter_next_rise(c, tick);
	}
}

static void expect_counts(struct i8254_counter *c, const uint32_t *counts, uint32_t nr)
{
	for (uint32_t i = 0; i < nr; i++)
		ck_assert_msg(count_at(c, START + 1 + i) == counts[i], "tick %u: %u, not %u", i,
			      count_at(c, START + 1 + i), counts[i]);
}

#define EXPECT_COUNTS(c, ...)                               \
	expect_counts(c, (const uint32_t[]){ __VA_ARGS__ }, \
		      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

START_TEST(mode_0_rises_at_terminal_count)
{
	struct i8254_counter c = counter(LSB | 0x0, true);

	ck_assert(!i8254_counter_out(&c, START));
	i8254_counter_write(&c, START, 4);
	EXPECT_COUNTS(&c, 4, 3, 2, 1, 0, 0xff, 0xfe);
	expect_wave(&c, "____-----");
	/* A new count makes it low again at once. */
	i8254_counter_write(&c, START + 20, 2);
	ck_assert(!i8254_counter_out(&c, START + 20));
	ck_assert(!i8254_counter_out(&c, START + 22));
	ck_assert(i8254_counter_out(&c, START + 23));
}
END_TEST

START_TEST(mode_0_stops_while_gate_is_low)
{
	struct i8254_counter c = counter(LSB | 0x0, true);

	i8254_counter_write(&c, START, 4);
	i8254_counter_set_gate(&c, START + 2, false);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 2), I8254_NEVER);
	ck_assert_uint_eq(count_at(&c, START + 50), 3);
	i8254_counter_set_gate(&c, START + 102, true);
	ck_assert_uint_eq(count_at(&c, START + 102), 3);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 102), START + 105);
	/* OUT that is high does not care. */
	i8254_counter_set_gate(&c, START + 110, false);
	ck_assert(i8254_counter_out(&c, START + 120));
	/* A count that is written now waits for GATE: OUT is high N ticks after it rises. */
	i8254_counter_write(&c, START + 130, 3);
	ck_assert_uint_eq(count_at(&c, START + 200), 3);
	i8254_counter_set_gate(&c, START + 200, true);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 200), START + 203);
}
END_TEST

START_TEST(mode_0_stands_between_two_bytes)
{
	struct i8254_counter c = counter(BOTH | 0x0, true);

	i8254_counter_write(&c, START, 0x10);
	i8254_counter_write(&c, START, 0x00);
	i8254_counter_write(&c, START + 11, 0x02);
	ck_assert_uint_eq(count_at(&c, START + 40), 6);
	ck_assert(!i8254_counter_out(&c, START + 40));
	/* GATE does not set it going before the second byte. */
	i8254_counter_set_gate(&c, START + 41, false);
	i8254_counter_set_gate(&c, START + 42, true);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 42), I8254_NEVER);
	i8254_counter_write(&c, START + 50, 0x01);
	ck_assert_uint_eq(count_at(&c, START + 51), 0x102);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 50), START + 51 + 0x102);
}
END_TEST

START_TEST(mode_1_is_a_retriggerable_one_shot)
{
	struct i8254_counter c = counter(LSB | 0x2, false);

	i8254_counter_write(&c, START - 10, 3);
	ck_assert(i8254_counter_out(&c, START - 5));
	ck_assert_uint_eq(status_at(&c, START - 5) & 0x40, 0x40);
	i8254_counter_set_gate(&c, START, true);
	expect_wave(&c, "___--");
	i8254_counter_set_gate(&c, START + 6, false);
	ck_assert(i8254_counter_out(&c, START + 6));
	/* Triggered again before its end, it stays low for a whole count more. */
	i8254_counter_set_gate(&c, START + 20, true);
	i8254_counter_set_gate(&c, START + 22, false);
	i8254_counter_set_gate(&c, START + 23, true);
	ck_assert(!i8254_counter_out(&c, START + 23));
	ck_assert(!i8254_counter_out(&c, START + 26));
	ck_assert(i8254_counter_out(&c, START + 27));
	/* A new count is for the next trigger. */
	i8254_counter_set_gate(&c, START + 28, false);
	i8254_counter_set_gate(&c, START + 30, true);
	i8254_counter_write(&c, START + 31, 5);
	ck_assert(i8254_counter_out(&c, START + 34));
	i8254_counter_set_gate(&c, START + 40, false);
	i8254_counter_set_gate(&c, START + 40, true);
	ck_assert(!i8254_counter_out(&c, START + 45));
	ck_assert(i8254_counter_out(&c, START + 46));
}
END_TEST

START_TEST(mode_1_does_nothing_before_its_count)
{
	struct i8254_counter c = counter(LSB | 0x2, false);

	i8254_counter_set_gate(&c, START, true);
	expect_wave(&c, "-----");
}
END_TEST

START_TEST(mode_2_divides)
{
	struct i8254_counter c = counter(LSB | 0x4, true);

	ck_assert(i8254_counter_out(&c, START));
	i8254_counter_write(&c, START, 3);
	EXPECT_COUNTS(&c, 3, 2, 1, 3, 2, 1, 3);
	expect_wave(&c, "--_--_--_-");
}
END_TEST

START_TEST(mode_2_takes_a_new_count_at_the_end_of_the_period)
{
	struct i8254_counter c = counter(LSB | 0x4, true);

	i8254_counter_write(&c, START, 4);
	i8254_counter_write(&c, START + 2, 5);
	ck_assert_uint_eq(status_at(&c, START + 4) & 0x40, 0x40);
	ck_assert_uint_eq(status_at(&c, START + 5) & 0x40, 0);
	EXPECT_COUNTS(&c, 4, 3, 2, 1, 5, 4, 3, 2, 1, 5);
	c = counter(LSB | 0x4, true);
	i8254_counter_write(&c, START, 4);
	i8254_counter_write(&c, START, 5);
	expect_wave(&c, "---_----_----_");
}
END_TEST

START_TEST(mode_2_and_3_stop_and_start_over_by_gate)
{
	for (uint8_t mode = 0x4; mode <= 0x6; mode += 2) {
		struct i8254_counter c = counter(LSB | mode, true);

		i8254_counter_write(&c, START, 4);
		/* It rises at once, also from the low tick or half. */
		ck_assert(!i8254_counter_out(&c, START + 4));
		i8254_counter_set_gate(&c, START + 4, false);
		ck_assert(i8254_counter_out(&c, START + 4));
		ck_assert(i8254_counter_out(&c, START + 400));
		ck_assert_int_eq(i8254_counter_next_rise(&c, START + 5), I8254_NEVER);
		i8254_counter_set_gate(&c, START + 500, true);
		ck_assert_uint_eq(count_at(&c, START + 501), 4);
		ck_assert_int_eq(i8254_counter_next_rise(&c, START + 500), START + 505);
	}
}
END_TEST

START_TEST(mode_3_is_a_square_wave)
{
	struct i8254_counter c = counter(LSB | 0x6, true);

	i8254_counter_write(&c, START, 4);
	EXPECT_COUNTS(&c, 4, 2, 4, 2, 4, 2);
	expect_wave(&c, "--__--__--");
	c = counter(LSB | 0x6, true);
	i8254_counter_write(&c, START, 5);
	EXPECT_COUNTS(&c, 4, 2, 0, 4, 2, 4, 2, 0, 4, 2);
	expect_wave(&c, "---__---__-");
}
END_TEST

START_TEST(mode_3_takes_a_new_count_at_the_end_of_the_half)
{
	struct i8254_counter c = counter(LSB | 0x6, true);

	i8254_counter_write(&c, START, 6);
	i8254_counter_write(&c, START, 4);
	expect_wave(&c, "---__--__--");
	c = counter(LSB | 0x6, true);
	i8254_counter_write(&c, START - 4, 6); /* the low half begins at START */
	i8254_counter_write(&c, START, 4);
	expect_wave(&c, "__--__--__");
}
END_TEST

START_TEST(a_count_of_1_is_illegal_in_modes_2_and_3)
{
	for (uint8_t mode = 0x4; mode <= 0x6; mode += 2) {
		struct i8254_counter c = counter(LSB | mode, true);

		i8254_counter_write(&c, START, 1);
		expect_wave(&c, "------");
		i8254_counter_write(&c, START + 7, 2);
		ck_assert(!i8254_counter_out(&c, START + 9) || !i8254_counter_out(&c, START + 10));
	}
}
END_TEST

START_TEST(mode_4_strobes_once)
{
	struct i8254_counter c = counter(LSB | 0x8, true);

	i8254_counter_write(&c, START, 3);
	EXPECT_COUNTS(&c, 3, 2, 1, 0, 0xff);
	expect_wave(&c, "---_-----");
	i8254_counter_write(&c, START + 20, 3);
	i8254_counter_write(&c, START + 22, 2);
	ck_assert(!i8254_counter_out(&c, START + 25));
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 22), START + 26);
	i8254_counter_set_gate(&c, START + 24, false);
	i8254_counter_set_gate(&c, START + 34, true);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 34), START + 36);
}
END_TEST

START_TEST(mode_5_strobes_at_each_trigger)
{
	struct i8254_counter c = counter(LSB | 0xa, false);

	i8254_counter_write(&c, START - 10, 3);
	i8254_counter_set_gate(&c, START, true);
	expect_wave(&c, "---_-----");
	i8254_counter_set_gate(&c, START + 20, false);
	i8254_counter_set_gate(&c, START + 30, true);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START + 30), START + 35);
}
END_TEST

START_TEST(modes_6_and_7_are_2_and_3)
{
	struct i8254_counter c = counter(LSB | 0xc, true);

	i8254_counter_write(&c, START, 3);
	expect_wave(&c, "--_--_");
	ck_assert_uint_eq(status_at(&c, START + 9), 0x1c);
	c = counter(LSB | 0xe, true);
	i8254_counter_write(&c, START, 4);
	expect_wave(&c, "--__--");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("i8254_counter");
	TCase *tcase = tcase_create("i8254_counter");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, mode_0_rises_at_terminal_count);
	tcase_add_test(tcase, mode_0_stops_while_gate_is_low);
	tcase_add_test(tcase, mode_0_stands_between_two_bytes);
	tcase_add_test(tcase, mode_1_is_a_retriggerable_one_shot);
	tcase_add_test(tcase, mode_1_does_nothing_before_its_count);
	tcase_add_test(tcase, mode_2_divides);
	tcase_add_test(tcase, mode_2_takes_a_new_count_at_the_end_of_the_period);
	tcase_add_test(tcase, mode_2_and_3_stop_and_start_over_by_gate);
	tcase_add_test(tcase, mode_3_is_a_square_wave);
	tcase_add_test(tcase, mode_3_takes_a_new_count_at_the_end_of_the_half);
	tcase_add_test(tcase, a_count_of_1_is_illegal_in_modes_2_and_3);
	tcase_add_test(tcase, mode_4_strobes_once);
	tcase_add_test(tcase, mode_5_strobes_at_each_trigger);
	tcase_add_test(tcase, modes_6_and_7_are_2_and_3);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
