/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space of a function: what a CPU's access reads and changes.
 *
 * PCI Local Bus Specification 3.0, "Configuration Space Functions" ("Device Control", "Device
 * Status", "Base Addresses").
 */
#include "vmm/pci/pci.h"

#define MSIX_CAP_CONTROL 2

static uint32_t get(const struct pci_function *fn, uint32_t offset, uint32_t len)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < len; i++)
		value |= (uint32_t)fn->config[offset + i] << (8 * i);
	return value;
}

static bool is_access(uint32_t offset, uint32_t len)
{
	return len <= sizeof(uint32_t) && offset < PCI_CONFIG_SIZE &&
	       len <= PCI_CONFIG_SIZE - offset;
}

static bool is_hooked(const struct pci_function *fn, uint32_t offset, uint32_t len)
{
	return offset >= fn->hook && offset + len <= fn->hook + fn->hook_len;
}

uint32_t pci_config_get(struct pci_function *fn, uint32_t offset, uint32_t len)
{
	uint32_t value;

	pthread_mutex_lock(&fn->lock);
	value = get(fn, offset, len);
	pthread_mutex_unlock(&fn->lock);
	return value;
}

uint32_t pci_config_read(struct pci_function *fn, uint32_t offset, uint32_t len)
{
	if (!is_access(offset, len))
		return UINT32_MAX;
	if (is_hooked(fn, offset, len))
		return fn->ops->hook_read(fn->device, offset - fn->hook, len);
	return pci_config_get(fn, offset, len);
}

/*
 * A BAR is decoded where memory space is enabled and all of it lies in the window: not while its
 * size is being asked for, which writes all ones into it.
 */
static uint32_t decoded_at(const struct pci_function *fn, uint32_t bar)
{
	uint32_t size = fn->bar[bar].size;
	uint32_t start = pci_get32(fn, PCI_BAR0 + 4 * bar);

	if (!size || !(pci_get16(fn, PCI_COMMAND) & PCI_COMMAND_MEMORY) ||
	    start < PCI_WINDOW_BASE || start - PCI_WINDOW_BASE > PCI_WINDOW_SIZE - size)
		return 0;
	return start;
}

void pci_update_decoding(struct pci_function *fn)
{
	for (uint32_t n = 0; n < PCI_NR_BARS; n++) {
		uint32_t address = decoded_at(fn, n);

		if (address == atomic_load_explicit(&fn->bar[n].address, memory_order_relaxed))
			continue;
		atomic_store_explicit(&fn->bar[n].address, address, memory_order_release);
		if (fn->ops->bar_moved)
			fn->ops->bar_moved(fn->device, n, address);
	}
}

static void put_bytes(struct pci_function *fn, uint32_t offset, uint32_t len, uint32_t value)
{
	for (uint32_t i = 0; i < len; i++) {
		uint8_t mask = fn->writable[offset + i];
		uint8_t byte = (uint8_t)(value >> (8 * i));

		fn->config[offset + i] = (uint8_t)((fn->config[offset + i] & ~mask) |
						   (byte & mask));
	}
}

/* Message Control is the model's: the bytes in configuration space show what it has become. */
static void write_msix_control(struct pci_function *fn, uint32_t offset, uint32_t len,
			       uint32_t value, struct msix_out *out)
{
	uint32_t control_at = fn->msix_at + MSIX_CAP_CONTROL;
	uint32_t control = pci_get16(fn, control_at);

	for (uint32_t i = 0; i < len; i++) {
		uint32_t shift = 8 * (offset + i - control_at);

		if (offset + i != control_at && offset + i != control_at + 1)
			continue;
		control &= ~(0xffu << shift);
		control |= ((value >> (8 * i)) & 0xff) << shift;
	}
	msix_control_write(&fn->msix, (uint16_t)control, out);
	pci_put16(fn, control_at, msix_control_read(&fn->msix));
}

static bool touches(uint32_t offset, uint32_t len, uint32_t start, uint32_t size)
{
	return offset < start + size && start < offset + len;
}

void pci_config_write(struct pci_function *fn, uint32_t offset, uint32_t len, uint32_t value)
{
	struct msix_out held = { .count = 0 };
	struct msix_out out = { .count = 0 };
	bool was_master;
	bool is_master;

	if (!is_access(offset, len))
		return;
	if (is_hooked(fn, offset, len)) {
		fn->ops->hook_write(fn->device, offset - fn->hook, len, value);
		return;
	}
	pthread_mutex_lock(&fn->lock);
	was_master = (pci_get16(fn, PCI_COMMAND) & PCI_COMMAND_MASTER) != 0;
	put_bytes(fn, offset, len, value);
	is_master = (pci_get16(fn, PCI_COMMAND) & PCI_COMMAND_MASTER) != 0;
	pci_update_decoding(fn);
	if (is_master != was_master)
		msix_hold(&fn->msix, !is_master, &held);
	if (fn->msix_at && touches(offset, len, fn->msix_at + MSIX_CAP_CONTROL, 2))
		write_msix_control(fn, offset, len, value, &out);
	pci_update_line(fn);
	pci_send(fn, &held);
	pci_send(fn, &out);
	pthread_mutex_unlock(&fn->lock);
	if (is_master && !was_master && fn->ops->master_enabled)
		fn->ops->master_enabled(fn->device);
}
