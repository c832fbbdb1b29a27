/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0x61: counter 2's gate and output, and the refresh bit.
 * Intel 82371 (PIIX) data sheet, "NMI Status and Control Register".
 */
#include <errno.h>

#include "tests/unit/pit_fixture.h"

START_TEST(port61_gates_counter_2)
{
	struct machine *m = machine_create();

	program(m, 2, 0, 11932);
	fake_pass(&m->board, 100 * MS);
	ck_assert_uint_eq(in(m, 0x61) & 0x20, 0);
	out(m, 0x61, 1);
	pass_ticks(m, 11930);
	ck_assert_uint_eq(in(m, 0x61) & 0x21, 0x01);
	pass_ticks(m, 4);
	ck_assert_uint_eq(in(m, 0x61) & 0x21, 0x21);
	out(m, 0x61, 0);
	ck_assert_uint_eq(in(m, 0x61) & 0x21, 0x20);
	ck_assert_uint_eq(rises(m), 0);
	free(m);
}
END_TEST

START_TEST(port61_keeps_its_four_bits)
{
	struct machine *m = machine_create();

	for (uint32_t value = 0; value < 0x100; value++) {
		out(m, 0x61, value);
		ck_assert_uint_eq(in(m, 0x61) & 0xcf, value & 0x0f);
	}
	free(m);
}
END_TEST

START_TEST(port61_shows_the_refresh)
{
	struct machine *m = machine_create();
	uint32_t changes = 0;
	uint32_t last = in(m, 0x61) & 0x10;

	/* 105/88 MHz / 18 in a ms, looked at once a us */
	for (uint32_t us = 0; us < 1000; us++) {
		fake_pass(&m->board, 1000);
		changes += (in(m, 0x61) & 0x10) != last;
		last = in(m, 0x61) & 0x10;
	}
	ck_assert_uint_ge(changes, 65);
	ck_assert_uint_le(changes, 67);
	free(m);
}
END_TEST

START_TEST(a_taken_port_is_refused)
{
	struct machine *m = machine_create();
	struct board_clock clock = fake_clock(&m->board);
	struct port61 second;

	ck_assert_int_eq(port61_init(&second, &m->board.ports, &m->pit, &clock), -EBUSY);
	free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("port61");
	TCase *tcase = tcase_create("port61");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, port61_gates_counter_2);
	tcase_add_test(tcase, port61_keeps_its_four_bits);
	tcase_add_test(tcase, port61_shows_the_refresh);
	tcase_add_test(tcase, a_taken_port_is_refused);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
