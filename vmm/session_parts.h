/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of a session share. For session*.c only. */
#ifndef VMM_SESSION_PARTS_H
#define VMM_SESSION_PARTS_H

#include "vmm/console.h"
#include "vmm/crash_guard.h"
#include "vmm/serial_port.h"
#include "vmm/session.h"

struct session {
	const struct options *options;
	const struct log *log;
	struct machine *machine;
	struct console console; /* the user's: COM1's, or the virtio console's */
	struct console line;    /* COM1's where that is not the user's */
	struct serial_port port;
	struct crash_guard crash;
	bool consoles_open;
	int signal_fd;
	int timer_fd;
	int space_fd; /* eventfd: the guest has room again */
};

/*
 * Keys, signals and the time-out, until the machine has ended. One that is to be saved has then
 * come to rest: its vCPU threads have ended.
 */
void session_loop(struct session *session);

/* Tell a virtio console how large the terminal is. */
void session_show_size(const struct session *session);

#endif
