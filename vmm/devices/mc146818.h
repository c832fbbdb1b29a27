/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-time clock and its CMOS memory: index at port 0x70, data at port 0x71.
 * Motorola MC146818 data sheet, "Registers", "Update Cycle", "Interrupts"; 128 bytes and a century
 * as on later PCs.
 *
 * It is set from the host's UTC when the machine is made and then runs on the board clock. Its
 * interrupts are IRQ 8.
 */
#ifndef VMM_DEVICES_MC146818_H
#define VMM_DEVICES_MC146818_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/board_clock.h"
#include "vmm/bus.h"
#include "vmm/irq_line.h"

#define MC146818_PORT 0x70
#define MC146818_IRQ  8
#define MC146818_SIZE 128

/* The crystal: 32768 Hz. */
#define MC146818_HZ       32768
#define MC146818_TICKS    64 /* in so many ns: */
#define MC146818_TICKS_NS 1953125

struct mc146818 {
	pthread_mutex_t lock; /* everything but clock and irq */
	struct board_clock clock;
	struct board_timer timer;
	struct irq_line irq;
	bool level;    /* of irq */
	uint8_t index; /* of port 0x70; bit 7 masks NMI, of which there is no source */
	uint8_t cmos[MC146818_SIZE]; /* registers and memory, as of tick */
	uint64_t origin;             /* ns, modulo 2^64: when the divider chain was at 0 */
	uint64_t tick;               /* of the crystal since origin */
	uint64_t deadline;           /* of timer, as armed */
};

/*
 * utc_ns: the host's CLOCK_REALTIME.
 * *rtc must not move afterwards. 0 or -errno.
 */
int mc146818_init(struct mc146818 *rtc, struct bus *ports, struct irq_line irq,
		  const struct board_clock *clock, uint64_t utc_ns);

/* Say how much RAM there is below 4 GiB and above, in bytes, where firmware does. */
void mc146818_set_memory(struct mc146818 *rtc, uint64_t low, uint64_t high);

#endif
