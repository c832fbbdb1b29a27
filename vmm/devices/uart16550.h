/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a 16550A UART, as a model without locks, lines or files.
 * National Semiconductor PC16550D data sheet, "Registers", "FIFO Interrupt Mode Operation".
 *
 * The line is infinitely fast: a transmitted byte is under way only until the caller says that it
 * is out. It brings no breaks and no parity or framing errors. Every call is total over guest
 * input.
 */
#ifndef VMM_DEVICES_UART16550_H
#define VMM_DEVICES_UART16550_H

#include <stdbool.h>
#include <stdint.h>

#define UART_NR_REGISTERS 8
#define UART_FIFO_SIZE    16
#define UART_POLLING      16 /* reads of LSR in a row: a driver that only sends needs two */

enum uart_register {
	UART_RBR_THR = 0, /* DLL while LCR.DLAB is set */
	UART_IER = 1,     /* DLM while LCR.DLAB is set */
	UART_IIR_FCR = 2,
	UART_LCR = 3,
	UART_MCR = 4,
	UART_LSR = 5,
	UART_MSR = 6,
	UART_SCR = 7,
};

struct uart {
	bool transmitting; /* between uart_write and uart_transmitted */
	bool overrun;
	bool thr_interrupt; /* THR became empty and nobody has been told yet */
	uint8_t ier;
	uint8_t fcr;
	uint8_t lcr;
	uint8_t mcr;
	uint8_t msr;
	uint8_t scr;
	uint8_t dll;
	uint8_t dlm;
	uint8_t rx[UART_FIFO_SIZE];
	uint32_t rx_head; /* oldest byte */
	uint32_t rx_count;
	uint32_t lsr_reads; /* in a row, up to UART_POLLING; a write of FCR starts anew */
};

/* What a register write asks the caller for. */
enum uart_effect {
	UART_NOTHING,
	UART_TRANSMIT, /* let the line settle, send the byte, call uart_transmitted */
	UART_LOOPED,   /* the same, but the byte needs no sending */
};

void uart_reset(struct uart *uart);

uint8_t uart_read(struct uart *uart, enum uart_register reg);
enum uart_effect uart_write(struct uart *uart, enum uart_register reg, uint8_t value);
void uart_transmitted(struct uart *uart);

/* How many bytes uart_receive may be given now. */
uint32_t uart_rx_room(const struct uart *uart);
uint32_t uart_rx_size(const struct uart *uart);
void uart_receive(struct uart *uart, uint8_t byte);

/* Does the board's interrupt line carry a request? OUT2 gates it, as on the PC/AT. */
bool uart_irq_level(const struct uart *uart);

bool uart_is_looped(const struct uart *uart);

/* Is the receive interrupt enabled, and can it reach the board? */
bool uart_hears(const struct uart *uart);
/* Does the guest do nothing but look whether something came? */
bool uart_is_polled(const struct uart *uart);

#endif
