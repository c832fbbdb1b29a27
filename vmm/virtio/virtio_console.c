/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-console: one port, the guest's hvc0.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Console Device".
 *
 * Output may block for as long as a terminal takes nothing, with the device's lock held. Input
 * comes from the thread that would end such a stop, so it never takes that lock: it leaves its
 * bytes in a buffer with a lock of its own, and wakes the device's thread.
 *
 * Linux gives buffers for input before its driver is set up, and throws away what comes until then.
 * Nothing says when that is over but one thing: a change of the configuration is looked at
 * afterwards only. So a driver that wants the size is told of a change when it has gone live, and
 * gets its first input when it has read the size.
 */
#include "vmm/virtio/virtio_console.h"

#include <errno.h>
#include <linux/virtio_console.h>
#include <linux/virtio_ids.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/virtio/io_thread.h"

enum console_queue {
	RECEIVE,
	TRANSMIT,
	NR_QUEUES,
};

#define QUEUE_SIZE  64
#define PCI_CLASS   0x078000
#define INPUT_SIZE  4096u
#define CONFIG_SIZE 4 /* columns and rows */
#define FEATURE(n)  (UINT64_C(1) << (n))
#define ROWS_SHIFT  16

struct virtio_console {
	struct virtio_device dev;
	struct virtio_console_sink sink;
	struct io_source wake;    /* eventfd: there is input, or a new size */
	_Atomic uint32_t size;    /* columns, and rows above them */
	uint32_t shown_size;      /* what the configuration says; device's lock */
	bool told;                /* the driver knows that there is a size; device's lock */
	bool size_read;           /* since the reset; device's lock */
	_Atomic bool heard;       /* the driver waits for input */
	void (*space)(void *ctx); /* NULL: nobody cares */
	void *space_ctx;
	struct virtqueue_chain chain;

	pthread_mutex_t input_lock; /* a leaf */
	uint8_t input[INPUT_SIZE];
	size_t nr_input;
};

static struct virtio_console *console_of(struct virtio_device *dev)
{
	return (struct virtio_console *)dev;
}

static void wake(struct virtio_console *con)
{
	const uint64_t one = 1;

	/* A full counter wakes as well. */
	if (write(con->wake.fd, &one, sizeof(one)) < 0)
		return;
}

/* ---- for the main thread --------------------------------------------------------------------- */

size_t virtio_console_receive(struct virtio_device *dev, const uint8_t *data, size_t len)
{
	struct virtio_console *con = console_of(dev);
	size_t room;

	pthread_mutex_lock(&con->input_lock);
	room = INPUT_SIZE - con->nr_input;
	if (len > room)
		len = room;
	memcpy(con->input + con->nr_input, data, len);
	con->nr_input += len;
	pthread_mutex_unlock(&con->input_lock);
	if (len)
		wake(con);
	return len;
}

bool virtio_console_is_heard(struct virtio_device *dev)
{
	return atomic_load(&console_of(dev)->heard);
}

void virtio_console_on_space(struct virtio_device *dev, void (*space)(void *ctx), void *ctx)
{
	struct virtio_console *con = console_of(dev);

	con->space = space;
	con->space_ctx = ctx;
}

void virtio_console_resize(struct virtio_device *dev, uint16_t columns, uint16_t rows)
{
	struct virtio_console *con = console_of(dev);

	atomic_store(&con->size, columns | (uint32_t)rows << ROWS_SHIFT);
	wake(con);
}

/* ---- input, lock held ------------------------------------------------------------------------ */

/*
 * Into the buffer that was popped. Returns how many bytes; *was_full: somebody may wait for room.
 */
static size_t take_input(struct virtio_console *con, bool *was_full)
{
	size_t len = con->chain.writable_bytes;

	pthread_mutex_lock(&con->input_lock);
	*was_full = con->nr_input == INPUT_SIZE;
	if (len > con->nr_input)
		len = con->nr_input;
	virtqueue_write(&con->chain, 0, con->input, len);
	con->nr_input -= len;
	memmove(con->input, con->input + len, con->nr_input);
	pthread_mutex_unlock(&con->input_lock);
	return len;
}

static bool has_input(struct virtio_console *con)
{
	bool some;

	pthread_mutex_lock(&con->input_lock);
	some = con->nr_input > 0;
	pthread_mutex_unlock(&con->input_lock);
	return some;
}

