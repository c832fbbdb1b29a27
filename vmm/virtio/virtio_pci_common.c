/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The common configuration structure of virtio over PCI.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Common configuration structure layout".
 */
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>

#include "vmm/virtio/virtio_pci.h"

_Static_assert(sizeof(struct virtio_pci_common_cfg) == VIRTIO_PCI_COMMON_SIZE,
	       "the structure without the fields of features that are not offered");

#define FIELD(name) offsetof(struct virtio_pci_common_cfg, name)

/* The queue that queue_select names, or NULL. */
static struct virtqueue *selected(const struct virtio_pci *t)
{
	return t->queue_select < t->dev->nr_queues ? &t->dev->queue[t->queue_select] : NULL;
}

static void fill_queue(const struct virtio_pci *t, struct virtio_pci_common_cfg *cfg)
{
	const struct virtqueue *q = selected(t);

	if (!q)
		return;
	cfg->queue_size = q->size;
	cfg->queue_msix_vector = t->dev->queue_vector[t->queue_select];
	cfg->queue_enable = q->started;
	cfg->queue_notify_off = t->queue_select;
	cfg->queue_desc_lo = (uint32_t)q->descriptors;
	cfg->queue_desc_hi = (uint32_t)(q->descriptors >> 32);
	cfg->queue_avail_lo = (uint32_t)q->driver_area;
	cfg->queue_avail_hi = (uint32_t)(q->driver_area >> 32);
	cfg->queue_used_lo = (uint32_t)q->device_area;
	cfg->queue_used_hi = (uint32_t)(q->device_area >> 32);
}

static uint32_t half(uint64_t features, uint32_t select)
{
	return select > 1 ? 0 : (uint32_t)(features >> (32 * select));
}

uint64_t virtio_pci_common_read(const struct virtio_pci *t, uint32_t offset, uint32_t len)
{
	const struct virtio_device *dev = t->dev;
	struct virtio_pci_common_cfg cfg = {
		.device_feature_select = t->device_feature_select,
		.device_feature = half(dev->features, t->device_feature_select),
		.guest_feature_select = t->driver_feature_select,
		.guest_feature = half(dev->driver_features, t->driver_feature_select),
		.msix_config = dev->config_vector,
		.num_queues = (uint16_t)dev->nr_queues,
		.device_status = dev->status,
		.config_generation = dev->config_generation,
		.queue_select = t->queue_select,
		.queue_msix_vector = VIRTIO_NO_VECTOR,
	};
	uint64_t value = 0;

	fill_queue(t, &cfg);
	memcpy(&value, (const uint8_t *)&cfg + offset, len);
	return value;
}

/* "MSI-X Vector Configuration": a vector that does not exist is answered with NO_VECTOR. */
static uint16_t checked_vector(const struct virtio_pci *t, uint32_t value)
{
	return value <= t->dev->nr_queues ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

static void put_half(uint64_t *address, bool high, uint32_t value)
{
	uint32_t shift = high ? 32 : 0;

	*address = (*address & ~((uint64_t)UINT32_MAX << shift)) | (uint64_t)value << shift;
}

/* "Virtqueue Configuration": what a started queue is made of does not change any more. */
static void write_queue16(struct virtio_pci *t, uint32_t offset, uint32_t value)
{
	struct virtqueue *q = selected(t);

	if (!q)
		return;
	switch (offset) {
	case FIELD(queue_size):
		if (!q->started)
			q->size = (uint16_t)value;
		break;
	case FIELD(queue_msix_vector):
		t->dev->queue_vector[t->queue_select] = checked_vector(t, value);
		break;
	case FIELD(queue_enable):
		if (value == 1)
			virtio_enable_queue(t->dev, t->queue_select);
		break;
	default:
		break;
	}
}

static void write_queue32(struct virtio_pci *t, uint32_t offset, uint32_t value)
{
	struct virtqueue *q = selected(t);

	if (!q || q->started)
		return;
	switch (offset) {
	case FIELD(queue_desc_lo):
	case FIELD(queue_desc_hi):
		put_half(&q->descriptors, offset == FIELD(queue_desc_hi), value);
		break;
	case FIELD(queue_avail_lo):
	case FIELD(queue_avail_hi):
		put_half(&q->driver_area, offset == FIELD(queue_avail_hi), value);
		break;
	case FIELD(queue_used_lo):
	case FIELD(queue_used_hi):
		put_half(&q->device_area, offset == FIELD(queue_used_hi), value);
		break;
	default:
		break;
	}
}

static void write32(struct virtio_pci *t, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case FIELD(device_feature_select):
		t->device_feature_select = value;
		break;
	case FIELD(guest_feature_select):
		t->driver_feature_select = value;
		break;
	case FIELD(guest_feature):
		virtio_write_features(t->dev, t->driver_feature_select, value);
		break;
	default:
		write_queue32(t, offset, value);
		break;
	}
}

static void write16(struct virtio_pci *t, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case FIELD(msix_config):
		t->dev->config_vector = checked_vector(t, value);
		break;
	case FIELD(queue_select):
		t->queue_select = (uint16_t)value;
		break;
	default:
		write_queue16(t, offset, value);
		break;
	}
}

bool virtio_pci_common_write(struct virtio_pci *t, uint32_t offset, uint32_t len, uint32_t value)
{
	if (len == sizeof(uint32_t))
		write32(t, offset, value);
	else if (len == sizeof(uint16_t))
		write16(t, offset, value);
	else if (len == sizeof(uint8_t) && offset == FIELD(device_status))
		return virtio_write_status(t->dev, (uint8_t)value);
	return false;
}
