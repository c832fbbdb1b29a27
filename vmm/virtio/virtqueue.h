/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A split virtqueue, from the device's side.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Split Virtqueues".
 *
 * The rings lie in guest memory and everything in them is the guest's word: sizes, addresses and
 * indices are checked before use, each value is read once, and what makes no sense breaks the queue
 * instead of the VMM. Not thread-safe: the device's lock is held over each call.
 */
#ifndef VMM_VIRTIO_VIRTQUEUE_H
#define VMM_VIRTIO_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "vmm/memory.h"

#define VIRTQUEUE_MAX_SIZE 256
#define VIRTQUEUE_MAX_SEGMENTS \
	256 /* descriptors of one chain, those of an indirect table included */

struct virtqueue {
	const struct memory *memory;
	uint16_t max_size; /* what the device offers */

	/* As the driver writes them; checked by virtqueue_start. */
	uint16_t size;
	uint64_t descriptors; /* guest-physical */
	uint64_t driver_area; /* available ring */
	uint64_t device_area; /* used ring */

	/* Valid while started. */
	bool started;
	bool event_idx;
	bool indirect;
	const uint8_t *descriptor_ring;
	uint8_t *available;
	uint8_t *used;
	uint16_t next_available; /* the next entry to take */
	uint16_t next_used;      /* the next entry to fill */
	uint16_t told_used;      /* what next_used was when the driver was last told */
	const char *broken;      /* why the queue cannot go on; NULL: it can */
};

/* One request: segments that the device reads, then segments that it writes. */
struct virtqueue_chain {
	uint16_t head;
	uint32_t nr_readable;
	uint32_t nr_writable;
	uint32_t readable_bytes;
	uint32_t writable_bytes;
	struct iovec segment[VIRTQUEUE_MAX_SEGMENTS];
};

void virtqueue_init(struct virtqueue *queue, const struct memory *memory, uint16_t max_size);
/* Back to the state after virtqueue_init. */
void virtqueue_reset(struct virtqueue *queue);

/*
 * The driver has enabled the queue. False: size or addresses are impossible, and broken says why.
 * event_idx and indirect are whether these features were agreed upon.
 */
bool virtqueue_start(struct virtqueue *queue, bool event_idx, bool indirect);

/* Take the next request. False: there is none, or broken says why there will be none any more. */
bool virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain);
/* Put the last request back that was popped: it will be popped again. */
void virtqueue_unpop(struct virtqueue *queue);
/*
 * The request with this head is done; written bytes from the start of its writable segments are
 * set.
 */
void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t written);

/*
 * After the last pop: ask to be notified of the next request. True: one has come in between, and
 * the driver may not have notified; pop again.
 */
bool virtqueue_rearm(struct virtqueue *queue);
/* After pushes: does the driver want to be told? Resets the question. */
bool virtqueue_wants_interrupt(struct virtqueue *queue);

/* ---- bytes of a chain ------------------------------------------------------------------------ */

/* Copy out of the readable segments, from offset on. False: they are shorter. */
bool virtqueue_read(const struct virtqueue_chain *chain, size_t offset, void *to, size_t len);
/* Copy into the writable segments, from offset on. False: they are shorter. */
bool virtqueue_write(const struct virtqueue_chain *chain, size_t offset, const void *from,
		     size_t len);
/*
 * len bytes from offset on of nr segments, as segments of their own in to, which has room for nr.
 * Returns their number, or -1 if the segments are shorter.
 */
int virtqueue_slice(const struct iovec *from, uint32_t nr, size_t offset, size_t len,
		    struct iovec *to);

static inline const struct iovec *virtqueue_writable(const struct virtqueue_chain *chain)
{
	return chain->segment + chain->nr_readable;
}

#endif
