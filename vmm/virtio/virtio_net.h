/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net: a network interface, whose other end is a tap interface of the host.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Network Device".
 */
#ifndef VMM_VIRTIO_VIRTIO_NET_H
#define VMM_VIRTIO_VIRTIO_NET_H

#include "vmm/virtio/virtio.h"

#define VIRTIO_NET_MAC_SIZE 6

/*
 * tap is a non-blocking descriptor that gives and takes a frame with each call; it is the device's
 * from now on. NULL: out of memory; tap has been closed.
 */
struct virtio_device *virtio_net_create(const struct virtio_host *host, int tap,
					const uint8_t mac[VIRTIO_NET_MAC_SIZE]);

#endif
