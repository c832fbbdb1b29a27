/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Real-mode vectors and their handlers. Multiboot Specification version 0.6.96, "Machine state":
 * other machine state is as the BIOS leaves it, and the PIC has the normal BIOS values. SDM vol. 3,
 * "Interrupt and Exception Handling in Real-Address Mode".
 */
#include "boot/bios.h"

#include <string.h>

#include "boot/layout.h"

#define BIOS_SEGMENT  0xf000u
#define VECTOR_SIZE   4u
#define VECTOR_MASTER 0x08u
#define VECTOR_SLAVE  0x70u
#define PIC_INPUTS    8u

/* iret */
static const uint8_t nothing[] = { 0xcf };
/* push %ax; mov $0x20, %al; out %al, $0x20; pop %ax; iret */
static const uint8_t master_eoi[] = { 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf };
/* push %ax; mov $0x20, %al; out %al, $0xa0; out %al, $0x20; pop %ax; iret */
static const uint8_t slave_eoi[] = { 0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf };

/* mov $4, %al; mov $0xcf9, %dx; out %al, %dx: INIT; cli; hlt */
static const uint8_t restart[] = { 0xb0, 0x04, 0xba, 0xf9, 0x0c, 0xee, 0xfa, 0xf4 };

static void set_vectors(const struct boot_ram *ram, uint32_t first, uint32_t count,
			uint32_t handler)
{
	const uint16_t pointer[] = { (uint16_t)(handler - (BIOS_SEGMENT << 4)), BIOS_SEGMENT };

	for (uint32_t vector = first; vector < first + count; vector++)
		memcpy(ram->low + (size_t)vector * VECTOR_SIZE, pointer, sizeof(pointer));
}

void bios_install(const struct boot_ram *ram)
{
	memcpy(ram->low + LAYOUT_BIOS_IRET, nothing, sizeof(nothing));
	memcpy(ram->low + LAYOUT_BIOS_MASTER, master_eoi, sizeof(master_eoi));
	memcpy(ram->low + LAYOUT_BIOS_SLAVE, slave_eoi, sizeof(slave_eoi));
	memcpy(ram->low + LAYOUT_BIOS_RESET, restart, sizeof(restart));
	set_vectors(ram, 0, LAYOUT_MP_POINTER_LOW / VECTOR_SIZE, LAYOUT_BIOS_IRET);
	set_vectors(ram, VECTOR_MASTER, PIC_INPUTS, LAYOUT_BIOS_MASTER);
	set_vectors(ram, VECTOR_SLAVE, PIC_INPUTS, LAYOUT_BIOS_SLAVE);
}
