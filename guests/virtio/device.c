/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver for virtio devices on PCI. Virtual I/O Device (VIRTIO) 1.2, "Virtio Over PCI Bus". */
#include "virtio/device.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/string.h"
#include "virtio/pci.h"

#define VENDOR    0x1af4u
#define DEVICE_ID 0x1040u
#define POLL_US   10000000u

/* Capabilities: types, and places in one. */
#define CAP_COMMON 1u
#define CAP_NOTIFY 2u
#define CAP_ISR    3u
#define CAP_DEVICE 4u
#define CAP_TYPE   3u
#define CAP_OFFSET 8u

#define MSIX_CONTROL  2u
#define MSIX_TABLE    4u
#define MSIX_PBA      8u
#define MSIX_ENABLE   0x8000u
#define MSIX_MASK_ALL 0x4000u
#define MSIX_ENTRY    16u

/* The common configuration structure. */
#define DRIVER_FEATURE_SELECT 0x08u
#define DRIVER_FEATURE        0x0cu
#define CONFIG_VECTOR         0x10u
#define DEVICE_STATUS         0x14u
#define QUEUE_SELECT          0x16u
#define QUEUE_SIZE            0x18u
#define QUEUE_VECTOR          0x1au
#define QUEUE_ENABLE          0x1cu
#define QUEUE_DESCRIPTORS     0x20u
#define QUEUE_AVAILABLE       0x28u
#define QUEUE_USED            0x30u

#define FEATURES_OK          0x08u
#define VERSION_1_UPPER_HALF 1u

static uintptr_t at(const struct virtio *v, uint32_t offset)
{
	return v->bar + offset;
}

static uintptr_t common(const struct virtio *v, uint32_t offset)
{
	return at(v, v->common + offset);
}

static uint32_t find_slot(uint32_t id)
{
	uint32_t slot = 0;

	while (slot < PCI_SLOTS && pci_read(slot, PCI_ID) != (VENDOR | (DEVICE_ID + id) << 16))
		slot++;
	return slot;
}

static void find_structures(struct virtio *v)
{
	uint32_t *place[] = {
		[CAP_COMMON] = &v->common,
		[CAP_NOTIFY] = &v->notify,
		[CAP_ISR] = &v->isr,
		[CAP_DEVICE] = &v->config,
	};
	uint32_t cap = 0;

	while ((cap = pci_capability(v->slot, PCI_CAP_VENDOR, cap)) != 0) {
		uint8_t type = pci_read8(v->slot, cap + CAP_TYPE);

		if (type >= CAP_COMMON && type <= CAP_DEVICE)
			*place[type] = pci_read(v->slot, cap + CAP_OFFSET);
	}
	v->msix = pci_capability(v->slot, PCI_CAP_MSIX, 0);
	v->table = pci_read(v->slot, v->msix + MSIX_TABLE) & ~7u;
	v->pba = pci_read(v->slot, v->msix + MSIX_PBA) & ~7u;
}

