/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console: one port, the guest's hvc0.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Console Device".
 */
#ifndef VMM_VIRTIO_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_VIRTIO_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/virtio/virtio.h"

/*
 * Where guest bytes go: called on the device's thread, in the order of the guest's writes. It may
 * block, which holds up the guest's console and, while it sets up or acknowledges this device, the
 * guest.
 */
struct virtio_console_sink {
	void (*write)(void *sink, const uint8_t *data, size_t len);
	void *sink;
};

/* NULL: out of memory, or no eventfd. */
struct virtio_device *virtio_console_create(const struct virtio_host *host,
					    struct virtio_console_sink sink);

/*
 * Bytes for the guest, from any thread; never blocks. Returns how many are taken; the others stay
 * with the caller, who is told through space when there is room.
 */
size_t virtio_console_receive(struct virtio_device *dev, const uint8_t *data, size_t len);
/* Has the guest given buffers for input, and is its driver set up? Any thread. */
bool virtio_console_is_heard(struct virtio_device *dev);
/* Set space before the guest runs. It is called on the device's thread. */
void virtio_console_on_space(struct virtio_device *dev, void (*space)(void *ctx), void *ctx);
/* The size of the terminal, in characters. Any thread; never blocks. */
void virtio_console_resize(struct virtio_device *dev, uint16_t columns, uint16_t rows);

#endif
