/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all virtio devices have in common: status, features, queues, interrupts.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Basic Facilities of a Virtio Device" and "Device
 * Initialization".
 *
 * A device is reached by CPUs (its registers) and by its I/O thread (its queues and what is behind
 * them). Its lock covers everything below; it comes before a PCI function's lock. A driver that
 * resets the device waits for it, so no request is under way when the reset is done.
 *
 * A driver that breaks the rules breaks its device, not the machine: the device says
 * DEVICE_NEEDS_RESET, interrupts for that, and does nothing until it is reset.
 */
#ifndef VMM_VIRTIO_VIRTIO_H
#define VMM_VIRTIO_VIRTIO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/log.h"
#include "vmm/memory.h"
#include "vmm/virtio/virtqueue.h"

#define VIRTIO_MAX_QUEUES 4
#define VIRTIO_NO_VECTOR  0xffff

struct io_thread;
struct virtio_device;

/*
 * One kind of device. Calls are made with the device's lock held, but for destroy. config_read is
 * needed where config_size is not 0; config_write, reset and attach may be NULL.
 */
struct virtio_kind {
	const char *name; /* "virtio-rng" */
	uint16_t id;      /* "Device Types" */
	uint32_t pci_class;
	uint64_t features;  /* of this kind; those of all kinds are added */
	uint32_t nr_queues; /* at most */
	uint16_t queue_size;
	uint32_t config_size; /* bytes of device configuration */
	/* There may be requests in a queue that is started. On the I/O thread. */
	void (*queue_ready)(struct virtio_device *dev, uint32_t queue);
	/* Byte of the device configuration; offset < config_size. */
	uint8_t (*config_read)(struct virtio_device *dev, uint32_t offset);
	void (*config_write)(struct virtio_device *dev, uint32_t offset, uint8_t value);
	/* Forget requests and everything else that the driver has set up. */
	void (*reset)(struct virtio_device *dev);
	/*
	 * Before the I/O thread starts, no lock held: add what else it is to wait for. 0 or -errno.
	 */
	int (*attach)(struct virtio_device *dev, struct io_thread *thread);
	/* No driver, nor anybody else, will call any more. */
	void (*destroy)(struct virtio_device *dev);
};

/* What the transport does for the device. Called with the device's lock held. */
struct virtio_transport {
	/* Interrupt for a queue, or for the configuration where is_config is set. */
	void (*interrupt)(void *transport, uint16_t vector, bool is_config);
	/* The device has been reset: take back interrupts. */
	void (*reset)(void *transport);
	/* Notify the device of a queue, as its driver does. */
	void (*notify)(void *transport, uint32_t queue);
	/* May the device reach memory? */
	bool (*is_master)(void *transport);
	void *transport;
};

struct virtio_host {
	const struct memory *memory;
	const struct log *log;
	_Atomic uint64_t *mistakes; /* counts what guests do wrong */
};

struct virtio_device {
	const struct virtio_kind *kind;
	struct virtio_host host;
	struct virtio_transport to;
	uint32_t nr_queues; /* set before the transport is created; up to that of the kind */
	pthread_mutex_t lock;
	_Atomic bool stopping; /* the I/O thread is to end: requests wait for its next start */
	uint64_t features;     /* offered */
	uint64_t driver_features;
	uint8_t status;
	uint8_t config_generation;
	uint16_t config_vector;
	uint16_t queue_vector[VIRTIO_MAX_QUEUES];
	struct virtqueue queue[VIRTIO_MAX_QUEUES];
};

/* A kind's own struct has this as its first member. features are added to kind->features. */
void virtio_init(struct virtio_device *dev, const struct virtio_kind *kind,
		 const struct virtio_host *host, uint64_t features);
void virtio_destroy(struct virtio_device *dev);

/* ---- lock held ------------------------------------------------------------------------------- */

void virtio_reset(struct virtio_device *dev);
/* The driver writes device status. True: the device has just gone live, its queues may be full. */
bool virtio_write_status(struct virtio_device *dev, uint8_t value);
void virtio_write_features(struct virtio_device *dev, uint32_t select, uint32_t value);
void virtio_enable_queue(struct virtio_device *dev, uint32_t queue);
bool virtio_has_feature(const struct virtio_device *dev, uint32_t bit);
/* Driver ready, device not failed. */
bool virtio_is_live(const struct virtio_device *dev);
/*
 * Serve the requests of a queue, each by serve, which returns how many bytes it has written, and
 * interrupt. chain is room to work with. After one ring's worth the rest is left for another call
 * of queue_ready: a driver that goes on and on cannot keep the lock. The same goes for what is left
 * when the thread is to end: a ring of long requests does not hold up the end of the program.
 */
typedef uint32_t (*virtio_serve_fn)(struct virtio_device *dev, const struct virtqueue_chain *chain);
void virtio_serve(struct virtio_device *dev, uint32_t queue, struct virtqueue_chain *chain,
		  virtio_serve_fn serve);
/* Interrupt the driver for what was pushed, if it wants that; fail where the queue is broken. */
void virtio_finish(struct virtio_device *dev, uint32_t queue);
/* The device configuration has changed. */
void virtio_config_changed(struct virtio_device *dev);
/* The driver broke the rules: tell it and the user, and do nothing until the next reset. */
void virtio_fail(struct virtio_device *dev, const char *why);

/* ---- lock not held --------------------------------------------------------------------------- */

/* Look into a queue, on the I/O thread: the driver has notified. */
void virtio_run_queue(struct virtio_device *dev, uint32_t queue);

#endif
