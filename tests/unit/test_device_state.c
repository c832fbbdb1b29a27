/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices saved and restored: the new one answers as the old one would have, and a state that
 * cannot be is refused. docs/architecture.md, "Saving and restoring".
 */
#include "tests/unit/serial_fixture.h"

#include "vmm/devices/device_state.h"
#include "vmm/devices/echo_device.h"
#include "vmm/devices/port92.h"

typedef void (*save_fn)(void *device, struct state_writer *out);
typedef void (*restore_fn)(void *device, struct state_reader *in);

/* From one device to the other; every cut of the state has to be noticed. */
static void carry(save_fn save, restore_fn restore, void *from, void *to)
{
	struct state_writer out = { .data = NULL };
	struct state_reader in;

	save(from, &out);
	ck_assert(!out.failed);
	ck_assert_uint_gt(out.size, 0);
	for (size_t cut = 0; cut < out.size; cut++) {
		in = (struct state_reader){ .data = out.data, .size = cut };
		restore(to, &in);
		ck_assert(!state_reader_done(&in));
	}
	in = (struct state_reader){ .data = out.data, .size = out.size };
	restore(to, &in);
	ck_assert(state_reader_done(&in));
	state_writer_free(&out);
}

START_TEST(serial_keeps_registers_and_bytes)
{
	struct com1 *old = com1_create();
	struct com1 *new = com1_create();

	out(old, FCR, FCR_ON);
	out(old, MCR, MCR_OUT2 | MCR_RTS);
	out(old, LCR, LCR_DLAB | 3);
	out(old, DATA, 0x21);
	out(old, LCR, 3);
	out(old, SCR, 0x5a);
	out(old, IER, IER_RX);
	ck_assert_uint_eq(feed(old, 'a', 5), 5);
	ck_assert_uint_eq(in(old, DATA), 'a');
	ck_assert(irq(old));
	carry(serial_save, serial_restore, old->serial, new->serial);
	ck_assert(irq(new));
	ck_assert_uint_eq(in(new, SCR), 0x5a);
	ck_assert_uint_eq(in(new, IER), IER_RX);
	ck_assert_uint_eq(in(new, MCR), MCR_OUT2 | MCR_RTS);
	ck_assert_uint_eq(in(new, IIR), in(old, IIR));
	for (char c = 'b'; c <= 'e'; c++)
		ck_assert_uint_eq(in(new, DATA), (uint8_t)c);
	ck_assert(!irq(new));
	out(new, LCR, LCR_DLAB | 3);
	ck_assert_uint_eq(in(new, DATA), 0x21);
	com1_destroy(old);
	com1_destroy(new);
}
END_TEST

static void count_space(void *counter)
{
	(*(uint32_t *)counter)++;
}

/* D95: what a reset of the FIFO threw away is still to come, without anybody typing more. */
START_TEST(serial_keeps_what_is_to_be_sent_again)
{
	struct com1 *old = com1_create();
	struct com1 *new = com1_create();
	uint32_t calls = 0;

	com1_listen(old);
	out(old, FCR, FCR_ON);
	ck_assert_uint_eq(feed(old, 'a', 3), 3);
	out(old, FCR, FCR_ON | FCR_CLEAR_RX);
	carry(serial_save, serial_restore, old->serial, new->serial);
	serial_on_space(new->serial, count_space, &calls);
	ck_assert_uint_eq(in(new, LSR) & LSR_READY, 0);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(feed(new, 0, 0), 0);
	ck_assert_uint_eq(feed(new, 'd', 1), 1);
	for (int i = 'a'; i <= 'd'; i++)
		ck_assert_uint_eq(in(new, DATA), i);
	ck_assert_uint_eq(in(new, LSR) & LSR_READY, 0);
	com1_destroy(old);
	com1_destroy(new);
}
END_TEST

START_TEST(serial_refuses_a_fifo_that_cannot_be)
{
	struct com1 *com = com1_create();
	struct state_writer out_state = { .data = NULL };
	struct state_reader in_state;
	const size_t back[] = { 16 + 1, 16 + 2, 16 + 2 + 16 + 1 };

	serial_save(com->serial, &out_state);
	/*
	 * From the end: the FIFO's bytes, rx_count and rx_head; the unsent bytes and how many they
	 * are.
	 */
	for (size_t i = 0; i < sizeof(back) / sizeof(back[0]); i++) {
		uint8_t *byte = &out_state.data[out_state.size - back[i]];
		uint8_t before = *byte;

		*byte = 17;
		in_state = (struct state_reader){ .data = out_state.data, .size = out_state.size };
		serial_restore(com->serial, &in_state);
		ck_assert(in_state.failed);
		*byte = before;
	}
	ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT);
	state_writer_free(&out_state);
	com1_destroy(com);
}
END_TEST

