/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts of an 8254 counter, written and read in every format.
 * Intel 8254 Programmable Interval Timer data sheet, "Write Operations", "Read Operations".
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/i8254_fixture.h"

START_TEST(zero_is_the_largest_count)
{
	struct i8254_counter c = counter(BOTH | 0x4, true);

	i8254_counter_write(&c, START, 0);
	i8254_counter_write(&c, START, 0);
	ck_assert_uint_eq(count_at(&c, START + 1), 0);
	ck_assert_uint_eq(count_at(&c, START + 2), 0xffff);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START), START + 1 + 0x10000);
	c = counter(BOTH | 0x5, true);
	i8254_counter_write(&c, START, 0);
	i8254_counter_write(&c, START, 0);
	ck_assert_uint_eq(count_at(&c, START + 1), 0);
	ck_assert_uint_eq(count_at(&c, START + 2), 0x9999);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START), START + 1 + 10000);
}
END_TEST

START_TEST(bcd_counts_in_decimal)
{
	struct i8254_counter c = counter(BOTH | 0x1, true);

	i8254_counter_write(&c, START, 0x00);
	i8254_counter_write(&c, START, 0x12);
	ck_assert_uint_eq(count_at(&c, START + 1), 0x1200);
	ck_assert_uint_eq(count_at(&c, START + 2), 0x1199);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START), START + 1 + 1200);
	ck_assert_uint_eq(count_at(&c, START + 1 + 1201), 0x9999);
}
END_TEST

START_TEST(one_byte_counts)
{
	struct i8254_counter c = counter(MSB | 0x4, true);

	i8254_counter_write(&c, START, 2);
	ck_assert_int_eq(i8254_counter_next_rise(&c, START), START + 1 + 0x200);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 1), 2);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 2), 1);
	c = counter(LSB | 0x4, true);
	i8254_counter_write(&c, START, 2);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 1), 2);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 2), 1);
}
END_TEST

START_TEST(a_latch_holds_until_it_is_read)
{
	struct i8254_counter c = counter(BOTH | 0x4, true);

	i8254_counter_write(&c, START, 0x00);
	i8254_counter_write(&c, START, 0x40);
	i8254_counter_latch(&c, START + 1 + 0x123);
	i8254_counter_latch(&c, START + 1 + 0x200);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 0x300), 0x4000 - 0x123 - 0x3e00);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 0x300), 0x3e);
	/* Then the bytes are live again, the low one first. */
	ck_assert_uint_eq(i8254_counter_read(&c, START + 1 + 0x234), 0x4000 - 0x234 - 0x3d00);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 1 + 0x240), 0x3d);
	/* A control word forgets it. */
	i8254_counter_latch(&c, START + 0x300);
	i8254_counter_control(&c, LSB | 0x4);
	i8254_counter_write(&c, START + 0x310, 9);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 0x311), 9);
}
END_TEST

START_TEST(status_comes_before_the_count)
{
	struct i8254_counter c = counter(BOTH | 0x4, true);

	ck_assert_uint_eq(status_at(&c, START), 0xf4);
	i8254_counter_write(&c, START, 0x34);
	i8254_counter_write(&c, START, 0x12);
	i8254_counter_latch_status(&c, START);
	i8254_counter_latch(&c, START + 1);
	i8254_counter_latch_status(&c, START + 1);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 5), 0xf4);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 5), 0x34);
	ck_assert_uint_eq(i8254_counter_read(&c, START + 5), 0x12);
	ck_assert_uint_eq(status_at(&c, START + 1), 0xb4);
	ck_assert_uint_eq(status_at(&c, START + 0x1234), 0x34);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("i8254_counts");
	TCase *tcase = tcase_create("i8254_counts");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, zero_is_the_largest_count);
	tcase_add_test(tcase, bcd_counts_in_decimal);
	tcase_add_test(tcase, one_byte_counts);
	tcase_add_test(tcase, a_latch_holds_until_it_is_read);
	tcase_add_test(tcase, status_comes_before_the_count);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
