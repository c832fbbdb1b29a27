/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI fixed hardware: events, sleep, the power management timer and its interrupt, reset.
 * ACPI Specification, "ACPI Register Model", "Power Management Timer".
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"

#define SCI     9
#define BOOT_NS UINT64_C(5000000000)

struct machine {
	struct fake_board board;
	struct acpi_pm pm;
};

static int init(struct machine *machine, struct acpi_pm *pm)
{
	struct board_clock clock = fake_clock(&machine->board);

	return acpi_pm_init(pm, &machine->board.ports, fake_line(&machine->board, SCI), &clock,
			    fake_end_request(&machine->board));
}

static struct machine *machine_create(void)
{
	struct machine *machine = calloc(1, sizeof(*machine));

	ck_assert_ptr_nonnull(machine);
	machine->board.now = BOOT_NS;
	ck_assert_int_eq(init(machine, &machine->pm), 0);
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

START_TEST(acpi_events)
{
	struct machine *machine = machine_create();

	ck_assert_uint_eq(in(machine, 0x600, 4), 0);
	machine->pm.status = 0x0521;
	out(machine, 0x600, 2, 0x0120);
	ck_assert_uint_eq(in(machine, 0x600, 2), 0x0401);
	out(machine, 0x601, 1, 0x04);
	ck_assert_uint_eq(in(machine, 0x600, 2), 0x0001);
	out(machine, 0x602, 2, 0x0520);
	out(machine, 0x603, 1, 0x01);
	ck_assert_uint_eq(in(machine, 0x600, 4), 0x01200001);
	out(machine, 0x600, 4, 0x03000001);
	ck_assert_uint_eq(in(machine, 0x600, 4), 0x03000000);
	fake_expect_running(&machine->board);
	free(machine);
}
END_TEST

START_TEST(acpi_sleep)
{
	struct machine *machine = machine_create();

	ck_assert_uint_eq(in(machine, 0x604, 2), 0x0001);
	for (uint32_t type = 0; type < 8; type++) {
		out(machine, 0x604, 2, type << 10);
		fake_expect_running(&machine->board);
		ck_assert_uint_eq(in(machine, 0x604, 2), type << 10 | 1);
		out(machine, 0x604, 2, type << 10 | 0x2000);
		if (type == ACPI_S5_SLEEP_TYPE)
			fake_expect_end(&machine->board, END_POWER_OFF, 0);
		else
			fake_expect_running(&machine->board);
		ck_assert_uint_eq(in(machine, 0x604, 2), type << 10 | 1);
	}
	out(machine, 0x604, 2, 0x0006);
	ck_assert_msg(in(machine, 0x604, 2) == 0x0003, "GBL_RLS reads zero, BM_RLD is kept");
	out(machine, 0x604, 1, 0x20);
	fake_expect_running(&machine->board);
	out(machine, 0x605, 1, 0x20);
	fake_expect_end(&machine->board, END_POWER_OFF, 0);
	free(machine);
}
END_TEST

START_TEST(acpi_reset_register)
{
	struct machine *machine = machine_create();

	for (uint32_t value = 0; value < 0x100; value++) {
		out(machine, 0xcf9, 1, value);
		if (value & 4)
			fake_expect_end(&machine->board, value & 2 ? END_RESET : END_INIT, 0);
		else
			fake_expect_running(&machine->board);
		ck_assert_uint_eq(in(machine, 0xcf9, 1), value & ~4u);
	}
	free(machine);
}
END_TEST

/* 315/88 MHz, of which 32 bits are seen. */
START_TEST(the_timer_follows_the_clock)
{
	struct machine *machine = machine_create();
	uint32_t start = in(machine, 0x608, 4);

	for (uint64_t us = 0; us < 3000000; us += 997) {
		uint32_t ticks = in(machine, 0x608, 4) - start;

		ck_assert_uint_ge(ticks, us * 315 / 88);
		ck_assert_uint_le(ticks, us * 315 / 88 + 1);
		fake_pass(&machine->board, 997000);
		out(machine, 0x608, 4, 0);
	}
	ck_assert_uint_eq(in(machine, 0x608, 2), in(machine, 0x608, 4) & 0xffff);
	ck_assert_uint_eq(in(machine, 0x60a, 2), in(machine, 0x608, 4) >> 16);
	free(machine);
}
END_TEST

/* Until the timer's highest bit changes. */
static uint64_t ns_to_msb(struct machine *machine)
{
	uint64_t left = UINT64_C(0x80000000) - (in(machine, 0x608, 4) & 0x7fffffff);

	return left * 88000 / 315;
}

START_TEST(the_timers_highest_bit_sets_its_status)
{
	struct machine *machine = machine_create();
	uint64_t ns = ns_to_msb(machine);

	fake_pass(&machine->board, ns - 1000);
	ck_assert_uint_eq(in(machine, 0x600, 2), 0);
	fake_pass(&machine->board, 2000);
	ck_assert_uint_eq(in(machine, 0x600, 2), 1);
	ck_assert_uint_eq(machine->board.nr_expired, 0);
	ck_assert(!machine->board.level[SCI]);
	/* Enabled when it is there already, it interrupts at once, until it is cleared. */
	out(machine, 0x602, 2, 1);
	ck_assert(machine->board.level[SCI]);
	out(machine, 0x600, 2, 1);
	ck_assert(!machine->board.level[SCI]);
	ck_assert_uint_eq(in(machine, 0x600, 2), 0);
	free(machine);
}
END_TEST

START_TEST(the_timer_interrupts)
{
	struct machine *machine = machine_create();

	out(machine, 0x602, 2, 1);
	for (uint32_t i = 1; i <= 4; i++) {
		uint64_t ns = ns_to_msb(machine);

		fake_pass(&machine->board, ns - 1000);
		ck_assert(!machine->board.level[SCI]);
		fake_pass(&machine->board, 2000);
		ck_assert(machine->board.level[SCI]);
		ck_assert_uint_eq(machine->board.nr_expired, i);
		out(machine, 0x600, 2, 1);
		ck_assert(!machine->board.level[SCI]);
	}
	out(machine, 0x602, 2, 0);
	fake_pass(&machine->board, UINT64_C(3600000000000));
	ck_assert_uint_eq(machine->board.nr_expired, 4);
	free(machine);
}
END_TEST

START_TEST(taken_ports_are_refused)
{
	struct machine *machine = machine_create();
	struct acpi_pm second;

	ck_assert_int_eq(init(machine, &second), -EBUSY);
	free(machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("acpi_pm");
	TCase *tcase = tcase_create("acpi_pm");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, acpi_events);
	tcase_add_test(tcase, acpi_sleep);
	tcase_add_test(tcase, acpi_reset_register);
	tcase_add_test(tcase, the_timer_follows_the_clock);
	tcase_add_test(tcase, the_timers_highest_bit_sets_its_status);
	tcase_add_test(tcase, the_timer_interrupts);
	tcase_add_test(tcase, taken_ports_are_refused);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
