/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One register of a raw register page: 32 bits, little-endian, at its byte offset.
 *
 * SDM vol. 3, table "Local APIC Register Address Map".
 */
#ifndef LAPIC_LAPIC_PAGE_H
#define LAPIC_LAPIC_PAGE_H

#include <stdint.h>

#include "lapic/lapic_regs.h"

/* offset is taken modulo the page, and down to its register. */
static inline uint32_t lapic_page_load(const uint8_t page[LAPIC_REGS_SIZE], uint32_t offset)
{
	const uint8_t *p = page + (offset & (LAPIC_REGS_SIZE - 16));

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void lapic_page_store(uint8_t page[LAPIC_REGS_SIZE], uint32_t offset, uint32_t value)
{
	uint8_t *p = page + (offset & (LAPIC_REGS_SIZE - 16));

	for (unsigned int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

#endif
