/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine's board clock: CLOCK_MONOTONIC, and one thread that sleeps until the earliest alarm
 * of all devices. The local APICs' timers are not here: theirs belong to the vCPU threads (kick.h).
 *
 * Lock order: a device's own lock, then timers.lock, a leaf. Alarms expire with no lock held.
 */
#ifndef VMM_TIMERS_H
#define VMM_TIMERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/board_clock.h"

struct timers {
	pthread_mutex_t lock; /* everything below, and the timers' deadline and next */
	pthread_cond_t earlier;
	struct board_timer *armed; /* by deadline, the earliest first */
	bool created;
	/*
	 * ns: what the clock shows as long as it stands still, 0: it does not. No lock: no thread
	 * runs then.
	 */
	uint64_t frozen;
	bool stopping;
	bool started;
	pthread_t thread;
};

/* 0 or -errno. Alarms may be armed from then on; they expire while the thread runs. */
int timers_init(struct timers *timers);
/* After timers_stop(), when no device uses it any more; also without timers_init(), if all zero. */
void timers_destroy(struct timers *timers);

/* Start the thread; stop and join it. What is armed stays armed. 0 or -errno. */
int timers_start(struct timers *timers);
void timers_stop(struct timers *timers);

/*
 * Between timers_stop() and timers_start(): have the clock stand still, so that what is saved or
 * restored one after the other is of one moment. Afterwards it goes on as if it never had.
 */
void timers_freeze(struct timers *timers);
void timers_thaw(struct timers *timers);

struct board_clock timers_clock(struct timers *timers);

#endif
