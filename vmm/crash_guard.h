/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal is given back even if the VMM crashes: handlers of the signals that mean so.
 *
 * A handler has no argument of its own and no variable to find the console by. So it finds it at
 * the low end of the alternate stack that it runs on, which only the main thread has: other threads
 * send the signal on to that one, wait until it has done its part, and die of the signal
 * themselves, with the registers and the stack of the crash. Signals keep what they did before, a
 * core dump or a sanitizer's report. An overflow of another thread's stack is the one crash that
 * goes unnoticed.
 */
#ifndef VMM_CRASH_GUARD_H
#define VMM_CRASH_GUARD_H

#include <signal.h>

#include "vmm/console.h"

#define CRASH_NR_SIGNALS 9

struct crash_guard {
	struct console *console;
	void *stack;
	stack_t old_stack;
	struct sigaction old[CRASH_NR_SIGNALS];
};

/*
 * From now on a crash of any thread calls console_leave. On the main thread; neither the guard nor
 * the console may move. 0 or -errno.
 */
int crash_guard_enter(struct crash_guard *guard, struct console *console);
/* On the main thread; after a failed crash_guard_enter too. */
void crash_guard_leave(struct crash_guard *guard);

/* For threads that block all signals: all but those of a crash. */
void crash_guard_block_others(sigset_t *set);

#endif
