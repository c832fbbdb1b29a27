/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for files that cannot be booted, by their first bytes; for messages only. bzImage: Linux
 * documentation, "The Linux/x86 Boot Protocol", section "The Real-Mode Kernel Header".
 */
#include <string.h>

#include "boot/image.h"

#define BZIMAGE_BOOT_FLAG   0x1feu
#define BZIMAGE_HEADER      0x202u
#define BZIMAGE_HEADER_SIZE 4u

struct signature {
	uint32_t offset;
	uint32_t length;
	const char *bytes;
	const char *meaning;
};

/* The more telling ones first: a boot sector signature is found in many kinds of file. */
/* clang-format off */
static const struct signature signatures[] = {
	{ 0, 2, "\x1f\x8b", "gzip data" },
	{ 0, 6, "\xfd\x37zXZ\0", "xz data" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd data" },
	{ 0, 3, "BZh", "bzip2 data" },
	{ 0, 4, "\x04\x22\x4d\x18", "LZ4 data" },
	{ 0, 4, "\x02\x21\x4c\x18", "LZ4 data" },
	{ 0, 5, "\x5d\0\0\x80\0", "LZMA data" },
	{ 0, 6, "070701", "cpio archive (an initrd?)" },
	{ 0, 6, "070707", "cpio archive (an initrd?)" },
	{ 257, 5, "ustar", "tar archive" },
	{ 0, 8, "!<arch>\n", "ar archive (a static library?)" },
	{ 0, 4, "PK\x03\x04", "zip archive" },
	{ 0, 4, "QFI\xfb", "qcow2 disk image" },
	{ 0, 4, "hsqs", "squashfs image" },
	{ 0x8001, 5, "CD001", "ISO 9660 image" },
	{ 0, 2, "#!", "script" },
	{ 0, 4, "\xce\xfa\xed\xfe", "Mach-O image" },
	{ 0, 4, "\xcf\xfa\xed\xfe", "Mach-O image" },
	{ 0, 2, "MZ", "PE image" },
	{ BZIMAGE_BOOT_FLAG, 2, "\x55\xaa", "boot sector or disk image" },
};
/* clang-format on */

static bool has_bytes(const struct boot_image *image, uint32_t offset, const char *bytes,
		      uint32_t length)
{
	return image_has(image, offset, length) && !memcmp(image->data + offset, bytes, length);
}

bool image_is_bzimage(const struct boot_image *image)
{
	return has_bytes(image, BZIMAGE_BOOT_FLAG, "\x55\xaa", 2) &&
	       has_bytes(image, BZIMAGE_HEADER, "HdrS", BZIMAGE_HEADER_SIZE);
}

const char *image_describe(const struct boot_image *image)
{
	if (image->size == 0)
		return "empty file";
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		const struct signature *s = &signatures[i];
		if (has_bytes(image, s->offset, s->bytes, s->length))
			return s->meaning;
	}
	return "unknown data";
}
