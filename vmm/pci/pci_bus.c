/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCI bus: configuration mechanism #1, the window of memory BARs, and the host bridge.
 *
 * PCI Local Bus Specification 3.0, "Software Generation of Configuration Transactions" and "Base
 * Addresses".
 */
#include "vmm/pci/pci.h"

#include <errno.h>
#include <string.h>

#define ADDRESS_ENABLE      UINT32_C(0x80000000)
#define ADDRESS_WRITABLE    UINT32_C(0x80fffffc)
#define ADDRESS_BUS(a)      (((a) >> 16) & 0xff)
#define ADDRESS_SLOT(a)     (((a) >> 11) & 0x1f)
#define ADDRESS_FUNCTION(a) (((a) >> 8) & 0x7)
#define ADDRESS_REGISTER(a) ((a)&0xfc)
#define NOBODY              UINT64_MAX /* a read that no device answers */
#define BRIDGE_VENDOR       0x1b36
#define BRIDGE_DEVICE       0x0008 /* a generic host bridge, for which nobody has quirks */
#define BRIDGE_CLASS        0x060000
#define CONFIG_DATA_SIZE    4
#define WINDOW_END          (PCI_WINDOW_BASE + PCI_WINDOW_SIZE)
#define INTERRUPT_PIN_A     1

/* ---- configuration mechanism #1 -------------------------------------------------------------- */

static uint64_t address_read(void *opaque, uint64_t offset, uint32_t len)
{
	struct pci_bus *bus = opaque;

	(void)offset;
	(void)len;
	return atomic_load(&bus->config_address);
}

static void address_write(void *opaque, uint64_t offset, uint32_t len, uint64_t value)
{
	struct pci_bus *bus = opaque;

	(void)offset;
	(void)len;
	atomic_store(&bus->config_address, (uint32_t)value & ADDRESS_WRITABLE);
}

/* Whose registers an address names, or NULL. */
static struct pci_function *addressed(const struct pci_bus *bus, uint32_t address)
{
	uint32_t slot = ADDRESS_SLOT(address);

	if (!(address & ADDRESS_ENABLE) || ADDRESS_BUS(address) || ADDRESS_FUNCTION(address) ||
	    slot >= bus->nr_slots)
		return NULL;
	return bus->slot[slot];
}

static uint64_t data_read(void *opaque, uint64_t offset, uint32_t len)
{
	const struct pci_bus *bus = opaque;
	uint32_t address = atomic_load(&bus->config_address);
	struct pci_function *fn = addressed(bus, address);

	return fn ? pci_config_read(fn, ADDRESS_REGISTER(address) + (uint32_t)offset, len) : NOBODY;
}

static void data_write(void *opaque, uint64_t offset, uint32_t len, uint64_t value)
{
	const struct pci_bus *bus = opaque;
	uint32_t address = atomic_load(&bus->config_address);
	struct pci_function *fn = addressed(bus, address);

	if (fn)
		pci_config_write(fn, ADDRESS_REGISTER(address) + (uint32_t)offset, len,
				 (uint32_t)value);
}

static const struct bus_ops address_ops = { address_read, address_write };
static const struct bus_ops data_ops = { data_read, data_write };

/* ---- memory window --------------------------------------------------------------------------- */

/* The BAR that holds all of an access. Where BARs overlap, the lowest slot answers. */
static struct pci_function *find_bar(const struct pci_bus *bus, uint64_t address, uint32_t len,
				     uint32_t *bar, uint64_t *offset)
{
	for (uint32_t i = 0; i < bus->nr_slots; i++) {
		struct pci_function *fn = bus->slot[i];

		for (uint32_t n = 0; n < PCI_NR_BARS; n++) {
			uint32_t start = atomic_load_explicit(&fn->bar[n].address,
							      memory_order_acquire);

			if (!start || address < start || address - start + len > fn->bar[n].size)
				continue;
			*bar = n;
			*offset = address - start;
			return fn;
		}
	}
	return NULL;
}

static uint64_t window_read(void *opaque, uint64_t offset, uint32_t len)
{
	const struct pci_bus *bus = opaque;
	uint32_t bar;
	struct pci_function *fn = find_bar(bus, PCI_WINDOW_BASE + offset, len, &bar, &offset);

	return fn ? pci_bar_read(fn, bar, offset, len) : NOBODY;
}

