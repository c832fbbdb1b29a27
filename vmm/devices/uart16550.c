/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a 16550A UART: what reading and writing each of them does.
 * National Semiconductor PC16550D data sheet, "Registers", "FIFO Interrupt Mode Operation".
 */
#include "vmm/devices/uart16550.h"

#define DIVISOR_9600 12 /* as firmware leaves it */

#define IER_RECEIVED_DATA 0x01
#define IER_THR_EMPTY     0x02
#define IER_LINE_STATUS   0x04
#define IER_MODEM_STATUS  0x08
#define IER_MASK          0x0f

#define IIR_NONE          0x01
#define IIR_MODEM_STATUS  0x00
#define IIR_THR_EMPTY     0x02
#define IIR_RECEIVED_DATA 0x04
#define IIR_LINE_STATUS   0x06
#define IIR_TIMEOUT       0x0c /* character time-out */
#define IIR_FIFOS_ENABLED 0xc0

#define FCR_ENABLE        0x01
#define FCR_CLEAR_RX      0x02
#define FCR_TRIGGER_SHIFT 6
#define FCR_TRIGGER_MASK  0xc0

#define LCR_DLAB 0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10
#define MCR_MASK 0x1f

#define LSR_DATA_READY 0x01
#define LSR_OVERRUN    0x02
#define LSR_IDLE       0x60 /* THRE and TEMT */

#define MSR_DELTA_LEVELS 0x0b /* delta CTS, DSR and DCD */
#define MSR_TERI         0x04 /* trailing edge of RI */
#define MSR_DELTA_MASK   0x0f
#define MSR_CTS          0x10
#define MSR_DSR          0x20
#define MSR_RI           0x40
#define MSR_DCD          0x80

uint32_t uart_rx_size(const struct uart *uart)
{
	return uart->fcr & FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

/* In loop-back the receiver is cut off from the line; what waits there is not lost. */
uint32_t uart_rx_room(const struct uart *uart)
{
	if (uart->mcr & MCR_LOOP)
		return 0;
	return uart_rx_size(uart) - uart->rx_count;
}

static uint32_t uart_rx_trigger(const struct uart *uart)
{
	static const uint8_t level[4] = { 1, 4, 8, 14 };

	return level[uart->fcr >> FCR_TRIGGER_SHIFT];
}

void uart_receive(struct uart *uart, uint8_t byte)
{
	uart->rx[(uart->rx_head + uart->rx_count) % UART_FIFO_SIZE] = byte;
	uart->rx_count++;
}

/*
 * The highest of the pending interrupts, in the order of the data sheet's table "Interrupt Control
 * Functions". The four idle character times before a time-out have always passed already.
 */
static uint8_t uart_interrupt(const struct uart *uart)
{
	if ((uart->ier & IER_LINE_STATUS) && uart->overrun)
		return IIR_LINE_STATUS;
	if ((uart->ier & IER_RECEIVED_DATA) && uart->rx_count > 0) {
		if (uart->rx_count >= uart_rx_trigger(uart))
			return IIR_RECEIVED_DATA;
		return IIR_TIMEOUT;
	}
	if ((uart->ier & IER_THR_EMPTY) && uart->thr_interrupt)
		return IIR_THR_EMPTY;
	if ((uart->ier & IER_MODEM_STATUS) && (uart->msr & MSR_DELTA_MASK))
		return IIR_MODEM_STATUS;
	return IIR_NONE;
}

bool uart_irq_level(const struct uart *uart)
{
	return (uart->mcr & MCR_OUT2) && uart_interrupt(uart) != IIR_NONE;
}

/* A terminal that is always there, or in loop-back the chip's own modem outputs. */
static uint8_t uart_modem_inputs(const struct uart *uart)
{
	uint8_t inputs = 0;

	if (!(uart->mcr & MCR_LOOP))
		return MSR_DCD | MSR_DSR | MSR_CTS;
	if (uart->mcr & MCR_RTS)
		inputs |= MSR_CTS;
	if (uart->mcr & MCR_DTR)
		inputs |= MSR_DSR;
	if (uart->mcr & MCR_OUT1)
		inputs |= MSR_RI;
	if (uart->mcr & MCR_OUT2)
		inputs |= MSR_DCD;
	return inputs;
}

static void uart_write_mcr(struct uart *uart, uint8_t value)
{
	uint8_t old = uart->msr;
	uint8_t inputs;

	uart->mcr = value & MCR_MASK;
	inputs = uart_modem_inputs(uart);
	uart->msr = inputs | (old & MSR_DELTA_MASK);
	uart->msr |= (uint8_t)((old ^ inputs) >> 4) & MSR_DELTA_LEVELS;
	if ((old & MSR_RI) && !(inputs & MSR_RI))
		uart->msr |= MSR_TERI;
}

/* Switching the FIFOs on or off empties them; the other bits count only while they are on. */
static void uart_write_fcr(struct uart *uart, uint8_t value)
{
	bool toggled = (value ^ uart->fcr) & FCR_ENABLE;

	uart->lsr_reads = 0;
	uart->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_TRIGGER_MASK) : 0;
	if (toggled || (uart->fcr && (value & FCR_CLEAR_RX)))
		uart->rx_count = 0;
}

