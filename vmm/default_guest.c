/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in guest's bytes; default_guest_image.S brings them in. */
#include "vmm/default_guest.h"

#include <stdint.h>

extern const uint8_t default_guest_start[];
extern const uint64_t default_guest_bytes;

const void *default_guest_image(void)
{
	return default_guest_start;
}

size_t default_guest_size(void)
{
	return (size_t)default_guest_bytes;
}
