/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For LD_PRELOAD: a KVM that is less than the host's. KVM_CHECK_EXTENSION answers 0 for the
 * capability whose number is in WITHOUT_CAP, and accesses to the MSR whose number is in
 * WITHOUT_MSR_EXIT do not exit, whatever filter is set.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

int ioctl(int fd, unsigned long request, ...);

static bool is_number_in(const char *variable, unsigned long value)
{
	const char *text = getenv(variable);

	return text && strtoul(text, NULL, 0) == value;
}

/* One MSR by itself, as the VMM filters it. */
static struct kvm_msr_filter let_through(const struct kvm_msr_filter *filter, uint8_t *allow)
{
	struct kvm_msr_filter copy = *filter;

	for (size_t i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++)
		if (copy.ranges[i].nmsrs == 1 &&
		    is_number_in("WITHOUT_MSR_EXIT", copy.ranges[i].base))
			copy.ranges[i].bitmap = allow;
	return copy;
}

int ioctl(int fd, unsigned long request, ...)
{
	union {
		void *symbol;
		int (*call)(int fd, unsigned long request, unsigned long argument);
	} real = { .symbol = dlsym(RTLD_NEXT, "ioctl") };
	struct kvm_msr_filter filter;
	uint8_t allow = 1;
	union {
		unsigned long number;
		const struct kvm_msr_filter *filter;
	} argument;
	va_list args;

	va_start(args, request);
	argument.number = va_arg(args, unsigned long);
	va_end(args);
	if (request == KVM_CHECK_EXTENSION && is_number_in("WITHOUT_CAP", argument.number))
		return 0;
	if (request == KVM_X86_SET_MSR_FILTER) {
		filter = let_through(argument.filter, &allow);
		argument.filter = &filter;
	}
	return real.call(fd, request, argument.number);
}
