/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that waits for descriptors, by epoll(7). */
#include "vmm/virtio/io_thread.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/crash_guard.h"

#define MAX_EVENTS 16

static void *run(void *opaque)
{
	struct io_thread *thread = opaque;
	struct epoll_event events[MAX_EVENTS];

	for (;;) {
		int nr = epoll_wait(thread->epoll_fd, events, MAX_EVENTS, -1);

		for (int i = 0; i < nr; i++) {
			struct io_source *source = events[i].data.ptr;

			if (!source)
				return NULL;
			source->ready(source, events[i].events);
		}
	}
}

static int control(struct io_thread *thread, int operation, struct io_source *source,
		   uint32_t events)
{
	struct epoll_event event = { .events = events, .data = { .ptr = source } };

	return epoll_ctl(thread->epoll_fd, operation, source->fd, &event) ? -errno : 0;
}

int io_thread_create(struct io_thread *thread)
{
	struct epoll_event stop = { .events = EPOLLIN };

	*thread = (struct io_thread){ .epoll_fd = -1, .stop_fd = -1 };
	thread->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (thread->epoll_fd < 0)
		return -errno;
	thread->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->stop_fd < 0)
		return -errno;
	return epoll_ctl(thread->epoll_fd, EPOLL_CTL_ADD, thread->stop_fd, &stop) ? -errno : 0;
}

int io_thread_add(struct io_thread *thread, struct io_source *source, uint32_t events)
{
	return control(thread, EPOLL_CTL_ADD, source, events);
}

int io_thread_change(struct io_thread *thread, struct io_source *source, uint32_t events)
{
	return control(thread, EPOLL_CTL_MOD, source, events);
}

void io_thread_remove(struct io_thread *thread, struct io_source *source)
{
	epoll_ctl(thread->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
}

int io_thread_start(struct io_thread *thread, const char *name)
{
	sigset_t all;
	sigset_t old;
	int ret;

	crash_guard_block_others(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&thread->thread, NULL, run, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return -ret;
	thread->running = true;
	pthread_setname_np(thread->thread, name);
	return 0;
}

void io_thread_stop(struct io_thread *thread)
{
	uint64_t one = 1;

	if (!thread->running)
		return;
	/*
	 * The counter cannot be full: this is its only write. It is read again for the next start.
	 */
	if (write(thread->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(thread->thread, NULL);
	thread->running = read(thread->stop_fd, &one, sizeof(one)) != sizeof(one);
}

void io_thread_destroy(struct io_thread *thread)
{
	io_thread_stop(thread);
	if (thread->stop_fd >= 0)
		close(thread->stop_fd);
	if (thread->epoll_fd >= 0)
		close(thread->epoll_fd);
	thread->stop_fd = -1;
	thread->epoll_fd = -1;
}
