/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread's part of a run: what has to be there, the machine, and its end. */
#include "vmm/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vmm/dump.h"
#include "vmm/machine.h"
#include "vmm/machine_state.h"
#include "vmm/save.h"
#include "vmm/session_parts.h"

/* ---- set-up ---------------------------------------------------------------------------------- */

static void on_output_lost(void *opaque, int error)
{
	const struct session *s = opaque;

	log_line(s->log, LOG_WARN, "guest output cannot be written any more and is dropped: %s",
		 strerror(error));
}

/*
 * nohup(1) wants SIGHUP to stay ignored, and a signal that is read from a descriptor would not be.
 */
static bool is_under_nohup(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Signals come to the loop; threads started from here on inherit that they are blocked. */
static int open_signals(struct session *s)
{
	static const int signals[] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
				       SIGTSTP, SIGCONT, SIGUSR2, SIGWINCH };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i] != SIGHUP || !is_under_nohup())
			sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A file that must not grow any more is to fail with EFBIG. */
	signal(SIGXFSZ, SIG_IGN);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? -errno : 0;
}

static int open_timer(struct session *s)
{
	const struct itimerspec when = { .it_value = { .tv_sec = s->options->timeout } };

	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer_fd < 0)
		return -errno;
	return timerfd_settime(s->timer_fd, 0, &when, NULL) ? -errno : 0;
}

static int open_consoles(struct session *s)
{
	bool user = s->options->serial == SERIAL_TTY || s->options->console;
	const struct console_output out = {
		.fd = user ? STDOUT_FILENO : CONSOLE_NO_FD,
		.lost = on_output_lost,
		.ctx = s,
	};
	const struct console_output line = {
		.fd = s->port.out,
		.peer = serial_port_has_peer(&s->port),
		.lost = on_output_lost,
		.ctx = s,
	};
	int ret = console_init(&s->console, user ? STDIN_FILENO : CONSOLE_NO_FD, out);

	if (ret)
		return ret;
	ret = console_init(&s->line, s->port.in, line);
	if (ret)
		console_destroy(&s->console);
	s->consoles_open = ret == 0;
	return ret;
}

static int open_session(struct session *s)
{
	int ret = serial_port_open(&s->port, s->options, s->log);

	if (ret)
		return ret;
	ret = open_signals(s);
	if (ret == 0)
		ret = open_timer(s);
	if (ret == 0) {
		s->space_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		ret = s->space_fd < 0 ? -errno : 0;
	}
	if (ret == 0)
		ret = kick_setup();
	if (ret == 0)
		ret = open_consoles(s);
	if (ret)
		log_line(s->log, LOG_ERROR, "setting up the session: %s", strerror(-ret));
	return ret;
}

static void close_session(struct session *s)
{
	const int fds[] = { s->signal_fd, s->timer_fd, s->space_fd };

	if (s->consoles_open) {
		console_destroy(&s->console);
		serial_port_drop_client(&s->port, &s->line);
		console_destroy(&s->line);
	}
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	serial_port_close(&s->port);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* On a thread of the machine: the loop has bytes waiting, perhaps. */
static void on_space(void *opaque)
{
	const struct session *s = opaque;
	const uint64_t one = 1;

	/* A full counter means that the loop has been told already. */
	if (write(s->space_fd, &one, sizeof(one)) < 0)
		return;
}

static void enter_terminal(struct session *s)
{
	int ret = crash_guard_enter(&s->crash, &s->console);

	if (ret == 0)
		ret = console_enter(&s->console);
	if (ret)
		log_line(s->log, LOG_WARN, "the terminal cannot be set up: %s", strerror(-ret));
	if (s->console.raw)
		log_plain(s->log, "Ctrl-A x quits, Ctrl-A h lists the other keys");
}

static bool is_crash(enum machine_end end)
{
	return end == MACHINE_TRIPLE_FAULT || end == MACHINE_KVM_ERROR ||
	       end == MACHINE_INTERNAL_ERROR;
}

static void report(struct session *s)
{
	const struct options *o = s->options;

	if (o->dump == DUMP_ALWAYS || (o->dump == DUMP_CRASH && is_crash(s->machine->verdict.end)))
		dump_machine(s->machine);
	if (o->stats)
		dump_stats(s->machine, o->stats_path);
	machine_log_verdict(s->machine);
}

/* Whoever waits for a reader gives up. */
static void cut_output(struct session *s)
{
	console_cut(&s->console);
	console_cut(&s->line);
}

/* Until the machine has ended for good: one that could not be saved has not. */
static int run_to_end(struct session *s)
{
	struct machine *m = s->machine;
	uint32_t attempts = 0;

	for (;;) {
		session_loop(s);
		/* Whoever is saved has written everything. */
		if (!machine_is_saving(m))
			cut_output(s);
		machine_stop(m);
		switch (save_stopped(m, attempts)) {
		case SAVE_GOING_ON:
			attempts = 0;
			break;
		case SAVE_AGAIN:
			attempts++;
			break;
		case SAVE_BROKEN:
			return EXIT_CODE_INTERNAL;
		case SAVE_DONE:
		default:
			return 0;
		}
	}
}

static int run_created(struct session *s)
{
	int ret;

	if (s->machine->console)
		virtio_console_on_space(s->machine->console, on_space, s);
	if (s->machine->serial)
		serial_on_space(s->machine->serial, on_space, s);
	session_show_size(s);
	enter_terminal(s);
	ret = machine_start(s->machine);
	if (ret == 0)
		ret = run_to_end(s);
	cut_output(s);
	machine_stop(s->machine);
	console_leave(&s->console);
	crash_guard_leave(&s->crash);
	if (ret)
		return ret;
	report(s);
	return machine_exit_code(&s->machine->verdict);
}

static int run_machine(struct session *s)
{
	bool tty = s->options->serial == SERIAL_TTY;
	const struct machine_sinks sinks = {
		.serial = { .write = console_write, .sink = tty ? &s->console : &s->line },
		.console = { .write = console_write, .sink = &s->console },
	};
	int ret;

	/* Large, and the vCPU threads point into it: not on the stack. */
	s->machine = calloc(1, sizeof(*s->machine));
	if (!s->machine) {
		log_line(s->log, LOG_ERROR, "out of memory");
		return EXIT_CODE_INTERNAL;
	}
	ret = machine_create(s->machine, s->options, s->log, &sinks);
	if (ret == 0)
		ret = run_created(s);
	machine_destroy(s->machine);
	free(s->machine);
	return ret;
}

/* What has to be known before anything is begun. */
static int prepare(struct options *options, const struct log *log)
{
	struct state_error error = { .text = "" };

	if ((!options->save_path || state_output_check(options->save_path, &error) == 0) &&
	    (!options->restore_path || machine_state_adopt(options, &error) == 0))
		return 0;
	log_line(log, LOG_ERROR, "%s", error.text);
	return -EINVAL;
}

int session_run(const struct options *options, const struct log *log)
{
	struct options adopted = *options;
	struct session s = {
		.options = &adopted,
		.log = log,
		.signal_fd = -1,
		.timer_fd = -1,
		.space_fd = -1,
	};
	int ret = EXIT_CODE_USAGE;

	if (prepare(&adopted, log))
		return EXIT_CODE_USAGE;
	if (open_session(&s) == 0)
		ret = run_machine(&s);
	close_session(&s);
	return ret;
}
