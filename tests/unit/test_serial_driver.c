/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port as drivers use it: Linux's probe and interrupt tests, handlers that live on
 * edges, flow control of input, and a sink that blocks.
 * National Semiconductor PC16550D data sheet, "Registers".
 */
#include "tests/unit/serial_fixture.h"

/* Is there a UART at all: IER keeps four bits, loop-back turns MCR into MSR. */
START_TEST(linux_finds_a_uart)
{
	struct com1 *com = com1_create();

	out(com, IER, 0);
	ck_assert_uint_eq(in(com, IER), 0);
	out(com, IER, 0x0f);
	ck_assert_uint_eq(in(com, IER), 0x0f);
	out(com, IER, 0);

	out(com, MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS);
	ck_assert_uint_eq(in(com, MSR) & 0xf0, MSR_DCD | MSR_CTS);
	out(com, MCR, 0);
	com1_destroy(com);
}
END_TEST

/* Which UART: a 16550A, and none of the chips that hide more behind LCR, FCR, MCR and IER. */
START_TEST(linux_names_it_16550a)
{
	struct com1 *com = com1_create();
	uint8_t mcr = in(com, MCR);

	out(com, LCR, 0xbf);
	out(com, FCR, 0);
	out(com, LCR, 0);
	out(com, FCR, FCR_ON);
	ck_assert_uint_eq(in(com, IIR) >> 6, 3);

	out(com, LCR, LCR_DLAB);
	ck_assert_msg(in(com, IIR) != 0, "16C650: EFR with DLAB");
	out(com, LCR, 0xbf);
	ck_assert_msg(in(com, IIR) != 0, "16C950: EFR with LCR 0xbf");

	out(com, LCR, 0);
	out(com, MCR, mcr ^ MCR_LOOP);
	out(com, LCR, 0xe0);
	ck_assert_msg(!((in(com, IIR) ^ mcr) & MCR_LOOP), "NS16550A: EXCR1");
	out(com, LCR, 0);
	out(com, MCR, mcr);

	out(com, FCR, FCR_ON | 0x20);
	ck_assert_msg(in(com, IIR) >> 5 == 6, "TI16750: 64-byte FIFO");
	out(com, LCR, LCR_DLAB);
	out(com, FCR, FCR_ON | 0x20);
	ck_assert_msg(in(com, IIR) >> 5 == 6, "TI16750: 64-byte FIFO with DLAB");
	out(com, LCR, 0);
	out(com, IER, 0x40);
	ck_assert_msg(!(in(com, IER) & 0x40), "XScale: UUE");
	com1_destroy(com);
}
END_TEST

/* Start-up asks twice whether enabling the THRE interrupt brings one while THR is empty. */
START_TEST(linux_trusts_the_thre_interrupt)
{
	struct com1 *com = com1_create();

	out(com, FCR, FCR_ON);
	out(com, MCR, MCR_OUT2);
	for (int i = 0; i < 2; i++) {
		out(com, IER, IER_THRE);
		ck_assert(irq(com));
		ck_assert_uint_eq(in(com, IIR), IIR_FIFOS | IIR_THRE);
		ck_assert(!irq(com));
		ck_assert_uint_eq(in(com, IIR), IIR_FIFOS | IIR_NONE);
		out(com, IER, IER_THRE);
		ck_assert_msg(!irq(com), "only the rising edge of the enable bit counts");
		out(com, IER, 0);
		ck_assert_uint_eq(in(com, IIR), IIR_FIFOS | IIR_NONE);
	}
	ck_assert_uint_eq(irq_rises(com), 2);
	com1_destroy(com);
}
END_TEST

