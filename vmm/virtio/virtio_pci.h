/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI: a virtio device as a PCI function, and its I/O thread.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Virtio Over PCI Bus"; modern devices only.
 *
 * One BAR has it all: common configuration, ISR status, device configuration, a doorbell for each
 * queue, MSI-X table and pending bits. MSI-X has a vector for the configuration and one for each
 * queue. A doorbell is an ioeventfd, so ringing it does not leave KVM; where KVM cannot, and when
 * it is rung through the configuration space, the write arrives here and ends in the same eventfd.
 */
#ifndef VMM_VIRTIO_VIRTIO_PCI_H
#define VMM_VIRTIO_VIRTIO_PCI_H

#include "vmm/pci/pci.h"
#include "vmm/virtio/io_thread.h"
#include "vmm/virtio/virtio.h"

#define VIRTIO_PCI_BAR      0
#define VIRTIO_PCI_BAR_SIZE 0x4000u

/* Offsets in the BAR. */
#define VIRTIO_PCI_AT_COMMON 0x0000u
#define VIRTIO_PCI_AT_ISR    0x0400u
#define VIRTIO_PCI_AT_DEVICE 0x0800u
#define VIRTIO_PCI_AT_NOTIFY 0x1000u /* queue n's doorbell is 4 n bytes from here */
#define VIRTIO_PCI_AT_TABLE  0x2000u
#define VIRTIO_PCI_AT_PBA    0x3000u

#define VIRTIO_PCI_COMMON_SIZE     0x38u
#define VIRTIO_PCI_DOORBELL_STRIDE 4u

/* Private to vmm/virtio/. */
struct virtio_pci {
	struct pci_function fn;
	struct virtio_device *dev;
	struct io_thread thread;
	struct io_source doorbell[VIRTIO_MAX_QUEUES]; /* eventfds */
	int vm_fd;                                    /* -1: no ioeventfds */
	uint32_t bound_at; /* where the BAR was when ioeventfds were assigned; 0: they are not */
	uint32_t bound;    /* one bit for each queue whose doorbell KVM took */
	/* Under the device's lock. */
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint16_t queue_select;
	uint8_t isr;
};

/*
 * Make dev a PCI function on bus, with an I/O thread that is not running yet. dev belongs to
 * *transport from now on, also when this fails; virtio_pci_destroy() follows in any case. 0 or
 * -errno.
 */
int virtio_pci_create(struct virtio_pci *transport, struct virtio_device *dev, struct pci_bus *bus,
		      int vm_fd);
int virtio_pci_start(struct virtio_pci *transport);
/* The I/O thread has ended when this returns. */
void virtio_pci_stop(struct virtio_pci *transport);
/* The device's part of a reset of the bus: it forgets its driver. Any thread. */
void virtio_pci_reset(struct virtio_pci *transport);
/* No vCPU may be running any more. */
void virtio_pci_destroy(struct virtio_pci *transport);

/* ---- virtio_pci_common.c: the common configuration structure, device's lock held ------------- */

/* len bytes at offset, any width, inside the structure. */
uint64_t virtio_pci_common_read(const struct virtio_pci *transport, uint32_t offset, uint32_t len);
/*
 * A field in its own width, or half of one of 64 bits; others are ignored. True: the device has
 * just gone live.
 */
bool virtio_pci_common_write(struct virtio_pci *transport, uint32_t offset, uint32_t len,
			     uint32_t value);

#endif
