/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command line, initrd and memory map. The map is that of ACPI, "INT 15H, E820H - Query System
 * Address Map".
 */
#include "boot/handoff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/layout.h"
#include "boot/read_file.h"

static int put_cmdline(struct boot_image *image, const char *first_word,
		       struct boot_handoff *handoff)
{
	char *to = (char *)image->params->ram.low + LAYOUT_CMDLINE;
	const char *word = first_word == NULL ? "" : first_word;
	const char *space = first_word == NULL ? "" : " ";
	const char *text = image->params->cmdline;

	if (image->cmdline_max != 0 && strlen(text) > image->cmdline_max) {
		return boot_refuse(image, E2BIG,
				   "command line of %zu bytes is too long for this kernel: at most "
				   "%" PRIu64 " (cmdline_size)",
				   strlen(text), image->cmdline_max);
	}
	int length = snprintf(to, LAYOUT_CMDLINE_SIZE, "%s%s%s", word, space, text);
	if (length < 0 || (uint32_t)length >= LAYOUT_CMDLINE_SIZE) {
		return boot_refuse(image, E2BIG,
				   "command line of %d bytes is too long: at most %u with the "
				   "image's name",
				   length, LAYOUT_CMDLINE_SIZE - 1);
	}
	handoff->cmdline = LAYOUT_CMDLINE;
	return 0;
}

/* A reason that names what is in the way: the machine's memory, or a limit of the kernel. */
static int refuse_initrd(const struct boot_image *image, const struct boot_image *initrd,
			 uint64_t size, uint64_t room)
{
	if (image->initrd_end != 0 && image->initrd_end < image->params->ram.low_size) {
		return boot_refuse(initrd, E2BIG,
				   "initrd of %" PRIu64 " bytes does not fit into the %" PRIu64
				   " bytes behind the kernel and below 0x%" PRIx64
				   " (initrd_addr_max): make it smaller",
				   size, room, image->initrd_end);
	}
	return boot_refuse(initrd, E2BIG,
			   "initrd of %" PRIu64 " bytes does not fit into the %" PRIu64
			   " bytes of memory behind the image: give the guest more memory",
			   size, room);
}

/*
 * The initrd goes to the top of low memory, or as high as the kernel wants it: a kernel's own early
 * allocations start behind its image.
 */
static int put_initrd(struct boot_image *image, struct boot_handoff *handoff)
{
	const struct boot_ram *ram = &image->params->ram;
	struct boot_image initrd = { .name = image->params->initrd, .error = image->error };
	struct file_reader reader;

	if (initrd.name == NULL)
		return 0;
	int ret = file_open(&initrd, &reader);
	if (ret < 0)
		return ret;

	uint64_t floor = image->loaded_end;
	if (floor < LAYOUT_HIGH_START)
		floor = LAYOUT_HIGH_START;
	uint64_t end = ram->low_size;
	if (image->initrd_end != 0 && image->initrd_end < end)
		end = image->initrd_end;
	uint64_t room = end > floor ? end - floor : 0;
	if (reader.size > room || ((end - reader.size) & -(uint64_t)LAYOUT_PAGE) < floor) {
		ret = refuse_initrd(image, &initrd, reader.size, room);
		goto close;
	}
	handoff->initrd = (uint32_t)((end - reader.size) & -(uint64_t)LAYOUT_PAGE);
	handoff->initrd_size = (uint32_t)reader.size;
	ret = file_read(&initrd, &reader, ram->low + handoff->initrd, reader.size);
close:
	file_close(&reader);
	return ret;
}

static void add_range(struct boot_handoff *handoff, uint64_t start, uint64_t end, uint32_t type)
{
	if (start < end) {
		handoff->ranges[handoff->nr_ranges++] = (struct hvm_memmap_entry){
			.addr = start, .size = end - start, .type = type
		};
	}
}

static void describe_memory(const struct boot_ram *ram, struct boot_handoff *handoff)
{
	add_range(handoff, 0, LAYOUT_LOW_START, HVM_MEMMAP_RESERVED);
	add_range(handoff, LAYOUT_LOW_START, LAYOUT_LOW_END, HVM_MEMMAP_RAM);
	add_range(handoff, LAYOUT_BOOT_START, LAYOUT_EBDA_END, HVM_MEMMAP_RESERVED);
	add_range(handoff, LAYOUT_TABLES, LAYOUT_TABLES_END, HVM_MEMMAP_RESERVED);
	add_range(handoff, LAYOUT_HIGH_START, ram->low_size, HVM_MEMMAP_RAM);
	add_range(handoff, LAYOUT_HIGH_RAM, LAYOUT_HIGH_RAM + ram->high_size, HVM_MEMMAP_RAM);
}

int handoff_prepare(struct boot_image *image, const char *first_word, struct boot_handoff *handoff)
{
	*handoff = (struct boot_handoff){ 0 };
	describe_memory(&image->params->ram, handoff);
	int ret = put_cmdline(image, first_word, handoff);
	if (ret < 0)
		return ret;
	return put_initrd(image, handoff);
}