/* The old way to find the interrupt line: everything enabled, one byte sent, one edge awaited. */
START_TEST(linux_finds_the_interrupt_line)
{
	struct com1 *com = com1_create();

	out(com, MCR, 0);
	out(com, IER, 0);
	out(com, MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	out(com, IER, 0x0f);
	in(com, LSR);
	in(com, DATA);
	in(com, IIR);
	in(com, MSR);
	ck_assert(!irq(com));
	out(com, DATA, 0xff);
	ck_assert(irq(com));
	ck_assert_uint_eq(in(com, IIR), IIR_THRE);
	com1_destroy(com);
}
END_TEST

/* A handler of edges that writes the next byte and looks at nothing else. */
START_TEST(each_byte_brings_an_edge)
{
	struct com1 *com = com1_create();

	out(com, MCR, MCR_OUT2);
	out(com, IER, IER_THRE);
	for (uint8_t i = 0; i < 50; i++) {
		ck_assert_uint_eq(irq_rises(com), 1 + i);
		out(com, DATA, i);
	}
	ck_assert_uint_eq(com->board.nr_sent, 50);
	ck_assert_msg(com->board.nr_sets == 101,
		      "the line is set where it changes, and only there");
	ck_assert_uint_eq(in(com, IIR), IIR_THRE);
	com1_destroy(com);
}
END_TEST

/* Linux's handler: as long as IIR names a cause, bytes are moved; then the line has to be low. */
static uint32_t drain_like_linux(struct com1 *port, uint8_t *received, uint32_t to_send)
{
	uint32_t nr_received = 0;

	for (uint8_t iir = in(port, IIR); iir != (IIR_FIFOS | IIR_NONE); iir = in(port, IIR)) {
		uint8_t lsr = in(port, LSR);

		while (lsr & LSR_READY) {
			received[nr_received++] = in(port, DATA);
			lsr = in(port, LSR);
		}
		in(port, MSR);
		for (int i = 0; i < 16 && (lsr & LSR_THRE) && to_send > 0; i++)
			out(port, DATA, (uint8_t)to_send--);
		if (to_send == 0)
			out(port, IER, IER_RX | IER_LINE);
	}
	return nr_received;
}

START_TEST(linux_handler_comes_to_an_end)
{
	struct com1 *com = com1_create();
	uint8_t received[16];

	out(com, FCR, FCR_ON | 0x80);
	out(com, MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	out(com, IER, IER_RX | IER_LINE | IER_THRE);
	ck_assert_uint_eq(feed(com, 'a', 9), 9);
	ck_assert_uint_eq(drain_like_linux(com, received, 100), 9);
	ck_assert_mem_eq(received, "abcdefghi", 9);
	ck_assert_uint_eq(com->board.nr_sent, 100);
	ck_assert(!irq(com));
	com1_destroy(com);
}
END_TEST

static void count_call(void *ctx)
{
	(*(uint32_t *)ctx)++;
}

START_TEST(space_is_announced_once_and_when_owed)
{
	struct com1 *com = com1_create();
	uint32_t calls = 0;

	serial_on_space(com->serial, count_call, &calls);
	com1_listen(com);
	out(com, FCR, FCR_ON);
	ck_assert_uint_eq(feed(com, 0, 16), 16);
	for (int i = 0; i < 16; i++)
		in(com, DATA);
	ck_assert_msg(calls == 0, "nobody was turned away");

	ck_assert_uint_eq(feed(com, 0, 17), 16);
	ck_assert_uint_eq(feed(com, 0, 1), 0);
	for (int i = 0; i < 16; i++)
		in(com, DATA);
	ck_assert_uint_eq(calls, 1);

	ck_assert_uint_eq(feed(com, 0, 17), 16);
	out(com, FCR, FCR_ON | FCR_CLEAR_RX);
	ck_assert_uint_eq(calls, 2);
	ck_assert_msg(feed(com, 0, 0) == 0, "what was thrown away goes first");
	for (int i = 0; i < 16; i++)
		ck_assert_uint_eq(in(com, DATA), i);

	out(com, FCR, 0);
	ck_assert_uint_eq(feed(com, 0, 2), 1);
	in(com, DATA);
	ck_assert_uint_eq(calls, 3);
	com1_destroy(com);
}
END_TEST

START_TEST(loop_back_holds_the_line_off)
{
	struct com1 *com = com1_create();
	uint32_t calls = 0;

	serial_on_space(com->serial, count_call, &calls);
	out(com, MCR, MCR_LOOP);
	ck_assert_uint_eq(feed(com, 'a', 1), 0);
	ck_assert_uint_eq(calls, 0);
	com1_poll(com);
	out(com, MCR, 0);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(feed(com, 'a', 1), 1);
	ck_assert_uint_eq(in(com, DATA), 'a');
	com1_destroy(com);
}
END_TEST

START_TEST(heard_once_the_receive_interrupt_is_enabled)
{
	struct com1 *com = com1_create();

	ck_assert(!serial_is_heard(com->serial));
	out(com, IER, IER_THRE | IER_LINE | IER_MODEM);
	ck_assert(!serial_is_heard(com->serial));
	out(com, IER, IER_RX);
	ck_assert_msg(!serial_is_heard(com->serial), "OUT2 gates the interrupt");
	out(com, MCR, MCR_OUT2);
	ck_assert(serial_is_heard(com->serial));
	com1_destroy(com);
}
END_TEST

/* The start of Linux' 8250 driver throws away what the FIFOs hold and reads RBR for luck. */
START_TEST(nothing_is_lost_before_a_driver_is_up)
{
	struct com1 *com = com1_create();
	uint32_t calls = 0;

	serial_on_space(com->serial, count_call, &calls);
	ck_assert_msg(feed(com, 'a', 3) == 0, "nobody listens");
	out(com, FCR, FCR_ON | FCR_CLEAR_RX);
	out(com, FCR, 0);
	in(com, LSR);
	ck_assert_uint_eq(in(com, DATA), 0);
	out(com, MCR, MCR_OUT2);
	ck_assert_uint_eq(calls, 0);
	out(com, IER, IER_RX);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(feed(com, 'a', 3), 1);
	out(com, FCR, FCR_ON);
	ck_assert_uint_eq(in(com, LSR) & LSR_READY, 0);
	ck_assert_msg(calls == 2, "the first byte is to be sent again");
	ck_assert_uint_eq(feed(com, 'b', 2), 2);
	for (int i = 'a'; i <= 'c'; i++)
		ck_assert_uint_eq(in(com, DATA), i);
	com1_destroy(com);
}
END_TEST

START_TEST(a_polling_guest_is_found_out)
{
	struct com1 *com = com1_create();
	uint32_t calls = 0;

	serial_on_space(com->serial, count_call, &calls);
	ck_assert_uint_eq(feed(com, 'a', 1), 0);
	for (int i = 0; i < 100; i++) {
		in(com, LSR);
		in(com, LSR);
		out(com, DATA, '.');
	}
	ck_assert_msg(calls == 0, "it only sends");
	com1_poll(com);
	ck_assert_uint_eq(calls, 1);
	out(com, DATA, '.');
	ck_assert_uint_eq(feed(com, 'a', 1), 1);
	ck_assert_uint_eq(in(com, DATA), 'a');
	out(com, FCR, FCR_ON);
	ck_assert_msg(feed(com, 'a', 1) == 0, "another driver comes up");
	com1_destroy(com);
}
END_TEST

/* Bytes of a loop-back test were never on the line. */
START_TEST(a_reset_of_looped_bytes_is_for_good)
{
	struct com1 *com = com1_create();

	out(com, IER, IER_RX);
	out(com, FCR, FCR_ON);
	out(com, MCR, MCR_OUT2 | MCR_LOOP);
	out(com, DATA, 'x');
	out(com, FCR, FCR_ON | FCR_CLEAR_RX);
	out(com, MCR, MCR_OUT2);
	ck_assert_uint_eq(feed(com, 'a', 1), 1);
	ck_assert_uint_eq(in(com, DATA), 'a');
	com1_destroy(com);
}
END_TEST

/* What another thread sees while the sink holds on to a byte. */
struct blocked {
	struct com1 *port;
	uint8_t lsr;
	size_t taken;
	bool line;
};

static void *look_at_blocked(void *arg)
{
	struct blocked *blocked = arg;

	blocked->lsr = in(blocked->port, LSR);
	blocked->taken = feed(blocked->port, 'k', 1);
	blocked->line = irq(blocked->port);
	return NULL;
}

static void blocking_sink(void *sink, const uint8_t *data, size_t len)
{
	pthread_t other;

	(void)data;
	(void)len;
	ck_assert_int_eq(pthread_create(&other, NULL, look_at_blocked, sink), 0);
	pthread_join(other, NULL);
}

START_TEST(a_blocked_sink_is_a_busy_transmitter)
{
	struct com1 port = { 0 };
	struct blocked blocked = { .port = &port, .line = true };
	struct serial_sink sink = { .write = blocking_sink, .sink = &blocked };

	port.serial = serial_create(&port.board.ports, SERIAL_COM1,
				    fake_line(&port.board, SERIAL_COM1_IRQ), sink);
	ck_assert_ptr_nonnull(port.serial);
	out(&port, MCR, MCR_OUT2);
	com1_poll(&port);
	out(&port, IER, IER_THRE);
	out(&port, DATA, 'x');

	ck_assert_uint_eq(blocked.lsr, 0);
	ck_assert_uint_eq(blocked.taken, 1);
	ck_assert(!blocked.line);
	ck_assert_uint_eq(in(&port, LSR), LSR_THRE | LSR_TEMT | LSR_READY);
	ck_assert(irq(&port));
	serial_destroy(port.serial);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("serial_driver");
	TCase *tcase = tcase_create("driver");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, linux_finds_a_uart);
	tcase_add_test(tcase, linux_names_it_16550a);
	tcase_add_test(tcase, linux_trusts_the_thre_interrupt);
	tcase_add_test(tcase, linux_finds_the_interrupt_line);
	tcase_add_test(tcase, each_byte_brings_an_edge);
	tcase_add_test(tcase, linux_handler_comes_to_an_end);
	tcase_add_test(tcase, space_is_announced_once_and_when_owed);
	tcase_add_test(tcase, loop_back_holds_the_line_off);
	tcase_add_test(tcase, nothing_is_lost_before_a_driver_is_up);
	tcase_add_test(tcase, a_polling_guest_is_found_out);
	tcase_add_test(tcase, a_reset_of_looped_bytes_is_for_good);
	tcase_add_test(tcase, heard_once_the_receive_interrupt_is_enabled);
	tcase_add_test(tcase, a_blocked_sink_is_a_busy_transmitter);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
