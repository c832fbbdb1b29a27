/* SPDX-License-Identifier: BSD-2-Clause */
/* The SMP test kernel that runs when no guest is named: smp.elf, linked into the program. */
#ifndef VMM_DEFAULT_GUEST_H
#define VMM_DEFAULT_GUEST_H

#include <stddef.h>

const void *default_guest_image(void);
size_t default_guest_size(void);

#endif
