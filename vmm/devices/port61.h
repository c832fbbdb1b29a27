/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0x61, the PC's system control port B: counter 2's GATE and OUT, the speaker, refresh.
 * Intel 82371 (PIIX) and ICH data sheets, "NMI Status and Control Register (NMI_SC)".
 */
#ifndef VMM_DEVICES_PORT61_H
#define VMM_DEVICES_PORT61_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/board_clock.h"
#include "vmm/bus.h"
#include "vmm/devices/i8254.h"

#define PORT61_PORT     0x61
#define PORT61_WRITABLE 0x0fu

struct port61 {
	struct board_clock clock;
	struct i8254 *pit;
	pthread_mutex_t lock; /* control, and that GATE 2 is what its bit says; outside of pit's */
	uint8_t control;      /* the bits that can be written */
};

/* 0 or -errno. */
int port61_init(struct port61 *port, struct bus *ports, struct i8254 *pit,
		const struct board_clock *clock);

#endif