/* True: there is room again for which somebody may wait. */
static bool feed_guest(struct virtio_console *con)
{
	struct virtqueue *q = &con->dev.queue[RECEIVE];
	uint32_t left = q->size;
	bool room = false;

	while (left && has_input(con)) {
		bool was_full;

		if (!virtqueue_pop(q, &con->chain)) {
			if (!virtqueue_rearm(q))
				break;
			continue;
		}
		virtqueue_push(q, con->chain.head, (uint32_t)take_input(con, &was_full));
		room |= was_full;
		left--;
	}
	virtio_finish(&con->dev, RECEIVE);
	if (left == 0)
		wake(con);
	return room;
}

/*
 * "Device configuration layout": a new size is a change of the configuration. A driver that is not
 * ready yet is not interrupted, but may be reading it.
 */
static void show_size(struct virtio_console *con)
{
	uint32_t size = atomic_load(&con->size);

	if (size == con->shown_size)
		return;
	con->shown_size = size;
	if (virtio_is_live(&con->dev) && virtio_has_feature(&con->dev, VIRTIO_CONSOLE_F_SIZE))
		virtio_config_changed(&con->dev);
	else
		con->dev.config_generation++;
}

static bool wants_input(const struct virtio_console *con)
{
	const struct virtio_device *dev = &con->dev;

	return virtio_is_live(dev) && dev->queue[RECEIVE].started &&
	       dev->to.is_master(dev->to.transport) && con->told &&
	       (con->size_read || !virtio_has_feature(dev, VIRTIO_CONSOLE_F_SIZE));
}

static void on_wake(struct io_source *source, uint32_t events)
{
	struct virtio_console *con = source->ctx;
	struct virtio_device *dev = &con->dev;
	bool room = false;
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) < 0)
		return;
	pthread_mutex_lock(&dev->lock);
	show_size(con);
	if (wants_input(con)) {
		atomic_store(&con->heard, true);
		room = feed_guest(con);
	}
	pthread_mutex_unlock(&dev->lock);
	if (room && con->space)
		con->space(con->space_ctx);
}

/* ---- output ---------------------------------------------------------------------------------- */

static uint32_t transmit(struct virtio_device *dev, const struct virtqueue_chain *chain)
{
	struct virtio_console *con = console_of(dev);

	for (uint32_t i = 0; i < chain->nr_readable; i++)
		con->sink.write(con->sink.sink, chain->segment[i].iov_base,
				chain->segment[i].iov_len);
	return 0;
}

static void console_queue_ready(struct virtio_device *dev, uint32_t queue)
{
	struct virtio_console *con = console_of(dev);

	if (queue == TRANSMIT) {
		virtio_serve(dev, queue, &con->chain, transmit);
		return;
	}
	/* Without a window too: the size is then 0, and input still waits for it to be read. */
	if (!con->told && virtio_has_feature(dev, VIRTIO_CONSOLE_F_SIZE))
		virtio_config_changed(dev);
	con->told = true;
	/* What came in before there were buffers. */
	wake(con);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static uint8_t console_config_read(struct virtio_device *dev, uint32_t offset)
{
	struct virtio_console *con = console_of(dev);

	if (!con->size_read) {
		con->size_read = true;
		wake(con);
	}
	return (uint8_t)(con->shown_size >> (8 * offset));
}

static void console_reset(struct virtio_device *dev)
{
	struct virtio_console *con = console_of(dev);

	con->told = false;
	con->size_read = false;
	atomic_store(&con->heard, false);
}

static int console_attach(struct virtio_device *dev, struct io_thread *thread)
{
	return io_thread_add(thread, &console_of(dev)->wake, EPOLLIN);
}

static void console_destroy(struct virtio_device *dev)
{
	struct virtio_console *con = console_of(dev);

	close(con->wake.fd);
	pthread_mutex_destroy(&con->input_lock);
	free(con);
}

static const struct virtio_kind console_kind = {
	.name = "virtio-console",
	.id = VIRTIO_ID_CONSOLE,
	.pci_class = PCI_CLASS,
	.features = FEATURE(VIRTIO_CONSOLE_F_SIZE),
	.nr_queues = NR_QUEUES,
	.queue_size = QUEUE_SIZE,
	.config_size = CONFIG_SIZE,
	.queue_ready = console_queue_ready,
	.config_read = console_config_read,
	.reset = console_reset,
	.attach = console_attach,
	.destroy = console_destroy,
};

struct virtio_device *virtio_console_create(const struct virtio_host *host,
					    struct virtio_console_sink sink)
{
	struct virtio_console *con = calloc(1, sizeof(*con));
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (!con || fd < 0) {
		if (fd >= 0)
			close(fd);
		free(con);
		return NULL;
	}
	con->sink = sink;
	con->wake = (struct io_source){ .fd = fd, .ready = on_wake, .ctx = con };
	pthread_mutex_init(&con->input_lock, NULL);
	virtio_init(&con->dev, &console_kind, host, 0);
	return &con->dev;
}
