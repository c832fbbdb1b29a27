/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-time clock: time of day, update cycle, CMOS memory.
 * Motorola MC146818 data sheet, "Time, Calendar, and Alarm Locations", "Update Cycle", "Registers".
 */
#include <errno.h>

#include "tests/unit/rtc_fixture.h"

/* ---- time of day ----------------------------------------------------------------------------- */

START_TEST(it_comes_up_with_the_hosts_time)
{
	struct machine *m = machine_create();

	ck_assert_uint_eq(get(m, 0x0a), 0x26);
	ck_assert_uint_eq(get(m, 0x0b), 0x02);
	ck_assert_uint_eq(get(m, 0x0c), 0x00);
	ck_assert_uint_eq(get(m, 0x0d), 0x80);
	expect_time(m, 0x225857);
	expect_date(m, 0x20241012);
	ck_assert_uint_eq(get(m, 6), 7);
	ck_assert_uint_eq(m->board.nr_sets, 0);
	free(m);
}
END_TEST

START_TEST(seconds_change_with_the_hosts)
{
	struct machine *m = machine_create();

	fake_pass(&m->board, 749 * MS);
	expect_time(m, 0x225857);
	fake_pass(&m->board, 1 * MS);
	expect_time(m, 0x225858);
	fake_pass(&m->board, 63 * SECOND);
	expect_time(m, 0x230001);
	fake_pass(&m->board, 3600 * SECOND);
	expect_time(m, 0x000001);
	expect_date(m, 0x20241013);
	ck_assert_uint_eq(get(m, 6), 1);
	ck_assert_uint_eq(m->board.nr_expired, 0);
	free(m);
}
END_TEST

START_TEST(dates_roll_over)
{
	/* clang-format off */
	static const struct {
		uint32_t from, to;
	} rows[] = {
		{ 0x20240131, 0x20240201 },
		{ 0x20240228, 0x20240229 },
		{ 0x20240229, 0x20240301 },
		{ 0x20230228, 0x20230301 },
		{ 0x20000228, 0x20000229 },
		{ 0x21000228, 0x21000301 },
		{ 0x20240430, 0x20240501 },
		{ 0x19991231, 0x20000101 },
		{ 0x00991231, 0x01000101 },
		{ 0x99991231, 0x00000101 },
	};
	/* clang-format on */
	struct machine *m = machine_create();

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_date(m, rows[i].from);
		set_time(m, 0x235959);
		set(m, 6, i % 7 + 1);
		fake_pass(&m->board, SECOND);
		expect_time(m, 0x000000);
		expect_date(m, rows[i].to);
		ck_assert_uint_eq(get(m, 6), (i + 1) % 7 + 1);
	}
	free(m);
}
END_TEST

START_TEST(twelve_hours_binary_and_bcd)
{
	/* clang-format off */
	static const struct {
		uint8_t b;
		uint32_t from, to;
	} rows[] = {
		{ 0x00, 0x115959, 0x920000 },
		{ 0x00, 0x915959, 0x120000 },
		{ 0x00, 0x125959, 0x010000 },
		{ 0x00, 0x925959, 0x810000 },
		{ 0x02, 0x095959, 0x100000 },
		{ 0x04, 0x0b3b3b, 0x8c0000 },
		{ 0x04, 0x8b3b3b, 0x0c0000 },
		{ 0x06, 0x0b3b3b, 0x0c0000 },
		{ 0x06, 0x173b3b, 0x000000 },
	};
	/* clang-format on */
	struct machine *m = machine_create();

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(m, 0x0b, rows[i].b);
		set_time(m, rows[i].from);
		fake_pass(&m->board, SECOND);
		expect_time(m, rows[i].to);
	}
	free(m);
}
END_TEST