START_TEST(i8042_keeps_a_command_half_given)
{
	struct fake_board boards[2] = { { .nr_ends = 0 }, { .nr_ends = 0 } };
	struct i8042 kbc[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			i8042_init(&kbc[i], &boards[i].ports, fake_end_request(&boards[i])), 0);
	fake_out(&boards[0], I8042_COMMAND_PORT, 1, 0x60);
	carry(i8042_save, i8042_restore, &kbc[0], &kbc[1]);
	fake_out(&boards[1], I8042_DATA_PORT, 1, 0x45);
	fake_out(&boards[1], I8042_COMMAND_PORT, 1, 0x20);
	ck_assert_uint_eq(fake_in(&boards[1], I8042_DATA_PORT, 1) & 0x45, 0x45);
}
END_TEST

static void create_acpi_pm(struct acpi_pm *pm, struct fake_board *board)
{
	struct board_clock clock = fake_clock(board);

	ck_assert_int_eq(acpi_pm_init(pm, &board->ports, fake_line(board, ACPI_SCI_IRQ), &clock,
				      fake_end_request(board)),
			 0);
}

/* The timer goes on from where it was, not from the new host's clock. */
START_TEST(acpi_keeps_registers_and_time)
{
	struct fake_board boards[2] = { { .nr_ends = 0 }, { .nr_ends = 0 } };
	struct acpi_pm pm[2];
	uint32_t before;

	boards[0].now = 7 * BOARD_CLOCK_HZ;
	boards[1].now = 5000 * BOARD_CLOCK_HZ;
	for (int i = 0; i < 2; i++)
		create_acpi_pm(&pm[i], &boards[i]);
	fake_out(&boards[0], ACPI_PM1A_EVENT_PORT + 2, 2, 0x0120);
	fake_out(&boards[0], ACPI_PM1A_CONTROL_PORT, 2, 0x1400);
	fake_out(&boards[0], ACPI_RESET_PORT, 1, 0x02);
	before = fake_in(&boards[0], ACPI_PM_TIMER_PORT, 4);
	carry(acpi_pm_save, acpi_pm_restore, &pm[0], &pm[1]);
	ck_assert_uint_eq(fake_in(&boards[1], ACPI_PM_TIMER_PORT, 4), before);
	fake_pass(&boards[1], UINT64_C(88000) * 1000);
	ck_assert_uint_eq(fake_in(&boards[1], ACPI_PM_TIMER_PORT, 4) - before, 315 * 1000);
	ck_assert_uint_eq(fake_in(&boards[1], ACPI_PM1A_EVENT_PORT, 4), 0x01200000);
	ck_assert_uint_eq(fake_in(&boards[1], ACPI_PM1A_CONTROL_PORT, 2), 0x1401);
	ck_assert_uint_eq(fake_in(&boards[1], ACPI_RESET_PORT, 1), 0x02);
	ck_assert_uint_eq(boards[1].nr_ends, 0);
}
END_TEST

START_TEST(fw_cfg_keeps_its_place)
{
	struct fake_board boards[2] = { { .nr_ends = 0 }, { .nr_ends = 0 } };
	struct fw_cfg fw[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fw_cfg_init(&fw[i], &boards[i].ports, 4, UINT64_C(0x12345678)), 0);
	fake_out(&boards[0], FW_CFG_PORT, 2, 0x03);
	ck_assert_uint_eq(fake_in(&boards[0], FW_CFG_PORT + 1, 1), 0x78);
	carry(fw_cfg_save, fw_cfg_restore, &fw[0], &fw[1]);
	ck_assert_uint_eq(fake_in(&boards[1], FW_CFG_PORT + 1, 1), 0x56);
}
END_TEST

