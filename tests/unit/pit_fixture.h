/* SPDX-License-Identifier: BSD-2-Clause */
/* An interval timer with port 0x61, on a board whose clock is moved by hand. */
#ifndef TESTS_UNIT_PIT_FIXTURE_H
#define TESTS_UNIT_PIT_FIXTURE_H

#include <check.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/i8254.h"
#include "vmm/devices/port61.h"

#define PIT_LINE 3 /* any */
#define BOOT_NS  UINT64_C(5000000000)
#define MS       UINT64_C(1000000)

struct machine {
	struct fake_board board;
	struct i8254 pit;
	struct port61 port61;
};

static inline struct machine *machine_create(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct board_clock clock;

	ck_assert_ptr_nonnull(m);
	m->board.now = BOOT_NS;
	clock = fake_clock(&m->board);
	ck_assert_int_eq(
		i8254_init(&m->pit, &m->board.ports, fake_line(&m->board, PIT_LINE), &clock), 0);
	ck_assert_int_eq(port61_init(&m->port61, &m->board.ports, &m->pit, &clock), 0);
	return m;
}

static inline void out(struct machine *m, uint16_t port, uint32_t value)
{
	fake_out(&m->board, port, 1, value);
}

static inline uint32_t in(struct machine *m, uint16_t port)
{
	return fake_in(&m->board, port, 1);
}

/* A counter with both bytes of its count. */
static inline void program(struct machine *m, uint32_t counter, uint32_t mode, uint32_t count)
{
	out(m, 0x43, counter << 6 | 0x30 | mode << 1);
	out(m, (uint16_t)(0x40 + counter), count & 0xff);
	out(m, (uint16_t)(0x40 + counter), count >> 8);
}

static inline uint32_t read_count(struct machine *m, uint32_t counter)
{
	uint32_t low;

	out(m, 0x43, counter << 6);
	low = in(m, (uint16_t)(0x40 + counter));
	return low | in(m, (uint16_t)(0x40 + counter)) << 8;
}

static inline uint32_t rises(const struct machine *m)
{
	return m->board.rises[PIT_LINE];
}

static inline bool line(const struct machine *m)
{
	return m->board.level[PIT_LINE];
}

/* So many ticks, rounded so that the last one has come. */
static inline void pass_ticks(struct machine *m, uint64_t ticks)
{
	fake_pass(&m->board, board_clock_scale_up(ticks, I8254_TICKS_NS, I8254_TICKS));
}

#endif
