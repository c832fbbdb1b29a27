/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux kernels as distributions ship them.
 */
#ifndef BOOT_BZIMAGE_H
#define BOOT_BZIMAGE_H

#include "boot/image.h"

/* By the set-up header's magic; the first 0x206 bytes of the file are enough to tell. */
bool bzimage_is(const struct boot_image *image);

int bzimage_load(struct boot_image *image, struct boot_entry *entry);

#endif
