/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 images, entered in 32-bit protected mode. Multiboot Specification version 0.6.96,
 * sections "OS image format", "Machine state" and "Boot information format".
 */
#include "boot/multiboot.h"

#include <errno.h>
#include <string.h>

#include "boot/bios.h"
#include "boot/cpu_state.h"
#include "boot/handoff.h"
#include "boot/layout.h"

#define HEADER_MAGIC       0x1badb002u
#define HEADER_SEARCH_SIZE 8192u
#define HEADER_SIZE        12u
#define HEADER_FULL_SIZE   32u /* with the addresses */

/* Bits 0..15 of the header's flags must be understood. */
#define HEADER_PAGE_ALIGN  (1u << 0) /* modules are always page-aligned here */
#define HEADER_MEMORY_INFO (1u << 1) /* always given */
#define HEADER_VIDEO_MODE  (1u << 2) /* a wish: answered with "no video information" */
#define HEADER_REQUIRED    0xffffu
#define HEADER_KNOWN       (HEADER_PAGE_ALIGN | HEADER_MEMORY_INFO | HEADER_VIDEO_MODE)

#define ENTRY_MAGIC 0x2badb002u /* in EAX */

#define INFO_MEMORY      (1u << 0)
#define INFO_CMDLINE     (1u << 2)
#define INFO_MODULES     (1u << 3)
#define INFO_MAP         (1u << 6)
#define INFO_LOADER_NAME (1u << 9)

#define LOADER_NAME "vmm"

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower; /* KiB from 0 */
	uint32_t mem_upper; /* KiB from 1 MiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count;
	uint32_t mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length;
	uint32_t mmap_addr;
	uint32_t drives_length;
	uint32_t drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
	uint32_t vbe[4];
	uint32_t framebuffer[7];
};

struct multiboot_module {
	uint32_t start;
	uint32_t end;
	uint32_t string;
	uint32_t reserved;
};

/* 24 bytes; size does not count itself. The 64-bit fields are not aligned. */
struct multiboot_range {
	uint32_t size;
	uint32_t address[2];
	uint32_t length[2];
	uint32_t type;
};

struct info_page {
	struct multiboot_info info;
	struct multiboot_module module;
	struct multiboot_range ranges[HANDOFF_RANGES_MAX];
	char loader_name[sizeof(LOADER_NAME)];
};

_Static_assert(sizeof(struct multiboot_info) == 116, "Multiboot Specification");
_Static_assert(sizeof(struct multiboot_range) == 24, "Multiboot Specification");
_Static_assert(sizeof(struct info_page) <= LAYOUT_PAGE, "fits its page");

static bool header_at(const struct boot_image *image, uint32_t offset)
{
	if (image_u32(image, offset) != HEADER_MAGIC)
		return false;
	return HEADER_MAGIC + image_u32(image, offset + 4) + image_u32(image, offset + 8) == 0;
}

bool multiboot_find(const struct boot_image *image, struct multiboot_header *header)
{
	for (uint32_t at = 0; at + HEADER_SIZE <= HEADER_SEARCH_SIZE; at += 4) {
		if (!image_has(image, at, HEADER_SIZE))
			return false;
		if (!header_at(image, at))
			continue;

		*header = (struct multiboot_header){
			.offset = at,
			.flags = image_u32(image, at + 4),
		};
		if ((header->flags & MULTIBOOT_ADDRESSES) == 0)
			return true;
		/* A header that promises addresses and has none is none. */
		if (!image_has(image, at, HEADER_FULL_SIZE))
			return false;
		header->header_address = image_u32(image, at + 12);
		header->load_address = image_u32(image, at + 16);
		header->load_end = image_u32(image, at + 20);
		header->bss_end = image_u32(image, at + 24);
		header->entry = image_u32(image, at + 28);
		return true;
	}
	return false;
}

static int check_features(const struct boot_image *image, const struct multiboot_header *header)
{
	uint32_t unknown = header->flags & HEADER_REQUIRED & ~HEADER_KNOWN;

	if (unknown == 0)
		return 0;
	return boot_refuse(
		image, ENOEXEC,
		"multiboot image requires unknown features (flags 0x%x): offered are 0x%x", unknown,
		HEADER_KNOWN);
}

