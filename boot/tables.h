/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory that holds the firmware tables, filled from its start, and the tables themselves.
 */
#ifndef BOOT_TABLES_H
#define BOOT_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"

struct table_area {
	uint8_t *bytes;
	uint32_t address; /* guest-physical, of bytes[0] */
	uint32_t size;
	uint32_t used;
	bool full; /* something did not fit; nothing is written from then on */
};

/* Append bytes. Nothing is written when they do not fit: look at full in the end. */
void table_put(struct table_area *area, const void *bytes, size_t size);

/* Move on to a multiple of alignment, a power of two; returns the guest-physical address there. */
uint32_t table_align(struct table_area *area, uint32_t alignment);

/* The bytes at an address that was written before; NULL when the area is full. */
uint8_t *table_at(const struct table_area *area, uint32_t address);

/* What has to be added to make the bytes sum up to 0 (modulo 256). */
uint8_t table_checksum(const uint8_t *bytes, size_t size);

/* Each appends its tables. The RSDP is the first thing that acpi_write() puts. */
void acpi_write(struct table_area *area, const struct boot_platform *platform);
void dsdt_write(struct table_area *area, const struct boot_platform *platform);

/* Nothing is written when the bootstrap processor's APIC id does not fit the format's 8 bits. */
void mptable_write(struct table_area *area, const struct boot_platform *platform, uint8_t *low_ram);

/* Ids from 255 on do not fit the 8-bit formats: 255 is the broadcast id. */
#define XAPIC_ID_END 255u

#endif
