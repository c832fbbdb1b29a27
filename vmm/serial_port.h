/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outside of COM1, as --serial chooses it: descriptors for the console, and whoever comes to
 * them. Linux, pty(7), unix(7). Main thread.
 */
#ifndef VMM_SERIAL_PORT_H
#define VMM_SERIAL_PORT_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "vmm/console.h"
#include "vmm/log.h"
#include "vmm/options.h"

struct serial_port {
	enum serial_choice kind;
	const char *path;
	int in;       /* for console_init */
	int out;      /* the same */
	int listener; /* of a socket; CONSOLE_NO_FD: there is none */
	dev_t device; /* with inode: of the socket's file */
	ino_t inode;
};

/* 0, or -errno after the reason has been logged. serial_port_close follows either way. */
int serial_port_open(struct serial_port *port, const struct options *options,
		     const struct log *log);
/* After console_destroy. A socket's file is removed if it is still ours. */
void serial_port_close(struct serial_port *port);

/* May the one on the other side leave and another come? */
static inline bool serial_port_has_peer(const struct serial_port *port)
{
	return port->kind == SERIAL_PTY || port->kind == SERIAL_SOCKET;
}

/*
 * What to poll for: the console's input, which is ready for console_input unless its end was seen
 * already, and a client that is ready for serial_port_accept. Their fd is CONSOLE_NO_FD where there
 * is nothing to wait for.
 */
void serial_port_watch(const struct serial_port *port, const struct console *console,
		       struct pollfd *input, struct pollfd *client);
/*
 * For how many milliseconds, at most limit (-1: there is none). Nobody is told that a
 * pseudo-terminal was opened: while nobody has it open, serial_port_check has to look now and then.
 */
int serial_port_timeout(const struct serial_port *port, const struct console *console, int limit);
void serial_port_accept(const struct serial_port *port, struct console *console);
/* After each poll: has the other side left, or come back? */
void serial_port_check(const struct serial_port *port, struct console *console);
/* Before console_destroy. */
void serial_port_drop_client(const struct serial_port *port, struct console *console);

#endif
