/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of --test-device is for the CPU and KVM, not for interrupts: ports and memory that keep what
 * is written and exit at each access, and a port that takes a page away from KVM.
 *
 * 0xe0..0xe3 and 0xff000000..0xff00ffff, any width: read what was written there last, at first 0.
 * 0xe4 (32 bits): the page of RAM at this guest-physical address keeps its contents, but KVM has to
 * map it anew at its next use.
 */
#ifndef VMM_DEVICES_ECHO_DEVICE_H
#define VMM_DEVICES_ECHO_DEVICE_H

#include <pthread.h>
#include <stdint.h>

#include "vmm/bus.h"

#define ECHO_DEVICE_PORT       0xe0
#define ECHO_DEVICE_PORTS      4
#define ECHO_DEVICE_FLUSH_PORT 0xe4
#define ECHO_DEVICE_MMIO       0xff000000
#define ECHO_DEVICE_MMIO_SIZE  0x10000

struct echo_device {
	pthread_mutex_t lock;
	uint8_t ports[ECHO_DEVICE_PORTS];
	uint8_t bytes[ECHO_DEVICE_MMIO_SIZE];
	void (*flush)(void *memory, uint64_t gpa); /* on a vCPU thread, no lock held */
	void *memory;
};

/* 0, or what bus_add() says. memory is handed to flush; what is no RAM is for flush to ignore. */
int echo_device_init(struct echo_device *dev, struct bus *ports, struct bus *mmio,
		     void (*flush)(void *memory, uint64_t gpa), void *memory);

#endif
