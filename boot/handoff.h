/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What every format tells its guest, each in its own structure: command line, initrd, memory map.
 */
#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

#include "boot/image.h"
#include "boot/start_info.h"

#define HANDOFF_RANGES_MAX 8

struct boot_handoff {
	uint32_t cmdline;     /* guest-physical address of the text */
	uint32_t initrd;      /* page-aligned */
	uint32_t initrd_size; /* 0: none */
	uint32_t nr_ranges;
	struct hvm_memmap_entry ranges[HANDOFF_RANGES_MAX];
};

/*
 * Put command line and initrd into memory, after the image, and describe memory. The command line
 * begins with first_word and a space unless that is NULL.
 */
int handoff_prepare(struct boot_image *image, const char *first_word, struct boot_handoff *handoff);

/* Write struct hvm_start_info and what it points to. Returns its guest-physical address. */
uint32_t start_info_write(const struct boot_ram *ram, const struct boot_handoff *handoff);

#endif
