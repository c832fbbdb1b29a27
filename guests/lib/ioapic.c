/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O APIC access. 82093AA datasheet, "Register Description".
 */
#include "lib/ioapic.h"

#include "lib/cpu.h"

#define IOAPIC_SELECT 0x00u
#define IOAPIC_WINDOW 0x10u
#define IOAPIC_EOI    0x40u

#define IOAPIC_REG_VERSION 1u
#define IOAPIC_REG_RTE     0x10u

static uint32_t reg_read(const struct ioapic *ioapic, uint32_t reg)
{
	mmio_write(ioapic->address + IOAPIC_SELECT, reg);
	return mmio_read(ioapic->address + IOAPIC_WINDOW);
}

static void reg_write(const struct ioapic *ioapic, uint32_t reg, uint32_t value)
{
	mmio_write(ioapic->address + IOAPIC_SELECT, reg);
	mmio_write(ioapic->address + IOAPIC_WINDOW, value);
}

void ioapic_init(struct ioapic *ioapic)
{
	uint32_t version;

	if (!ioapic->address)
		return;
	version = reg_read(ioapic, IOAPIC_REG_VERSION);
	ioapic->version = version & 0xff;
	ioapic->pins = (version >> 16 & 0xff) + 1;
	for (uint32_t pin = 0; pin < ioapic->pins; pin++)
		reg_write(ioapic, IOAPIC_REG_RTE + 2 * pin, IOAPIC_MASKED);
}

void ioapic_set_low(const struct ioapic *ioapic, uint32_t pin, uint32_t low)
{
	reg_write(ioapic, IOAPIC_REG_RTE + 2 * pin, low);
}

void ioapic_route(const struct ioapic *ioapic, uint32_t pin, uint32_t low, uint32_t dest)
{
	/* Bits 31:24 hold destination bits 7:0, and bits 23:17 bits 14:8 where that is on offer. */
	uint32_t high = (dest & 0xff) << 24 | (dest >> 8 & 0x7f) << 17;

	ioapic_set_low(ioapic, pin, IOAPIC_MASKED);
	reg_write(ioapic, IOAPIC_REG_RTE + 2 * pin + 1, high);
	ioapic_set_low(ioapic, pin, low);
}

uint32_t ioapic_low(const struct ioapic *ioapic, uint32_t pin)
{
	return reg_read(ioapic, IOAPIC_REG_RTE + 2 * pin);
}

void ioapic_eoi(const struct ioapic *ioapic, uint32_t vector)
{
	mmio_write(ioapic->address + IOAPIC_EOI, vector);
}

bool ioapic_reaches(const struct ioapic *ioapic, uint32_t apic_id)
{
	return apic_id < (ioapic->ext_dest ? 0x8000u : 0xffu);
}
