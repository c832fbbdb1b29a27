/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread that waits for descriptors: doorbells of a device and what is behind it.
 *
 * Each device has one of its own. A disk that blocks in fdatasync(2) then holds up nobody else's
 * packets, nothing has to be asynchronous to be fair, and a queue has one thread that serves it.
 * The price is a mostly sleeping thread for each device.
 */
#ifndef VMM_VIRTIO_IO_THREAD_H
#define VMM_VIRTIO_IO_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Something to wait for. It stays the caller's, and where it is, until the thread is destroyed. */
struct io_source {
	int fd;
	void (*ready)(struct io_source *source,
		      uint32_t events); /* on the I/O thread, no lock held */
	void *ctx;
	uint32_t index;
};

struct io_thread {
	int epoll_fd; /* -1: not created */
	int stop_fd;
	pthread_t thread;
	bool running;
};

/* 0 or -errno; io_thread_destroy may follow in either case. */
int io_thread_create(struct io_thread *thread);
/* events are those of epoll_ctl(2); 0 for none at present. Any thread. 0 or -errno. */
int io_thread_add(struct io_thread *thread, struct io_source *source, uint32_t events);
int io_thread_change(struct io_thread *thread, struct io_source *source, uint32_t events);
void io_thread_remove(struct io_thread *thread, struct io_source *source);
/* The thread has all signals blocked. 0 or -errno. */
int io_thread_start(struct io_thread *thread, const char *name);
/* Wait until the thread has ended; nothing is called afterwards. Harmless if it does not run. */
void io_thread_stop(struct io_thread *thread);
void io_thread_destroy(struct io_thread *thread);

#endif
