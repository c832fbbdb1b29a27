/* SPDX-License-Identifier: BSD-2-Clause */
/* A board for tests of devices: a port bus, and recorders in the place of irqchip and machine. */
#ifndef TESTS_UNIT_DEVICE_FAKES_H
#define TESTS_UNIT_DEVICE_FAKES_H

#include <check.h>
#include <stdatomic.h>
#include <string.h>

#include "vmm/board_clock.h"
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
	_Atomic uint64_t now; /* of the board clock, which stands still */
	pthread_mutex_t timers_lock;
	struct board_timer *armed; /* in no order */
	atomic_uint nr_expired;
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

/* No end request is waiting, or exactly one, which is taken. */
static inline void fake_expect_running(const struct fake_board *board)
{
	ck_assert_uint_eq(board->nr_ends, 0);
}

static inline void fake_expect_end(struct fake_board *board, enum end_reason reason, uint32_t value)
{
	ck_assert_uint_eq(board->nr_ends, 1);
	ck_assert_uint_eq(board->end_reason, reason);
	ck_assert_uint_eq(board->end_value, value);
	board->nr_ends = 0;
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

/* ---- a clock that is moved by hand ----------------------------------------------------------- */

static inline uint64_t fake_now(void *clock)
{
	struct fake_board *board = clock;

	return board->now;
}

static inline void fake_unlink(struct fake_board *board, const struct board_timer *timer)
{
	struct board_timer **link = &board->armed;

	while (*link && *link != timer)
		link = &(*link)->next;
	if (*link)
		*link = timer->next;
}

static inline void fake_arm(void *clock, struct board_timer *timer, uint64_t deadline)
{
	struct fake_board *board = clock;

	pthread_mutex_lock(&board->timers_lock);
	fake_unlink(board, timer);
	timer->deadline = deadline;
	if (deadline != BOARD_CLOCK_NEVER) {
		timer->next = board->armed;
		board->armed = timer;
	}
	pthread_mutex_unlock(&board->timers_lock);
}

static inline struct board_clock fake_clock(struct fake_board *board)
{
	return (struct board_clock){ .now = fake_now, .arm = fake_arm, .clock = board };
}

/* The timer that expires next, NULL if none does until then. It is armed no longer. */
static inline struct board_timer *fake_take_timer(struct fake_board *board, uint64_t until)
{
	struct board_timer *first = NULL;

	pthread_mutex_lock(&board->timers_lock);
	for (struct board_timer *timer = board->armed; timer; timer = timer->next)
		if (timer->deadline <= until && (!first || timer->deadline < first->deadline))
			first = timer;
	if (first)
		fake_unlink(board, first);
	pthread_mutex_unlock(&board->timers_lock);
	return first;
}

/* Let ns pass, with every timer expiring on time. */
static inline void fake_pass(struct fake_board *board, uint64_t ns)
{
	uint64_t until = board->now + ns;
	struct board_timer *timer;

	while ((timer = fake_take_timer(board, until))) {
		if (timer->deadline > board->now)
			board->now = timer->deadline;
		board->nr_expired++;
		timer->expire(timer->device);
	}
	board->now = until;
}

/* The host sleeps for ns: what was due meanwhile expires only now. */
static inline void fake_oversleep(struct fake_board *board, uint64_t ns)
{
	board->now += ns;
	fake_pass(board, 0);
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
