/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port's registers, FIFOs and interrupts.
 * National Semiconductor PC16550D data sheet, "Registers", "FIFO Interrupt Mode Operation".
 */
#include "tests/unit/serial_fixture.h"

START_TEST(reset_values)
{
	struct com1 *com = com1_create();
	/* clang-format off */
	static const struct {
		uint16_t reg;
		uint8_t value;
	} rows[] = {
		{ DATA, 0 },
		{ IER, 0 },
		{ IIR, IIR_NONE },
		{ LCR, 0 },
		{ MCR, 0 },
		{ LSR, LSR_THRE | LSR_TEMT },
		{ MSR, MSR_DCD | MSR_DSR | MSR_CTS },
		{ SCR, 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(in(com, rows[i].reg) == rows[i].value, "register %u", rows[i].reg);
	ck_assert(!irq(com));
	com1_destroy(com);
}
END_TEST

/* Which bits of a register stick, with LCR.DLAB clear or set. */
START_TEST(writable_bits)
{
	struct com1 *com = com1_create();
	/* clang-format off */
	static const struct {
		uint16_t reg;
		uint8_t lcr;
		uint8_t mask;
	} rows[] = {
		{ IER, 0, 0x0f },
		{ MCR, 0, 0x1f },
		{ SCR, 0, 0xff },
		{ DATA, LCR_DLAB, 0xff },
		{ IER, LCR_DLAB, 0xff },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out(com, LCR, rows[i].lcr);
		for (uint32_t value = 0; value < 0x100; value++) {
			out(com, rows[i].reg, (uint8_t)value);
			ck_assert_uint_eq(in(com, rows[i].reg), value & rows[i].mask);
		}
		out(com, rows[i].reg, 0);
	}
	for (uint32_t value = 0; value < 0x100; value++) {
		out(com, LCR, (uint8_t)value);
		ck_assert_uint_eq(in(com, LCR), value);
	}
	com1_destroy(com);
}
END_TEST

START_TEST(the_divisor_hides_ier_and_data)
{
	struct com1 *com = com1_create();

	out(com, IER, 0x05);
	out(com, LCR, LCR_DLAB);
	out(com, DATA, 0x12);
	out(com, IER, 0x34);
	ck_assert_uint_eq(fake_in(&com->board, SERIAL_COM1, 2), 0x3412);
	out(com, LCR, 0);
	ck_assert_uint_eq(in(com, IER), 0x05);
	ck_assert_uint_eq(com->board.nr_sent, 0);
	com1_destroy(com);
}
END_TEST

START_TEST(status_registers_are_read_only)
{
	struct com1 *com = com1_create();

	out(com, LSR, 0xff);
	out(com, MSR, 0xff);
	ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT);
	ck_assert_uint_eq(in(com, MSR), MSR_DCD | MSR_DSR | MSR_CTS);
	com1_destroy(com);
}
END_TEST

START_TEST(bytes_reach_the_sink_in_order)
{
	struct com1 *com = com1_create();
	static const char text[] = "console\r\n";

	for (size_t i = 0; i < strlen(text); i++) {
		ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT);
		out(com, DATA, (uint8_t)text[i]);
	}
	ck_assert_uint_eq(com->board.nr_sent, strlen(text));
	ck_assert_mem_eq(com->board.sent, text, strlen(text));
	ck_assert(!irq(com));
	com1_destroy(com);
}
END_TEST

START_TEST(a_wide_access_is_as_many_byte_accesses)
{
	struct com1 *com = com1_create();

	fake_out(&com->board, SERIAL_COM1, 4, 0x03c7020a);
	ck_assert_uint_eq(com->board.nr_sent, 1);
	ck_assert_uint_eq(com->board.sent[0], 0x0a);
	ck_assert_uint_eq(in(com, IER), 0x02);
	ck_assert_uint_eq(in(com, LCR), 0x03);
	ck_assert_uint_eq(fake_in(&com->board, SERIAL_COM1 + LSR, 2), 0xb060);
	com1_destroy(com);
}
END_TEST

/* The character time-out stands in where the FIFO holds less than its trigger level. */
START_TEST(receive_trigger_levels)
{
	struct com1 *com = com1_create();
	static const uint8_t trigger[4] = { 1, 4, 8, 14 };
	uint8_t level = trigger[_i];

	out(com, FCR, (uint8_t)(FCR_ON | _i << 6));
	out(com, MCR, MCR_OUT2);
	out(com, IER, IER_RX);
	for (uint8_t count = 1; count <= 16; count++) {
		ck_assert_uint_eq(feed(com, count, 1), 1);
		ck_assert(irq(com));
		ck_assert_uint_eq(in(com, IIR), IIR_FIFOS | (count < level ? IIR_TIMEOUT : IIR_RX));
	}
	for (uint8_t count = 16; count > 0; count--) {
		ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT | LSR_READY);
		ck_assert_uint_eq(in(com, IIR), IIR_FIFOS | (count < level ? IIR_TIMEOUT : IIR_RX));
		ck_assert(irq(com));
		ck_assert_uint_eq(in(com, DATA), 17 - count);
	}
	ck_assert(!irq(com));
	ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT);
	ck_assert_uint_eq(in(com, IIR), IIR_FIFOS | IIR_NONE);
	com1_destroy(com);
}
END_TEST

START_TEST(without_fifos_one_byte_fits)
{
	struct com1 *com = com1_create();

	out(com, MCR, MCR_OUT2);
	out(com, IER, IER_RX);
	ck_assert_uint_eq(feed(com, 'a', 3), 1);
	ck_assert_uint_eq(in(com, IIR), IIR_RX);
	ck_assert_uint_eq(in(com, DATA), 'a');
	ck_assert(!irq(com));
	ck_assert_uint_eq(feed(com, 'b', 2), 1);
	ck_assert(irq(com));
	ck_assert_uint_eq(irq_rises(com), 2);
	com1_destroy(com);
}
END_TEST

/* A port whose FIFO, if it is on, holds count bytes that the guest has not read. */
static struct com1 *filled(uint8_t fcr, size_t count)
{
	struct com1 *com = com1_create();

	com1_listen(com);
	out(com, FCR, fcr);
	ck_assert_uint_eq(feed(com, 'a', 20), count);
	ck_assert(in(com, LSR) & LSR_READY);
	return com;
}

static void expect_empty(struct com1 *com, uint8_t iir)
{
	ck_assert(!(in(com, LSR) & LSR_READY));
	ck_assert_uint_eq(in(com, IIR), iir);
	com1_destroy(com);
}

START_TEST(fifo_control)
{
	struct com1 *com = filled(FCR_ON, 16);

	out(com, FCR, FCR_ON | FCR_CLEAR_TX);
	ck_assert(in(com, LSR) & LSR_READY);
	out(com, FCR, FCR_ON | FCR_CLEAR_RX);
	expect_empty(com, IIR_FIFOS | IIR_NONE);

	com = filled(FCR_ON, 16);
	out(com, FCR, 0);
	expect_empty(com, IIR_NONE);

	com = filled(0, 1);
	out(com, FCR, FCR_CLEAR_RX);
	ck_assert_msg(in(com, LSR) & LSR_READY, "the clear bits count only with the FIFOs on");
	out(com, FCR, FCR_ON);
	expect_empty(com, IIR_FIFOS | IIR_NONE);
}
END_TEST

START_TEST(out2_gates_the_interrupt)
{
	struct com1 *com = com1_create();

	out(com, IER, IER_THRE);
	ck_assert(!irq(com));
	out(com, MCR, MCR_OUT2);
	ck_assert(irq(com));
	out(com, MCR, MCR_DTR | MCR_RTS | MCR_OUT1);
	ck_assert(!irq(com));
	ck_assert_uint_eq(in(com, IIR), IIR_THRE);
	ck_assert_uint_eq(com->board.source, 7);
	com1_destroy(com);
}
END_TEST

/* All four causes at once, taken away one by one. */
START_TEST(interrupt_priorities)
{
	struct com1 *com = com1_create();

	out(com, MCR, MCR_OUT2 | MCR_LOOP | MCR_RTS);
	out(com, DATA, 'a');
	out(com, DATA, 'b');
	out(com, IER, IER_RX | IER_THRE | IER_LINE | IER_MODEM);

	ck_assert_uint_eq(in(com, IIR), IIR_LINE);
	ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT | LSR_READY | LSR_OVERRUN);
	ck_assert_uint_eq(in(com, IIR), IIR_RX);
	ck_assert_uint_eq(in(com, IIR), IIR_RX);
	ck_assert_msg(in(com, DATA) == 'b', "without FIFOs the newer byte replaces the older");
	ck_assert_msg(in(com, IIR) == IIR_THRE, "reading IIR acknowledged a cause it did not name");
	ck_assert_uint_eq(in(com, IIR), IIR_MODEM);
	ck_assert(irq(com));
	ck_assert(in(com, MSR) & MSR_DDSR);
	ck_assert_uint_eq(in(com, IIR), IIR_NONE);
	ck_assert(!irq(com));
	com1_destroy(com);
}
END_TEST

START_TEST(disabled_causes_are_not_reported)
{
	struct com1 *com = com1_create();

	out(com, MCR, MCR_OUT2 | MCR_LOOP | MCR_RTS);
	out(com, DATA, 'a');
	out(com, DATA, 'b');
	ck_assert_uint_eq(in(com, IIR), IIR_NONE);
	ck_assert(!irq(com));
	out(com, IER, IER_MODEM);
	ck_assert_uint_eq(in(com, IIR), IIR_MODEM);
	out(com, IER, IER_MODEM | IER_RX);
	ck_assert_uint_eq(in(com, IIR), IIR_RX);
	out(com, IER, 0);
	ck_assert(!irq(com));
	com1_destroy(com);
}
END_TEST

