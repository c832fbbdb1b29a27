/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * COM1 on a fake board, and the bits of its registers.
 * National Semiconductor PC16550D data sheet, "Summary of Registers".
 */
#ifndef TESTS_UNIT_SERIAL_FIXTURE_H
#define TESTS_UNIT_SERIAL_FIXTURE_H

#include <check.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/uart16550.h"

enum {
	DATA = 0,
	IER = 1,
	IIR = 2,
	FCR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	MSR = 6,
	SCR = 7,
};

enum {
	IER_RX = 0x01,
	IER_THRE = 0x02,
	IER_LINE = 0x04,
	IER_MODEM = 0x08,
	IIR_NONE = 0x01,
	IIR_MODEM = 0x00,
	IIR_THRE = 0x02,
	IIR_RX = 0x04,
	IIR_LINE = 0x06,
	IIR_TIMEOUT = 0x0c,
	IIR_FIFOS = 0xc0,
	FCR_ON = 0x01,
	FCR_CLEAR_RX = 0x02,
	FCR_CLEAR_TX = 0x04,
	LCR_DLAB = 0x80,
	MCR_DTR = 0x01,
	MCR_RTS = 0x02,
	MCR_OUT1 = 0x04,
	MCR_OUT2 = 0x08,
	MCR_LOOP = 0x10,
	LSR_READY = 0x01,
	LSR_OVERRUN = 0x02,
	LSR_THRE = 0x20,
	LSR_TEMT = 0x40,
	MSR_DCTS = 0x01,
	MSR_DDSR = 0x02,
	MSR_TERI = 0x04,
	MSR_DDCD = 0x08,
	MSR_CTS = 0x10,
	MSR_DSR = 0x20,
	MSR_RI = 0x40,
	MSR_DCD = 0x80,
};

struct com1 {
	struct fake_board board;
	struct serial *serial;
};

static inline struct com1 *com1_create(void)
{
	struct com1 *com = calloc(1, sizeof(*com));

	ck_assert_ptr_nonnull(com);
	com->serial = serial_create(&com->board.ports, SERIAL_COM1,
				    fake_line(&com->board, SERIAL_COM1_IRQ),
				    fake_serial_sink(&com->board));
	ck_assert_ptr_nonnull(com->serial);
	return com;
}

static inline void com1_destroy(struct com1 *com)
{
	serial_destroy(com->serial);
	free(com);
}

static inline void out(struct com1 *com, uint16_t reg, uint8_t value)
{
	fake_out(&com->board, SERIAL_COM1 + reg, 1, value);
}

static inline uint8_t in(struct com1 *com, uint16_t reg)
{
	return (uint8_t)fake_in(&com->board, SERIAL_COM1 + reg, 1);
}

static inline bool irq(const struct com1 *com)
{
	return com->board.level[SERIAL_COM1_IRQ];
}

static inline uint32_t irq_rises(const struct com1 *com)
{
	return com->board.rises[SERIAL_COM1_IRQ];
}

static inline void com1_listen(struct com1 *com)
{
	out(com, MCR, MCR_OUT2);
	out(com, IER, IER_RX);
}

/* A guest that has not set up its interrupts listens by polling. */
static inline void com1_poll(struct com1 *com)
{
	for (int i = 0; i < UART_POLLING; i++)
		in(com, LSR);
}

/* Give the guest count bytes: first, first + 1, ...; returns how many were taken. */
static inline size_t feed(struct com1 *com, uint8_t first, size_t count)
{
	uint8_t data[64];

	for (size_t i = 0; i < count; i++)
		data[i] = (uint8_t)(first + i);
	return serial_receive(com->serial, data, count);
}

#endif