/* Whatever stands there, a day later it is a time of day and a date. */
START_TEST(nonsense_becomes_a_date)
{
	struct machine *m = machine_create();
	uint32_t random = 1;

	for (uint32_t i = 0; i < 5000; i++) {
		uint32_t limit = i & 1 ? 0x9a : 100;

		set(m, 0x0b, i & 1 ? 0x02 : 0x06);
		for (uint32_t reg = 0; reg <= 9; reg++)
			set(m, reg, fake_random(&random) & 0xff);
		set(m, 0x32, fake_random(&random) & 0xff);
		fake_pass(&m->board, (86400 + fake_random(&random) % 100000) * SECOND);
		ck_assert_uint_lt(get(m, 0), limit);
		ck_assert_uint_lt(get(m, 4), limit);
		ck_assert(get(m, 8) >= 1 && get(m, 8) <= (i & 1 ? 0x12 : 12));
		ck_assert(get(m, 7) >= 1 && get(m, 7) <= (i & 1 ? 0x31 : 31));
		ck_assert(get(m, 6) >= 1 && get(m, 6) <= 7);
	}
	free(m);
}
END_TEST

/* ---- update cycle ---------------------------------------------------------------------------- */

START_TEST(uip_is_up_before_an_update)
{
	struct machine *m = machine_create();

	fake_pass(&m->board, 747 * MS);
	ck_assert_uint_eq(get(m, 0x0a), 0x26);
	fake_pass(&m->board, 1 * MS);
	ck_assert_uint_eq(get(m, 0x0a), 0xa6);
	fake_pass(&m->board, 1999999);
	ck_assert_uint_eq(get(m, 0x0a), 0xa6);
	expect_time(m, 0x225857);
	fake_pass(&m->board, 1);
	ck_assert_uint_eq(get(m, 0x0a), 0x26);
	expect_time(m, 0x225858);
	/* It cannot be written. */
	set(m, 0x0a, 0xff & ~0x50);
	ck_assert_uint_eq(get(m, 0x0a), 0x2f);
	free(m);
}
END_TEST

START_TEST(set_stops_updates)
{
	struct machine *m = machine_create();

	set(m, 0x0b, 0x92);
	ck_assert_msg(get(m, 0x0b) == 0x82, "SET clears UIE");
	fake_pass(&m->board, 10 * SECOND + 749 * MS);
	expect_time(m, 0x225857);
	ck_assert_uint_eq(get(m, 0x0a), 0x26);
	ck_assert_uint_eq(get(m, 0x0c) & 0x10, 0);
	set_time(m, 0x010203);
	set(m, 0x0b, 0x02);
	expect_time(m, 0x010203);
	/* The divider chain has gone on. */
	fake_pass(&m->board, 1 * MS);
	expect_time(m, 0x010204);
	free(m);
}
END_TEST

START_TEST(a_divider_reset_moves_the_seconds)
{
	struct machine *m = machine_create();

	set(m, 0x0a, 0x66);
	fake_pass(&m->board, 10 * SECOND);
	expect_time(m, 0x225857);
	ck_assert_uint_eq(get(m, 0x0c), 0);
	set(m, 0x0a, 0x26);
	fake_pass(&m->board, 499 * MS);
	expect_time(m, 0x225857);
	fake_pass(&m->board, 1 * MS);
	expect_time(m, 0x225858);
	fake_pass(&m->board, 1 * SECOND);
	expect_time(m, 0x225859);
	free(m);
}
END_TEST

/* ---- ports, memory --------------------------------------------------------------------------- */

START_TEST(memory_keeps_what_is_written)
{
	struct machine *m = machine_create();

	for (uint32_t reg = 0x0e; reg < 0x80; reg++)
		if (reg != 0x32)
			set(m, reg, reg ^ 0xa5);
	for (uint32_t reg = 0x0e; reg < 0x80; reg++)
		if (reg != 0x32)
			ck_assert_uint_eq(get(m, reg), reg ^ 0xa5);
	/* C and D are read-only, bit 7 of the seconds too. */
	set(m, 0x0c, 0xff);
	set(m, 0x0d, 0x00);
	set(m, 0x00, 0xd5);
	ck_assert_uint_eq(get(m, 0x0c), 0);
	ck_assert_uint_eq(get(m, 0x0d), 0x80);
	ck_assert_uint_eq(get(m, 0x00), 0x55);
	free(m);
}
END_TEST

