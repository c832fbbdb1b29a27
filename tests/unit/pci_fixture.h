/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of PCI share: a bus on a fake board, and a function that records what it is told.
 */
#ifndef TESTS_UNIT_PCI_FIXTURE_H
#define TESTS_UNIT_PCI_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/pci/pci.h"

#define FAKE_VENDOR  0x1234
#define FAKE_DEVICE  0x5678
#define FAKE_BAR     2
#define FAKE_SIZE    0x4000u
#define FAKE_TABLE   0x1000u
#define FAKE_PBA     0x2000u
#define FAKE_VECTORS 3
#define FAKE_BAR_REG (PCI_BAR0 + 4 * FAKE_BAR)

struct fake_function {
	struct pci_function fn;
	uint32_t nr_reads, nr_writes;
	uint64_t offset; /* of the last access */
	uint64_t value;  /* last written, or to be read */
	uint32_t nr_moves;
	uint32_t address; /* of the last move */
	uint32_t nr_masters;
	uint32_t hook_offset, hook_value, nr_hooks;
};

struct pci_rig {
	struct fake_board board;
	struct bus mmio;
	struct pci_bus pci;
	struct fake_function dev[PCI_MAX_SLOTS];
};

static inline uint64_t fake_bar_read(void *device, uint32_t bar, uint64_t offset, uint32_t len)
{
	struct fake_function *f = device;

	(void)len;
	ck_assert_uint_eq(bar, FAKE_BAR);
	f->nr_reads++;
	f->offset = offset;
	return f->value;
}

static inline void fake_bar_write(void *device, uint32_t bar, uint64_t offset, uint32_t len,
				  uint64_t value)
{
	struct fake_function *f = device;

	(void)len;
	ck_assert_uint_eq(bar, FAKE_BAR);
	f->nr_writes++;
	f->offset = offset;
	f->value = value;
}

static inline void fake_bar_moved(void *device, uint32_t bar, uint32_t address)
{
	struct fake_function *f = device;

	ck_assert_uint_eq(bar, FAKE_BAR);
	f->nr_moves++;
	f->address = address;
}

static inline void fake_master_enabled(void *device)
{
	struct fake_function *f = device;

	f->nr_masters++;
}

static inline uint32_t fake_hook_read(void *device, uint32_t offset, uint32_t len)
{
	struct fake_function *f = device;

	(void)len;
	f->nr_hooks++;
	f->hook_offset = offset;
	return f->hook_value;
}

static inline void fake_hook_write(void *device, uint32_t offset, uint32_t len, uint32_t value)
{
	struct fake_function *f = device;

	(void)len;
	f->nr_hooks++;
	f->hook_offset = offset;
	f->hook_value = value;
}

static const struct pci_ops fake_pci_ops = {
	.bar_read = fake_bar_read,
	.bar_write = fake_bar_write,
	.bar_moved = fake_bar_moved,
	.master_enabled = fake_master_enabled,
	.hook_read = fake_hook_read,
	.hook_write = fake_hook_write,
};

/* A function with one BAR, a vendor capability whose last 4 bytes are hooked, and MSI-X. */
static inline void fake_function_init(struct fake_function *f)
{
	static const uint8_t vendor_cap[12] = { 0, 0, 12, 0xaa };
	static const struct pci_ids ids = {
		.vendor = FAKE_VENDOR,
		.device = FAKE_DEVICE,
		.subvendor = 0x1111,
		.subsystem = 0x2222,
		.revision = 7,
		.class_code = 0x0c0321,
	};
	uint32_t cap;

	*f = (struct fake_function){ .nr_reads = 0 };
	pci_function_init(&f->fn, &ids, &fake_pci_ops, f);
	pci_add_bar(&f->fn, FAKE_BAR, FAKE_SIZE);
	cap = pci_add_capability(&f->fn, PCI_CAP_VENDOR, vendor_cap, sizeof(vendor_cap));
	pci_allow_writes(&f->fn, cap + 4, 4);
	pci_hook(&f->fn, cap + 8, 4);
	pci_add_msix(&f->fn, FAKE_VECTORS, FAKE_BAR, FAKE_TABLE, FAKE_PBA);
}

/* A bus with nr functions in slots 1, 2, ... */
static inline struct pci_rig *pci_rig_create(uint32_t nr)
{
	struct pci_rig *rig = calloc(1, sizeof(*rig));
	struct pci_wiring wiring = { .first_source = 2 };

	ck_assert_ptr_nonnull(rig);
	wiring.set_irq = fake_set_line;
	wiring.send_msi = fake_send_msi;
	wiring.irqchip = &rig->board;
	ck_assert_int_eq(pci_bus_init(&rig->pci, &rig->board.ports, &rig->mmio, wiring), 0);
	for (uint32_t i = 0; i < nr; i++) {
		fake_function_init(&rig->dev[i]);
		ck_assert_int_eq(pci_bus_add(&rig->pci, &rig->dev[i].fn), 0);
	}
	return rig;
}

static inline uint32_t config_in(struct pci_rig *rig, uint32_t slot, uint32_t offset, uint32_t len)
{
	fake_out(&rig->board, 0xcf8, 4, 0x80000000u | slot << 11 | (offset & 0xfc));
	return fake_in(&rig->board, (uint16_t)(0xcfc + offset % 4), len);
}

static inline void config_out(struct pci_rig *rig, uint32_t slot, uint32_t offset, uint32_t len,
			      uint32_t value)
{
	fake_out(&rig->board, 0xcf8, 4, 0x80000000u | slot << 11 | (offset & 0xfc));
	fake_out(&rig->board, (uint16_t)(0xcfc + offset % 4), len, value);
}

static inline uint64_t mmio_in(struct pci_rig *rig, uint64_t address, uint32_t len)
{
	uint64_t value;

	bus_read(&rig->mmio, address, len, &value);
	return value;
}

static inline void mmio_out(struct pci_rig *rig, uint64_t address, uint32_t len, uint64_t value)
{
	bus_write(&rig->mmio, address, len, value);
}

#endif
