/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI functions of bus 0 by configuration mechanism #1. PCI Local Bus Specification 3.0,
 * "Configuration Space Organization", "Base Addresses".
 */
#ifndef GUESTS_VIRTIO_PCI_H
#define GUESTS_VIRTIO_PCI_H

#include <stdbool.h>
#include <stdint.h>

#define PCI_SLOTS 32u

#define PCI_ID             0x00u
#define PCI_COMMAND        0x04u
#define PCI_BAR0           0x10u
#define PCI_CAPABILITIES   0x34u
#define PCI_INTERRUPT_LINE 0x3cu

#define PCI_COMMAND_MEMORY       0x0002u
#define PCI_COMMAND_MASTER       0x0004u
#define PCI_COMMAND_INTX_DISABLE 0x0400u
#define PCI_NOBODY               0xffffffffu

#define PCI_CAP_VENDOR 0x09u
#define PCI_CAP_MSIX   0x11u

uint32_t pci_read(uint32_t slot, uint32_t offset);
uint8_t pci_read8(uint32_t slot, uint32_t offset);
void pci_write(uint32_t slot, uint32_t offset, uint32_t value);
void pci_write16(uint32_t slot, uint32_t offset, uint16_t value);

/* The next capability with this id behind after (0: the first one). 0: none. */
uint32_t pci_capability(uint32_t slot, uint8_t id, uint32_t after);
/* The size that a memory BAR asks for; it is not decoded meanwhile. */
uint32_t pci_bar_size(uint32_t slot, uint32_t bar);

/* Registers of other widths than lib/cpu.h has. */
static inline uint8_t mmio_read8(uintptr_t address)
{
	uint8_t value;

	__asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(address) : "memory");
	return value;
}

static inline uint16_t mmio_read16(uintptr_t address)
{
	uint16_t value;

	__asm__ volatile("movw (%1), %0" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void mmio_write8(uintptr_t address, uint8_t value)
{
	__asm__ volatile("movb %0, (%1)" : : "q"(value), "r"(address) : "memory");
}

static inline void mmio_write16(uintptr_t address, uint16_t value)
{
	__asm__ volatile("movw %0, (%1)" : : "r"(value), "r"(address) : "memory");
}

#endif
