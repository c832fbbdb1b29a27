/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A raw disk image: a file or block device of this host, opened, locked and measured.
 *
 * The lock is an open file description lock, fcntl(2): exclusive, or shared for a disk that is only
 * read. It is advisory, keeps two machines from writing to one disk, and goes with the process.
 */
#ifndef VMM_VIRTIO_DISK_FILE_H
#define VMM_VIRTIO_DISK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SECTOR     512u
#define DISK_ERROR_SIZE 256

struct disk_file {
	int fd; /* -1: not open */
	bool read_only;
	uint64_t size; /* bytes, a multiple of DISK_SECTOR, not 0 */
};

/* 0, or -errno with one line in error that names path and says what to do. */
int disk_file_open(struct disk_file *disk, const char *path, bool read_only,
		   char error[DISK_ERROR_SIZE]);
void disk_file_close(struct disk_file *disk);

#endif
