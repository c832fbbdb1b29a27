/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For LD_PRELOAD: KVM_CHECK_EXTENSION answers 0 for the capability whose number is in WITHOUT_CAP,
 * so that a test can see what the VMM says on a host that lacks it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdlib.h>

int ioctl(int fd, unsigned long request, ...);

int ioctl(int fd, unsigned long request, ...)
{
	const char *without = getenv("WITHOUT_CAP");
	union {
		void *symbol;
		int (*call)(int fd, unsigned long request, unsigned long argument);
	} real = { .symbol = dlsym(RTLD_NEXT, "ioctl") };
	unsigned long argument;
	va_list args;

	va_start(args, request);
	argument = va_arg(args, unsigned long);
	va_end(args);
	if (request == KVM_CHECK_EXTENSION && without && strtoul(without, NULL, 0) == argument)
		return 0;
	return real.call(fd, request, argument);
}
