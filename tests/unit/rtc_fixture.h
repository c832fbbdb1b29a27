/* SPDX-License-Identifier: BSD-2-Clause */
/* A real-time clock on a board whose clock is moved by hand. */
#ifndef TESTS_UNIT_RTC_FIXTURE_H
#define TESTS_UNIT_RTC_FIXTURE_H

#include <check.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/mc146818.h"

#define RTC_LINE 8
#define BOOT_NS  UINT64_C(5000000000)
#define MS       UINT64_C(1000000)
#define SECOND   UINT64_C(1000000000)

/* Saturday, 12 October 2024, 22:58:57 UTC and a quarter */
#define UTC_NS (UINT64_C(1728773937) * SECOND + 250 * MS)

struct machine {
	struct fake_board board;
	struct mc146818 rtc;
};

static inline struct machine *machine_create(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct board_clock clock;

	ck_assert_ptr_nonnull(m);
	m->board.now = BOOT_NS;
	clock = fake_clock(&m->board);
	ck_assert_int_eq(mc146818_init(&m->rtc, &m->board.ports, fake_line(&m->board, RTC_LINE),
				       &clock, UTC_NS),
			 0);
	return m;
}

static inline uint32_t get(struct machine *m, uint32_t reg)
{
	fake_out(&m->board, 0x70, 1, reg);
	return fake_in(&m->board, 0x71, 1);
}

static inline void set(struct machine *m, uint32_t reg, uint32_t value)
{
	fake_out(&m->board, 0x70, 1, reg);
	fake_out(&m->board, 0x71, 1, value);
}

static inline uint32_t rises(const struct machine *m)
{
	return m->board.rises[RTC_LINE];
}

static inline bool line(const struct machine *m)
{
	return m->board.level[RTC_LINE];
}

/* Hours, minutes and seconds as the registers have them: 0xhhmmss. */
static inline void expect_time(struct machine *m, uint32_t time)
{
	uint32_t now = get(m, 4) << 16 | get(m, 2) << 8 | get(m, 0);

	ck_assert_msg(now == time, "%06x, not %06x", now, time);
}

/* Century, year, month, day: 0xccyymmdd. */
static inline void expect_date(struct machine *m, uint32_t date)
{
	uint32_t now = get(m, 0x32) << 24 | get(m, 9) << 16 | get(m, 8) << 8 | get(m, 7);

	ck_assert_msg(now == date, "%08x, not %08x", now, date);
}

static inline void set_time(struct machine *m, uint32_t time)
{
	set(m, 4, time >> 16);
	set(m, 2, time >> 8 & 0xff);
	set(m, 0, time & 0xff);
}

static inline void set_date(struct machine *m, uint32_t date)
{
	set(m, 0x32, date >> 24);
	set(m, 9, date >> 16 & 0xff);
	set(m, 8, date >> 8 & 0xff);
	set(m, 7, date & 0xff);
}

#endif
