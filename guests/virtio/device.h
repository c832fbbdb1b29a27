/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for virtio devices on PCI that uses one queue. Virtual I/O Device (VIRTIO) 1.2, "Virtio
 * Over PCI Bus", "Split Virtqueues", "Device Initialization".
 */
#ifndef GUESTS_VIRTIO_DEVICE_H
#define GUESTS_VIRTIO_DEVICE_H

#include "lib/kernel.h"

#define VIRTIO_ID_NET     1u
#define VIRTIO_ID_BLOCK   2u
#define VIRTIO_ID_ENTROPY 4u

#define VIRTIO_STATUS_READY 0x0fu /* all four of the driver's bits */
#define VIRTIO_NEEDS_RESET  0x40u
#define VIRTIO_QUEUE_SIZE   16u
#define VIRTIO_NO_VECTOR    0xffffu

#define DESCRIPTOR_NEXT  1u
#define DESCRIPTOR_WRITE 2u

struct virtio_descriptor {
	uint64_t address;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtio_available {
	uint16_t flags;
	_Atomic uint16_t index;
	uint16_t ring[VIRTIO_QUEUE_SIZE];
};

struct virtio_used {
	uint16_t flags;
	_Atomic uint16_t index;
	struct {
		uint32_t id;
		uint32_t len;
	} ring[VIRTIO_QUEUE_SIZE];
};

struct virtio {
	struct kernel *kernel;
	uint32_t slot;
	uint32_t bar;  /* where BAR 0 is */
	uint32_t gsi;  /* of INTA# */
	uint32_t msix; /* offset of the capability */
	/* Offsets in the BAR. */
	uint32_t common, isr, config, notify, table, pba;
	struct virtio_descriptor *descriptors;
	struct virtio_available *available;
	struct virtio_used *used;
	uint16_t next; /* available index */
};

/* The first device with this id. False: there is none. */
bool virtio_find(struct virtio *v, struct kernel *kernel, uint32_t id);

uint8_t virtio_status(const struct virtio *v);
void virtio_reset(struct virtio *v);
/* Reset, agree on VIRTIO_F_VERSION_1 alone, set up queue 0. False: the device does not agree. */
bool virtio_start(struct virtio *v);
/* The steps of it, for drivers that err. */
bool virtio_negotiate(struct virtio *v);
void virtio_setup_queue(struct virtio *v, uint16_t size, uint64_t descriptors);
void virtio_ready(struct virtio *v);

/* MSI-X on or off, or on with the function mask. */
void virtio_msix(const struct virtio *v, bool enabled, bool masked);
/* Vector 0 is the configuration's and vector 1 the queue's: message to a CPU, and its mask. */
void virtio_msix_vector(const struct virtio *v, uint32_t vector, uint32_t apic_id, uint32_t idt);
void virtio_msix_mask(const struct virtio *v, uint32_t vector, bool masked);
bool virtio_msix_pending(const struct virtio *v, uint32_t vector);

void virtio_descriptor(struct virtio *v, uint16_t index, const void *buffer, uint32_t len,
		       uint16_t flags);
/* Descriptor index + 1 is the next one of a chain. Offer the chain that starts at head. */
void virtio_offer(struct virtio *v, uint16_t head);
/* The queue's doorbell. */
void virtio_ring(const struct virtio *v);
/* Spin until everything that was offered is used. False: out of time. */
bool virtio_poll(const struct virtio *v);
/* Length of the last used entry. */
uint32_t virtio_last_len(const struct virtio *v);
uint8_t virtio_read_isr(const struct virtio *v);

#endif
