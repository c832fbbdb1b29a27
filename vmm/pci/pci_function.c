/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI function: putting it together, and its interrupts.
 *
 * PCI Local Bus Specification 3.0, "Configuration Space Organization", "Interrupt Pins", "MSI-X
 * Capability and Table Structures".
 */
#include "vmm/pci/pci.h"

#include <string.h>

#define CAPABILITY_ALIGNMENT 4u
#define COMMAND_WRITABLE     (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE)

/* The MSI-X capability. */
#define MSIX_CAP_SIZE    12
#define MSIX_CAP_CONTROL 2
#define MSIX_CAP_TABLE   4
#define MSIX_CAP_PBA     8

/* ---- building -------------------------------------------------------------------------------- */

void pci_function_init(struct pci_function *fn, const struct pci_ids *ids,
		       const struct pci_ops *ops, void *device)
{
	*fn = (struct pci_function){
		.ops = ops,
		.device = device,
		.config_used = PCI_HEADER_END,
		.last_link = PCI_CAPABILITIES,
	};
	pthread_mutex_init(&fn->lock, NULL);
	pci_put16(fn, PCI_VENDOR_ID, ids->vendor);
	pci_put16(fn, PCI_DEVICE_ID, ids->device);
	pci_put32(fn, PCI_REVISION, ids->revision | ids->class_code << 8);
	pci_put16(fn, PCI_SUBVENDOR_ID, ids->subvendor);
	pci_put16(fn, PCI_SUBSYSTEM_ID, ids->subsystem);
	fn->writable[PCI_COMMAND] = (uint8_t)COMMAND_WRITABLE;
	fn->writable[PCI_COMMAND + 1] = (uint8_t)(COMMAND_WRITABLE >> 8);
	fn->writable[PCI_CACHE_LINE] = 0xff;
	fn->writable[PCI_INTERRUPT] = 0xff;
	msix_reset(&fn->msix, 1);
}

/* A function without MSI-X has the model too, in which nothing is ever enabled. */
void pci_function_reset(struct pci_function *fn)
{
	struct msix_out none;

	pthread_mutex_lock(&fn->lock);
	memcpy(fn->config, fn->initial, sizeof(fn->config));
	msix_reset(&fn->msix, fn->msix.nr_vectors);
	msix_hold(&fn->msix, true, &none);
	pci_update_decoding(fn);
	pci_update_line(fn);
	pthread_mutex_unlock(&fn->lock);
}

void pci_function_destroy(struct pci_function *fn)
{
	pthread_mutex_destroy(&fn->lock);
}

void pci_add_bar(struct pci_function *fn, uint32_t bar, uint32_t size)
{
	uint32_t mask = ~(size - 1);

	fn->bar[bar].size = size;
	memcpy(&fn->writable[PCI_BAR0 + 4 * bar], &mask, sizeof(mask));
}

uint32_t pci_add_capability(struct pci_function *fn, uint8_t id, const void *bytes, uint32_t len)
{
	uint32_t at = fn->config_used;

	memcpy(&fn->config[at], bytes, len);
	fn->config[at] = id;
	fn->config[at + 1] = 0;
	fn->config[fn->last_link] = (uint8_t)at;
	fn->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
	fn->last_link = at + 1;
	fn->config_used = (at + len + CAPABILITY_ALIGNMENT - 1) & ~(CAPABILITY_ALIGNMENT - 1);
	return at;
}

void pci_allow_writes(struct pci_function *fn, uint32_t offset, uint32_t len)
{
	memset(&fn->writable[offset], 0xff, len);
}

void pci_hook(struct pci_function *fn, uint32_t offset, uint32_t len)
{
	fn->hook = offset;
	fn->hook_len = len;
}

