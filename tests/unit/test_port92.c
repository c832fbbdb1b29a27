/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0x92: INIT at a rising bit 0. Intel ICH data sheets, "PORT92 - Fast A20 and Init Register".
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/port92.h"

START_TEST(a_rising_bit_0_is_an_init)
{
	struct fake_board board = { .nr_ends = 0 };
	struct port92 port;

	ck_assert_int_eq(port92_init(&port, &board.ports, fake_end_request(&board)), 0);
	ck_assert_uint_eq(fake_in(&board, 0x92, 1), 0x02);
	fake_out(&board, 0x92, 1, 0x00);
	fake_out(&board, 0x92, 1, 0xfe);
	ck_assert_uint_eq(board.nr_ends, 0);
	ck_assert_uint_eq(fake_in(&board, 0x92, 1), 0x02);

	fake_out(&board, 0x92, 1, 0x01);
	ck_assert_uint_eq(board.nr_ends, 1);
	ck_assert_uint_eq(board.end_reason, END_INIT);
	fake_out(&board, 0x92, 1, 0x03);
	ck_assert_uint_eq(board.nr_ends, 1);
	ck_assert_uint_eq(fake_in(&board, 0x92, 1), 0x03);
	fake_out(&board, 0x92, 1, 0x02);
	fake_out(&board, 0x92, 1, 0x03);
	ck_assert_uint_eq(board.nr_ends, 2);
	ck_assert_int_eq(port92_init(&port, &board.ports, fake_end_request(&board)), -EBUSY);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("port92");
	TCase *tcase = tcase_create("port92");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, a_rising_bit_0_is_an_init);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