/*
 * Enabling the THR interrupt while THR is empty raises it anew, also when reading IIR has cleared
 * it before: drivers probe for that, and start their transmission with it.
 */
static void uart_write_ier(struct uart *uart, uint8_t value)
{
	uint8_t enabled = value & (uint8_t)~uart->ier;

	uart->ier = value & IER_MASK;
	if ((enabled & IER_THR_EMPTY) && !uart->transmitting)
		uart->thr_interrupt = true;
}

/* Loop-back: without room the new byte is lost, or without FIFOs takes the place of the old one. */
static void uart_loop_back(struct uart *uart, uint8_t byte)
{
	if (uart->rx_count < uart_rx_size(uart)) {
		uart_receive(uart, byte);
		return;
	}
	uart->overrun = true;
	if (!(uart->fcr & FCR_ENABLE))
		uart->rx[uart->rx_head] = byte;
}

static enum uart_effect uart_write_thr(struct uart *uart, uint8_t byte)
{
	uart->thr_interrupt = false;
	uart->transmitting = true;
	if (!(uart->mcr & MCR_LOOP))
		return UART_TRANSMIT;
	uart_loop_back(uart, byte);
	return UART_LOOPED;
}

void uart_transmitted(struct uart *uart)
{
	uart->transmitting = false;
	uart->thr_interrupt = true;
}

static uint8_t uart_read_rbr(struct uart *uart)
{
	uint8_t byte = uart->rx[uart->rx_head];

	if (uart->rx_count == 0)
		return 0;
	uart->rx_head = (uart->rx_head + 1) % UART_FIFO_SIZE;
	uart->rx_count--;
	return byte;
}

/* Reading IIR acknowledges the THR interrupt, but only where that is what it reports. */
static uint8_t uart_read_iir(struct uart *uart)
{
	uint8_t iir = uart_interrupt(uart);

	if (iir == IIR_THR_EMPTY)
		uart->thr_interrupt = false;
	return uart->fcr & FCR_ENABLE ? iir | IIR_FIFOS_ENABLED : iir;
}

static uint8_t uart_read_lsr(struct uart *uart)
{
	uint8_t lsr = uart->transmitting ? 0 : LSR_IDLE;

	if (uart->rx_count > 0)
		lsr |= LSR_DATA_READY;
	if (uart->overrun)
		lsr |= LSR_OVERRUN;
	uart->overrun = false;
	return lsr;
}

static uint8_t uart_read_msr(struct uart *uart)
{
	uint8_t msr = uart->msr;

	uart->msr &= (uint8_t)~MSR_DELTA_MASK;
	return msr;
}

/* Once a guest polls it may look elsewhere, until it sets the chip up again. */
static void uart_note_access(struct uart *uart, bool polls)
{
	if (uart->lsr_reads < UART_POLLING)
		uart->lsr_reads = polls ? uart->lsr_reads + 1 : 0;
}

uint8_t uart_read(struct uart *uart, enum uart_register reg)
{
	bool dlab = uart->lcr & LCR_DLAB;

	uart_note_access(uart, reg == UART_LSR);
	switch (reg) {
	case UART_RBR_THR:
		return dlab ? uart->dll : uart_read_rbr(uart);
	case UART_IER:
		return dlab ? uart->dlm : uart->ier;
	case UART_IIR_FCR:
		return uart_read_iir(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return uart_read_lsr(uart);
	case UART_MSR:
		return uart_read_msr(uart);
	case UART_SCR:
		return uart->scr;
	}
	return UINT8_MAX;
}

enum uart_effect uart_write(struct uart *uart, enum uart_register reg, uint8_t value)
{
	bool dlab = uart->lcr & LCR_DLAB;

	uart_note_access(uart, false);
	switch (reg) {
	case UART_RBR_THR:
		if (!dlab)
			return uart_write_thr(uart, value);
		uart->dll = value;
		break;
	case UART_IER:
		if (dlab)
			uart->dlm = value;
		else
			uart_write_ier(uart, value);
		break;
	case UART_IIR_FCR:
		uart_write_fcr(uart, value);
		break;
	case UART_LCR:
		uart->lcr = value;
		break;
	case UART_MCR:
		uart_write_mcr(uart, value);
		break;
	case UART_SCR:
		uart->scr = value;
		break;
	case UART_LSR: /* for factory testing */
	case UART_MSR:
		break;
	}
	return UART_NOTHING;
}

void uart_reset(struct uart *uart)
{
	*uart = (struct uart){ .dll = DIVISOR_9600 };
	uart->msr = uart_modem_inputs(uart);
}

bool uart_hears(const struct uart *uart)
{
	return (uart->ier & IER_RECEIVED_DATA) && (uart->mcr & MCR_OUT2);
}

bool uart_is_looped(const struct uart *uart)
{
	return uart->mcr & MCR_LOOP;
}

bool uart_is_polled(const struct uart *uart)
{
	return uart->lsr_reads >= UART_POLLING;
}
