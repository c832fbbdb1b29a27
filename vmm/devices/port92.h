/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0x92: the fast way to INIT the CPUs. Bit 1 is the A20 gate, which is always open whatever is
 * written; an INIT leaves both bits as they are.
 */
#ifndef VMM_DEVICES_PORT92_H
#define VMM_DEVICES_PORT92_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/devices/devices.h"

#define PORT92_PORT 0x92

struct port92 {
	pthread_mutex_t lock;
	uint8_t value;
	struct end_request end;
};

/* 0, or what bus_add() says. */
int port92_init(struct port92 *port, struct bus *ports, struct end_request end);

#endif
