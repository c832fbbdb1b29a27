/* SPDX-License-Identifier: BSD-2-Clause */
/* Handlers for crashes. POSIX.1-2017, "Signal Concepts"; Linux, sigaltstack(2), tgkill(2). */
#include "vmm/crash_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define STACK_SIZE        65536
#define WAIT_MILLISECONDS 1 /* between two looks at what the main thread does */
#define WAIT_TIMES        2000

static const int crash_signals[CRASH_NR_SIGNALS] = { SIGSEGV, SIGBUS,  SIGILL,  SIGFPE, SIGABRT,
						     SIGSYS,  SIGTRAP, SIGXCPU, SIGALRM };

static pid_t own_tid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

static void restore_actions(const struct crash_guard *guard)
{
	for (size_t i = 0; i < CRASH_NR_SIGNALS; i++)
		sigaction(crash_signals[i], &guard->old[i], NULL);
}

static void on_crash(int signal, siginfo_t *info, void *context);

static bool is_guarded(int signal)
{
	struct sigaction now;

	return sigaction(signal, NULL, &now) == 0 && now.sa_sigaction == on_crash;
}

/* The handlers themselves say whether the main thread has done its part: they are gone then. */
static void ask_main_thread(int signal)
{
	const struct timespec pause = { .tv_nsec = WAIT_MILLISECONDS * 1000000L };
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), signal, &info);
	for (int i = 0; i < WAIT_TIMES && is_guarded(signal); i++)
		nanosleep(&pause, NULL);
}

static bool is_asked_for(const siginfo_t *info)
{
	return info->si_code == SI_QUEUE && info->si_pid == getpid();
}

/* Returning from the handler of a fault runs into it again. */
static bool comes_again(int signal, const siginfo_t *info)
{
	return info->si_code > 0 &&
	       (signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE);
}

static void on_crash(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *interrupted = context;
	struct crash_guard *const *low_end = interrupted->uc_stack.ss_sp;

	if (own_tid() != getpid()) {
		ask_main_thread(signal);
	} else {
		console_leave((*low_end)->console);
		restore_actions(*low_end);
		if (is_asked_for(info))
			return;
	}
	/* It stays blocked, and so waits, until the handler returns. */
	if (!comes_again(signal, info))
		syscall(SYS_tgkill, getpid(), own_tid(), signal);
}

int crash_guard_enter(struct crash_guard *guard, struct console *console)
{
	stack_t stack = { .ss_size = STACK_SIZE };
	struct crash_guard **low_end;
	struct sigaction action;

	memset(guard, 0, sizeof(*guard));
	guard->console = console;
	stack.ss_sp = calloc(1, STACK_SIZE);
	if (!stack.ss_sp)
		return -ENOMEM;
	low_end = stack.ss_sp;
	*low_end = guard;
	if (sigaltstack(&stack, &guard->old_stack) < 0) {
		free(stack.ss_sp);
		return -errno;
	}
	guard->stack = stack.ss_sp;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_crash;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < CRASH_NR_SIGNALS; i++)
		sigaction(crash_signals[i], &action, &guard->old[i]);
	return 0;
}

void crash_guard_leave(struct crash_guard *guard)
{
	if (!guard->stack)
		return;
	restore_actions(guard);
	sigaltstack(&guard->old_stack, NULL);
	free(guard->stack);
	guard->stack = NULL;
}

void crash_guard_block_others(sigset_t *set)
{
	sigfillset(set);
	for (size_t i = 0; i < CRASH_NR_SIGNALS; i++)
		sigdelset(set, crash_signals[i]);
}
