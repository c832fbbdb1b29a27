/* SPDX-License-Identifier: BSD-2-Clause */
/* The main thread's loop: keys, signals, the time-out and the machine's end. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/machine.h"
#include "vmm/session_parts.h"

#define KEY_CTRL_C              0x03
#define BACKGROUND_MILLISECONDS 200 /* between two looks whether the terminal is ours */
#define REST_MILLISECONDS       2   /* between two looks whether the vCPU threads have ended */

/* ---- the guest's end of the user's console --------------------------------------------------- */

static bool guest_hears(const struct machine *m)
{
	return m->console ? virtio_console_is_heard(m->console) : serial_is_heard(m->serial);
}

static size_t give_guest(const struct machine *m, const uint8_t *data, size_t len)
{
	return m->console ? virtio_console_receive(m->console, data, len)
			  : serial_receive(m->serial, data, len);
}

void session_show_size(const struct session *s)
{
	struct winsize size;

	if (s->machine->console && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		virtio_console_resize(s->machine->console, size.ws_col, size.ws_row);
}

static void feed_guest(struct session *s)
{
	struct machine *m = s->machine;
	const uint8_t *data;
	size_t len;

	data = console_pending(&s->console, &len);
	/* A guest that does not listen cannot be interrupted from its console: end it instead. */
	if (len && s->console.raw && memchr(data, KEY_CTRL_C, len) && !guest_hears(m))
		machine_request_end(m, MACHINE_SIGNAL, NULL, SIGINT);
	/* Without a byte too: COM1 may have some to send again. */
	if (len || !m->console)
		console_consume(&s->console, give_guest(m, data, len));
}

/* COM1, where somebody else than the user has it. */
static void feed_line(struct session *s)
{
	const uint8_t *data;
	size_t len;

	data = console_pending(&s->line, &len);
	if (s->machine->serial)
		console_consume(&s->line, serial_receive(s->machine->serial, data, len));
}

static bool user_has_console(const struct session *s)
{
	return s->machine->console || s->options->serial == SERIAL_TTY;
}

static void feed_all(struct session *s)
{
	if (user_has_console(s))
		feed_guest(s);
	if (s->options->serial != SERIAL_TTY)
		feed_line(s);
}

static void tell_all(struct machine *m, uint32_t event)
{
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (lapic_post_event(&m->vcpus[i].inbox, event))
			vcpu_kick(&m->vcpus[i], NULL);
}

static void ask_save(struct session *s)
{
	if (s->options->save_path)
		machine_request_end(s->machine, MACHINE_SAVE, NULL, 0);
	else
		log_line(s->log, LOG_WARN, "not saved: there is no --save-state");
}

static void on_input(struct session *s)
{
	uint32_t actions = console_input(&s->console);

	if (actions & CONSOLE_QUIT)
		machine_request_end(s->machine, MACHINE_QUIT, NULL, 0);
	if (actions & CONSOLE_HELP)
		log_plain(s->log, "keys:\n%s", console_help);
	if (actions & CONSOLE_LAPICS)
		tell_all(s->machine, VCPU_EVENT_DUMP_LAPIC);
	if (actions & CONSOLE_COUNTERS)
		tell_all(s->machine, VCPU_EVENT_DUMP_STATS);
	if (actions & CONSOLE_SAVE)
		ask_save(s);
	feed_guest(s);
}

static void on_signal(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			console_leave(&s->console);
			raise(SIGSTOP);
			break;
		case SIGCONT:
			console_enter(&s->console);
			session_show_size(s);
			break;
		case SIGWINCH:
			session_show_size(s);
			break;
		case SIGUSR2:
			ask_save(s);
			break;
		default:
			machine_request_end(s->machine, MACHINE_SIGNAL, NULL, info.ssi_signo);
			break;
		}
	}
}

static void drain_counter(int fd)
{
	uint64_t count;

	/* Only the wake-up matters, not how often. */
	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

enum waiting_for {
	END,
	SIGNALS,
	TIMER,
	SPACE,
	INPUT,
	LINE,
	CLIENT,
	NR
};

static void on_line(struct session *s, const struct pollfd *input, const struct pollfd *client)
{
	if (input->revents) {
		console_input(&s->line);
		feed_line(s);
	}
	if (client->revents)
		serial_port_accept(&s->port, &s->line);
	serial_port_check(&s->port, &s->line);
}

/* A shell's fg tells a job that was running in the background nothing: look now and then. */
static void take_terminal(struct session *s)
{
	if (s->console.terminal && !s->console.raw && !s->console.eof)
		console_enter(&s->console);
}

/* Wait for events, for a time in milliseconds or without limit (-1), and see to them. */
static void wait_for_events(struct session *s, struct pollfd fds[NR], int timeout)
{
	fds[INPUT].fd = console_wants_input(&s->console) ? STDIN_FILENO : -1;
	if (console_is_in_background(&s->console) && timeout < 0)
		timeout = BACKGROUND_MILLISECONDS;
	serial_port_watch(&s->port, &s->line, &fds[LINE], &fds[CLIENT]);
	if (poll(fds, NR, serial_port_timeout(&s->port, &s->line, timeout)) < 0)
		return;
	take_terminal(s);
	if (fds[SIGNALS].revents)
		on_signal(s);
	if (fds[TIMER].revents)
		machine_request_end(s->machine, MACHINE_TIMEOUT, NULL, 0);
	if (fds[SPACE].revents) {
		drain_counter(s->space_fd);
		feed_all(s);
	}
	if (fds[INPUT].revents)
		on_input(s);
	on_line(s, &fds[LINE], &fds[CLIENT]);
}

/*
 * Until the end. A machine that is to be saved comes to rest by itself, which may take as long as a
 * write to the console does: until then the user is listened to.
 */
void session_loop(struct session *s)
{
	struct machine *m = s->machine;
	struct pollfd fds[NR] = {
		[END] = { .fd = m->end_fd, .events = POLLIN },
		[SIGNALS] = { .fd = s->signal_fd, .events = POLLIN },
		[TIMER] = { .fd = s->timer_fd, .events = POLLIN },
		[SPACE] = { .fd = s->space_fd, .events = POLLIN },
		[INPUT] = { .events = POLLIN },
	};

	while (!machine_has_ended(m))
		wait_for_events(s, fds, -1);
	fds[END].fd = -1;
	if (machine_is_saving(m))
		tell_all(m, VCPU_EVENT_STOP);
	while (machine_is_saving(m) && atomic_load(&m->nr_running))
		wait_for_events(s, fds, REST_MILLISECONDS);
}
