/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port: a 16550A UART on the port bus, its interrupt line, and the way of its bytes.
 * National Semiconductor PC16550D data sheet; uart16550.c has the registers.
 *
 * Locks, in order: tx_lock, from a write of THR until its byte is out, keeps bytes in their order;
 * lock covers everything else and is not held while the sink may block, so that input and the other
 * registers stay available.
 *
 * The far end is a patient sender: it holds its bytes back until the guest listens, and a byte that
 * the guest threw away unread, with the FIFOs' reset in its driver's start, was not sent yet. So
 * nothing is lost of what was typed or piped in before a guest has come up (D95).
 */
#include "vmm/devices/devices.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/devices/device_state.h"
#include "vmm/devices/uart16550.h"

struct serial {
	pthread_mutex_t tx_lock;
	pthread_mutex_t lock;
	struct uart uart;
	struct irq_line irq;
	bool level; /* of irq */
	/* serial_receive() turned bytes away, or some were thrown away: space is owed. */
	bool starved;
	uint8_t unsent[UART_FIFO_SIZE]; /* thrown away unread, oldest first */
	size_t nr_unsent;
	struct serial_sink sink;
	void (*space)(void *ctx);
	void *space_ctx;
};

static void serial_update_irq(struct serial *serial)
{
	bool level = uart_irq_level(&serial->uart);

	if (level == serial->level)
		return;
	serial->level = level;
	irq_line_set(&serial->irq, level);
}

static bool serial_listens(const struct serial *serial)
{
	return uart_hears(&serial->uart) || uart_is_polled(&serial->uart);
}

/*
 * Is space owed? The feeder is woken once the FIFO is half empty, rather than for each byte. It is
 * called when the locks are dropped.
 */
static bool serial_take_starved(struct serial *serial)
{
	if (!serial->starved || !serial->space || !serial_listens(serial))
		return false;
	if (uart_rx_room(&serial->uart) <= uart_rx_size(&serial->uart) / 2)
		return false;
	serial->starved = false;
	return true;
}

/* A wide access is as many byte cycles, as on the ISA bus. */
static uint64_t serial_read(void *device, uint64_t offset, uint32_t len)
{
	struct serial *serial = device;
	uint64_t value = 0;
	bool space;

	pthread_mutex_lock(&serial->lock);
	for (uint32_t i = 0; i < len; i++) {
		enum uart_register reg = (enum uart_register)(offset + i);

		value |= (uint64_t)uart_read(&serial->uart, reg) << (8 * i);
	}
	serial_update_irq(serial);
	space = serial_take_starved(serial);
	pthread_mutex_unlock(&serial->lock);

	if (space)
		serial->space(serial->space_ctx);
	return value;
}

/*
 * With both locks held; drops lock for the sink. The line falls and rises again for each byte, so
 * that a handler that only ever writes the next byte gets its next edge.
 */
static void serial_transmit(struct serial *serial, enum uart_effect effect, uint8_t byte)
{
	serial_update_irq(serial);
	if (effect == UART_TRANSMIT) {
		pthread_mutex_unlock(&serial->lock);
		serial->sink.write(serial->sink.sink, &byte, 1);
		pthread_mutex_lock(&serial->lock);
	}
	uart_transmitted(&serial->uart);
}

/*
 * Of before, the FIFO's bytes were thrown away. There is room: more than a FIFO is never under way.
 */
static void serial_take_back(struct serial *serial, const struct uart *before)
{
	size_t count = before->rx_count;

	memmove(serial->unsent + count, serial->unsent, serial->nr_unsent);
	for (size_t i = 0; i < count; i++)
		serial->unsent[i] = before->rx[(before->rx_head + i) % UART_FIFO_SIZE];
	serial->nr_unsent += count;
	serial->starved = true;
}

/* In loop-back the bytes are the guest's own. */
static void serial_write_fcr(struct serial *serial, uint8_t value)
{
	struct uart before = serial->uart;

	uart_write(&serial->uart, UART_IIR_FCR, value);
	if (before.rx_count > serial->uart.rx_count &&
	    before.rx_count + serial->nr_unsent <= UART_FIFO_SIZE && !uart_is_looped(&before))
		serial_take_back(serial, &before);
}

static void serial_write_byte(struct serial *serial, enum uart_register reg, uint8_t value)
{
	enum uart_effect effect;

	if (reg == UART_IIR_FCR) {
		serial_write_fcr(serial, value);
		return;
	}
	effect = uart_write(&serial->uart, reg, value);
	if (effect != UART_NOTHING)
		serial_transmit(serial, effect, value);
}

static void serial_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct serial *serial = device;
	bool may_transmit = offset == UART_RBR_THR;
	bool space;

	if (may_transmit)
		pthread_mutex_lock(&serial->tx_lock);
	pthread_mutex_lock(&serial->lock);
	for (uint32_t i = 0; i < len; i++)
		serial_write_byte(serial, (enum uart_register)(offset + i),
				  (uint8_t)(value >> (8 * i)));
	serial_update_irq(serial);
	space = serial_take_starved(serial);
	pthread_mutex_unlock(&serial->lock);
	if (may_transmit)
		pthread_mutex_unlock(&serial->tx_lock);

	if (space)
		serial->space(serial->space_ctx);
}

