/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local interrupt sources on demand, which this machine has no hardware for. SDM vol. 3, "Local
 * Vector Table". It has no state: the pins and the entries are the local APIC's.
 */
#include "vmm/devices/local_events.h"

#define WIDTH 4

static uint64_t local_events_read(void *device, uint64_t offset, uint32_t len)
{
	(void)device;
	return offset == 0 && len == WIDTH ? NR_LOCAL_EVENTS : UINT64_MAX;
}

static void local_events_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	const struct local_events *events = device;

	if (offset == 0 && len == WIDTH && value < NR_LOCAL_EVENTS)
		events->raise(events->machine, (enum local_event)value);
}

static const struct bus_ops local_events_ops = {
	.read = local_events_read,
	.write = local_events_write,
};

int local_events_init(struct local_events *events, struct bus *ports)
{
	return bus_add(ports, "local-events", LOCAL_EVENTS_PORT, WIDTH, &local_events_ops, events);
}