START_TEST(loop_back_modem_lines)
{
	struct com1 *com = com1_create();
	uint8_t mcr = (uint8_t)_i;
	uint8_t expected = 0;

	expected |= mcr & MCR_RTS ? MSR_CTS : 0;
	expected |= mcr & MCR_DTR ? MSR_DSR : 0;
	expected |= mcr & MCR_OUT1 ? MSR_RI : 0;
	expected |= mcr & MCR_OUT2 ? MSR_DCD : 0;
	out(com, MCR, MCR_LOOP | mcr);
	ck_assert_uint_eq(in(com, MSR) & 0xf0, expected);
	ck_assert_uint_eq(in(com, MSR), expected);
	out(com, MCR, mcr);
	ck_assert_uint_eq(in(com, MSR) & 0xf0, MSR_DCD | MSR_DSR | MSR_CTS);
	com1_destroy(com);
}
END_TEST

START_TEST(loop_back_modem_deltas)
{
	struct com1 *com = com1_create();
	/* clang-format off */
	static const struct {
		uint8_t mcr;
		uint8_t rising;
		uint8_t falling;
	} rows[] = {
		{ MCR_RTS, MSR_DCTS, MSR_DCTS },
		{ MCR_DTR, MSR_DDSR, MSR_DDSR },
		{ MCR_OUT1, 0, MSR_TERI },
		{ MCR_OUT2, MSR_DDCD, MSR_DDCD },
	};
	/* clang-format on */

	out(com, MCR, MCR_LOOP);
	in(com, MSR);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out(com, MCR, MCR_LOOP | rows[i].mcr);
		ck_assert_uint_eq(in(com, MSR) & 0x0f, rows[i].rising);
		out(com, MCR, MCR_LOOP);
		ck_assert_uint_eq(in(com, MSR) & 0x0f, rows[i].falling);
		ck_assert_uint_eq(in(com, MSR) & 0x0f, 0);
	}
	out(com, MCR, MCR_LOOP | MCR_RTS);
	out(com, MCR, MCR_LOOP);
	ck_assert_msg(in(com, MSR) == MSR_DCTS, "a change there and back stays noted");
	out(com, MCR, MCR_LOOP | MCR_RTS);
	out(com, MCR, MCR_LOOP | MCR_RTS | MCR_DTR);
	ck_assert_msg((in(com, MSR) & 0x0f) == (MSR_DCTS | MSR_DDSR), "deltas add up");
	com1_destroy(com);
}
END_TEST

START_TEST(loop_back_data)
{
	struct com1 *com = com1_create();

	out(com, FCR, FCR_ON);
	out(com, MCR, MCR_LOOP);
	for (uint8_t i = 0; i < 17; i++)
		out(com, DATA, (uint8_t)('a' + i));
	ck_assert_uint_eq(com->board.nr_sent, 0);
	ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT | LSR_READY | LSR_OVERRUN);
	ck_assert_uint_eq(in(com, LSR), LSR_THRE | LSR_TEMT | LSR_READY);
	for (uint8_t i = 0; i < 16; i++)
		ck_assert_uint_eq(in(com, DATA), 'a' + i);
	ck_assert_msg(!(in(com, LSR) & LSR_READY), "the byte that overran the FIFO was kept");
	com1_destroy(com);
}
END_TEST

START_TEST(taken_ports_are_refused)
{
	struct com1 *com = com1_create();

	ck_assert_ptr_null(serial_create(&com->board.ports, SERIAL_COM1 + 4,
					 fake_line(&com->board, 4), fake_serial_sink(&com->board)));
	ck_assert_uint_eq(com->board.ports.nr_regions, 1);
	com1_destroy(com);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serial");
	TCase *tcase = tcase_create("registers");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, reset_values);
	tcase_add_test(tcase, writable_bits);
	tcase_add_test(tcase, the_divisor_hides_ier_and_data);
	tcase_add_test(tcase, status_registers_are_read_only);
	tcase_add_test(tcase, bytes_reach_the_sink_in_order);
	tcase_add_test(tcase, a_wide_access_is_as_many_byte_accesses);
	tcase_add_loop_test(tcase, receive_trigger_levels, 0, 4);
	tcase_add_test(tcase, without_fifos_one_byte_fits);
	tcase_add_test(tcase, fifo_control);
	tcase_add_test(tcase, out2_gates_the_interrupt);
	tcase_add_test(tcase, interrupt_priorities);
	tcase_add_test(tcase, disabled_causes_are_not_reported);
	tcase_add_loop_test(tcase, loop_back_modem_lines, 0, 16);
	tcase_add_test(tcase, loop_back_modem_deltas);
	tcase_add_test(tcase, loop_back_data);
	tcase_add_test(tcase, taken_ports_are_refused);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