START_TEST(the_index_keeps_the_nmi_mask)
{
	struct machine *m = machine_create();

	set(m, 0x8e, 0x11);
	ck_assert_uint_eq(fake_in(&m->board, 0x70, 1), 0x8e);
	ck_assert_uint_eq(get(m, 0x0e), 0x11);
	ck_assert_uint_eq(fake_in(&m->board, 0x70, 1), 0x0e);
	free(m);
}
END_TEST

START_TEST(a_wide_access_is_byte_cycles)
{
	struct machine *m = machine_create();

	fake_out(&m->board, 0x70, 2, 0x770f);
	ck_assert_uint_eq(fake_in(&m->board, 0x70, 2), 0x770f);
	ck_assert_uint_eq(fake_in(&m->board, 0x71, 2), 0xffff);
	free(m);
}
END_TEST

START_TEST(ram_is_told_as_firmware_does)
{
	/* clang-format off */
	static const struct {
		uint64_t low, high;
		uint32_t extended, above_16m, above_4g;
	} rows[] = {
		{ UINT64_C(0x100000), 0, 0, 0, 0 },
		{ UINT64_C(0x800000), 0, 0x1c00, 0, 0 },
		{ UINT64_C(0x8000000), 0, 0xffff, 0x700, 0 },
		{ UINT64_C(0xc0000000), UINT64_C(0x80000000), 0xffff, 0xbf00, 0x8000 },
		{ UINT64_C(0xc0000000), UINT64_MAX, 0xffff, 0xbf00, 0xffffff },
	};
	/* clang-format on */
	struct machine *m = machine_create();

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t sum = 0;

		mc146818_set_memory(&m->rtc, rows[i].low, rows[i].high);
		ck_assert_uint_eq(get(m, 0x15) | get(m, 0x16) << 8, 640);
		ck_assert_uint_eq(get(m, 0x17) | get(m, 0x18) << 8, rows[i].extended);
		ck_assert_uint_eq(get(m, 0x30) | get(m, 0x31) << 8, rows[i].extended);
		ck_assert_uint_eq(get(m, 0x34) | get(m, 0x35) << 8, rows[i].above_16m);
		ck_assert_uint_eq(get(m, 0x5b) | get(m, 0x5c) << 8 | get(m, 0x5d) << 16,
				  rows[i].above_4g);
		for (uint32_t reg = 0x10; reg <= 0x2d; reg++)
			sum += get(m, reg);
		ck_assert_uint_eq(get(m, 0x2e) << 8 | get(m, 0x2f), sum);
	}
	free(m);
}
END_TEST

START_TEST(taken_ports_are_refused)
{
	struct machine *m = machine_create();
	struct board_clock clock = fake_clock(&m->board);
	struct mc146818 rtc;

	ck_assert_int_eq(mc146818_init(&rtc, &m->board.ports, fake_line(&m->board, 0), &clock, 0),
			 -EBUSY);
	free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mc146818");
	TCase *time = tcase_create("time");
	TCase *memory = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(time, it_comes_up_with_the_hosts_time);
	tcase_add_test(time, seconds_change_with_the_hosts);
	tcase_add_test(time, dates_roll_over);
	tcase_add_test(time, twelve_hours_binary_and_bcd);
	tcase_add_test(time, nonsense_becomes_a_date);
	tcase_add_test(time, uip_is_up_before_an_update);
	tcase_add_test(time, set_stops_updates);
	tcase_add_test(time, a_divider_reset_moves_the_seconds);
	tcase_add_test(memory, memory_keeps_what_is_written);
	tcase_add_test(memory, the_index_keeps_the_nmi_mask);
	tcase_add_test(memory, a_wide_access_is_byte_cycles);
	tcase_add_test(memory, ram_is_told_as_firmware_does);
	tcase_add_test(memory, taken_ports_are_refused);
	suite_add_tcase(suite, time);
	suite_add_tcase(suite, memory);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