static const struct bus_ops serial_ops = {
	.read = serial_read,
	.write = serial_write,
};

/* Under the lock: up to len bytes into the FIFO, and how many there was room for. */
static size_t serial_fill(struct serial *serial, const uint8_t *data, size_t len)
{
	size_t room = uart_rx_room(&serial->uart);

	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		uart_receive(&serial->uart, data[i]);
	return len;
}

static size_t serial_send(struct serial *serial, const uint8_t *data, size_t len)
{
	size_t again = serial_fill(serial, serial->unsent, serial->nr_unsent);

	serial->nr_unsent -= again;
	memmove(serial->unsent, serial->unsent + again, serial->nr_unsent);
	return serial->nr_unsent ? 0 : serial_fill(serial, data, len);
}

size_t serial_receive(struct serial *serial, const uint8_t *data, size_t len)
{
	size_t taken = 0;

	pthread_mutex_lock(&serial->lock);
	if (serial_listens(serial))
		taken = serial_send(serial, data, len);
	if (taken < len || serial->nr_unsent)
		serial->starved = true;
	serial_update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
	return taken;
}

bool serial_is_heard(struct serial *serial)
{
	bool heard;

	pthread_mutex_lock(&serial->lock);
	heard = uart_hears(&serial->uart);
	pthread_mutex_unlock(&serial->lock);
	return heard;
}

void serial_on_space(struct serial *serial, void (*space)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&serial->lock);
	serial->space = space;
	serial->space_ctx = ctx;
	pthread_mutex_unlock(&serial->lock);
}

struct serial *serial_create(struct bus *ports, uint16_t base, struct irq_line irq,
			     struct serial_sink sink)
{
	struct serial *serial = calloc(1, sizeof(*serial));

	if (!serial)
		return NULL;
	pthread_mutex_init(&serial->tx_lock, NULL);
	pthread_mutex_init(&serial->lock, NULL);
	uart_reset(&serial->uart);
	serial->irq = irq;
	serial->sink = sink;
	if (bus_add(ports, "serial", base, UART_NR_REGISTERS, &serial_ops, serial) < 0) {
		serial_destroy(serial);
		return NULL;
	}
	return serial;
}

void serial_destroy(struct serial *serial)
{
	if (!serial)
		return;
	pthread_mutex_destroy(&serial->lock);
	pthread_mutex_destroy(&serial->tx_lock);
	free(serial);
}

/* Between two accesses no byte is under way. */
void serial_save(void *device, struct state_writer *out)
{
	struct serial *serial = device;
	const struct uart *uart = &serial->uart;

	pthread_mutex_lock(&serial->lock);
	state_put_bool(out, uart->overrun);
	state_put_bool(out, uart->thr_interrupt);
	state_put_u8(out, uart->ier);
	state_put_u8(out, uart->fcr);
	state_put_u8(out, uart->lcr);
	state_put_u8(out, uart->mcr);
	state_put_u8(out, uart->msr);
	state_put_u8(out, uart->scr);
	state_put_u8(out, uart->dll);
	state_put_u8(out, uart->dlm);
	state_put_u8(out, (uint8_t)serial->nr_unsent);
	state_put(out, serial->unsent, sizeof(serial->unsent));
	state_put_u8(out, (uint8_t)uart->rx_head);
	state_put_u8(out, (uint8_t)uart->rx_count);
	state_put(out, uart->rx, sizeof(uart->rx));
	pthread_mutex_unlock(&serial->lock);
}

void serial_restore(void *device, struct state_reader *in)
{
	struct serial *serial = device;
	struct uart uart = { .transmitting = false };
	uint8_t unsent[UART_FIFO_SIZE];
	size_t nr_unsent;

	uart.overrun = state_get_bool(in);
	uart.thr_interrupt = state_get_bool(in);
	uart.ier = state_get_u8(in);
	uart.fcr = state_get_u8(in);
	uart.lcr = state_get_u8(in);
	uart.mcr = state_get_u8(in);
	uart.msr = state_get_u8(in);
	uart.scr = state_get_u8(in);
	uart.dll = state_get_u8(in);
	uart.dlm = state_get_u8(in);
	nr_unsent = state_get_u8(in);
	state_get(in, unsent, sizeof(unsent));
	uart.rx_head = state_get_u8(in);
	uart.rx_count = state_get_u8(in);
	state_get(in, uart.rx, sizeof(uart.rx));
	if (uart.rx_head >= UART_FIFO_SIZE || uart.rx_count > uart_rx_size(&uart) ||
	    nr_unsent > UART_FIFO_SIZE)
		in->failed = true;
	if (in->failed)
		return;
	pthread_mutex_lock(&serial->lock);
	serial->uart = uart;
	memcpy(serial->unsent, unsent, sizeof(unsent));
	serial->nr_unsent = nr_unsent;
	serial->starved = nr_unsent > 0;
	serial_update_irq(serial);
	pthread_mutex_unlock(&serial->lock);
}
