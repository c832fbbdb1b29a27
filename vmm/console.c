/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's console: raw mode, escape keys, and getting guest bytes out completely.
 * POSIX.1-2017, "General Terminal Interface".
 */
#define _POSIX_C_SOURCE 200809L

#include "vmm/console.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY_ESCAPE 0x01 /* Ctrl-A */

/*
 * poll(2) promises room for some bytes, not for all: small pieces keep a write to a blocking
 * descriptor short, where console_cut cannot reach it. A pipe that polls writable takes a piece
 * whole.
 */
#define WRITE_PIECE        256
#define RETRY_MILLISECONDS 10

const char console_help[] = "Ctrl-A x       quit\n"
			    "Ctrl-A h       this help\n"
			    "Ctrl-A l       dump the local APICs\n"
			    "Ctrl-A s       print the counters\n"
			    "Ctrl-A w       save the machine (--save-state)\n"
			    "Ctrl-A Ctrl-A  send Ctrl-A to the guest";

int console_init(struct console *console, int in, struct console_output out)
{
	int cut = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (cut < 0)
		return -errno;
	*console = (struct console){
		.in = in,
		.eof = in == CONSOLE_NO_FD,
		.terminal = !out.peer && in != CONSOLE_NO_FD && isatty(in),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.dropping = out.fd == CONSOLE_NO_FD && !out.peer,
		.cut = cut,
		.out = out,
	};
	return 0;
}

void console_destroy(struct console *console)
{
	console_leave(console);
	close(console->cut);
	pthread_mutex_destroy(&console->lock);
}

/*
 * A terminal that is not this process's controlling one knows no background. On one that is, a
 * background process must leave the settings to the shell and the foreground job.
 */
static bool console_in_foreground(const struct console *console)
{
	pid_t group = tcgetpgrp(console->in);

	return group < 0 || group == getpgrp();
}

/* Output processing stays on: the VMM's own messages share the screen with the guest. */
static struct termios console_raw_mode(const struct termios *saved)
{
	struct termios raw = *saved;

	raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL |
				   IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return raw;
}

/*
 * In raw mode already: after a SIGSTOP, which cannot be caught, the shell has put its own settings
 * back. Raw mode is entered anew then, but saved stays what the user had.
 */
int console_enter(struct console *console)
{
	struct termios raw;

	if (!console->terminal || !console_in_foreground(console))
		return 0;
	if (!console->raw && tcgetattr(console->in, &console->saved) < 0)
		return -errno;
	raw = console_raw_mode(&console->saved);
	/* Set first: if the call fails halfway, console_leave has something to undo. */
	console->raw = true;
	if (tcsetattr(console->in, TCSANOW, &raw) < 0)
		return -errno;
	return 0;
}

void console_leave(struct console *console)
{
	int error = errno;

	if (console->raw && console_in_foreground(console))
		tcsetattr(console->in, TCSANOW, &console->saved);
	console->raw = false;
	errno = error;
}

bool console_is_in_background(const struct console *console)
{
	return console->terminal && !console->eof && !console_in_foreground(console);
}

bool console_wants_input(const struct console *console)
{
	return !console->eof && console->nr_pending < CONSOLE_PENDING_SIZE &&
	       !console_is_in_background(console);
}

/* The key after Ctrl-A. A key that means nothing is swallowed, like a mistyped command. */
static uint32_t console_escape_key(struct console *console, uint8_t key)
{
	switch (key) {
	case 'x':
		return CONSOLE_QUIT;
	case 'h':
	case '?':
		return CONSOLE_HELP;
	case 'l':
		return CONSOLE_LAPICS;
	case 's':
		return CONSOLE_COUNTERS;
	case 'w':
		return CONSOLE_SAVE;
	case KEY_ESCAPE:
		console->pending[console->nr_pending++] = KEY_ESCAPE;
		return 0;
	default:
		return 0;
	}
}

static uint32_t console_key(struct console *console, uint8_t key)
{
	if (console->escape) {
		console->escape = false;
		return console_escape_key(console, key);
	}
	if (key == KEY_ESCAPE && !console->out.peer)
		console->escape = true;
	else
		console->pending[console->nr_pending++] = key;
	return 0;
}

/* No more is read than there is room for: a key becomes one pending byte at most. */
uint32_t console_input(struct console *console)
{
	uint8_t keys[CONSOLE_PENDING_SIZE];
	uint32_t actions = 0;
	ssize_t len;

	if (!console_wants_input(console))
		return 0;
	len = read(console->in, keys, CONSOLE_PENDING_SIZE - console->nr_pending);
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (len <= 0) {
		console->eof = true;
		return CONSOLE_EOF;
	}
	for (ssize_t i = 0; i < len; i++)
		actions |= console_key(console, keys[i]);
	return actions;
}

void console_attach(struct console *console, int fd)
{
	pthread_mutex_lock(&console->lock);
	console->out.fd = fd;
	pthread_mutex_unlock(&console->lock);
	console->in = fd;
	console->eof = false;
}

/* The shutdown frees a writer that waits for the peer; it fails where that is no socket. */
int console_detach(struct console *console)
{
	int fd = console->in;

	if (fd == CONSOLE_NO_FD)
		return fd;
	shutdown(fd, SHUT_RDWR);
	pthread_mutex_lock(&console->lock);
	console->out.fd = CONSOLE_NO_FD;
	pthread_mutex_unlock(&console->lock);
	console->in = CONSOLE_NO_FD;
	console->eof = true;
	return fd;
}

const uint8_t *console_pending(const struct console *console, size_t *len)
{
	*len = console->nr_pending;
	return console->pending;
}

void console_consume(struct console *console, size_t count)
{
	if (count > console->nr_pending)
		count = console->nr_pending;
	console->nr_pending -= count;
	memmove(console->pending, console->pending + count, console->nr_pending);
}

/*
 * Wait for events of out, or for a time in milliseconds (-1: no limit). 0, -ECANCELED when output
 * was cut, -EPIPE when the peer has hung up: a pseudo-terminal would keep bytes for the next one.
 */
static int console_wait(const struct console *console, short events, int timeout)
{
	struct pollfd fd[2] = {
		{ .fd = console->out.fd, .events = events },
		{ .fd = console->cut, .events = POLLIN },
	};

	while (poll(fd, 2, timeout) < 0) {
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	if (fd[1].revents)
		return -ECANCELED;
	return console->out.peer && (fd[0].revents & (POLLHUP | POLLERR)) ? -EPIPE : 0;
}

/*
 * One piece, under the lock. What it wrote, or -errno when output has ended. A terminal can poll
 * writable and still have no room for a line end's two characters: then a pause, not a tight loop.
 */
static ssize_t console_write_piece(struct console *console, const uint8_t *data, size_t len)
{
	ssize_t done = console_wait(console, POLLOUT, -1);

	if (done)
		return done;
	done = write(console->out.fd, data, len < WRITE_PIECE ? len : WRITE_PIECE);
	if (done >= 0)
		return done;
	if (errno == EINTR)
		return 0;
	if (errno == EAGAIN)
		return console_wait(console, 0, RETRY_MILLISECONDS);
	return -errno;
}

/*
 * Under the lock. 0, or the errno with which output ended just now: for good, but for a peer, of
 * which there may be another.
 */
static int console_write_all(struct console *console, const uint8_t *data, size_t len)
{
	while (len > 0 && !console->dropping && console->out.fd != CONSOLE_NO_FD) {
		ssize_t done = console_write_piece(console, data, len);

		if (done < 0 && done != -ECANCELED && console->out.peer)
			return 0;
		if (done < 0) {
			console->dropping = true;
			return (int)-done;
		}
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

void console_write(void *sink, const uint8_t *data, size_t len)
{
	struct console *console = sink;
	int error;

	pthread_mutex_lock(&console->lock);
	error = console_write_all(console, data, len);
	pthread_mutex_unlock(&console->lock);
	if (error && error != ECANCELED && console->out.lost)
		console->out.lost(console->out.ctx, error);
}

void console_cut(struct console *console)
{
	const uint64_t one = 1;

	/* Fails only when the counter is near its end, and then it is readable already. */
	if (write(console->cut, &one, sizeof(one)) < 0)
		return;
}
