/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images for the tests of boot/. System V ABI, "Object Files"; Multiboot Specification 0.6.96, "The
 * layout of Multiboot header".
 */
#include "elf_builder.h"

#include <stdlib.h>
#include <string.h>

#define DATA_ALIGNMENT 16u
#define NOTE_ALIGNMENT 4u

static size_t align_up(size_t value, size_t alignment)
{
	return (value + alignment - 1) & ~(alignment - 1);
}

static void fill_ident(uint8_t *ident, bool wide)
{
	ident[EI_MAG0] = ELFMAG0;
	ident[EI_MAG1] = ELFMAG1;
	ident[EI_MAG2] = ELFMAG2;
	ident[EI_MAG3] = ELFMAG3;
	ident[EI_CLASS] = wide ? ELFCLASS64 : ELFCLASS32;
	ident[EI_DATA] = ELFDATA2LSB;
	ident[EI_VERSION] = EV_CURRENT;
}

void builder_start(struct elf_builder *builder, bool wide, uint64_t entry)
{
	memset(builder, 0, sizeof(*builder));
	builder->wide = wide;
	if (wide) {
		builder->header64 = (Elf64_Ehdr){
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = entry,
			.e_phoff = sizeof(Elf64_Ehdr),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
		};
		builder->size = sizeof(Elf64_Ehdr) + BUILDER_SEGMENTS * sizeof(Elf64_Phdr);
	} else {
		builder->header32 = (Elf32_Ehdr){
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_version = EV_CURRENT,
			.e_entry = (Elf32_Addr)entry,
			.e_phoff = sizeof(Elf32_Ehdr),
			.e_ehsize = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
		};
		builder->size = sizeof(Elf32_Ehdr) + BUILDER_SEGMENTS * sizeof(Elf32_Phdr);
	}
	fill_ident(builder->bytes, wide);
}

Elf64_Phdr *builder_segment64(struct elf_builder *builder, uint32_t n)
{
	return (Elf64_Phdr *)(void *)(builder->bytes + sizeof(Elf64_Ehdr)) + n;
}

Elf32_Phdr *builder_segment32(struct elf_builder *builder, uint32_t n)
{
	return (Elf32_Phdr *)(void *)(builder->bytes + sizeof(Elf32_Ehdr)) + n;
}

static void add_header64(struct elf_builder *builder, const struct builder_segment *segment,
			 size_t offset)
{
	*builder_segment64(builder, builder->nr_segments++) = (Elf64_Phdr){
		.p_type = segment->type,
		.p_offset = offset,
		/* Far from the physical address: a loader that takes the wrong one is seen. */
		.p_vaddr = UINT64_C(0xffffffff80000000) + segment->address,
		.p_paddr = segment->address,
		.p_filesz = segment->file_size,
		.p_memsz = segment->memory_size,
		.p_align = 4,
	};
	builder->header64.e_phnum = (Elf64_Half)builder->nr_segments;
}

static void add_header32(struct elf_builder *builder, const struct builder_segment *segment,
			 size_t offset)
{
	*builder_segment32(builder, builder->nr_segments++) = (Elf32_Phdr){
		.p_type = segment->type,
		.p_offset = (Elf32_Off)offset,
		.p_vaddr = (Elf32_Addr)(0xc0000000u + segment->address),
		.p_paddr = (Elf32_Addr)segment->address,
		.p_filesz = (Elf32_Word)segment->file_size,
		.p_memsz = (Elf32_Word)segment->memory_size,
		.p_align = 4,
	};
	builder->header32.e_phnum = (Elf32_Half)builder->nr_segments;
}

size_t builder_add(struct elf_builder *builder, const struct builder_segment *segment)
{
	size_t offset = align_up(builder->size, DATA_ALIGNMENT);

	/* A mistake of the test; fuzz targets use this too, and there is no libcheck in them. */
	if (builder->nr_segments >= BUILDER_SEGMENTS || segment->file_size > BUILDER_SIZE - offset)
		abort();
	if (segment->file_size > 0)
		memcpy(builder->bytes + offset, segment->data, segment->file_size);
	builder->size = offset + segment->file_size;
	if (builder->wide)
		add_header64(builder, segment, offset);
	else
		add_header32(builder, segment, offset);
	return offset;
}

size_t builder_note(uint8_t *to, const char *owner, uint32_t type, const void *descriptor,
		    uint32_t descriptor_size)
{
	uint32_t name_size = (uint32_t)strlen(owner) + 1;
	const uint32_t header[3] = { name_size, descriptor_size, type };
	size_t name_end = sizeof(header) + align_up(name_size, NOTE_ALIGNMENT);
	size_t size = name_end + align_up(descriptor_size, NOTE_ALIGNMENT);

	memset(to, 0, size);
	memcpy(to, header, sizeof(header));
	memcpy(to + sizeof(header), owner, name_size);
	memcpy(to + name_end, descriptor, descriptor_size);
	return size;
}

void builder_simple(struct elf_builder *builder, bool wide, uint64_t address)
{
	static const uint8_t halt[16] = { 0xf4 };

	builder_start(builder, wide, address);
	builder_add(builder, &(struct builder_segment){ .type = PT_LOAD,
							.address = address,
							.data = halt,
							.file_size = sizeof(halt),
							.memory_size = sizeof(halt) });
}

void builder_multiboot(uint8_t *to, uint32_t flags)
{
	const uint32_t magic = 0x1badb002;
	const uint32_t header[3] = { magic, flags, -(magic + flags) };

	memcpy(to, header, sizeof(header));
}
