/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Appending firmware tables to a piece of guest memory.
 */
#include "boot/tables.h"

#include <string.h>

void table_put(struct table_area *area, const void *bytes, size_t size)
{
	if (area->full || size > area->size - area->used) {
		area->full = true;
		return;
	}
	memcpy(area->bytes + area->used, bytes, size);
	area->used += (uint32_t)size;
}

uint32_t table_align(struct table_area *area, uint32_t alignment)
{
	uint32_t padding = -(area->address + area->used) & (alignment - 1);

	if (area->full || padding > area->size - area->used)
		area->full = true;
	else
		area->used += padding;
	return area->address + area->used;
}

uint8_t *table_at(const struct table_area *area, uint32_t address)
{
	return area->full ? NULL : area->bytes + (address - area->address);
}

uint8_t table_checksum(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return (uint8_t)-sum;
}
