/* SPDX-License-Identifier: BSD-2-Clause */
/* A board for tests of devices: a port bus, and recorders in the place of irqchip and machine. */
#ifndef TESTS_UNIT_DEVICE_FAKES_H
#define TESTS_UNIT_DEVICE_FAKES_H

#include <stdatomic.h>
#include <string.h>

#include "vmm/devices/devices.h"

#define FAKE_NR_LINES  32 /* the test device's 24 and some for others */
#define FAKE_SENT_SIZE 4096

struct fake_board {
	struct bus ports;
	_Atomic bool level[FAKE_NR_LINES];
	atomic_uint rises[FAKE_NR_LINES];
	atomic_uint nr_sets; /* calls for any line, whether they changed it or not */
	atomic_uint source;  /* of the last change of a line */
	atomic_uint nr_ends;
	atomic_uint end_reason; /* of the last end request */
	atomic_uint end_value;
	atomic_uint nr_msis;
	_Atomic uint64_t msi_address; /* of the last MSI */
	atomic_uint msi_data;
	atomic_uint nr_sent; /* bytes the sink was given; the first ones are in sent */
	uint8_t sent[FAKE_SENT_SIZE];
};

static inline void fake_set_line(void *irqchip, uint32_t gsi, uint32_t source, bool level)
{
	struct fake_board *board = irqchip;

	if (gsi >= FAKE_NR_LINES)
		return;
	if (level && !board->level[gsi])
		board->rises[gsi]++;
	board->level[gsi] = level;
	board->source = source;
	board->nr_sets++;
}

static inline void fake_send_msi(void *irqchip, uint64_t address, uint32_t data)
{
	struct fake_board *board = irqchip;

	board->msi_address = address;
	board->msi_data = data;
	board->nr_msis++;
}

static inline void fake_end(void *machine, enum end_reason reason, uint32_t value)
{
	struct fake_board *board = machine;

	board->end_reason = reason;
	board->end_value = value;
	board->nr_ends++;
}

static inline void fake_sink(void *sink, const uint8_t *data, size_t len)
{
	struct fake_board *board = sink;

	for (size_t i = 0; i < len; i++) {
		uint32_t place = board->nr_sent++;

		if (place < FAKE_SENT_SIZE)
			board->sent[place] = data[i];
	}
}

static inline struct irq_line fake_line(struct fake_board *board, uint32_t gsi)
{
	return (struct irq_line){ .set = fake_set_line, .irqchip = board, .gsi = gsi, .source = 7 };
}

static inline struct end_request fake_end_request(struct fake_board *board)
{
	return (struct end_request){ .request = fake_end, .machine = board };
}

static inline struct serial_sink fake_serial_sink(struct fake_board *board)
{
	return (struct serial_sink){ .write = fake_sink, .sink = board };
}

static inline void fake_out(struct fake_board *board, uint16_t port, uint32_t len, uint32_t value)
{
	bus_write(&board->ports, port, len, value);
}

static inline uint32_t fake_in(struct fake_board *board, uint16_t port, uint32_t len)
{
	uint64_t value;

	bus_read(&board->ports, port, len, &value);
	return (uint32_t)value;
}

/* Marsaglia, "Xorshift RNGs": the same sequence for the same seed, which is not 0. */
static inline uint32_t fake_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif
