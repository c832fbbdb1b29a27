/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Somebody at a terminal, as a program: drive [STEP...] -- COMMAND... runs COMMAND on a new
 * pseudo-terminal that is its controlling terminal; drive -t TTY STEP... and drive -u SOCKET
 * STEP... talk to one that exists. Linux, pty(7); POSIX.1-2017, "General Terminal Interface".
 *
 * expect:TEXT  wait for TEXT in what has come since the last match
 * send:TEXT    type TEXT; \n, \r, \\ and \ooo as in C
 * file:PATH    type what is in the file, while what comes is taken in
 * run:COMMAND  a command of the shell, with TTY_PID in its environment; it has to succeed
 * size:RxC     make the window R rows high and C columns wide; the kernel sends SIGWINCH
 * limit:N      from now on a step may take N seconds, not a minute
 * raw, cooked  wait until the terminal is in that mode
 * half         end the input of the socket
 * eof          wait until the other side has hung up
 *
 * All that comes is copied to stdout. The status is COMMAND's, 128 + N after a signal N; without
 * COMMAND 0; 99 when a step failed or took too long.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILED        99
#define STEP_SECONDS  60
#define TICK          20 /* ms between two looks at something that cannot be polled for */
#define RECEIVED_SIZE (1u << 20)

struct drive {
	int fd;
	pid_t child;
	bool ended; /* the other side has hung up */
	char *received;
	size_t size;
	size_t matched; /* up to here steps have seen it */
	time_t allowed; /* seconds for a step */
	time_t limit;
	const char *step;
};

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

__attribute__((noreturn)) static void fail(const struct drive *d, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "drive: %s: %s; after '%.200s'\n", d->step, why, d->received + d->matched);
	if (d->child > 0)
		kill(d->child, SIGKILL);
	_exit(FAILED);
}

/* A hang-up is EIO on the master of a pseudo-terminal. */
static void take_in(struct drive *d)
{
	ssize_t len = read(d->fd, d->received + d->size, RECEIVED_SIZE - 1 - d->size);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		d->ended = true;
		return;
	}
	fwrite(d->received + d->size, 1, (size_t)len, stdout);
	for (ssize_t i = 0; i < len; i++)
		if (!d->received[d->size + (size_t)i])
			d->received[d->size + (size_t)i] = '?';
	d->size += (size_t)len;
	d->received[d->size] = '\0';
}

/* One look at the line; true if it takes output. Fails when the step's time is over. */
static bool look(struct drive *d, bool to_write, int milliseconds)
{
	struct pollfd fd = { .fd = d->fd, .events = POLLIN | (to_write ? POLLOUT : 0) };

	if (seconds() > d->limit)
		fail(d, "took too long");
	if (d->ended)
		fd.fd = -1;
	poll(&fd, 1, milliseconds);
	if (fd.revents & (POLLIN | POLLHUP | POLLERR))
		take_in(d);
	return fd.revents & POLLOUT;
}

static void type(struct drive *d, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t done = 0;

		if (look(d, true, 1000))
			done = write(d->fd, data, len < 256 ? len : 256);
		if (d->ended)
			fail(d, "nobody is there any more");
		if (done > 0) {
			data += done;
			len -= (size_t)done;
		}
	}
}

static void type_file(struct drive *d, const char *path)
{
	char data[4096];
	size_t len;
	FILE *file = fopen(path, "re");

	if (!file)
		fail(d, strerror(errno));
	while ((len = fread(data, 1, sizeof(data), file)) > 0)
		type(d, data, len);
	fclose(file);
}

static size_t unescape(char *to, const char *from)
{
	size_t len = 0;

	while (*from) {
		if (*from != '\\') {
			to[len++] = *from++;
			continue;
		}
		from++;
		if (*from >= '0' && *from <= '7') {
			char *end = to + len;
			int value = 0;

			for (int i = 0; i < 3 && *from >= '0' && *from <= '7'; i++)
				value = value * 8 + (*from++ - '0');
			*end = (char)value;
			len++;
			continue;
		}
		to[len++] = *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
		from += *from ? 1 : 0;
	}
	return len;
}

