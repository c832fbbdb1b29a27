/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one clock of the board's devices, as they see it: what time it is, and an alarm for later.
 * timers.h has the machine's; unit tests have one that stands still until they move it.
 */
#ifndef VMM_BOARD_CLOCK_H
#define VMM_BOARD_CLOCK_H

#include <stdint.h>

#define BOARD_CLOCK_HZ    UINT64_C(1000000000)
#define BOARD_CLOCK_NEVER UINT64_MAX

/*
 * A device's alarm. It belongs to the clock; the device sets expire and device before it arms it.
 */
struct board_timer {
	/*
	 * The deadline has come. Called with no lock held, on the clock's thread, also for a
	 * deadline that has been changed meanwhile: what is due, the device's own state tells.
	 */
	void (*expire)(void *device);
	void *device;
	uint64_t deadline;
	struct board_timer *next;
};

/*
 * now: CLOCK_MONOTONIC in ns. arm: have timer expire at deadline ns at the earliest, at once if
 * that has passed, BOARD_CLOCK_NEVER to have it never; the last call counts. Both from any thread,
 * also with the device's lock held.
 */
struct board_clock {
	uint64_t (*now)(void *clock);
	void (*arm)(void *clock, struct board_timer *timer, uint64_t deadline);
	void *clock;
};

static inline uint64_t board_clock_now(const struct board_clock *clock)
{
	return clock->now(clock->clock);
}

static inline void board_clock_arm(const struct board_clock *clock, struct board_timer *timer,
				   uint64_t deadline)
{
	clock->arm(clock->clock, timer, deadline);
}

/*
 * value * multiplier / divisor, rounded down and up, exact as long as the result fits: ns to the
 * ticks of a crystal and back. Rounded up, the first ns at which a tick has come.
 */
static inline uint64_t board_clock_scale(uint64_t value, uint32_t multiplier, uint32_t divisor)
{
	return value / divisor * multiplier + value % divisor * multiplier / divisor;
}

static inline uint64_t board_clock_scale_up(uint64_t value, uint32_t multiplier, uint32_t divisor)
{
	return value / divisor * multiplier +
	       (value % divisor * multiplier + (divisor - 1)) / divisor;
}

#endif
