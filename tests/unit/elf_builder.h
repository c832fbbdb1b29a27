/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images for the tests of boot/, built in memory: ELF files with the segments that a test asks for,
 * sound as built, and open to damage.
 *
 * System V ABI, "Object Files".
 */
#ifndef TESTS_ELF_BUILDER_H
#define TESTS_ELF_BUILDER_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILDER_SIZE     0x8000u
#define BUILDER_SEGMENTS 8u

struct builder_segment {
	uint32_t type;    /* PT_LOAD, PT_NOTE, ... */
	uint64_t address; /* p_paddr */
	const void *data;
	uint64_t file_size;
	uint64_t memory_size;
};

/* The program headers lie behind the ELF header, with room for BUILDER_SEGMENTS. */
struct elf_builder {
	bool wide; /* ELF64 */
	size_t size;
	uint32_t nr_segments;
	union {
		uint8_t bytes[BUILDER_SIZE];
		Elf64_Ehdr header64;
		Elf32_Ehdr header32;
		uint64_t align;
	};
};

/* An executable for x86-64 (wide) or i386 without segments. */
void builder_start(struct elf_builder *builder, bool wide, uint64_t entry);

/* Append the data, 16-byte aligned, and a program header. Returns the data's offset in the file. */
size_t builder_add(struct elf_builder *builder, const struct builder_segment *segment);

/* Program header n, to be damaged. Only one of the two fits the file. */
Elf64_Phdr *builder_segment64(struct elf_builder *builder, uint32_t n);
Elf32_Phdr *builder_segment32(struct elf_builder *builder, uint32_t n);

/* A note with the owner's name, as in PT_NOTE segments. Returns its size. */
size_t builder_note(uint8_t *to, const char *owner, uint32_t type, const void *descriptor,
		    uint32_t descriptor_size);

/* A 64-bit executable with one segment of code at address and its entry point there. */
void builder_simple(struct elf_builder *builder, bool wide, uint64_t address);

/* A 12-byte multiboot header, its checksum right. */
void builder_multiboot(uint8_t *to, uint32_t flags);

#define MULTIBOOT_HEADER_SIZE 12u

#endif
