/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checked access to an image and to the guest memory that it asks for. The free ranges are those of
 * boot/README.md, "Memory".
 */
#include "boot/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot/layout.h"

/* Longer names keep their end: the reason has to fit too. */
#define NAME_MAX_SHOWN 72

int boot_refuse(const struct boot_image *image, int code, const char *format, ...)
{
	const char *name = image->name;
	size_t length = strlen(name);
	const char *dots = "";
	if (length > NAME_MAX_SHOWN) {
		name += length - NAME_MAX_SHOWN;
		dots = "...";
	}
	int used = snprintf(image->error, BOOT_ERROR_SIZE, "%s%s: ", dots, name);

	va_list args;
	va_start(args, format);
	vsnprintf(image->error + used, BOOT_ERROR_SIZE - (size_t)used, format, args);
	va_end(args);

	/* A file name may hold anything; the message stays one printable line. */
	for (char *c = image->error; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	return -code;
}

bool image_has(const struct boot_image *image, uint64_t offset, uint64_t length)
{
	return offset <= image->size && length <= image->size - offset;
}

uint32_t image_u32(const struct boot_image *image, uint64_t offset)
{
	uint32_t value;
	memcpy(&value, image->data + offset, sizeof(value));
	return value;
}

static bool range_within(uint64_t start, uint64_t end, uint64_t low, uint64_t high)
{
	return start >= low && end <= high;
}

int segment_check(const struct boot_image *image, const struct image_segment *segment)
{
	uint64_t start = segment->address;
	uint64_t size = segment->memory_size;
	uint64_t ram_end = image->params->ram.low_size;

	if (segment->file_size > size) {
		return boot_refuse(image, ENOEXEC,
				   "damaged: segment at 0x%" PRIx64 " has 0x%" PRIx64
				   " bytes in the file but only 0x%" PRIx64 " in memory",
				   start, segment->file_size, size);
	}
	if (!image_has(image, segment->offset, segment->file_size)) {
		return boot_refuse(image, ENOEXEC,
				   "truncated: segment at 0x%" PRIx64 " needs 0x%" PRIx64
				   " bytes at file offset 0x%" PRIx64 ", the file has 0x%zx",
				   start, segment->file_size, segment->offset, image->size);
	}
	if (size > UINT64_MAX - start || start + size > LAYOUT_LOW_RAM_MAX) {
		return boot_refuse(image, ENOEXEC,
				   "segment at 0x%" PRIx64 " of 0x%" PRIx64
				   " bytes ends above 3 GiB: link it at a lower physical address",
				   start, size);
	}
	uint64_t end = start + size;
	if (range_within(start, end, LAYOUT_LOW_START, LAYOUT_LOW_END))
		return 0;
	if (start < LAYOUT_HIGH_START) {
		return boot_refuse(image, ENOEXEC,
				   "segment 0x%" PRIx64 "-0x%" PRIx64
				   " overlaps boot structures or firmware tables: link it "
				   "into 0x%x-0x%x or from 0x%x up",
				   start, end, LAYOUT_LOW_START, LAYOUT_LOW_END, LAYOUT_HIGH_START);
	}
	if (end > ram_end) {
		return boot_refuse(image, ENOMEM,
				   "segment 0x%" PRIx64 "-0x%" PRIx64
				   " lies outside guest memory, which ends at 0x%" PRIx64
				   ": give the guest more memory",
				   start, end, ram_end);
	}
	return 0;
}

void segment_load(struct boot_image *image, const struct image_segment *segment)
{
	uint8_t *to = image->params->ram.low + segment->address;
	uint64_t end = segment->address + segment->memory_size;

	memcpy(to, image->data + segment->offset, segment->file_size);
	memset(to + segment->file_size, 0, segment->memory_size - segment->file_size);
	if (end > image->loaded_end)
		image->loaded_end = end;
}

bool segment_holds(const struct image_segment *segment, uint64_t address)
{
	return address >= segment->address && address - segment->address < segment->memory_size;
}
