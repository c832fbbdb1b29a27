/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interval timer on its ports, and its interrupt line.
 * Intel 8254 Programmable Interval Timer data sheet, "Programming the 8254".
 */
#include <errno.h>

#include "tests/unit/pit_fixture.h"

/* ---- the clock ------------------------------------------------------------------------------- */

START_TEST(the_clock_is_105_over_88_mhz)
{
	struct machine *m = machine_create();

	ck_assert_int_eq(i8254_ticks(88000), 105);
	ck_assert_int_eq(i8254_ticks(UINT64_C(88000000000) * 1000000),
			 INT64_C(105000000) * 1000000);
	program(m, 0, 2, 0);
	fake_pass(&m->board, 10 * MS);
	ck_assert_int_le(abs((int)(0x10000 - read_count(m, 0)) - 11931), 1);
	free(m);
}
END_TEST

START_TEST(scaling_up_is_the_first_ns_of_a_tick)
{
	uint64_t ns = 0;

	for (uint64_t tick = 1; tick < 1000; tick++) {
		ns = board_clock_scale_up(tick, I8254_TICKS_NS, I8254_TICKS);
		ck_assert_int_eq(i8254_ticks(ns), (int64_t)tick);
		ck_assert_int_eq(i8254_ticks(ns - 1), (int64_t)tick - 1);
	}
}
END_TEST

/* ---- ports ----------------------------------------------------------------------------------- */

START_TEST(a_new_machine_is_silent)
{
	struct machine *m = machine_create();

	fake_pass(&m->board, 10000 * MS);
	ck_assert_uint_eq(m->board.nr_sets, 0);
	ck_assert_uint_eq(m->board.nr_expired, 0);
	ck_assert_uint_eq(in(m, 0x43), 0xff);
	free(m);
}
END_TEST

START_TEST(counters_are_apart)
{
	struct machine *m = machine_create();

	out(m, 0x61, 1);
	for (uint32_t i = 0; i < 3; i++)
		program(m, i, 2, 1000 * (i + 1));
	pass_ticks(m, 11);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(read_count(m, i), 1000 * (i + 1) - 10);
	free(m);
}
END_TEST

START_TEST(read_back_takes_the_counters_it_names)
{
	struct machine *m = machine_create();

	for (uint32_t i = 0; i < 3; i++)
		program(m, i, 2, 0x1100 * (i + 1));
	out(m, 0x61, 1);
	pass_ticks(m, 2);
	out(m, 0x43, 0xc0 | 0x02 | 0x08); /* status and count of 0 and 2 */
	pass_ticks(m, 100);
	ck_assert_uint_eq(in(m, 0x40), 0xb4);
	ck_assert_uint_eq(in(m, 0x40), 0xff);
	ck_assert_uint_eq(in(m, 0x40), 0x10);
	ck_assert_uint_eq(in(m, 0x42), 0xb4);
	ck_assert_uint_eq(in(m, 0x42) | in(m, 0x42) << 8, 0x3300 - 1);
	ck_assert_uint_lt(read_count(m, 1), 0x2200 - 100);
	/* Status alone, then the count alone. */
	out(m, 0x43, 0xe0 | 0x04);
	ck_assert_uint_eq(in(m, 0x41), 0xb4);
	out(m, 0x43, 0xd0 | 0x04);
	ck_assert_uint_ne(in(m, 0x41), 0xb4);
	free(m);
}
END_TEST

START_TEST(a_wide_access_is_byte_cycles)
{
	struct machine *m = machine_create();

	out(m, 0x61, 1);
	out(m, 0x43, 0x14);
	out(m, 0x43, 0x54);
	fake_out(&m->board, 0x40, 2, 0x2010);
	pass_ticks(m, 1);
	ck_assert_uint_eq(fake_in(&m->board, 0x40, 2), 0x2010);
	ck_assert_uint_eq(fake_in(&m->board, 0x42, 2) >> 8, 0xff);
	free(m);
}
END_TEST

START_TEST(taken_ports_are_refused)
{
	struct machine *m = machine_create();
	struct board_clock clock = fake_clock(&m->board);
	struct i8254 pit;

	ck_assert_int_eq(i8254_init(&pit, &m->board.ports, fake_line(&m->board, 0), &clock),
			 -EBUSY);
	free(m);
}
END_TEST

/* ---- the interrupt --------------------------------------------------------------------------- */

START_TEST(R149_periodic_interrupts_come_on_the_grid)
{
	struct machine *m = machine_create();

	for (uint32_t mode = 2; mode <= 3; mode++) {
		uint32_t before = rises(m);

		program(m, 0, mode, 1193);
		ck_assert_uint_eq(rises(m), before);
		pass_ticks(m, 1193);
		ck_assert_uint_eq(rises(m), before);
		pass_ticks(m, 2);
		ck_assert_uint_eq(rises(m), before + 1);
		fake_pass(&m->board, 1000 * MS);
		/* 105/88 MHz / 1193 */
		ck_assert_uint_eq(rises(m), before + 1 + 1000);
		ck_assert_msg(line(m), "a request stays up until the next one");
	}
	ck_assert_uint_eq(m->board.source, 7);
	free(m);
}
END_TEST

