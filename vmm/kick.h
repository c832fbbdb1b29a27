/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Getting a vCPU thread out of KVM_RUN: the signal, its handler, and the timer that sends it.
 *
 * KVM_RUN returns at once when run->immediate_exit is set, and when a signal is pending. Whoever
 * kicks sets the former first and sends the signal then; so it does not matter whether the signal
 * lands before the thread enters KVM_RUN or inside. A timer cannot set anything: for it the handler
 * does, and finds the vCPU in the signal's value.
 */
#ifndef VMM_KICK_H
#define VMM_KICK_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define KICK_SIGNAL SIGUSR1

/* Install the handler and unblock the signal; once, before any vCPU thread exists. 0 or -errno. */
int kick_setup(void);

/* Send the kick to thread tid of this process, which runs the vCPU of run. Any thread. */
void kick_thread(pid_t tid, struct kvm_run *run);

/* The calling thread's id. */
pid_t kick_own_tid(void);

/* CLOCK_MONOTONIC in ns: the one clock of timers and of everything that a guest can calibrate. */
static inline uint64_t kick_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A timer that kicks the thread that made it. */
struct kick_timer {
	timer_t id;
	bool created;
	uint64_t armed; /* ns it is set for; UINT64_MAX: idle */
};

/* On the thread to be kicked. 0 or -errno. */
int kick_timer_create(struct kick_timer *timer, struct kvm_run *run);
void kick_timer_destroy(struct kick_timer *timer);

/*
 * Have the kick at deadline ns at the latest; an earlier one that is armed already stays, because
 * re-arming lazily when it has come is cheaper than a system call for each change. UINT64_MAX:
 * none.
 */
void kick_timer_arm(struct kick_timer *timer, uint64_t deadline);

/* The armed kick, if any, is known to have happened or is not wanted any more. */
static inline void kick_timer_passed(struct kick_timer *timer, uint64_t now)
{
	if (timer->armed <= now)
		timer->armed = UINT64_MAX;
}

#endif
