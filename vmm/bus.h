/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port and MMIO buses: who answers an access of a CPU.
 *
 * Regions are added while the machine is built, before any vCPU runs, and never change afterwards:
 * lookups take no lock. Handlers are called on the thread of the vCPU that made the access, any
 * number of them at once; each device has its own lock.
 */
#ifndef VMM_BUS_H
#define VMM_BUS_H

#include <stdbool.h>
#include <stdint.h>

#define BUS_MAX_REGIONS 48

/*
 * offset is relative to the region's base; len is 1, 2, 4 or 8 and the access lies within the
 * region. A device that does not decode an access returns all ones or does nothing.
 */
struct bus_ops {
	uint64_t (*read)(void *device, uint64_t offset, uint32_t len);
	void (*write)(void *device, uint64_t offset, uint32_t len, uint64_t value);
};

struct bus_region {
	const char *name;
	uint64_t base;
	uint64_t size;
	uint32_t width; /* the only width that is taken, 0: any that fits */
	const struct bus_ops *ops;
	void *device;
};

struct bus {
	uint32_t nr_regions;
	struct bus_region region[BUS_MAX_REGIONS]; /* sorted by base */
};

/*
 * Claim [base, base + size). 0, -EBUSY if part of it is taken, -ENOSPC if the bus is full, -EINVAL
 * if it is empty or passes the end of the address space. name, ops and device stay the caller's.
 */
int bus_add(struct bus *bus, const char *name, uint64_t base, uint64_t size,
	    const struct bus_ops *ops, void *device);

/*
 * Claim the accesses of exactly width bytes at base, and no address behind base: a chip that
 * decodes the width too can share addresses with others, as PCI's CONFIG_ADDRESS does. Errors as
 * above.
 */
int bus_add_exact(struct bus *bus, const char *name, uint64_t base, uint32_t width,
		  const struct bus_ops *ops, void *device);

/*
 * An access nobody claims reads all ones, is ignored when written, and returns false. So does one
 * that lies in a region only in part, and one whose len is none of 1, 2, 4 and 8. What is read and
 * what is handed to a device is cut to len bytes.
 */
bool bus_read(const struct bus *bus, uint64_t address, uint32_t len, uint64_t *value);
bool bus_write(const struct bus *bus, uint64_t address, uint32_t len, uint64_t value);

#endif
