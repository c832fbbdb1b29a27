/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names for files that cannot be booted, by their first bytes; for messages only. Kernels of other
 * architectures: Linux documentation, "Booting AArch64 Linux", "Boot image header in RISC-V Linux"
 * and "Booting Linux/LoongArch".
 */
#include <string.h>

#include "boot/image.h"

#define BOOT_SECTOR_FLAG 0x1feu

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
	{ 0x38, 4, "ARM\x64", "Linux kernel for AArch64" },
	{ 0x38, 4, "RSC\x05", "Linux kernel for RISC-V" },
	{ 0x38, 4, "\xcd\x23\x82\x81", "Linux kernel for LoongArch" },
	{ 0x24, 4, "\x18\x28\x6f\x01", "Linux zImage for ARM" },
	{ 0, 4, "\x27\x05\x19\x56", "U-Boot image" },
	{ 0, 8, "MZ\0\0zimg", "Linux EFI zboot image, for firmware of another architecture" },
	{ 0, 2, "MZ", "PE image (a program for EFI or Windows)" },
	{ BOOT_SECTOR_FLAG, 2, "\x55\xaa", "boot sector or disk image" },
};
/* clang-format on */

static bool has_bytes(const struct boot_image *image, uint32_t offset, const char *bytes,
		      uint32_t length)
{
	return image_has(image, offset, length) && !memcmp(image->data + offset, bytes, length);
}

static bool is_all_zero(const struct boot_image *image)
{
	return image->data[0] == 0 && !memcmp(image->data, image->data + 1, image->size - 1);
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
	if (is_all_zero(image))
		return "nothing but zeros";
	return "unknown data";
}