static void window_write(void *opaque, uint64_t offset, uint32_t len, uint64_t value)
{
	const struct pci_bus *bus = opaque;
	uint32_t bar;
	struct pci_function *fn = find_bar(bus, PCI_WINDOW_BASE + offset, len, &bar, &offset);

	if (fn)
		pci_bar_write(fn, bar, offset, len, value);
}

static const struct bus_ops window_ops = { window_read, window_write };

/* ---- building -------------------------------------------------------------------------------- */

/* Natural alignment: a BAR's address bits below its size do not exist. */
static int assign_bars(struct pci_bus *bus, struct pci_function *fn)
{
	for (uint32_t n = 0; n < PCI_NR_BARS; n++) {
		uint32_t size = fn->bar[n].size;
		uint32_t start;

		if (!size)
			continue;
		start = (bus->next_address + size - 1) & ~(size - 1);
		if (start < bus->next_address || size > WINDOW_END - start)
			return -ENOSPC;
		pci_put32(fn, PCI_BAR0 + 4 * n, start);
		bus->next_address = start + size;
	}
	return 0;
}

int pci_bus_add(struct pci_bus *bus, struct pci_function *fn)
{
	uint32_t slot = bus->nr_slots;
	uint32_t gsi = PCI_FIRST_GSI + slot % PCI_NR_GSIS;
	int ret;

	if (slot == PCI_MAX_SLOTS)
		return -ENOSPC;
	ret = assign_bars(bus, fn);
	if (ret)
		return ret;
	fn->wiring = bus->wiring;
	fn->line = (struct irq_line){
		.set = bus->wiring.set_irq,
		.irqchip = bus->wiring.irqchip,
		.gsi = gsi,
		.source = bus->wiring.first_source + slot,
	};
	if (slot > 0) {
		fn->config[PCI_INTERRUPT] = (uint8_t)gsi;
		fn->config[PCI_INTERRUPT_PIN] = INTERRUPT_PIN_A;
		pci_put16(fn, PCI_COMMAND, PCI_COMMAND_MEMORY);
	}
	memcpy(fn->initial, fn->config, sizeof(fn->initial));
	bus->slot[slot] = fn;
	bus->nr_slots++;
	pthread_mutex_lock(&fn->lock);
	pci_update_decoding(fn);
	pthread_mutex_unlock(&fn->lock);
	return 0;
}

void pci_bus_reset(struct pci_bus *bus)
{
	atomic_store(&bus->config_address, 0);
	for (uint32_t i = 0; i < bus->nr_slots; i++)
		pci_function_reset(bus->slot[i]);
}

uint32_t pci_bus_endpoints(const struct pci_bus *bus)
{
	return bus->nr_slots ? bus->nr_slots - 1 : 0;
}

static const struct pci_ops bridge_ops = { .bar_read = NULL };

int pci_bus_init(struct pci_bus *bus, struct bus *ports, struct bus *mmio, struct pci_wiring wiring)
{
	static const struct pci_ids bridge = {
		.vendor = BRIDGE_VENDOR,
		.device = BRIDGE_DEVICE,
		.class_code = BRIDGE_CLASS,
	};
	int ret;

	*bus = (struct pci_bus){ .next_address = PCI_WINDOW_BASE, .wiring = wiring };
	pci_function_init(&bus->bridge, &bridge, &bridge_ops, NULL);
	ret = pci_bus_add(bus, &bus->bridge);
	if (ret == 0)
		ret = bus_add_exact(ports, "pci-config-address", PCI_CONFIG_ADDRESS_PORT,
				    sizeof(uint32_t), &address_ops, bus);
	if (ret == 0)
		ret = bus_add(ports, "pci-config-data", PCI_CONFIG_DATA_PORT, CONFIG_DATA_SIZE,
			      &data_ops, bus);
	if (ret == 0)
		ret = bus_add(mmio, "pci-window", PCI_WINDOW_BASE, PCI_WINDOW_SIZE, &window_ops,
			      bus);
	return ret;
}
