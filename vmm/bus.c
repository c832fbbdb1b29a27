/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port and MMIO buses: finds the region that an access falls into.
 * Intel SDM, volume 1, "Input/Output".
 */
#include "vmm/bus.h"

#include <errno.h>
#include <string.h>

/* How many regions start at or below address. */
static uint32_t bus_rank(const struct bus *bus, uint64_t address)
{
	uint32_t low = 0;
	uint32_t high = bus->nr_regions;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (bus->region[middle].base <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int add(struct bus *bus, const struct bus_region *region)
{
	uint64_t last = region->base + (region->size - 1);
	uint32_t rank = bus_rank(bus, region->base);
	struct bus_region *place = &bus->region[rank];

	if (region->size == 0 || last < region->base)
		return -EINVAL;
	if (rank > 0 && region->base - place[-1].base < place[-1].size)
		return -EBUSY;
	if (rank < bus->nr_regions && place->base <= last)
		return -EBUSY;
	if (bus->nr_regions == BUS_MAX_REGIONS)
		return -ENOSPC;

	memmove(place + 1, place, (bus->nr_regions - rank) * sizeof(*place));
	*place = *region;
	bus->nr_regions++;
	return 0;
}

int bus_add(struct bus *bus, const char *name, uint64_t base, uint64_t size,
	    const struct bus_ops *ops, void *device)
{
	const struct bus_region region = {
		.name = name, .base = base, .size = size, .ops = ops, .device = device
	};

	return add(bus, &region);
}

int bus_add_exact(struct bus *bus, const char *name, uint64_t base, uint32_t width,
		  const struct bus_ops *ops, void *device)
{
	const struct bus_region region = {
		.name = name, .base = base, .size = 1, .width = width, .ops = ops, .device = device
	};

	return add(bus, &region);
}

static bool bus_len_valid(uint32_t len)
{
	return len == 1 || len == 2 || len == 4 || len == 8;
}

static uint64_t bus_mask(uint32_t len)
{
	return len < 8 ? (UINT64_C(1) << (8 * len)) - 1 : UINT64_MAX;
}

/*
 * The region that holds all of an access, or NULL. One that hangs over a region's end belongs to
 * nobody: no chip on the board decodes half of an access.
 */
static const struct bus_region *bus_find(const struct bus *bus, uint64_t address, uint32_t len)
{
	uint32_t rank = bus_rank(bus, address);
	const struct bus_region *region;
	uint64_t offset;

	if (rank == 0 || !bus_len_valid(len))
		return NULL;
	region = &bus->region[rank - 1];
	offset = address - region->base;
	if (region->width)
		return offset == 0 && len == region->width ? region : NULL;
	if (offset >= region->size || region->size - offset < len)
		return NULL;
	return region;
}

bool bus_read(const struct bus *bus, uint64_t address, uint32_t len, uint64_t *value)
{
	const struct bus_region *region = bus_find(bus, address, len);

	*value = bus_mask(len);
	if (!region)
		return false;
	*value &= region->ops->read(region->device, address - region->base, len);
	return true;
}

bool bus_write(const struct bus *bus, uint64_t address, uint32_t len, uint64_t value)
{
	const struct bus_region *region = bus_find(bus, address, len);

	if (!region)
		return false;
	region->ops->write(region->device, address - region->base, len, value & bus_mask(len));
	return true;
}
