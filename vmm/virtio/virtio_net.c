/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net: a network interface, whose other end is a tap interface of the host.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Network Device": "Device Operation". No offloads: every frame
 * is complete, and its header says nothing.
 *
 * As on a wire, frames that nobody takes are lost: those of the guest when the tap does not take
 * them, and those for the guest when they do not fit into its buffers. Frames that find no buffer
 * at all stay in the tap, which has a queue of its own.
 */
#include "vmm/virtio/virtio_net.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "vmm/virtio/io_thread.h"

enum net_queue {
	RECEIVE,
	TRANSMIT,
	NR_QUEUES,
};

#define QUEUE_SIZE  256
#define PCI_CLASS   0x020000
#define FRAME_MAX   65536
#define HEADER_SIZE sizeof(struct virtio_net_hdr_v1)
#define FEATURE(n)  (UINT64_C(1) << (n))

struct virtio_net {
	struct virtio_device dev;
	struct io_thread *thread;
	struct io_source tap;
	bool listening; /* frames from the tap are waited for: there are buffers for them */
	uint8_t mac[VIRTIO_NET_MAC_SIZE];
	uint64_t lost; /* frames of the guest that the tap did not take */
	struct virtqueue_chain chain;
	struct iovec part[VIRTQUEUE_MAX_SEGMENTS];
	uint8_t frame[FRAME_MAX];
};

static struct virtio_net *net_of(struct virtio_device *dev)
{
	return (struct virtio_net *)dev;
}

/* ---- to the guest ---------------------------------------------------------------------------- */

static void listen_to_tap(struct virtio_net *net, bool listen)
{
	if (listen != net->listening &&
	    io_thread_change(net->thread, &net->tap, listen ? EPOLLIN : 0) == 0)
		net->listening = listen;
}

/* A frame into the buffer that was popped. False: the buffer is too small, and goes back. */
static bool deliver(struct virtio_net *net, size_t len)
{
	const struct virtio_net_hdr_v1 header = { .num_buffers = 1 };

	if (net->chain.writable_bytes < HEADER_SIZE + len)
		return false;
	virtqueue_write(&net->chain, 0, &header, sizeof(header));
	virtqueue_write(&net->chain, HEADER_SIZE, net->frame, len);
	return true;
}

/* One frame. False: there is none, or no buffer for it. */
static bool receive_frame(struct virtio_net *net)
{
	struct virtqueue *q = &net->dev.queue[RECEIVE];
	ssize_t len;

	if (!virtqueue_pop(q, &net->chain)) {
		/* To be told when there are buffers. */
		listen_to_tap(net, virtqueue_rearm(q));
		return net->listening;
	}
	len = read(net->tap.fd, net->frame, sizeof(net->frame));
	if (len > 0 && deliver(net, (size_t)len)) {
		virtqueue_push(q, net->chain.head, (uint32_t)(HEADER_SIZE + (size_t)len));
		return true;
	}
	virtqueue_unpop(q);
	return len > 0;
}

/* On the I/O thread, lock held. What is left makes the tap readable again. */
static void receive_frames(struct virtio_net *net)
{
	uint32_t left = net->dev.queue[RECEIVE].size;

	while (left && receive_frame(net))
		left--;
	virtio_finish(&net->dev, RECEIVE);
}

static bool can_receive(struct virtio_net *net)
{
	const struct virtio_device *dev = &net->dev;

	return virtio_is_live(dev) && dev->queue[RECEIVE].started && !dev->queue[RECEIVE].broken &&
	       dev->to.is_master(dev->to.transport);
}

static void on_tap(struct io_source *source, uint32_t events)
{
	struct virtio_net *net = source->ctx;

	pthread_mutex_lock(&net->dev.lock);
	if (events & (EPOLLERR | EPOLLHUP)) {
		log_line(net->dev.host.log, LOG_WARN,
			 "virtio-net: the tap interface has gone, the guest's link is dead");
		io_thread_remove(net->thread, source);
	} else if (can_receive(net)) {
		receive_frames(net);
	} else {
		listen_to_tap(net, false);
	}
	pthread_mutex_unlock(&net->dev.lock);
}

/* ---- from the guest -------------------------------------------------------------------------- */

static uint32_t transmit(struct virtio_device *dev, const struct virtqueue_chain *chain)
{
	struct virtio_net *net = net_of(dev);
	int parts;

	if (chain->readable_bytes < HEADER_SIZE) {
		virtio_fail(dev, "a frame without a header");
		return 0;
	}
	parts = virtqueue_slice(chain->segment, chain->nr_readable, HEADER_SIZE,
				chain->readable_bytes - HEADER_SIZE, net->part);
	/* A frame that the tap does not take is lost, as one on a wire without a listener. */
	if (parts > 0 && writev(net->tap.fd, net->part, parts) < 0)
		net->lost++;
	return 0;
}

static void net_queue_ready(struct virtio_device *dev, uint32_t queue)
{
	struct virtio_net *net = net_of(dev);

	if (queue == TRANSMIT)
		virtio_serve(dev, queue, &net->chain, transmit);
	else
		listen_to_tap(net, true);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static uint8_t net_config_read(struct virtio_device *dev, uint32_t offset)
{
	return net_of(dev)->mac[offset];
}

static void net_reset(struct virtio_device *dev)
{
	listen_to_tap(net_of(dev), false);
}

static int net_attach(struct virtio_device *dev, struct io_thread *thread)
{
	struct virtio_net *net = net_of(dev);

	net->thread = thread;
	return io_thread_add(thread, &net->tap, 0);
}

static void net_destroy(struct virtio_device *dev)
{
	struct virtio_net *net = net_of(dev);

	log_line(dev->host.log, LOG_DEBUG, "virtio-net: the tap refused %llu frames",
		 (unsigned long long)net->lost);
	close(net->tap.fd);
	free(net);
}

static const struct virtio_kind net_kind = {
	.name = "virtio-net",
	.id = VIRTIO_ID_NET,
	.pci_class = PCI_CLASS,
	.features = FEATURE(VIRTIO_NET_F_MAC),
	.nr_queues = NR_QUEUES,
	.queue_size = QUEUE_SIZE,
	.config_size = VIRTIO_NET_MAC_SIZE,
	.queue_ready = net_queue_ready,
	.config_read = net_config_read,
	.reset = net_reset,
	.attach = net_attach,
	.destroy = net_destroy,
};

struct virtio_device *virtio_net_create(const struct virtio_host *host, int tap,
					const uint8_t mac[VIRTIO_NET_MAC_SIZE])
{
	struct virtio_net *net = calloc(1, sizeof(*net));

	if (!net) {
		close(tap);
		return NULL;
	}
	net->tap = (struct io_source){ .fd = tap, .ready = on_tap, .ctx = net };
	memcpy(net->mac, mac, sizeof(net->mac));
	virtio_init(&net->dev, &net_kind, host, 0);
	return &net->dev;
}
