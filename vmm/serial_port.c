/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outside of COM1, if it is not the terminal: a file, a pseudo-terminal, a listening socket.
 * Linux, pty(7), unix(7); POSIX.1-2017, "posix_openpt".
 */
#include "vmm/serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#define PTY_NAME_SIZE         64
#define PTY_POLL_MILLISECONDS 100

static int open_file(struct serial_port *port, const struct log *log)
{
	port->out = open(port->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (port->out >= 0)
		return 0;
	log_line(log, LOG_ERROR, "--serial file: cannot write %s: %s", port->path, strerror(errno));
	return -errno;
}

/* ---- pseudo-terminal ------------------------------------------------------------------------- */

/*
 * Raw from the start, or the terminal would echo to the guest what the guest prints. Opening the
 * other side and closing it again also is what makes the master say that nobody is attached.
 */
static int make_raw(const char *name)
{
	int slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;
	int ret = 0;

	if (slave < 0)
		return -errno;
	if (tcgetattr(slave, &mode) < 0) {
		ret = -errno;
	} else {
		cfmakeraw(&mode);
		if (tcsetattr(slave, TCSANOW, &mode) < 0)
			ret = -errno;
	}
	close(slave);
	return ret;
}

static int make_pty(int *master, char *name)
{
	int ret;

	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0 || grantpt(*master) < 0 || unlockpt(*master) < 0)
		return -errno;
	ret = ptsname_r(*master, name, PTY_NAME_SIZE);
	return ret ? -ret : make_raw(name);
}

static int open_pty(struct serial_port *port, const struct log *log)
{
	char name[PTY_NAME_SIZE];
	int ret = make_pty(&port->in, name);

	port->out = port->in;
	if (ret) {
		log_line(log, LOG_ERROR,
			 "--serial pty: no pseudo-terminal (is /dev/pts mounted?): %s",
			 strerror(-ret));
		return ret;
	}
	log_plain(log, "serial port: %s", name);
	return 0;
}

/* ---- socket ---------------------------------------------------------------------------------- */

static int fail_socket(const struct serial_port *port, const struct log *log, const char *why)
{
	log_line(log, LOG_ERROR, "--serial socket: %s: %s", port->path, why);
	return -EINVAL;
}

/* A socket's file outlives a process that was killed; nobody listens on it then. */
static int remove_stale(const struct serial_port *port, const struct log *log,
			const struct sockaddr_un *address)
{
	struct stat info;
	int fd;
	int ret;

	if (lstat(port->path, &info) < 0)
		return 0; /* bind knows better what is wrong, if anything is */
	if (!S_ISSOCK(info.st_mode))
		return fail_socket(port, log, "exists and is no socket; choose another path");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_socket(port, log, strerror(errno));
	ret = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
	close(fd);
	if (ret == 0 || ret == EAGAIN || ret == EPROTOTYPE)
		return fail_socket(port, log,
				   "somebody listens there already; choose another path");
	if (ret != ECONNREFUSED || unlink(port->path) < 0)
		return fail_socket(port, log, strerror(errno));
	return 0;
}

static int bind_socket(struct serial_port *port, const struct sockaddr_un *address)
{
	struct stat info;

	port->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (port->listener < 0)
		return -errno;
	if (bind(port->listener, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	if (lstat(port->path, &info) < 0)
		return -errno;
	port->device = info.st_dev;
	port->inode = info.st_ino;
	return listen(port->listener, 1) < 0 ? -errno : 0;
}

static int open_socket(struct serial_port *port, const struct log *log)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ret;

	/* The option's parser has seen to the length. */
	strncpy(address.sun_path, port->path, sizeof(address.sun_path) - 1);
	ret = remove_stale(port, log, &address);
	if (ret)
		return ret;
	ret = bind_socket(port, &address);
	return ret ? fail_socket(port, log, strerror(-ret)) : 0;
}

static void close_socket(struct serial_port *port)
{
	struct stat info;

	if (port->inode && lstat(port->path, &info) == 0 && info.st_dev == port->device &&
	    info.st_ino == port->inode)
		unlink(port->path);
	if (port->listener >= 0)
		close(port->listener);
}

/* ---- whoever comes and goes ------------------------------------------------------------------ */

/*
 * A client that has ended its half of the connection may still listen, and is awaited to hang up
 * altogether. The next one waits in the listener's queue.
 */
void serial_port_watch(const struct serial_port *port, const struct console *console,
		       struct pollfd *input, struct pollfd *client)
{
	*input = (struct pollfd){ .fd = CONSOLE_NO_FD, .events = POLLIN };
	*client = (struct pollfd){ .fd = CONSOLE_NO_FD, .events = POLLIN };
	if (console_wants_input(console))
		input->fd = console->in;
	if (port->kind != SERIAL_SOCKET)
		return;
	if (console->in == CONSOLE_NO_FD) {
		client->fd = port->listener;
	} else if (console->eof) {
		input->fd = console->in;
		input->events = 0;
	}
}

int serial_port_timeout(const struct serial_port *port, const struct console *console, int limit)
{
	if (port->kind != SERIAL_PTY || !console->eof ||
	    (limit >= 0 && limit < PTY_POLL_MILLISECONDS))
		return limit;
	return PTY_POLL_MILLISECONDS;
}

void serial_port_accept(const struct serial_port *port, struct console *console)
{
	int fd = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		console_attach(console, fd);
}

void serial_port_drop_client(const struct serial_port *port, struct console *console)
{
	int fd = port->kind == SERIAL_SOCKET ? console_detach(console) : CONSOLE_NO_FD;

	if (fd >= 0)
		close(fd);
}

/*
 * Has the other side hung up? What is left to be read counts on a pseudo-terminal, whose input ends
 * again and again; a socket's has ended, which polls readable too.
 */
static bool peer_left(const struct serial_port *port, const struct console *console)
{
	struct pollfd fd = { .fd = console->in, .events = POLLIN };

	if (poll(&fd, 1, 0) < 1 || !(fd.revents & (POLLHUP | POLLERR)))
		return false;
	return port->kind == SERIAL_SOCKET || !(fd.revents & POLLIN);
}

void serial_port_check(const struct serial_port *port, struct console *console)
{
	bool left;

	if (!serial_port_has_peer(port) || !console->eof || console->in == CONSOLE_NO_FD)
		return;
	left = peer_left(port, console);
	if (port->kind == SERIAL_SOCKET && left)
		serial_port_drop_client(port, console);
	if (port->kind == SERIAL_PTY && !left)
		console_attach(console, console->in);
}

/* ---- the whole ------------------------------------------------------------------------------- */

int serial_port_open(struct serial_port *port, const struct options *options, const struct log *log)
{
	*port = (struct serial_port){
		.kind = options->serial,
		.path = options->serial_path,
		.in = CONSOLE_NO_FD,
		.out = CONSOLE_NO_FD,
		.listener = CONSOLE_NO_FD,
	};
	switch (port->kind) {
	case SERIAL_FILE:
		return open_file(port, log);
	case SERIAL_PTY:
		return open_pty(port, log);
	case SERIAL_SOCKET:
		return open_socket(port, log);
	case SERIAL_TTY:
	case SERIAL_OFF:
	case SERIAL_NULL:
	default:
		return 0;
	}
}

void serial_port_close(struct serial_port *port)
{
	if ((port->kind == SERIAL_FILE || port->kind == SERIAL_PTY) && port->out >= 0)
		close(port->out);
	if (port->kind == SERIAL_SOCKET)
		close_socket(port);
}
