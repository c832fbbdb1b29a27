/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard controller: its commands, and a driver's search for things plugged in.
 * IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"

enum {
	KBC_FULL = 0x01,
	KBC_SYSTEM = 0x04,
	KBC_COMMAND = 0x08,
	KBC_UNLOCKED = 0x10,
	KBC_AUX_FULL = 0x20,
	KBC_TIMEOUT = 0x40,
};

struct machine {
	struct fake_board board;
	struct i8042 kbc;
};

static struct machine *machine_create(void)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	ck_assert_ptr_nonnull(machine);
	ck_assert_int_eq(
		i8042_init(&machine->kbc, &machine->board.ports, fake_end_request(&machine->board)),
		0);
	return machine;
}

static void out(struct machine *machine, uint16_t port, uint32_t len, uint32_t value)
{
	fake_out(&machine->board, port, len, value);
}

static uint32_t in(struct machine *machine, uint16_t port, uint32_t len)
{
	return fake_in(&machine->board, port, len);
}

/* A command's answer: there at once, with the status bits given, and gone when read. */
static uint8_t kbc_answer(struct machine *machine, uint8_t flags)
{
	uint8_t value;

	ck_assert_uint_eq(in(machine, 0x64, 1) & (KBC_FULL | KBC_AUX_FULL | KBC_TIMEOUT),
			  KBC_FULL | flags);
	value = (uint8_t)in(machine, 0x60, 1);
	ck_assert_uint_eq(in(machine, 0x64, 1) & (KBC_FULL | KBC_AUX_FULL | KBC_TIMEOUT), 0);
	return value;
}

START_TEST(kbc_reset_state)
{
	struct machine *machine = machine_create();

	ck_assert_uint_eq(in(machine, 0x64, 1), KBC_SYSTEM | KBC_UNLOCKED);
	out(machine, 0x64, 1, 0x20);
	ck_assert_uint_eq(in(machine, 0x64, 1), KBC_SYSTEM | KBC_UNLOCKED | KBC_COMMAND | KBC_FULL);
	ck_assert_uint_eq(kbc_answer(machine, 0), 0x65);
	free(machine);
}
END_TEST

START_TEST(kbc_command_byte)
{
	struct machine *machine = machine_create();

	out(machine, 0x64, 1, 0x60);
	out(machine, 0x60, 1, 0x40);
	ck_assert_uint_eq(in(machine, 0x64, 1), KBC_UNLOCKED);
	out(machine, 0x64, 1, 0x20);
	ck_assert_msg(kbc_answer(machine, 0) == 0x60, "the second port's clock has to stay off");
	out(machine, 0x64, 1, 0xad);
	out(machine, 0x64, 1, 0x20);
	ck_assert_uint_eq(kbc_answer(machine, 0), 0x70);
	out(machine, 0x64, 1, 0xae);
	out(machine, 0x64, 1, 0xa8);
	out(machine, 0x64, 1, 0x20);
	ck_assert_uint_eq(kbc_answer(machine, 0), 0x60);
	fake_expect_running(&machine->board);
	free(machine);
}
END_TEST

START_TEST(kbc_answers)
{
	struct machine *machine = machine_create();
	/* clang-format off */
	static const struct {
		uint8_t command;
		uint8_t answer;
	} rows[] = {
		{ 0xaa, 0x55 },
		{ 0xab, 0x00 },
		{ 0xa9, 0x01 },
		{ 0xc0, 0x80 },
		{ 0xd0, 0x03 },
		{ 0xe0, 0x00 },
		{ 0x21, 0x00 },
		{ 0x3f, 0x00 },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out(machine, 0x64, 1, rows[i].command);
		ck_assert_msg(kbc_answer(machine, 0) == rows[i].answer, "command %#x",
			      rows[i].command);
	}
	fake_expect_running(&machine->board);
	free(machine);
}
END_TEST

/* Linux looks for a mouse port: the loop-back is not flagged as one's, the test finds none. */
START_TEST(kbc_has_nothing_plugged_in)
{
	struct machine *machine = machine_create();

	out(machine, 0x64, 1, 0xd3);
	out(machine, 0x60, 1, 0x5a);
	ck_assert_uint_eq(kbc_answer(machine, 0), 0x5a);
	out(machine, 0x64, 1, 0xd2);
	out(machine, 0x60, 1, 0xa5);
	ck_assert_uint_eq(kbc_answer(machine, 0), 0xa5);
	out(machine, 0x60, 1, 0xff);
	ck_assert_msg(kbc_answer(machine, KBC_TIMEOUT) == 0xfe, "keyboard reset");
	out(machine, 0x64, 1, 0xd4);
	out(machine, 0x60, 1, 0xff);
	ck_assert_msg(kbc_answer(machine, KBC_TIMEOUT | KBC_AUX_FULL) == 0xfe, "mouse reset");
	fake_expect_running(&machine->board);
	free(machine);
}
END_TEST

START_TEST(kbc_commands_that_reset)
{
	struct machine *machine = machine_create();

	for (uint32_t command = 0; command < 0x100; command++) {
		out(machine, 0x64, 1, command);
		if (command >= 0xf0 && !(command & 1))
			fake_expect_end(&machine->board, END_INIT, 0);
		else
			fake_expect_running(&machine->board);
	}
	for (uint32_t value = 0; value < 0x100; value++) {
		out(machine, 0x64, 1, 0xd1);
		out(machine, 0x60, 1, value);
		if (!(value & 1))
			fake_expect_end(&machine->board, END_INIT, 0);
		else
			fake_expect_running(&machine->board);
	}
	out(machine, 0x60, 1, 0);
	fake_expect_running(&machine->board);
	free(machine);
}
END_TEST

START_TEST(kbc_command_takes_the_place_of_another)
{
	struct machine *machine = machine_create();

	out(machine, 0x64, 1, 0xd1);
	out(machine, 0x64, 1, 0xae);
	out(machine, 0x60, 1, 0x24);
	ck_assert_msg(kbc_answer(machine, KBC_TIMEOUT) == 0xfe, "the byte was the keyboard's");
	out(machine, 0x64, 1, 0xd1);
	out(machine, 0x64, 1, 0x60);
	out(machine, 0x60, 1, 0x24);
	fake_expect_running(&machine->board);
	out(machine, 0x64, 1, 0x20);
	ck_assert_uint_eq(kbc_answer(machine, 0), 0x24);
	free(machine);
}
END_TEST

START_TEST(kbc_taken_ports_are_refused)
{
	struct machine *machine = machine_create();
	struct i8042 second;

	ck_assert_int_eq(
		i8042_init(&second, &machine->board.ports, fake_end_request(&machine->board)),
		-EBUSY);
	free(machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("i8042");
	TCase *tcase = tcase_create("i8042");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, kbc_reset_state);
	tcase_add_test(tcase, kbc_command_byte);
	tcase_add_test(tcase, kbc_answers);
	tcase_add_test(tcase, kbc_has_nothing_plugged_in);
	tcase_add_test(tcase, kbc_commands_that_reset);
	tcase_add_test(tcase, kbc_command_takes_the_place_of_another);
	tcase_add_test(tcase, kbc_taken_ports_are_refused);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