START_TEST(one_interrupt_at_terminal_count)
{
	struct machine *m = machine_create();

	program(m, 0, 0, 1000);
	ck_assert(!line(m));
	pass_ticks(m, 1000);
	ck_assert(!line(m));
	pass_ticks(m, 2);
	ck_assert(line(m));
	fake_pass(&m->board, 1000 * MS);
	ck_assert_uint_eq(rises(m), 1);
	ck_assert_uint_eq(m->board.nr_expired, 1);
	/* A new count is the next one. */
	out(m, 0x40, 10);
	ck_assert(!line(m));
	out(m, 0x40, 0);
	pass_ticks(m, 12);
	ck_assert_uint_eq(rises(m), 2);
	free(m);
}
END_TEST

START_TEST(a_strobe_interrupts_once)
{
	struct machine *m = machine_create();

	program(m, 0, 4, 100);
	pass_ticks(m, 101);
	ck_assert_uint_eq(rises(m), 0);
	pass_ticks(m, 2);
	ck_assert_uint_eq(rises(m), 1);
	fake_pass(&m->board, 1000 * MS);
	ck_assert_uint_eq(rises(m), 1);
	free(m);
}
END_TEST

START_TEST(modes_that_need_a_trigger_never_interrupt)
{
	struct machine *m = machine_create();

	program(m, 0, 1, 100);
	fake_pass(&m->board, 1000 * MS);
	program(m, 0, 5, 100);
	fake_pass(&m->board, 1000 * MS);
	ck_assert_uint_eq(rises(m), 0);
	free(m);
}
END_TEST

/* From mode 0, whose OUT is low, a control word of another mode is a rise by itself. */
START_TEST(a_control_word_can_raise_the_line)
{
	struct machine *m = machine_create();

	program(m, 0, 0, 1000);
	out(m, 0x43, 0x34);
	ck_assert_uint_eq(rises(m), 1);
	fake_pass(&m->board, 1000 * MS);
	ck_assert_uint_eq(rises(m), 1);
	free(m);
}
END_TEST

START_TEST(R115_a_late_host_gives_one_interrupt)
{
	struct machine *m = machine_create();

	program(m, 0, 2, 1193);
	fake_pass(&m->board, 10 * MS);
	ck_assert_uint_eq(rises(m), 10);
	fake_oversleep(&m->board, 100 * MS);
	ck_assert_uint_eq(rises(m), 11);
	/* And the grid is kept: 1193 ticks are just below 1 ms. */
	fake_pass(&m->board, 1000 * MS - 110 * MS);
	ck_assert_uint_eq(rises(m), 11 + 890);
	free(m);
}
END_TEST

START_TEST(R116_a_short_period_is_slowed_down)
{
	struct machine *m = machine_create();
	uint32_t expected = (uint32_t)(100 * MS / I8254_MIN_PERIOD_NS);

	program(m, 0, 2, 2);
	fake_pass(&m->board, 100 * MS);
	ck_assert_uint_le(rises(m), expected + 1);
	ck_assert_uint_ge(rises(m), expected - 1);
	ck_assert_uint_le(m->board.nr_expired, expected + 1);
	/* Nor by programming it again and again. */
	for (uint32_t i = 0; i < 1000; i++) {
		program(m, 0, 2, 2);
		fake_pass(&m->board, 4000);
	}
	ck_assert_uint_le(rises(m), expected + 1 + 4000000 / I8254_MIN_PERIOD_NS);
	free(m);
}
END_TEST

/* What has come due by the time of an access, has happened before it. */
START_TEST(an_access_sees_what_was_due)
{
	struct machine *m = machine_create();

	program(m, 0, 0, 100);
	m->board.now += MS;
	in(m, 0x40);
	ck_assert_uint_eq(rises(m), 1);
	program(m, 0, 0, 100);
	m->board.now += MS;
	program(m, 0, 0, 100);
	ck_assert_uint_eq(rises(m), 2);
	ck_assert(!line(m));
	free(m);
}
END_TEST

START_TEST(a_stopped_timer_leaves_no_alarm)
{
	struct machine *m = machine_create();

	program(m, 0, 2, 1193);
	out(m, 0x43, 0x30);
	fake_pass(&m->board, 1000 * MS);
	ck_assert_uint_eq(m->board.nr_expired, 0);
	ck_assert_uint_eq(rises(m), 0);
	free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("i8254");
	TCase *tcase = tcase_create("i8254");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, the_clock_is_105_over_88_mhz);
	tcase_add_test(tcase, scaling_up_is_the_first_ns_of_a_tick);
	tcase_add_test(tcase, a_new_machine_is_silent);
	tcase_add_test(tcase, counters_are_apart);
	tcase_add_test(tcase, read_back_takes_the_counters_it_names);
	tcase_add_test(tcase, a_wide_access_is_byte_cycles);
	tcase_add_test(tcase, taken_ports_are_refused);
	tcase_add_test(tcase, R149_periodic_interrupts_come_on_the_grid);
	tcase_add_test(tcase, one_interrupt_at_terminal_count);
	tcase_add_test(tcase, a_strobe_interrupts_once);
	tcase_add_test(tcase, modes_that_need_a_trigger_never_interrupt);
	tcase_add_test(tcase, a_control_word_can_raise_the_line);
	tcase_add_test(tcase, R115_a_late_host_gives_one_interrupt);
	tcase_add_test(tcase, R116_a_short_period_is_slowed_down);
	tcase_add_test(tcase, an_access_sees_what_was_due);
	tcase_add_test(tcase, a_stopped_timer_leaves_no_alarm);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
