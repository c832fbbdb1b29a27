/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A split virtqueue, from the device's side.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Split Virtqueues": "The Virtqueue Descriptor Table", "Indirect
 * Descriptors", "The Virtqueue Available Ring", "Used Buffer Notification Suppression", "The
 * Virtqueue Used Ring", "Available Buffer Notification Suppression".
 */
#include "vmm/virtio/virtqueue.h"

#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <string.h>

#define DESCRIPTOR_ALIGNMENT 16
#define AVAILABLE_ALIGNMENT  2
#define USED_ALIGNMENT       4

#define RING_FLAGS   0
#define RING_INDEX   2
#define RING_ENTRIES 4
#define USED_ENTRY   sizeof(struct vring_used_elem)
#define EVENT_SIZE   2

/* ---- memory that the guest changes while we look --------------------------------------------- */

static uint16_t load16(const uint8_t *at)
{
	return __atomic_load_n((const uint16_t *)(const void *)at, __ATOMIC_ACQUIRE);
}

static void store16(uint8_t *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)(void *)at, value, __ATOMIC_RELEASE);
}

/* One copy that is then checked and used: the original may change at any time. */
static struct vring_desc load_descriptor(const uint8_t *table, uint32_t index)
{
	struct vring_desc d;

	memcpy(&d, table + (size_t)index * sizeof(d), sizeof(d));
	atomic_signal_fence(memory_order_seq_cst);
	return d;
}

static uint8_t *used_event(const struct virtqueue *queue)
{
	return queue->available + RING_ENTRIES + sizeof(uint16_t) * queue->size;
}

static uint8_t *available_event(const struct virtqueue *queue)
{
	return queue->used + RING_ENTRIES + USED_ENTRY * queue->size;
}

/* ---- life ------------------------------------------------------------------------------------ */

void virtqueue_init(struct virtqueue *queue, const struct memory *memory, uint16_t max_size)
{
	*queue = (struct virtqueue){ .memory = memory, .max_size = max_size, .size = max_size };
}

void virtqueue_reset(struct virtqueue *queue)
{
	virtqueue_init(queue, queue->memory, queue->max_size);
}

static uint8_t *map_area(struct virtqueue *queue, uint64_t gpa, uint64_t size, uint64_t alignment)
{
	uint8_t *at = memory_at(queue->memory, gpa, size);

	if (!at)
		queue->broken = "a ring lies outside memory";
	else if (gpa % alignment)
		queue->broken = "a ring is not aligned";
	return queue->broken ? NULL : at;
}

bool virtqueue_start(struct virtqueue *queue, bool event_idx, bool indirect)
{
	uint32_t size = queue->size;

	queue->broken = NULL;
	if (size == 0 || (size & (size - 1)) || size > queue->max_size) {
		queue->broken = "the queue's size is no power of 2 up to what was offered";
		return false;
	}
	queue->descriptor_ring = map_area(queue, queue->descriptors,
					  size * sizeof(struct vring_desc), DESCRIPTOR_ALIGNMENT);
	queue->available = map_area(queue, queue->driver_area,
				    RING_ENTRIES + sizeof(uint16_t) * size + EVENT_SIZE,
				    AVAILABLE_ALIGNMENT);
	queue->used = map_area(queue, queue->device_area,
			       RING_ENTRIES + USED_ENTRY * size + EVENT_SIZE, USED_ALIGNMENT);
	if (queue->broken)
		return false;
	queue->event_idx = event_idx;
	queue->indirect = indirect;
	queue->started = true;
	return true;
}

/* ---- requests -------------------------------------------------------------------------------- */

static bool break_queue(struct virtqueue *queue, const char *why)
{
	queue->broken = why;
	return false;
}

/*
 * A descriptor's buffer becomes a segment. Reads come first, "Message Framing" permitting any cut.
 */
static bool add_segment(struct virtqueue *queue, struct virtqueue_chain *chain,
			const struct vring_desc *d)
{
	uint32_t nr = chain->nr_readable + chain->nr_writable;
	bool writable = (d->flags & VRING_DESC_F_WRITE) != 0;
	uint32_t *bytes = writable ? &chain->writable_bytes : &chain->readable_bytes;
	void *host = memory_at(queue->memory, d->addr, d->len);

	if (!host)
		return break_queue(queue, "a descriptor points outside memory");
	if (nr == VIRTQUEUE_MAX_SEGMENTS)
		return break_queue(queue, "a request has too many descriptors");
	if (!writable && chain->nr_writable)
		return break_queue(queue, "a descriptor to read follows one to write");
	if (d->len > UINT32_MAX - *bytes)
		return break_queue(queue, "a request is longer than 4 GiB");
	chain->segment[nr] = (struct iovec){ .iov_base = host, .iov_len = d->len };
	*bytes += d->len;
	if (writable)
		chain->nr_writable++;
	else
		chain->nr_readable++;
	return true;
}

/*
 * Walk one table from index on. More steps than the table has entries are a loop. *indirect gets
 * the descriptor that refers to another table, and has flag INDIRECT then.
 */
