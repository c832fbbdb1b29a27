/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259 pair and the timer as a BIOS leaves them. Multiboot Specification version 0.6.96,
 * "Machine state"; 8259A datasheet, "Initialization Command Words 1 and 2"; 8254 datasheet, "Mode
 * Definitions".
 */
#include "vmm/bios_state.h"

#include <stddef.h>

struct port_write {
	uint16_t port;
	uint8_t value;
};

static const struct port_write writes[] = {
	/*
	 * ICW1 to ICW4, the mask: vectors from 8 on, the slave on IR2; the timer and the slave are
	 * open.
	 */
	{ 0x20, 0x11 },
	{ 0x21, 0x08 },
	{ 0x21, 0x04 },
	{ 0x21, 0x01 },
	{ 0x21, 0xfa },
	/* Vectors from 0x70 on, all masked. */
	{ 0xa0, 0x11 },
	{ 0xa1, 0x70 },
	{ 0xa1, 0x02 },
	{ 0xa1, 0x01 },
	{ 0xa1, 0xff },
	/* Counter 0, mode 3, 65536 ticks: 18.2 interrupts a second. */
	{ 0x43, 0x36 },
	{ 0x40, 0x00 },
	{ 0x40, 0x00 },
};

void bios_state_set(const struct bus *ports)
{
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		bus_write(ports, writes[i].port, 1, writes[i].value);
}
