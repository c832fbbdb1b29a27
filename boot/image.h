/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One image on its way into guest memory: what the format files share.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"

struct boot_image {
	const char *name; /* for messages, and the first word of a multiboot command line */
	char *data;       /* libelf wants it writable; nobody writes */
	size_t size;
	const struct boot_params *params;
	char *error;         /* BOOT_ERROR_SIZE bytes */
	uint64_t loaded_end; /* end of the highest byte loaded so far */

	/* Limits of the kernel's own; 0: none. */
	uint64_t cmdline_max; /* without the final 0 */
	uint64_t initrd_end;  /* where the initrd has to end */
};

/* Fill the error with "<name>: <reason>" on one line and answer -code. */
int boot_refuse(const struct boot_image *image, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The file has all of [offset, offset + length). */
bool image_has(const struct boot_image *image, uint64_t offset, uint64_t length);

/* A little-endian word of the file; image_has() was asked before. */
uint32_t image_u32(const struct boot_image *image, uint64_t offset);

/* One piece of the file that goes into guest memory. */
struct image_segment {
	uint64_t address; /* guest-physical */
	uint64_t offset;
	uint64_t file_size;
	uint64_t memory_size; /* what lies behind file_size is zeroed */
};

/* Refuse a segment that is not all in the file, or not all in memory that is the guest's. */
int segment_check(const struct boot_image *image, const struct image_segment *segment);

/* Copy a segment that has been checked. */
void segment_load(struct boot_image *image, const struct image_segment *segment);

bool segment_holds(const struct image_segment *segment, uint64_t address);

/* What a file that cannot be booted is, in words: "gzip data", "PE image", ... */
const char *image_describe(const struct boot_image *image);

/* The formats. Each loads the image and fills *entry, or refuses. */
struct elf_file;
int elf64_load(struct elf_file *file, struct boot_entry *entry);
int pvh_load(struct elf_file *file, uint64_t start, struct boot_entry *entry);

/* 1 and *start if the file has the PVH note, 0 if not, -errno if it is damaged. */
int pvh_find(const struct elf_file *file, uint64_t *start);

/* 1 if the file is a Linux kernel, whatever else it has; 0 if not, -errno if it is damaged. */
int pvh_is_linux(const struct elf_file *file);

#endif
