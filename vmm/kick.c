/* SPDX-License-Identifier: BSD-2-Clause */
/* The kick: signal, handler and POSIX timer. */
#include "vmm/kick.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void set_immediate_exit(struct kvm_run *run)
{
	__atomic_store_n(&run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

/* A kick's sender has set immediate_exit itself; a timer's signal brings the vCPU along. */
static void on_kick(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (info->si_code == SI_TIMER)
		set_immediate_exit(info->si_value.sival_ptr);
}

int kick_setup(void)
{
	struct sigaction action;
	sigset_t kick;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_kick;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigfillset(&action.sa_mask);
	/* Whoever started the process may have left it blocked, and the probe kicks this thread. */
	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	return sigaction(KICK_SIGNAL, &action, NULL) ? -errno : 0;
}

void kick_thread(pid_t tid, struct kvm_run *run)
{
	set_immediate_exit(run);
	syscall(SYS_tgkill, getpid(), tid, KICK_SIGNAL);
}

pid_t kick_own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

int kick_timer_create(struct kick_timer *timer, struct kvm_run *run)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = KICK_SIGNAL;
	event.sigev_value.sival_ptr = run;
	/* glibc 2.36 has no public name for the thread id's member. */
	event._sigev_un._tid = kick_own_tid();
	timer->armed = UINT64_MAX;
	timer->created = timer_create(CLOCK_MONOTONIC, &event, &timer->id) == 0;
	return timer->created ? 0 : -errno;
}

void kick_timer_destroy(struct kick_timer *timer)
{
	if (timer->created)
		timer_delete(timer->id);
	timer->created = false;
}

void kick_timer_arm(struct kick_timer *timer, uint64_t deadline)
{
	struct itimerspec when = {
		.it_value = {
			.tv_sec = (time_t)(deadline / 1000000000u),
			.tv_nsec = (long)(deadline % 1000000000u),
		},
	};

	if (deadline >= timer->armed)
		return;
	/* An all-zero time would disarm it; one that has passed fires at once. */
	if (deadline == 0)
		when.it_value.tv_nsec = 1;
	timer_settime(timer->id, TIMER_ABSTIME, &when, NULL);
	timer->armed = deadline;
}