START_TEST(test_device_keeps_its_address)
{
	struct fake_board boards[2] = { { .nr_ends = 0 }, { .nr_ends = 0 } };
	struct test_device dev[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(test_device_init(&dev[i], &boards[i].ports,
						  fake_line(&boards[i], 0), fake_send_msi),
				 0);
	fake_out(&boards[0], TEST_DEVICE_MSI_ADDRESS, 4, 0xfee01000);
	fake_out(&boards[0], TEST_DEVICE_MSI_ADDRESS_HIGH, 4, 0x100);
	carry(test_device_save, test_device_restore, &dev[0], &dev[1]);
	fake_out(&boards[1], TEST_DEVICE_MSI_DATA, 4, 0x41);
	ck_assert_uint_eq(boards[1].msi_address, UINT64_C(0x100fee01000));
}
END_TEST

START_TEST(port92_keeps_its_bits)
{
	struct fake_board boards[2] = { 0 };
	struct port92 port[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			port92_init(&port[i], &boards[i].ports, fake_end_request(&boards[i])), 0);
	fake_out(&boards[0], PORT92_PORT, 1, 0x01);
	carry(port92_save, port92_restore, &port[0], &port[1]);
	ck_assert_uint_eq(fake_in(&boards[1], PORT92_PORT, 1), 0x01);
	fake_out(&boards[1], PORT92_PORT, 1, 0x03);
	ck_assert_uint_eq(boards[1].nr_ends, 0);
}
END_TEST

START_TEST(echo_device_keeps_what_was_written)
{
	static struct echo_device dev[2];
	struct fake_board boards[2] = { { .nr_ends = 0 }, { .nr_ends = 0 } };
	static struct bus mmio[2];
	struct state_writer out_state = { .data = NULL };
	struct state_reader in_state;

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(echo_device_init(&dev[i], &boards[i].ports, &mmio[i], NULL, NULL),
				 0);
	fake_out(&boards[0], ECHO_DEVICE_PORT, 4, 0x12345678);
	dev[0].bytes[ECHO_DEVICE_MMIO_SIZE - 1] = 0x77;
	echo_device_save(&dev[0], &out_state);
	in_state = (struct state_reader){ .data = out_state.data, .size = out_state.size };
	echo_device_restore(&dev[1], &in_state);
	ck_assert(state_reader_done(&in_state));
	ck_assert_uint_eq(fake_in(&boards[1], ECHO_DEVICE_PORT, 4), 0x12345678);
	ck_assert_uint_eq(dev[1].bytes[ECHO_DEVICE_MMIO_SIZE - 1], 0x77);
	state_writer_free(&out_state);
}
END_TEST

START_TEST(save_port_works_where_there_is_somewhere_to_save)
{
	struct fake_board board = { .nr_ends = 0 };
	struct test_device dev;

	ck_assert_int_eq(test_device_init(&dev, &board.ports, fake_line(&board, 0), fake_send_msi),
			 0);
	ck_assert_uint_eq(fake_in(&board, TEST_DEVICE_SAVE, 4), 0);
	fake_out(&board, TEST_DEVICE_SAVE, 4, 1);
	ck_assert_uint_eq(board.nr_ends, 0);
	test_device_offer_save(&dev, fake_end_request(&board));
	ck_assert_uint_eq(fake_in(&board, TEST_DEVICE_SAVE, 4), 1);
	fake_out(&board, TEST_DEVICE_SAVE, 1, 1);
	ck_assert_uint_eq(board.nr_ends, 0);
	fake_out(&board, TEST_DEVICE_SAVE, 4, 0);
	ck_assert_uint_eq(board.nr_ends, 1);
	ck_assert_uint_eq(board.end_reason, END_SAVE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_state");
	TCase *tc = tcase_create("device_state");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, serial_keeps_registers_and_bytes);
	tcase_add_test(tc, serial_keeps_what_is_to_be_sent_again);
	tcase_add_test(tc, serial_refuses_a_fifo_that_cannot_be);
	tcase_add_test(tc, i8042_keeps_a_command_half_given);
	tcase_add_test(tc, acpi_keeps_registers_and_time);
	tcase_add_test(tc, fw_cfg_keeps_its_place);
	tcase_add_test(tc, test_device_keeps_its_address);
	tcase_add_test(tc, port92_keeps_its_bits);
	tcase_add_test(tc, echo_device_keeps_what_was_written);
	tcase_add_test(tc, save_port_works_where_there_is_somewhere_to_save);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