static bool walk(struct virtqueue *queue, struct virtqueue_chain *chain, const uint8_t *table,
		 uint32_t nr_entries, uint32_t index, struct vring_desc *indirect)
{
	struct vring_desc d;

	for (uint32_t step = 0; step < nr_entries; step++) {
		if (index >= nr_entries)
			return break_queue(queue, "a descriptor's number is beyond its table");
		d = load_descriptor(table, index);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (!indirect || (d.flags & VRING_DESC_F_NEXT))
				return break_queue(queue, "an indirect table inside a chain");
			*indirect = d;
			return true;
		}
		if (!add_segment(queue, chain, &d))
			return false;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
		index = d.next;
	}
	return break_queue(queue, "descriptors form a loop");
}

static bool walk_indirect(struct virtqueue *queue, struct virtqueue_chain *chain,
			  const struct vring_desc *d)
{
	const uint8_t *table = memory_at(queue->memory, d->addr, d->len);

	if (!queue->indirect)
		return break_queue(queue, "an indirect table, which was not agreed upon");
	if (!table)
		return break_queue(queue, "an indirect table lies outside memory");
	if (d->len == 0 || d->len % sizeof(struct vring_desc))
		return break_queue(queue, "an indirect table of an odd size");
	return walk(queue, chain, table, d->len / (uint32_t)sizeof(struct vring_desc), 0, NULL);
}

bool virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *chain)
{
	struct vring_desc indirect = { .flags = 0 };
	uint16_t waiting;
	uint16_t head;

	if (!queue->started || queue->broken)
		return false;
	waiting = (uint16_t)(load16(queue->available + RING_INDEX) - queue->next_available);
	if (waiting == 0)
		return false;
	if (waiting > queue->size)
		return break_queue(queue, "the available index is ahead by more than the ring");
	head = load16(queue->available + RING_ENTRIES +
		      sizeof(uint16_t) * (queue->next_available % queue->size));
	chain->head = head;
	chain->nr_readable = 0;
	chain->nr_writable = 0;
	chain->readable_bytes = 0;
	chain->writable_bytes = 0;
	if (!walk(queue, chain, queue->descriptor_ring, queue->size, head, &indirect))
		return false;
	if ((indirect.flags & VRING_DESC_F_INDIRECT) && !walk_indirect(queue, chain, &indirect))
		return false;
	queue->next_available++;
	return true;
}

void virtqueue_unpop(struct virtqueue *queue)
{
	queue->next_available--;
}

void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t written)
{
	const struct vring_used_elem entry = { .id = head, .len = written };

	memcpy(queue->used + RING_ENTRIES + USED_ENTRY * (queue->next_used % queue->size), &entry,
	       sizeof(entry));
	queue->next_used++;
	/* The entry is visible before the index that counts it. */
	store16(queue->used + RING_INDEX, queue->next_used);
}

/* ---- notifications --------------------------------------------------------------------------- */

/*
 * The driver makes a request available and then looks whether we want to hear of it; we say so and
 * then look whether there is one. With a full barrier on either side, one of the two sees the
 * other.
 */
bool virtqueue_rearm(struct virtqueue *queue)
{
	if (!queue->started || queue->broken)
		return false;
	if (queue->event_idx)
		store16(available_event(queue), queue->next_available);
	atomic_thread_fence(memory_order_seq_cst);
	return load16(queue->available + RING_INDEX) != queue->next_available;
}

bool virtqueue_wants_interrupt(struct virtqueue *queue)
{
	uint16_t old = queue->told_used;

	if (!queue->started || queue->broken || old == queue->next_used)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	queue->told_used = queue->next_used;
	if (!queue->event_idx)
		return !(load16(queue->available + RING_FLAGS) & VRING_AVAIL_F_NO_INTERRUPT);
	return vring_need_event(load16(used_event(queue)), queue->next_used, old);
}

/* ---- bytes of a chain ------------------------------------------------------------------------ */

int virtqueue_slice(const struct iovec *from, uint32_t nr, size_t offset, size_t len,
		    struct iovec *to)
{
	int count = 0;

	for (uint32_t i = 0; i < nr && len; i++) {
		size_t part = from[i].iov_len;

		if (offset >= part) {
			offset -= part;
			continue;
		}
		part -= offset;
		if (part > len)
			part = len;
		to[count].iov_base = (uint8_t *)from[i].iov_base + offset;
		to[count].iov_len = part;
		count++;
		offset = 0;
		len -= part;
	}
	return len ? -1 : count;
}

bool virtqueue_read(const struct virtqueue_chain *chain, size_t offset, void *to, size_t len)
{
	struct iovec part[VIRTQUEUE_MAX_SEGMENTS];
	int nr = virtqueue_slice(chain->segment, chain->nr_readable, offset, len, part);
	uint8_t *next = to;

	for (int i = 0; i < nr; i++) {
		memcpy(next, part[i].iov_base, part[i].iov_len);
		next += part[i].iov_len;
	}
	return nr >= 0;
}

bool virtqueue_write(const struct virtqueue_chain *chain, size_t offset, const void *from,
		     size_t len)
{
	struct iovec part[VIRTQUEUE_MAX_SEGMENTS];
	int nr = virtqueue_slice(virtqueue_writable(chain), chain->nr_writable, offset, len, part);
	const uint8_t *next = from;

	for (int i = 0; i < nr; i++) {
		memcpy(part[i].iov_base, next, part[i].iov_len);
		next += part[i].iov_len;
	}
	return nr >= 0;
}
