/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 images.
 */
#ifndef BOOT_MULTIBOOT_H
#define BOOT_MULTIBOOT_H

#include "boot/elf_file.h"
#include "boot/image.h"

/* The words of the image's header; the addresses count only with MULTIBOOT_ADDRESSES. */
struct multiboot_header {
	uint32_t offset; /* in the file */
	uint32_t flags;
	uint32_t header_address;
	uint32_t load_address;
	uint32_t load_end; /* 0: the whole file */
	uint32_t bss_end;  /* 0: no BSS */
	uint32_t entry;
};

#define MULTIBOOT_ADDRESSES (1u << 16) /* load by the header's addresses, whatever the file is */

/* True if the file has a header, its checksum right, where the specification wants it. */
bool multiboot_find(const struct boot_image *image, struct multiboot_header *header);

/* Load by the header's addresses, or by the program headers of the ELF32 file. */
int multiboot_load_flat(struct boot_image *image, const struct multiboot_header *header,
			struct boot_entry *entry);
int multiboot_load_elf(struct elf_file *file, const struct multiboot_header *header,
		       struct boot_entry *entry);

#endif
