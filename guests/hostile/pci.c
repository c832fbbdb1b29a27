/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks on the PCI bus: configuration space, BARs that move, and what is behind them. PCI Local
 * Bus Specification 3.0, "Software Generation of Configuration Transactions", "Base Addresses".
 *
 * Bus mastering stays off and no virtio driver becomes ready: a device that reads and writes memory
 * at random addresses would end this guest, not the VMM. The unit tests do that.
 */
#include "hostile/hostile.h"

#include "lib/cpu.h"

#define ADDRESS_PORT 0xcf8u
#define DATA_PORT    0xcfcu
#define ENABLE       0x80000000u
#define SLOTS        4u
#define MASTER       0x0004u
#define BAR0         0x10u

#define WINDOW       0xc0000000u
#define WINDOW_OFTEN 0x10000u
#define BAR_SIZE     0x4000u
#define COMMON_END   0x38u
#define STATUS_DWORD 0x14u
#define WINDOW_BITS  0x3effffffu

/* CONFIG_ADDRESS is shared: what this CPU selects, another may use. So no data says "master". */
static void attack_config(struct attacker *attacker)
{
	uint32_t offset = random_below(attacker, 4) ? random_below(attacker, 0x40) * 4
						    : BAR0 + random_below(attacker, 6) * 4;
	uint32_t value = (uint32_t)random_value(attacker) & ~MASTER;

	outl(ENABLE | random_below(attacker, SLOTS) << 11 | offset, ADDRESS_PORT);
	switch (random_below(attacker, 6)) {
	case 0:
		outb((uint8_t)value, (uint16_t)(DATA_PORT + random_below(attacker, 4)));
		return;
	case 1:
		outw((uint16_t)value, (uint16_t)(DATA_PORT + random_below(attacker, 4)));
		return;
	case 2:
		outl(value, DATA_PORT);
		return;
	case 3:
		/* Where a device finds itself again. */
		outl(WINDOW + random_below(attacker, 8) * BAR_SIZE, DATA_PORT);
		return;
	default:
		(void)inl((uint16_t)(DATA_PORT + random_below(attacker, 4)));
		return;
	}
}

static void attack_window(struct attacker *attacker)
{
	uint32_t spread = random_below(attacker, 4) ? WINDOW_OFTEN : WINDOW_BITS;
	uintptr_t at = WINDOW + random_below(attacker, spread);
	uint64_t value = random_value(attacker);

	if (random_below(attacker, 4) == 0)
		at = WINDOW + random_below(attacker, SLOTS) * BAR_SIZE +
		     random_below(attacker, COMMON_END);
	switch (random_below(attacker, 6)) {
	case 0:
		/* Device status is the one register of a byte. */
		if ((at & (BAR_SIZE - 1) & ~3u) != STATUS_DWORD)
			*(volatile uint8_t *)at = (uint8_t)value;
		return;
	case 1:
		*(volatile uint16_t *)at = (uint16_t)value;
		return;
	case 2:
		*(volatile uint64_t *)at = value;
		return;
	case 3:
		mmio_write((uintptr_t)at, (uint32_t)value);
		return;
	default:
		(void)mmio_read(at);
		return;
	}
}

void attack_pci(struct attacker *attacker)
{
	if (random_below(attacker, 2))
		attack_config(attacker);
	else
		attack_window(attacker);
}