void pci_add_msix(struct pci_function *fn, uint32_t nr_vectors, uint32_t bar, uint32_t table,
		  uint32_t pba)
{
	static const uint8_t empty[MSIX_CAP_SIZE];

	msix_reset(&fn->msix, nr_vectors);
	msix_hold(&fn->msix, true, &(struct msix_out){ .count = 0 });
	fn->msix_bar = bar;
	fn->msix_table = table;
	fn->msix_pba = pba;
	fn->msix_at = pci_add_capability(fn, PCI_CAP_MSIX, empty, sizeof(empty));
	pci_put16(fn, fn->msix_at + MSIX_CAP_CONTROL, msix_control_read(&fn->msix));
	pci_put32(fn, fn->msix_at + MSIX_CAP_TABLE, table | bar);
	pci_put32(fn, fn->msix_at + MSIX_CAP_PBA, pba | bar);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/*
 * The lock is held until the messages have arrived (R159, "Operation of Per-vector Masking and
 * Pending Bits"): software that has set a mask and read it back may change the message, or free
 * what its handler works on. A message that was sent after the lock's release could come after such
 * a mask; as it is, the mask waits for it. Sending takes no lock of a function or a device, so the
 * order of locks stays what it is (pci.h).
 */
void pci_send(const struct pci_function *fn, const struct msix_out *out)
{
	for (uint32_t i = 0; i < out->count; i++)
		fn->wiring.send_msi(fn->wiring.irqchip, out->msg[i].address, out->msg[i].data);
}

/* The lock is held over the change of the line, or an older level could overtake a newer one. */
void pci_update_line(struct pci_function *fn)
{
	bool level = fn->intx && !fn->msix.enabled &&
		     !(pci_get16(fn, PCI_COMMAND) & PCI_COMMAND_INTX_DISABLE);

	if (fn->intx)
		fn->config[PCI_STATUS] |= PCI_STATUS_INTX;
	else
		fn->config[PCI_STATUS] &= (uint8_t)~PCI_STATUS_INTX;
	if (level == fn->asserted)
		return;
	fn->asserted = level;
	irq_line_set(&fn->line, level);
}

void pci_set_intx(struct pci_function *fn, bool level)
{
	pthread_mutex_lock(&fn->lock);
	fn->intx = level;
	pci_update_line(fn);
	pthread_mutex_unlock(&fn->lock);
}

bool pci_interrupt(struct pci_function *fn, uint32_t vector)
{
	struct msix_out out;
	bool by_message;

	pthread_mutex_lock(&fn->lock);
	by_message = fn->msix.enabled;
	if (by_message) {
		msix_raise(&fn->msix, vector, &out);
		pci_send(fn, &out);
	} else {
		fn->intx = true;
		pci_update_line(fn);
	}
	pthread_mutex_unlock(&fn->lock);
	return by_message;
}

void pci_clear_msix(struct pci_function *fn, uint32_t vector)
{
	pthread_mutex_lock(&fn->lock);
	msix_clear(&fn->msix, vector);
	pthread_mutex_unlock(&fn->lock);
}

bool pci_is_master(struct pci_function *fn)
{
	bool master;

	pthread_mutex_lock(&fn->lock);
	master = (pci_get16(fn, PCI_COMMAND) & PCI_COMMAND_MASTER) != 0;
	pthread_mutex_unlock(&fn->lock);
	return master;
}

/* ---- accesses inside a BAR: MSI-X first, the rest is the device's ---------------------------- */

static bool is_inside(uint64_t offset, uint32_t start, uint32_t size)
{
	return offset >= start && offset - start < size;
}

static bool is_msix_table(const struct pci_function *fn, uint32_t bar, uint64_t offset)
{
	return fn->msix_at && bar == fn->msix_bar &&
	       is_inside(offset, fn->msix_table, fn->msix.nr_vectors * MSIX_ENTRY_SIZE);
}

static bool is_msix_pba(const struct pci_function *fn, uint32_t bar, uint64_t offset)
{
	return fn->msix_at && bar == fn->msix_bar && is_inside(offset, fn->msix_pba, MSIX_PBA_SIZE);
}

uint64_t pci_bar_read(struct pci_function *fn, uint32_t bar, uint64_t offset, uint32_t len)
{
	bool table = is_msix_table(fn, bar, offset);
	uint64_t value;

	if (!table && !is_msix_pba(fn, bar, offset))
		return fn->ops->bar_read(fn->device, bar, offset, len);
	pthread_mutex_lock(&fn->lock);
	if (table)
		value = msix_table_read(&fn->msix, offset - fn->msix_table, len);
	else
		value = msix_pba_read(&fn->msix, offset - fn->msix_pba, len);
	pthread_mutex_unlock(&fn->lock);
	return value;
}

void pci_bar_write(struct pci_function *fn, uint32_t bar, uint64_t offset, uint32_t len,
		   uint64_t value)
{
	struct msix_out out;

	if (is_msix_pba(fn, bar, offset))
		return;
	if (!is_msix_table(fn, bar, offset)) {
		fn->ops->bar_write(fn->device, bar, offset, len, value);
		return;
	}
	pthread_mutex_lock(&fn->lock);
	msix_table_write(&fn->msix, offset - fn->msix_table, len, value, &out);
	pci_send(fn, &out);
	pthread_mutex_unlock(&fn->lock);
}
