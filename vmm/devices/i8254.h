/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The programmable interval timer: three counters at ports 0x40 to 0x43.
 * Intel 8254 Programmable Interval Timer data sheet, "Programming the 8254".
 *
 * Counter 0's OUT is IRQ 0, counter 1 is free, counter 2 belongs to port61.h. The clock of all
 * three is 105/88 MHz, a twelfth of a PC's crystal, counted on the board clock.
 */
#ifndef VMM_DEVICES_I8254_H
#define VMM_DEVICES_I8254_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/board_clock.h"
#include "vmm/bus.h"
#include "vmm/devices/i8254_counter.h"
#include "vmm/irq_line.h"

#define I8254_PORT 0x40
#define I8254_IRQ  0

#define I8254_COUNTERS 3

/* CLK is this many ticks in that many ns. */
#define I8254_TICKS    105
#define I8254_TICKS_NS 88000

/* The least time between two interrupts, as for the APIC timer's periods (R116, D60). */
#define I8254_MIN_PERIOD_NS 20000

struct i8254 {
	pthread_mutex_t lock; /* everything but clock and irq */
	struct board_clock clock;
	struct board_timer timer;
	struct irq_line irq;
	struct i8254_counter counter[I8254_COUNTERS];
	bool level;          /* of irq */
	int64_t rise;        /* tick of the next rise of OUT 0, I8254_NEVER: none is foreseen */
	uint64_t not_before; /* ns: the next rise of irq */
	uint64_t nr_rises;   /* of irq, by counting */
};

/* *pit must not move afterwards. 0 or -errno. */
int i8254_init(struct i8254 *pit, struct bus *ports, struct irq_line irq,
	       const struct board_clock *clock);

/* Counter 2's GATE and OUT. Any thread, *pit's lock not held. */
void i8254_set_gate2(struct i8254 *pit, bool gate);
bool i8254_out2(struct i8254 *pit);

/*
 * For i8254.c and i8254_state.c, lock held: raise the line if that is due by now; have the alarm
 * come when it will be.
 */
void i8254_catch_up(struct i8254 *pit);
void i8254_arm(struct i8254 *pit);

static inline int64_t i8254_ticks(uint64_t ns)
{
	return (int64_t)board_clock_scale(ns, I8254_TICKS, I8254_TICKS_NS);
}

#endif
