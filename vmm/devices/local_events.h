/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Part of --test-device: a port by which a CPU makes its own local interrupt sources fire.
 * SDM vol. 3, "Local Vector Table": LINT1, the performance counters and the thermal sensor.
 */
#ifndef VMM_DEVICES_LOCAL_EVENTS_H
#define VMM_DEVICES_LOCAL_EVENTS_H

#include "vmm/bus.h"

enum local_event {
	LOCAL_EVENT_LINT1_LOW,
	LOCAL_EVENT_LINT1_HIGH,
	LOCAL_EVENT_PMC,
	LOCAL_EVENT_THERMAL,
	NR_LOCAL_EVENTS,
};

/*
 * 0x2050 (32 bits): a write of an enum local_event raises it at the CPU that writes; other values
 * do nothing. A read gives NR_LOCAL_EVENTS.
 */
#define LOCAL_EVENTS_PORT 0x2050

struct local_events {
	void (*raise)(void *machine, enum local_event event); /* on the writing CPU's thread */
	void *machine;
};

/* 0 or -errno; *events stays the caller's. */
int local_events_init(struct local_events *events, struct bus *ports);

#endif
