/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI functions by configuration mechanism #1. PCI Local Bus Specification 3.0. */
#include "virtio/pci.h"

#include "lib/cpu.h"

#define ADDRESS_PORT 0xcf8u
#define DATA_PORT    0xcfcu
#define ENABLE       0x80000000u

static uint16_t select(uint32_t slot, uint32_t offset)
{
	outl(ENABLE | slot << 11 | (offset & 0xfc), ADDRESS_PORT);
	return (uint16_t)(DATA_PORT + offset % 4);
}

uint32_t pci_read(uint32_t slot, uint32_t offset)
{
	return inl(select(slot, offset));
}

uint8_t pci_read8(uint32_t slot, uint32_t offset)
{
	return inb(select(slot, offset));
}

void pci_write(uint32_t slot, uint32_t offset, uint32_t value)
{
	outl(value, select(slot, offset));
}

void pci_write16(uint32_t slot, uint32_t offset, uint16_t value)
{
	outw(value, select(slot, offset));
}

uint32_t pci_capability(uint32_t slot, uint8_t id, uint32_t after)
{
	uint32_t at = pci_read8(slot, after ? after + 1 : PCI_CAPABILITIES);

	while (at && pci_read8(slot, at) != id)
		at = pci_read8(slot, at + 1);
	return at;
}

uint32_t pci_bar_size(uint32_t slot, uint32_t bar)
{
	uint32_t offset = PCI_BAR0 + 4 * bar;
	uint32_t address = pci_read(slot, offset);
	uint16_t command = (uint16_t)pci_read(slot, PCI_COMMAND);
	uint32_t mask;

	pci_write16(slot, PCI_COMMAND, (uint16_t)(command & ~PCI_COMMAND_MEMORY));
	pci_write(slot, offset, 0xffffffff);
	mask = pci_read(slot, offset) & ~0xfu;
	pci_write(slot, offset, address);
	pci_write16(slot, PCI_COMMAND, command);
	return ~mask + 1;
}