static uint32_t write_info(const struct boot_ram *ram, const struct boot_handoff *handoff)
{
	struct info_page page = {
		.info = {
			.flags = INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MAP |
				 INFO_LOADER_NAME,
			.mem_lower = LAYOUT_LOW_END / LAYOUT_KIB,
			.mem_upper = (uint32_t)((ram->low_size - LAYOUT_MIB) / LAYOUT_KIB),
			.cmdline = handoff->cmdline,
			.mods_count = handoff->initrd_size != 0,
			.mods_addr = LAYOUT_INFO + offsetof(struct info_page, module),
			.mmap_length = handoff->nr_ranges *
				       (uint32_t)sizeof(struct multiboot_range),
			.mmap_addr = LAYOUT_INFO + offsetof(struct info_page, ranges),
			.boot_loader_name = LAYOUT_INFO + offsetof(struct info_page, loader_name),
		},
		.module = {
			.start = handoff->initrd,
			.end = handoff->initrd + handoff->initrd_size,
			/*
			 * An empty string: the command line's final 0 byte would do, so does this.
			 */
			.string = LAYOUT_INFO + offsetof(struct info_page, module.reserved),
		},
		.loader_name = LOADER_NAME,
	};

	for (uint32_t n = 0; n < handoff->nr_ranges; n++) {
		struct multiboot_range *range = &page.ranges[n];
		range->size = sizeof(*range) - sizeof(range->size);
		memcpy(range->address, &handoff->ranges[n].addr, sizeof(range->address));
		memcpy(range->length, &handoff->ranges[n].size, sizeof(range->length));
		range->type = handoff->ranges[n].type;
	}
	memcpy(ram->low + LAYOUT_INFO, &page, sizeof(page));
	return LAYOUT_INFO;
}

static int enter(struct boot_image *image, const char *format, uint64_t start,
		 struct boot_entry *entry)
{
	const struct boot_ram *ram = &image->params->ram;
	struct boot_handoff handoff;

	/* Boot loaders put the image's name first, and guests count it as argv[0]. */
	int ret = handoff_prepare(image, image->name, &handoff);
	if (ret < 0)
		return ret;
	*entry = (struct boot_entry){
		.format = format,
		.rip = start,
		.rax = ENTRY_MAGIC,
		.rbx = write_info(ram, &handoff),
		.after_bios = true,
	};
	cpu_state_protected32(ram, entry);
	bios_install(ram);
	return 0;
}

int multiboot_load_flat(struct boot_image *image, const struct multiboot_header *header,
			struct boot_entry *entry)
{
	int ret = check_features(image, header);
	if (ret < 0)
		return ret;

	/*
	 * The header's own address tells where in the file the first loaded byte is. One below the
	 * load address wraps round to a number that no offset reaches.
	 */
	uint32_t before = header->header_address - header->load_address;
	if (before > header->offset) {
		return boot_refuse(image, ENOEXEC,
				   "multiboot header at file offset 0x%x has load address 0x%x and "
				   "own address 0x%x, which do not fit together",
				   header->offset, header->load_address, header->header_address);
	}
	struct image_segment segment = {
		.address = header->load_address,
		.offset = header->offset - before,
	};
	segment.file_size = header->load_end == 0
				    ? image->size - segment.offset
				    : (uint64_t)header->load_end - header->load_address;
	segment.memory_size = header->bss_end == 0
				      ? segment.file_size
				      : (uint64_t)header->bss_end - header->load_address;
	if (header->load_end != 0 && header->load_end < header->load_address) {
		return boot_refuse(image, ENOEXEC,
				   "multiboot header loads from 0x%x to 0x%x, which is lower",
				   header->load_address, header->load_end);
	}
	ret = segment_check(image, &segment);
	if (ret < 0)
		return ret;
	if (!segment_holds(&segment, header->entry)) {
		return boot_refuse(image, ENOEXEC,
				   "multiboot entry point 0x%x is not in what is loaded",
				   header->entry);
	}
	segment_load(image, &segment);
	return enter(image, "multiboot", header->entry, entry);
}

int multiboot_load_elf(struct elf_file *file, const struct multiboot_header *header,
		       struct boot_entry *entry)
{
	int ret = check_features(file->image, header);
	if (ret < 0)
		return ret;
	ret = elf_file_load(file, file->header.e_entry, "multiboot entry point");
	if (ret < 0)
		return ret;
	return enter(file->image, "multiboot ELF32", file->header.e_entry, entry);
}
