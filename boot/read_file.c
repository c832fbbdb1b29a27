/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading whole files. POSIX.1-2008, "read": short reads and interruptions are not errors. Files
 * are read, not mapped: one that is truncated while it is loaded gives an error, not SIGBUS.
 */
#define _POSIX_C_SOURCE 200809L

#include "boot/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_open(const struct boot_image *image, struct file_reader *reader)
{
	struct stat status;

	/* O_NONBLOCK: a FIFO without writer must not block before it is seen to be one. */
	int fd = open(image->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return boot_refuse(image, errno, "cannot be opened: %s", strerror(errno));
	if (fstat(fd, &status) < 0) {
		int code = errno;
		close(fd);
		return boot_refuse(image, code, "cannot be examined: %s", strerror(code));
	}
	if (S_ISDIR(status.st_mode)) {
		close(fd);
		return boot_refuse(image, EISDIR, "is a directory: give a file");
	}
	if (!S_ISREG(status.st_mode)) {
		close(fd);
		return boot_refuse(image, ENOEXEC, "is not a regular file: copy it to one first");
	}
	*reader = (struct file_reader){ .fd = fd, .size = (uint64_t)status.st_size };
	return 0;
}

int file_read(const struct boot_image *image, const struct file_reader *reader, void *to,
	      uint64_t length)
{
	uint64_t done = 0;

	while (done < length) {
		ssize_t n = read(reader->fd, (char *)to + done, length - done);
		if (n == 0)
			return boot_refuse(image, EIO, "became shorter while it was read");
		if (n < 0 && errno != EINTR)
			return boot_refuse(image, errno, "cannot be read: %s", strerror(errno));
		if (n > 0)
			done += (uint64_t)n;
	}
	return 0;
}

void file_close(const struct file_reader *reader)
{
	close(reader->fd);
}
