/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debug-exit port: a guest's way to end the process with a status of its choice.
 * QEMU System Emulation documentation, "isa-debug-exit".
 */
#include "vmm/devices/devices.h"

/* Test kernels write it with the width of an int, so the port is four bytes wide. */
#define DEBUG_EXIT_SIZE 4

static uint64_t debug_exit_read(void *device, uint64_t offset, uint32_t len)
{
	(void)device;
	(void)offset;
	(void)len;
	return UINT64_MAX;
}

static void debug_exit_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	const struct debug_exit *dev = device;

	(void)offset;
	(void)len;
	dev->end.request(dev->end.machine, END_DEBUG_EXIT, (uint32_t)value);
}

static const struct bus_ops debug_exit_ops = {
	.read = debug_exit_read,
	.write = debug_exit_write,
};

int debug_exit_init(struct debug_exit *dev, struct bus *ports, struct end_request end)
{
	dev->end = end;
	return bus_add(ports, "debug-exit", DEBUG_EXIT_PORT, DEBUG_EXIT_SIZE, &debug_exit_ops, dev);
}
