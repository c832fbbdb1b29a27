/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-time clock's three interrupts on one line.
 * Motorola MC146818 data sheet, "Interrupts", "Periodic Interrupt Selection", "Alarm Bytes".
 */
#include "tests/unit/rtc_fixture.h"

#define PIE 0x40
#define AIE 0x20
#define UIE 0x10
#define B   0x02 /* 24 hours, BCD */

/* An interrupt is there, of this and no other cause; C is read. */
static void expect_irq(struct machine *m, uint32_t flags)
{
	uint32_t c;

	ck_assert(line(m));
	c = get(m, 0x0c);
	ck_assert_msg((c & flags) == flags, "C %#x, not %#x", c, flags);
	ck_assert(c & 0x80);
	ck_assert(!line(m));
	ck_assert_uint_eq(get(m, 0x0c), 0);
}

START_TEST(flags_come_without_interrupts_too)
{
	struct machine *m = machine_create();

	fake_pass(&m->board, 749 * MS);
	ck_assert_uint_eq(get(m, 0x0c), 0x40);
	fake_pass(&m->board, 1 * MS);
	ck_assert_uint_eq(get(m, 0x0c), 0x50);
	ck_assert_uint_eq(m->board.nr_sets, 0);
	ck_assert_uint_eq(m->board.nr_expired, 0);
	/* Enabling what is there already, interrupts at once. */
	fake_pass(&m->board, 1 * SECOND);
	set(m, 0x0b, B | UIE);
	expect_irq(m, 0x10);
	free(m);
}
END_TEST

START_TEST(update_ended_comes_once_a_second)
{
	struct machine *m = machine_create();

	set(m, 0x0b, B | UIE);
	for (uint32_t i = 1; i <= 10; i++) {
		fake_pass(&m->board, i == 1 ? 749 * MS : 999 * MS);
		ck_assert(!line(m));
		fake_pass(&m->board, 1 * MS);
		expect_irq(m, 0x10);
		ck_assert_uint_eq(rises(m), i);
	}
	ck_assert_uint_eq(m->board.nr_expired, 10);
	set(m, 0x0b, B);
	fake_pass(&m->board, 10 * SECOND);
	ck_assert_uint_eq(m->board.nr_expired, 10);
	free(m);
}
END_TEST

START_TEST(periodic_rates)
{
	static const uint32_t hertz[16] = { 0,   256, 128, 8192, 4096, 2048, 1024, 512,
					    256, 128, 64,  32,   16,   8,    4,    2 };

	for (uint32_t rate = 0; rate < 16; rate++) {
		struct machine *m = machine_create();
		uint32_t count = 0;

		set(m, 0x0a, 0x20 | rate);
		set(m, 0x0b, B | PIE);
		/* Reading C in the middle of each of 8192 parts of a second. */
		for (uint32_t i = 0; i < 8192; i++) {
			fake_pass(&m->board, SECOND / 8192 + (i % 32 >= 10));
			count += (get(m, 0x0c) & 0xc0) == 0xc0;
		}
		ck_assert_msg(count >= hertz[rate] - (hertz[rate] > 0) && count <= hertz[rate] + 1,
			      "rate %u: %u", rate, count);
		ck_assert_uint_eq(rises(m), count);
		free(m);
	}
}
END_TEST

START_TEST(the_period_is_exact)
{
	struct machine *m = machine_create();

	set(m, 0x0b, B | PIE);
	/* 1024 Hz from the last second on, which was 250 ms before the start: the 257th is due. */
	for (uint64_t i = 257; i < 2257; i++) {
		uint64_t due = BOOT_NS - 250 * MS + (i * SECOND + 1023) / 1024;

		fake_pass(&m->board, due - 1 - m->board.now);
		ck_assert(!line(m));
		fake_pass(&m->board, 1);
		expect_irq(m, 0x40);
	}
	free(m);
}
END_TEST

START_TEST(a_late_host_or_guest_gets_one_interrupt)
{
	struct machine *m = machine_create();

	set(m, 0x0b, B | PIE | UIE);
	fake_oversleep(&m->board, 10 * SECOND);
	ck_assert_uint_eq(rises(m), 1);
	/* The guest takes its time: the line stays up, and no alarm is wasted on it. */
	fake_pass(&m->board, 100 * SECOND);
	ck_assert_uint_eq(rises(m), 1);
	ck_assert_uint_eq(m->board.nr_expired, 1);
	expect_irq(m, 0x50);
	fake_pass(&m->board, 1 * MS);
	expect_irq(m, 0x40);
	free(m);
}
END_TEST

