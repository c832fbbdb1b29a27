/* SPDX-License-Identifier: BSD-2-Clause */
/* Files for the tests of disks: made for a test, gone after it. */
#ifndef TESTS_UNIT_DISK_FIXTURE_H
#define TESTS_UNIT_DISK_FIXTURE_H

#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vmm/virtio/disk_file.h"

struct disk_image {
	char path[64];
	int fd;
};

/* size bytes; byte i of the file is pattern_at(i). */
static inline uint8_t pattern_at(uint64_t i)
{
	return (uint8_t)(i / DISK_SECTOR * 7 + i % 251);
}

static inline struct disk_image image_create(uint64_t size)
{
	struct disk_image image;

	snprintf(image.path, sizeof(image.path), "/tmp/vmm-test-disk-XXXXXX");
	image.fd = mkstemp(image.path);
	ck_assert_int_ge(image.fd, 0);
	for (uint64_t i = 0; i < size; i++) {
		uint8_t byte = pattern_at(i);

		ck_assert_int_eq(pwrite(image.fd, &byte, 1, (off_t)i), 1);
	}
	return image;
}

static inline uint8_t image_byte(const struct disk_image *image, uint64_t at)
{
	uint8_t byte;

	ck_assert_int_eq(pread(image->fd, &byte, 1, (off_t)at), 1);
	return byte;
}

static inline void image_destroy(struct disk_image *image)
{
	close(image->fd);
	unlink(image->path);
}

#endif
