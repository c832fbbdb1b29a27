/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * To be preloaded: once the file that CRASH_WHEN names exists, the next KVM_RUN is a store to
 * nowhere, on the vCPU's thread. Linux, "The Definitive KVM API Documentation".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int ioctl(int fd, unsigned long request, ...);

int ioctl(int fd, unsigned long request, ...)
{
	union {
		void *symbol;
		int (*call)(int fd, unsigned long request, unsigned long argument);
	} real = { .symbol = dlsym(RTLD_NEXT, "ioctl") };
	const char *when = getenv("CRASH_WHEN");
	va_list args;
	unsigned long argument;

	va_start(args, request);
	argument = va_arg(args, unsigned long);
	va_end(args);
	if (request == KVM_RUN && when && access(when, F_OK) == 0) {
		volatile char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
					      -1, 0);

		*nowhere = 0;
	}
	return real.call(fd, request, argument);
}