START_TEST(alarms)
{
	/* clang-format off */
	static const struct {
		uint32_t alarm; /* hours, minutes, seconds; it is 22:58:57 and a quarter */
		uint32_t after, again; /* seconds, 0: never */
	} rows[] = {
		{ 0x225858, 1, 86400 },
		{ 0x225857, 86400, 86400 },
		{ 0x225856, 86399, 86400 },
		{ 0x230000, 63, 86400 },
		{ 0x000000, 3663, 86400 },
		{ 0xff0000, 63, 3600 },
		{ 0xffff00, 3, 60 },
		{ 0xffffff, 1, 1 },
		{ 0xc0c0c0, 1, 1 },
		{ 0x22ff00, 3, 82860 },
		{ 0x2258ff, 1, 1 },
		{ 0x000059, 3722, 86400 },
		{ 0x246000, 0, 0 },
		{ 0x226000, 0, 0 },
		{ 0x225860, 0, 0 },
	};
	/* clang-format on */

	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct machine *m = machine_create();

		set(m, 5, rows[i].alarm >> 16);
		set(m, 3, rows[i].alarm >> 8 & 0xff);
		set(m, 1, rows[i].alarm & 0xff);
		set(m, 0x0b, B | AIE);
		if (rows[i].after == 0) {
			fake_pass(&m->board, 200000 * SECOND);
			ck_assert_uint_eq(rises(m), 0);
			free(m);
			continue;
		}
		fake_pass(&m->board, (rows[i].after - 1) * SECOND + 749 * MS);
		ck_assert_msg(!line(m), "alarm %06x", rows[i].alarm);
		fake_pass(&m->board, 1 * MS);
		expect_irq(m, 0x20);
		fake_pass(&m->board, rows[i].again * SECOND - 1);
		ck_assert_msg(!line(m), "alarm %06x", rows[i].alarm);
		fake_pass(&m->board, 1);
		expect_irq(m, 0x20);
		ck_assert_uint_eq(m->board.nr_expired, 2);
		free(m);
	}
}
END_TEST

START_TEST(alarms_in_12_hours_and_binary)
{
	struct machine *m = machine_create();

	set(m, 0x0b, AIE); /* BCD, 12 hours */
	set_time(m, 0x115900);
	set(m, 5, 0x92); /* noon */
	set(m, 3, 0x00);
	set(m, 1, 0x01);
	fake_pass(&m->board, 59 * SECOND + 750 * MS);
	ck_assert(!line(m));
	fake_pass(&m->board, 1 * SECOND);
	expect_irq(m, 0x20);
	set(m, 0x0b, AIE | 0x06); /* binary, 24 hours */
	set_time(m, 0x173b3b);
	set(m, 5, 0);
	fake_pass(&m->board, 2 * SECOND);
	expect_irq(m, 0x20);
	free(m);
}
END_TEST

/* While the guest sets the time there are no updates: neither alarm nor update-ended. */
START_TEST(set_holds_alarms_back)
{
	struct machine *m = machine_create();

	set(m, 5, 0xff);
	set(m, 3, 0xff);
	set(m, 1, 0xff);
	set(m, 0x0b, B | 0x80 | AIE);
	fake_pass(&m->board, 10 * SECOND);
	ck_assert_uint_eq(rises(m), 0);
	set(m, 0x0b, B | AIE);
	fake_pass(&m->board, 1 * SECOND);
	expect_irq(m, 0x20);
	free(m);
}
END_TEST

/* Who polls C and finds it, gets no interrupt for it. */
START_TEST(reading_c_takes_what_was_due)
{
	struct machine *m = machine_create();

	set(m, 0x0b, B | UIE);
	fake_out(&m->board, 0x70, 1, 0x0c);
	m->board.now += SECOND;
	ck_assert_uint_eq(fake_in(&m->board, 0x71, 1) & 0x90, 0x90);
	fake_pass(&m->board, 0);
	ck_assert_uint_eq(rises(m), 0);
	fake_pass(&m->board, SECOND);
	expect_irq(m, 0x10);
	free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mc146818_irq");
	TCase *tcase = tcase_create("irq");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, flags_come_without_interrupts_too);
	tcase_add_test(tcase, update_ended_comes_once_a_second);
	tcase_add_test(tcase, periodic_rates);
	tcase_add_test(tcase, the_period_is_exact);
	tcase_add_test(tcase, a_late_host_or_guest_gets_one_interrupt);
	tcase_add_test(tcase, alarms);
	tcase_add_test(tcase, alarms_in_12_hours_and_binary);
	tcase_add_test(tcase, set_holds_alarms_back);
	tcase_add_test(tcase, reading_c_takes_what_was_due);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
