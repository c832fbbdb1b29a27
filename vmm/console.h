/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's console: keys from a terminal or a pipe to the guest, guest bytes to a descriptor.
 *
 * Two sides that share nothing but a peer's descriptor. Input belongs to the main thread:
 * console_enter, console_leave, console_input, console_attach, console_detach and the calls on
 * pending bytes. Output is for any thread: console_write and console_cut.
 *
 * A peer is somebody who may leave and come back: whoever has the other side of a pseudo-terminal
 * open, or a client of a socket. All bytes of a peer are the guest's, Ctrl-A too, and what the
 * guest sends while there is none is dropped, as by a serial port without a cable.
 *
 * The terminal is restored by console_leave alone, so whoever ends or stops the process calls it
 * first: on the normal way out, on errors, and on SIGINT, SIGTERM, SIGHUP, SIGQUIT. On SIGTSTP:
 * console_leave, raise(SIGSTOP). On SIGCONT: console_enter. SIGPIPE has to be ignored.
 */
#ifndef VMM_CONSOLE_H
#define VMM_CONSOLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#define CONSOLE_PENDING_SIZE 4096
#define CONSOLE_NO_FD        (-1)

/* What console_input asks of the caller: any number of these, ORed. */
#define CONSOLE_QUIT     0x01u
#define CONSOLE_HELP     0x02u /* print console_help */
#define CONSOLE_LAPICS   0x04u /* dump the LAPICs */
#define CONSOLE_COUNTERS 0x08u /* print the counters */
#define CONSOLE_EOF      0x10u /* there will be no more input, from this peer at least */
#define CONSOLE_SAVE     0x20u /* save the machine */

/* The keys, one a line; the last has no line end. */
extern const char console_help[];

struct console_output {
	int fd;    /* CONSOLE_NO_FD: guest bytes go nowhere, or nobody is attached yet */
	bool peer; /* input and output are a peer's */
	/*
	 * Guest bytes cannot be written any more (errno, such as EPIPE or ENOSPC) and are dropped
	 * from now on. Called once at most, on the thread that was writing, no lock held.
	 */
	void (*lost)(void *ctx, int error);
	void *ctx;
};

struct console {
	/* Input. */
	int in;
	bool terminal;
	bool raw;    /* the terminal is in raw mode and saved is what to restore */
	bool escape; /* Ctrl-A was the last key */
	bool eof;
	struct termios saved;
	uint8_t pending[CONSOLE_PENDING_SIZE]; /* for the guest, oldest first */
	size_t nr_pending;
	/* Output. */
	pthread_mutex_t lock; /* one writer at a time; covers dropping and out.fd */
	bool dropping;
	int cut; /* eventfd, readable once console_cut was called */
	struct console_output out;
};

/*
 * in may be CONSOLE_NO_FD. The descriptors stay the caller's and their flags are not touched.
 * 0 or -errno.
 */
int console_init(struct console *console, int in, struct console_output out);
/* Leaves raw mode too. No other call may be under way. */
void console_destroy(struct console *console);

/*
 * Put the terminal into raw mode. Nothing happens, and 0 is returned, where input is no terminal,
 * or is one on which this process is in the background. To be called again after SIGCONT, whether
 * console_leave was called before or not. 0 or -errno.
 */
int console_enter(struct console *console);
/* Restore what console_enter found. Async-signal-safe; harmless when not in raw mode. */
void console_leave(struct console *console);

/*
 * Is input a terminal that belongs to somebody else now, such as the shell? Reading would stop us.
 */
bool console_is_in_background(const struct console *console);
/*
 * Should input be polled? Not after its end, in the background, and while there is no room. Take
 * the descriptor out of an epoll set then: a hang-up is reported whatever events are asked for.
 * epoll refuses regular files (EPERM); for them call console_input whenever this is true.
 */
bool console_wants_input(const struct console *console);
/*
 * Input is readable: take it in, one read(2). Keys for the guest become pending bytes; the return
 * value is what the escape keys and the end of input ask for. A failing read is the end of input.
 */
uint32_t console_input(struct console *console);

/*
 * Exchange bytes with the peer of fd from now on, after console_detach or at first. For a peer
 * whose input has ended already it is the start of new input.
 */
void console_attach(struct console *console, int fd);
/*
 * The peer has left: the descriptor, which is the caller's to close, or CONSOLE_NO_FD. What it sent
 * stays pending.
 */
int console_detach(struct console *console);

/*
 * The pending bytes, and dropping the first count of them. To be offered to the UART after each
 * console_input, and when it says that it has space:
 *	data = console_pending(console, &len);
 *	console_consume(console, serial_receive(serial, data, len));
 */
const uint8_t *console_pending(const struct console *console, size_t *len);
void console_consume(struct console *console, size_t count);

/*
 * Write all of data, waiting for as long as the descriptor takes nothing. A struct serial_sink's
 * write, with the console as its sink.
 */
void console_write(void *console, const uint8_t *data, size_t len);
/*
 * End of output: a writer that waits gives up, later bytes are dropped, lost is not called. For the
 * tear-down, so that no vCPU thread hangs in a terminal that takes nothing. Any thread.
 */
void console_cut(struct console *console);

#endif