static void expect(struct drive *d, const char *text)
{
	const char *found;

	while (!(found = strstr(d->received + d->matched, text))) {
		if (d->ended)
			fail(d, "the other side has ended");
		look(d, false, 1000);
	}
	d->matched = (size_t)(found - d->received) + strlen(text);
}

static void wait_for_mode(struct drive *d, bool raw)
{
	struct termios mode;

	for (;;) {
		if (tcgetattr(d->fd, &mode) < 0)
			fail(d, strerror(errno));
		if (raw == !(mode.c_lflag & ICANON))
			return;
		look(d, false, TICK);
	}
}

static void resize(struct drive *d, const char *text)
{
	struct winsize size = { 0 };

	if (sscanf(text, "%hux%hu", &size.ws_row, &size.ws_col) != 2)
		fail(d, "rows x columns are wanted");
	if (ioctl(d->fd, TIOCSWINSZ, &size) < 0)
		fail(d, strerror(errno));
}

static void run(struct drive *d, const char *command)
{
	int status;

	fflush(stdout);
	status = system(command);
	if (status)
		fail(d, "the command failed");
}

static void do_step(struct drive *d, const char *step)
{
	const char *colon = strchr(step, ':');
	const char *text = colon ? colon + 1 : "";
	char data[1024];

	d->step = step;
	d->limit = seconds() + d->allowed;
	if (strncmp(step, "expect:", 7) == 0)
		expect(d, text);
	else if (strncmp(step, "send:", 5) == 0 && strlen(text) < sizeof(data))
		type(d, data, unescape(data, text));
	else if (strncmp(step, "file:", 5) == 0)
		type_file(d, text);
	else if (strncmp(step, "run:", 4) == 0)
		run(d, text);
	else if (strncmp(step, "size:", 5) == 0)
		resize(d, text);
	else if (strncmp(step, "limit:", 6) == 0)
		d->allowed = atol(text);
	else if (strcmp(step, "raw") == 0 || strcmp(step, "cooked") == 0)
		wait_for_mode(d, *step == 'r');
	else if (strcmp(step, "half") == 0)
		shutdown(d->fd, SHUT_WR);
	else if (strcmp(step, "eof") == 0)
		while (!d->ended)
			look(d, false, 1000);
	else
		fail(d, "there is no such step");
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

static void start_command(struct drive *d, char **command)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	char pid[16];

	d->child = forkpty(&d->fd, NULL, NULL, &size);
	if (d->child < 0)
		fail(d, strerror(errno));
	if (d->child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	snprintf(pid, sizeof(pid), "%d", (int)d->child);
	setenv("TTY_PID", pid, 1);
}

/* What COMMAND still has to say is taken in; then how it ended. */
static int finish(struct drive *d)
{
	int status = 0;

	if (!d->child)
		return 0;
	d->step = "the end of the command";
	d->limit = seconds() + d->allowed;
	while (waitpid(d->child, &status, d->ended ? 0 : WNOHANG) == 0)
		look(d, false, TICK);
	while (!d->ended)
		look(d, false, TICK);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct drive d = { .fd = -1,
			   .step = "start",
			   .allowed = STEP_SECONDS,
			   .received = calloc(1, RECEIVED_SIZE) };
	int first = 1;
	int end;

	if (!d.received)
		return FAILED;
	signal(SIGPIPE, SIG_IGN);
	for (end = 1; end < argc && strcmp(argv[end], "--") != 0; end++)
		;
	if (argc > 2 && argv[1][0] == '-' && end == argc) {
		d.fd = argv[1][1] == 'u' ? connect_to(argv[2])
					 : open(argv[2], O_RDWR | O_NOCTTY | O_CLOEXEC);
		first = 3;
		if (d.fd < 0)
			fail(&d, strerror(errno));
	} else if (end + 1 < argc) {
		start_command(&d, argv + end + 1);
	}
	for (int i = first; i < end; i++)
		do_step(&d, argv[i]);
	end = finish(&d);
	fflush(stdout);
	free(d.received);
	return end;
}
