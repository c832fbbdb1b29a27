/* SPDX-License-Identifier: BSD-2-Clause */
/* One counter of an 8254, programmed and looked at. */
#ifndef TESTS_UNIT_I8254_FIXTURE_H
#define TESTS_UNIT_I8254_FIXTURE_H

#include "vmm/devices/i8254_counter.h"

#define LSB  0x10
#define MSB  0x20
#define BOTH 0x30

#define START 1000 /* the tick of the first write */

static inline struct i8254_counter counter(uint8_t control, bool gate)
{
	struct i8254_counter c;

	i8254_counter_reset(&c, gate);
	i8254_counter_control(&c, control);
	return c;
}

static inline uint32_t count_at(const struct i8254_counter *c, int64_t tick)
{
	struct i8254_counter copy = *c;
	uint32_t access = c->control >> I8254_ACCESS_SHIFT;
	uint32_t low, high;

	i8254_counter_latch(&copy, tick);
	low = access == 2 ? 0 : i8254_counter_read(&copy, tick);
	high = access == 1 ? 0 : i8254_counter_read(&copy, tick);
	return low | high << 8;
}

static inline uint8_t status_at(const struct i8254_counter *c, int64_t tick)
{
	struct i8254_counter copy = *c;

	i8254_counter_latch_status(&copy, tick);
	return i8254_counter_read(&copy, tick);
}

#endif
