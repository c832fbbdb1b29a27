/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading whole files, with errors in the words of boot.h.
 */
#ifndef BOOT_READ_FILE_H
#define BOOT_READ_FILE_H

#include "boot/image.h"

struct file_reader {
	int fd;
	uint64_t size;
};

/* Open the regular file image->name; on success the caller closes it. */
int file_open(const struct boot_image *image, struct file_reader *reader);

/* Read the next length bytes; all reads together ask for at most reader->size. */
int file_read(const struct boot_image *image, const struct file_reader *reader, void *to,
	      uint64_t length);

void file_close(const struct file_reader *reader);

#endif
