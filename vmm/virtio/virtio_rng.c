/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng: random bytes of the host for the guest, from getrandom(2).
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Entropy Device".
 */
#include "vmm/virtio/virtio_rng.h"

#include <linux/virtio_ids.h>
#include <stdlib.h>
#include <sys/random.h>

#define QUEUE_SIZE 64
#define PCI_CLASS  0x00ff00

/*
 * At most that much for one request: "Entropy Device" lets a device fill less than was asked for.
 */
#define MAX_BYTES 65536u

struct virtio_rng {
	struct virtio_device dev;
	struct virtqueue_chain chain;
};

static uint32_t fill(struct virtio_device *dev, const struct virtqueue_chain *chain)
{
	const struct iovec *to = virtqueue_writable(chain);
	uint32_t filled = 0;

	(void)dev;
	for (uint32_t i = 0; i < chain->nr_writable && filled < MAX_BYTES; i++) {
		size_t want = to[i].iov_len;
		ssize_t got;

		if (want > MAX_BYTES - filled)
			want = MAX_BYTES - filled;
		got = getrandom(to[i].iov_base, want, 0);
		if (got < 0)
			break;
		filled += (uint32_t)got;
		if ((size_t)got < to[i].iov_len)
			break;
	}
	return filled;
}

static void rng_queue_ready(struct virtio_device *dev, uint32_t queue)
{
	struct virtio_rng *rng = (struct virtio_rng *)dev;

	virtio_serve(dev, queue, &rng->chain, fill);
}

static void rng_destroy(struct virtio_device *dev)
{
	free(dev);
}

static const struct virtio_kind rng_kind = {
	.name = "virtio-rng",
	.id = VIRTIO_ID_RNG,
	.pci_class = PCI_CLASS,
	.nr_queues = 1,
	.queue_size = QUEUE_SIZE,
	.queue_ready = rng_queue_ready,
	.destroy = rng_destroy,
};

struct virtio_device *virtio_rng_create(const struct virtio_host *host)
{
	struct virtio_rng *rng = calloc(1, sizeof(*rng));

	if (!rng)
		return NULL;
	virtio_init(&rng->dev, &rng_kind, host, 0);
	return &rng->dev;
}
