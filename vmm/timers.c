/* SPDX-License-Identifier: BSD-2-Clause */
/* The thread that wakes devices at the times they asked for. */
#include "vmm/timers.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "vmm/kick.h"
#include "vmm/crash_guard.h"

#define TIMERS_STACK_SIZE (128 * 1024)

static uint64_t clock_now(void *clock)
{
	const struct timers *timers = clock;

	return timers->frozen ? timers->frozen : kick_clock_ns();
}

static void unlink_timer(struct timers *timers, const struct board_timer *timer)
{
	struct board_timer **link = &timers->armed;

	while (*link && *link != timer)
		link = &(*link)->next;
	if (*link)
		*link = timer->next;
}

/* A handful of devices: a sorted list will do. */
static void link_timer(struct timers *timers, struct board_timer *timer)
{
	struct board_timer **link = &timers->armed;

	while (*link && (*link)->deadline <= timer->deadline)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
}

static void clock_arm(void *clock, struct board_timer *timer, uint64_t deadline)
{
	struct timers *timers = clock;

	pthread_mutex_lock(&timers->lock);
	unlink_timer(timers, timer);
	timer->deadline = deadline;
	if (deadline != BOARD_CLOCK_NEVER)
		link_timer(timers, timer);
	/* One that is later than before only makes the thread look once too often. */
	if (timers->armed == timer)
		pthread_cond_signal(&timers->earlier);
	pthread_mutex_unlock(&timers->lock);
}

struct board_clock timers_clock(struct timers *timers)
{
	return (struct board_clock){ .now = clock_now, .arm = clock_arm, .clock = timers };
}

/* Lock held. */
static void sleep_until(struct timers *timers, uint64_t deadline)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline / BOARD_CLOCK_HZ),
		.tv_nsec = (long)(deadline % BOARD_CLOCK_HZ),
	};

	pthread_cond_timedwait(&timers->earlier, &timers->lock, &until);
}

static void *thread_main(void *argument)
{
	struct timers *timers = argument;

	prctl(PR_SET_NAME, "timers");
	prctl(PR_SET_TIMERSLACK, 1);
	pthread_mutex_lock(&timers->lock);
	while (!timers->stopping) {
		struct board_timer *first = timers->armed;

		if (!first) {
			pthread_cond_wait(&timers->earlier, &timers->lock);
		} else if (first->deadline > kick_clock_ns()) {
			sleep_until(timers, first->deadline);
		} else {
			timers->armed = first->next;
			pthread_mutex_unlock(&timers->lock);
			first->expire(first->device);
			pthread_mutex_lock(&timers->lock);
		}
	}
	pthread_mutex_unlock(&timers->lock);
	return NULL;
}

int timers_init(struct timers *timers)
{
	pthread_condattr_t attr;
	int ret;

	*timers = (struct timers){ .lock = PTHREAD_MUTEX_INITIALIZER };
	ret = pthread_condattr_init(&attr);
	if (ret)
		return -ret;
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	ret = pthread_cond_init(&timers->earlier, &attr);
	pthread_condattr_destroy(&attr);
	timers->created = ret == 0;
	return -ret;
}

void timers_destroy(struct timers *timers)
{
	if (!timers->created)
		return;
	timers->created = false;
	pthread_cond_destroy(&timers->earlier);
	pthread_mutex_destroy(&timers->lock);
}

/*
 * The main thread takes the process's signals, the vCPU threads the kicks: none are for this one.
 */
int timers_start(struct timers *timers)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int ret = pthread_attr_init(&attr);

	if (ret)
		return -ret;
	pthread_attr_setstacksize(&attr, TIMERS_STACK_SIZE);
	timers->stopping = false;
	crash_guard_block_others(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	ret = pthread_create(&timers->thread, &attr, thread_main, timers);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	timers->started = ret == 0;
	return -ret;
}

void timers_stop(struct timers *timers)
{
	if (!timers->started)
		return;
	pthread_mutex_lock(&timers->lock);
	timers->stopping = true;
	pthread_cond_signal(&timers->earlier);
	pthread_mutex_unlock(&timers->lock);
	pthread_join(timers->thread, NULL);
	timers->started = false;
}

void timers_freeze(struct timers *timers)
{
	timers->frozen = kick_clock_ns();
}

void timers_thaw(struct timers *timers)
{
	timers->frozen = 0;
}
