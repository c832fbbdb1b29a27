/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF file that has been checked: header, machine, program headers. System V ABI, "Object
 * Files", chapters "ELF Header" and "Program Header".
 */
#ifndef BOOT_ELF_FILE_H
#define BOOT_ELF_FILE_H

#include <gelf.h>

#include "boot/image.h"

struct elf_file {
	struct boot_image *image;
	Elf *elf;
	GElf_Ehdr header;
	size_t nr_segments;
};

bool elf_file_is(const struct boot_image *image);

/* On success the caller closes it. */
int elf_file_open(struct elf_file *file, struct boot_image *image);
void elf_file_close(struct elf_file *file);

/* Program header n < nr_segments. */
int elf_file_segment(const struct elf_file *file, size_t n, GElf_Phdr *segment);

/* Load all segments; start, an address for messages called what, must be in one of them. */
int elf_file_load(struct elf_file *file, uint64_t start, const char *what);

#endif
