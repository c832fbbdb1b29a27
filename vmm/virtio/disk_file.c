/* SPDX-License-Identifier: BSD-2-Clause */
/* A raw disk image: a file or block device of this host, opened, locked and measured. */
#include "vmm/virtio/disk_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

__attribute__((format(printf, 3, 4))) static int fail(char *error, int code, const char *format,
						      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, DISK_ERROR_SIZE, format, args);
	va_end(args);
	return code;
}

static int fail_open(char *error, int code, const char *path, bool read_only)
{
	const char *hint = "";

	if (code == -ENOENT)
		hint = "; make one, for example with truncate -s 1G";
	else if ((code == -EACCES || code == -EROFS) && !read_only)
		hint = "; if it is only to be read, add ',ro'";
	return fail(error, code, "--disk: %s: %s%s", path, strerror(-code), hint);
}

static int lock(const struct disk_file *disk, const char *path, char *error)
{
	struct flock whole = {
		.l_type = disk->read_only ? F_RDLCK : F_WRLCK,
		.l_whence = SEEK_SET,
	};

	if (fcntl(disk->fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return fail(error, -EBUSY,
			    "--disk: %s is in use by another machine; end that one, or add ',ro' "
			    "to both",
			    path);
	return fail(error, -errno, "--disk: %s cannot be locked: %s", path, strerror(errno));
}

static int measure(struct disk_file *disk, const char *path, char *error)
{
	struct stat st;

	if (fstat(disk->fd, &st))
		return fail(error, -errno, "--disk: %s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode))
		disk->size = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		return fail(error, -EINVAL, "--disk: %s is neither a file nor a block device",
			    path);
	else if (ioctl(disk->fd, BLKGETSIZE64, &disk->size))
		return fail(error, -errno, "--disk: the size of %s cannot be told: %s", path,
			    strerror(errno));
	if (disk->size == 0)
		return fail(error, -EINVAL,
			    "--disk: %s is empty; give it a size, for example with truncate -s 1G",
			    path);
	if (disk->size % DISK_SECTOR)
		return fail(
			error, -EINVAL,
			"--disk: %s has %llu bytes, which is no multiple of %u: is it a raw image?",
			path, (unsigned long long)disk->size, DISK_SECTOR);
	return 0;
}

/* O_NONBLOCK: a FIFO that nobody writes to is refused, not waited for. Files do not care. */
int disk_file_open(struct disk_file *disk, const char *path, bool read_only,
		   char error[DISK_ERROR_SIZE])
{
	int access = read_only ? O_RDONLY : O_RDWR;
	int ret;

	*disk = (struct disk_file){ .read_only = read_only };
	disk->fd = open(path, access | O_CLOEXEC | O_NONBLOCK);
	if (disk->fd < 0)
		return fail_open(error, -errno, path, read_only);
	ret = measure(disk, path, error);
	if (ret == 0)
		ret = lock(disk, path, error);
	if (ret)
		disk_file_close(disk);
	return ret;
}

void disk_file_close(struct disk_file *disk)
{
	if (disk->fd >= 0)
		close(disk->fd);
	disk->fd = -1;
}
