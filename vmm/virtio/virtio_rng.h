/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng: random bytes of the host for the guest.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Entropy Device".
 */
#ifndef VMM_VIRTIO_VIRTIO_RNG_H
#define VMM_VIRTIO_VIRTIO_RNG_H

#include "vmm/virtio/virtio.h"

/* NULL: out of memory. */
struct virtio_device *virtio_rng_create(const struct virtio_host *host);

#endif
