/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The small devices of the board: debug exit, fw_cfg, test device.
 * QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device".
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"

#define NR_CPUS  260
#define RAM_SIZE UINT64_C(0x123456789000)

struct machine {
	struct fake_board board;
	struct debug_exit debug_exit;
	struct fw_cfg fw;
	struct test_device test;
};

static struct machine *machine_create(void)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	struct bus *ports;
	struct end_request end;

	ck_assert_ptr_nonnull(machine);
	ports = &machine->board.ports;
	end = fake_end_request(&machine->board);
	ck_assert_int_eq(debug_exit_init(&machine->debug_exit, ports, end), 0);
	ck_assert_int_eq(fw_cfg_init(&machine->fw, ports, NR_CPUS, RAM_SIZE), 0);
	ck_assert_int_eq(test_device_init(&machine->test, ports, fake_line(&machine->board, 0),
					  fake_send_msi),
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

START_TEST(debug_exit_takes_any_width)
{
	struct machine *machine = machine_create();

	out(machine, 0xf4, 1, 0x31);
	fake_expect_end(&machine->board, END_DEBUG_EXIT, 0x31);
	out(machine, 0xf4, 2, 0x1234);
	fake_expect_end(&machine->board, END_DEBUG_EXIT, 0x1234);
	out(machine, 0xf4, 4, 0);
	fake_expect_end(&machine->board, END_DEBUG_EXIT, 0);
	ck_assert_uint_eq(in(machine, 0xf4, 1), 0xff);
	fake_expect_running(&machine->board);
	free(machine);
}
END_TEST

static uint64_t fw_cfg_bytes(struct machine *machine, uint16_t key, int count)
{
	uint64_t value = 0;

	out(machine, 0x510, 2, key);
	for (int i = 0; i < count; i++)
		value |= (uint64_t)in(machine, 0x511, 1) << (8 * i);
	return value;
}

START_TEST(fw_cfg_items)
{
	struct machine *machine = machine_create();

	out(machine, 0x510, 2, 0);
	ck_assert_uint_eq(in(machine, 0x511, 1), 'Q');
	ck_assert_uint_eq(in(machine, 0x511, 1), 'E');
	ck_assert_uint_eq(in(machine, 0x511, 1), 'M');
	ck_assert_uint_eq(in(machine, 0x511, 1), 'U');
	ck_assert_uint_eq(in(machine, 0x511, 1), 0);
	ck_assert_uint_eq(fw_cfg_bytes(machine, 0x01, 8), 1);
	ck_assert_uint_eq(fw_cfg_bytes(machine, 0x03, 8), RAM_SIZE);
	ck_assert_uint_eq(fw_cfg_bytes(machine, 0x05, 8), NR_CPUS);
	ck_assert_uint_eq(fw_cfg_bytes(machine, 0x0f, 8), NR_CPUS);
	ck_assert_uint_eq(fw_cfg_bytes(machine, 0x03, 8), RAM_SIZE);
	free(machine);
}
END_TEST

START_TEST(fw_cfg_has_nothing_else)
{
	struct machine *machine = machine_create();

	for (uint32_t key = 0; key < 0x10000; key++) {
		if (key != 0x00 && key != 0x01 && key != 0x03 && key != 0x05 && key != 0x0f)
			ck_assert_uint_eq(fw_cfg_bytes(machine, (uint16_t)key, 2), 0);
	}
	ck_assert_uint_eq(fw_cfg_bytes(machine, 0x03, 8), RAM_SIZE);
	for (int i = 0; i < 300; i++)
		ck_assert_msg(in(machine, 0x511, 1) == 0, "the end of an item came round again");
	free(machine);
}
END_TEST

START_TEST(fw_cfg_odd_accesses)
{
	struct machine *machine = machine_create();

	out(machine, 0x510, 2, 0x05);
	out(machine, 0x510, 1, 0x00);
	out(machine, 0x511, 1, 0x00);
	ck_assert_uint_eq(in(machine, 0x510, 1), 0xff);
	ck_assert_uint_eq(in(machine, 0x510, 2), 0xffff);
	ck_assert_uint_eq(in(machine, 0x511, 1), NR_CPUS & 0xff);
	ck_assert_uint_eq(in(machine, 0x511, 1), NR_CPUS >> 8);
	free(machine);
}
END_TEST

START_TEST(test_device_drives_pins)
{
	struct machine *machine = machine_create();

	for (uint16_t pin = 0; pin < 24; pin++) {
		out(machine, 0x2000 + pin, 1, 1);
		ck_assert(machine->board.level[pin]);
		out(machine, 0x2000 + pin, 4, 0);
		ck_assert(!machine->board.level[pin]);
		out(machine, 0x2000 + pin, 4, 0x100);
		ck_assert_uint_eq(machine->board.rises[pin], 2);
		ck_assert_uint_eq(machine->board.source, 7);
	}
	for (uint16_t port = 0x2018; port < 0x2060; port++)
		out(machine, port, 1, 1);
	for (int pin = 0; pin < 24; pin++)
		ck_assert_uint_eq(machine->board.rises[pin], 2);
	ck_assert_uint_eq(in(machine, 0x2000, 1), 0xff);
	free(machine);
}
END_TEST

START_TEST(test_device_sends_msis)
{
	struct machine *machine = machine_create();

	out(machine, 0x2040, 4, 0xfee01004);
	out(machine, 0x2044, 4, 0x00000300);
	ck_assert_uint_eq(machine->board.nr_msis, 0);
	out(machine, 0x2048, 2, 0x41);
	ck_assert_uint_eq(machine->board.nr_msis, 0);
	out(machine, 0x2048, 4, 0x8041);
	ck_assert_uint_eq(machine->board.nr_msis, 1);
	ck_assert_uint_eq(machine->board.msi_address, UINT64_C(0x300fee01004));
	ck_assert_uint_eq(machine->board.msi_data, 0x8041);
	ck_assert_uint_eq(in(machine, 0x2040, 4), 0xfee01004);
	ck_assert_uint_eq(in(machine, 0x2044, 4), 0x300);
	out(machine, 0x2040, 4, 0xfee00000);
	out(machine, 0x2048, 4, 0x42);
	ck_assert_uint_eq(machine->board.msi_address, UINT64_C(0x300fee00000));
	ck_assert_uint_eq(machine->board.nr_msis, 2);
	free(machine);
}
END_TEST

START_TEST(taken_ports_are_refused)
{
	struct machine *machine = machine_create();
	struct machine second = { 0 };
	struct bus *ports = &machine->board.ports;
	struct end_request end = fake_end_request(&machine->board);

	ck_assert_int_eq(debug_exit_init(&second.debug_exit, ports, end), -EBUSY);
	ck_assert_int_eq(fw_cfg_init(&second.fw, ports, 1, 0), -EBUSY);
	ck_assert_int_eq(
		test_device_init(&second.test, ports, fake_line(&machine->board, 0), fake_send_msi),
		-EBUSY);
	free(machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("devices");
	TCase *tcase = tcase_create("devices");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, debug_exit_takes_any_width);
	tcase_add_test(tcase, fw_cfg_items);
	tcase_add_test(tcase, fw_cfg_has_nothing_else);
	tcase_add_test(tcase, fw_cfg_odd_accesses);
	tcase_add_test(tcase, test_device_drives_pins);
	tcase_add_test(tcase, test_device_sends_msis);
	tcase_add_test(tcase, taken_ports_are_refused);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