bool virtio_find(struct virtio *v, struct kernel *kernel, uint32_t id)
{
	memset(v, 0, sizeof(*v));
	v->kernel = kernel;
	v->slot = find_slot(id);
	if (v->slot == PCI_SLOTS)
		return false;
	v->bar = pci_read(v->slot, PCI_BAR0) & ~0xfu;
	v->gsi = pci_read8(v->slot, PCI_INTERRUPT_LINE);
	pci_write16(v->slot, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	find_structures(v);
	v->descriptors = kernel_alloc(kernel, 4096, 4096);
	v->available = kernel_alloc(kernel, 4096, 4096);
	v->used = kernel_alloc(kernel, 4096, 4096);
	return true;
}

uint8_t virtio_status(const struct virtio *v)
{
	return mmio_read8(common(v, DEVICE_STATUS));
}

static void set_status(const struct virtio *v, uint8_t status)
{
	mmio_write8(common(v, DEVICE_STATUS), status);
}

void virtio_reset(struct virtio *v)
{
	set_status(v, 0);
	memset(v->available, 0, sizeof(*v->available));
	memset(v->used, 0, sizeof(*v->used));
	v->next = 0;
}

bool virtio_negotiate(struct virtio *v)
{
	virtio_reset(v);
	set_status(v, 1);
	set_status(v, 1 | 2);
	mmio_write(common(v, DRIVER_FEATURE_SELECT), 0);
	mmio_write(common(v, DRIVER_FEATURE), 0);
	mmio_write(common(v, DRIVER_FEATURE_SELECT), 1);
	mmio_write(common(v, DRIVER_FEATURE), VERSION_1_UPPER_HALF);
	set_status(v, 1 | 2 | FEATURES_OK);
	return (virtio_status(v) & FEATURES_OK) != 0;
}

static void put_address(const struct virtio *v, uint32_t offset, uint64_t address)
{
	mmio_write(common(v, offset), (uint32_t)address);
	mmio_write(common(v, offset + 4), (uint32_t)(address >> 32));
}

void virtio_setup_queue(struct virtio *v, uint16_t size, uint64_t descriptors)
{
	mmio_write16(common(v, CONFIG_VECTOR), 0);
	mmio_write16(common(v, QUEUE_SELECT), 0);
	mmio_write16(common(v, QUEUE_SIZE), size);
	mmio_write16(common(v, QUEUE_VECTOR), 1);
	put_address(v, QUEUE_DESCRIPTORS, descriptors);
	put_address(v, QUEUE_AVAILABLE, (uintptr_t)v->available);
	put_address(v, QUEUE_USED, (uintptr_t)v->used);
	mmio_write16(common(v, QUEUE_ENABLE), 1);
}

void virtio_ready(struct virtio *v)
{
	set_status(v, VIRTIO_STATUS_READY);
}

bool virtio_start(struct virtio *v)
{
	if (!virtio_negotiate(v))
		return false;
	virtio_setup_queue(v, VIRTIO_QUEUE_SIZE, (uintptr_t)v->descriptors);
	virtio_ready(v);
	return virtio_status(v) == VIRTIO_STATUS_READY;
}

/* ---- MSI-X ----------------------------------------------------------------------------------- */

void virtio_msix(const struct virtio *v, bool enabled, bool masked)
{
	pci_write16(v->slot, v->msix + MSIX_CONTROL,
		    (uint16_t)((enabled ? MSIX_ENABLE : 0) | (masked ? MSIX_MASK_ALL : 0)));
}

/* Destination bits 14:8 go to address bits 11:5 (R156). */
void virtio_msix_vector(const struct virtio *v, uint32_t vector, uint32_t apic_id, uint32_t idt)
{
	uintptr_t entry = at(v, v->table + vector * MSIX_ENTRY);

	mmio_write(entry,
		   (uint32_t)APIC_MMIO | (apic_id & 0xff) << 12 | (apic_id >> 8 & 0x7f) << 5);
	mmio_write(entry + 4, 0);
	mmio_write(entry + 8, idt);
}

void virtio_msix_mask(const struct virtio *v, uint32_t vector, bool masked)
{
	mmio_write(at(v, v->table + vector * MSIX_ENTRY + 12), masked);
}

bool virtio_msix_pending(const struct virtio *v, uint32_t vector)
{
	return (mmio_read(at(v, v->pba)) >> vector & 1) != 0;
}

uint8_t virtio_read_isr(const struct virtio *v)
{
	return mmio_read8(at(v, v->isr));
}

/* ---- the queue ------------------------------------------------------------------------------- */

void virtio_descriptor(struct virtio *v, uint16_t index, const void *buffer, uint32_t len,
		       uint16_t flags)
{
	v->descriptors[index] = (struct virtio_descriptor){
		.address = (uintptr_t)buffer,
		.len = len,
		.flags = flags,
		.next = (uint16_t)(index + 1),
	};
}

void virtio_ring(const struct virtio *v)
{
	mmio_write16(at(v, v->notify), 0);
}

void virtio_offer(struct virtio *v, uint16_t head)
{
	v->available->ring[v->next % VIRTIO_QUEUE_SIZE] = head;
	v->next++;
	atomic_store(&v->available->index, v->next);
	virtio_ring(v);
}

bool virtio_poll(const struct virtio *v)
{
	uint64_t end = rdtsc() + clock_us_to_tsc(v->kernel, POLL_US);

	while (atomic_load(&v->used->index) != v->next) {
		if (rdtsc() > end)
			return false;
		cpu_relax();
	}
	return true;
}

uint32_t virtio_last_len(const struct virtio *v)
{
	return v->used->ring[(uint16_t)(v->next - 1) % VIRTIO_QUEUE_SIZE].len;
}
