/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all virtio devices have in common: status, features, queues, interrupts.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Device Status Field", "Feature Bits", "Notifications", "Device
 * Initialization", "Reserved Feature Bits".
 */
#include "vmm/virtio/virtio.h"

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#define BIT(n) (UINT64_C(1) << (n))

/* What every kind offers. */
#define COMMON_FEATURES \
	(BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_RING_F_INDIRECT_DESC))

void virtio_init(struct virtio_device *dev, const struct virtio_kind *kind,
		 const struct virtio_host *host, uint64_t features)
{
	dev->kind = kind;
	dev->nr_queues = kind->nr_queues;
	dev->host = *host;
	dev->features = COMMON_FEATURES | kind->features | features;
	pthread_mutex_init(&dev->lock, NULL);
	for (uint32_t i = 0; i < kind->nr_queues; i++)
		virtqueue_init(&dev->queue[i], host->memory, kind->queue_size);
	dev->status = 0;
	dev->driver_features = 0;
	dev->config_generation = 0;
	dev->config_vector = VIRTIO_NO_VECTOR;
	for (uint32_t i = 0; i < VIRTIO_MAX_QUEUES; i++)
		dev->queue_vector[i] = VIRTIO_NO_VECTOR;
}

void virtio_destroy(struct virtio_device *dev)
{
	pthread_mutex_destroy(&dev->lock);
	dev->kind->destroy(dev);
}

void virtio_reset(struct virtio_device *dev)
{
	dev->status = 0;
	dev->driver_features = 0;
	dev->config_vector = VIRTIO_NO_VECTOR;
	for (uint32_t i = 0; i < dev->kind->nr_queues; i++) {
		virtqueue_reset(&dev->queue[i]);
		dev->queue_vector[i] = VIRTIO_NO_VECTOR;
	}
	if (dev->kind->reset)
		dev->kind->reset(dev);
	dev->to.reset(dev->to.transport);
}

bool virtio_has_feature(const struct virtio_device *dev, uint32_t bit)
{
	return (dev->driver_features & BIT(bit)) != 0;
}

/* "Feature Bits": a set that the device cannot work with leaves FEATURES_OK clear. */
static bool features_are_acceptable(const struct virtio_device *dev)
{
	return !(dev->driver_features & ~dev->features) &&
	       virtio_has_feature(dev, VIRTIO_F_VERSION_1);
}

bool virtio_write_status(struct virtio_device *dev, uint8_t value)
{
	uint8_t old = dev->status;
	uint8_t added = value & (uint8_t)~old & (uint8_t)~VIRTIO_CONFIG_S_NEEDS_RESET;

	if (value == 0) {
		virtio_reset(dev);
		return false;
	}
	if ((added & VIRTIO_CONFIG_S_FEATURES_OK) && !features_are_acceptable(dev))
		added &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
	/* Bits go away by reset only. A driver may not be ready before features are agreed upon. */
	if (!((old | added) & VIRTIO_CONFIG_S_FEATURES_OK))
		added &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	dev->status = old | added;
	if (!(added & VIRTIO_CONFIG_S_DRIVER_OK))
		return false;
	/* It failed before the driver could be told. */
	if (old & VIRTIO_CONFIG_S_NEEDS_RESET)
		virtio_config_changed(dev);
	return true;
}

void virtio_write_features(struct virtio_device *dev, uint32_t select, uint32_t value)
{
	uint32_t shift = 32 * select;

	if (select > 1 || (dev->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	dev->driver_features &= ~((uint64_t)UINT32_MAX << shift);
	dev->driver_features |= (uint64_t)value << shift;
}

void virtio_enable_queue(struct virtio_device *dev, uint32_t queue)
{
	struct virtqueue *q = &dev->queue[queue];

	if (q->started || (dev->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		return;
	if (!(dev->status & VIRTIO_CONFIG_S_FEATURES_OK))
		virtio_fail(dev, "a queue is enabled before features are agreed upon");
	else if (!virtqueue_start(q, virtio_has_feature(dev, VIRTIO_RING_F_EVENT_IDX),
				  virtio_has_feature(dev, VIRTIO_RING_F_INDIRECT_DESC)))
		virtio_fail(dev, q->broken);
}

bool virtio_is_live(const struct virtio_device *dev)
{
	return (dev->status & VIRTIO_CONFIG_S_DRIVER_OK) &&
	       !(dev->status & VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* "Device Status Field": a driver that is not ready yet has asked for no interrupts. */
void virtio_fail(struct virtio_device *dev, const char *why)
{
	if (log_guest_mistake(dev->host.mistakes))
		log_line(dev->host.log, LOG_WARN,
			 "%s: the guest's driver is at fault, the device waits for its reset: %s",
			 dev->kind->name, why);
	dev->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (dev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		virtio_config_changed(dev);
}

void virtio_config_changed(struct virtio_device *dev)
{
	dev->config_generation++;
	dev->to.interrupt(dev->to.transport, dev->config_vector, true);
}

void virtio_finish(struct virtio_device *dev, uint32_t queue)
{
	struct virtqueue *q = &dev->queue[queue];

	if (virtqueue_wants_interrupt(q))
		dev->to.interrupt(dev->to.transport, dev->queue_vector[queue], false);
	if (q->broken && !(dev->status & VIRTIO_CONFIG_S_NEEDS_RESET))
		virtio_fail(dev, q->broken);
}

void virtio_serve(struct virtio_device *dev, uint32_t queue, struct virtqueue_chain *chain,
		  virtio_serve_fn serve)
{
	struct virtqueue *q = &dev->queue[queue];
	uint32_t left = q->size;

	while (left && !atomic_load(&dev->stopping) &&
	       !(dev->status & VIRTIO_CONFIG_S_NEEDS_RESET)) {
		if (virtqueue_pop(q, chain)) {
			virtqueue_push(q, chain->head, serve(dev, chain));
			left--;
		} else if (!virtqueue_rearm(q)) {
			break;
		}
	}
	virtio_finish(dev, queue);
	if (left == 0 || atomic_load(&dev->stopping))
		dev->to.notify(dev->to.transport, queue);
}

void virtio_run_queue(struct virtio_device *dev, uint32_t queue)
{
	pthread_mutex_lock(&dev->lock);
	if (queue < dev->nr_queues && virtio_is_live(dev) && dev->queue[queue].started &&
	    dev->to.is_master(dev->to.transport))
		dev->kind->queue_ready(dev, queue);
	pthread_mutex_unlock(&dev->lock);
}
