/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and loading ELF files with libelf. System V ABI, "Object Files", chapters "ELF Header"
 * and "Program Header". libelf decodes; every offset is checked here.
 */
#include "boot/elf_file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct machine_name {
	uint16_t machine;
	const char *name;
};

/* clang-format off */
static const struct machine_name machine_names[] = {
	{ EM_386, "i386" },
	{ EM_X86_64, "x86-64" },
	{ EM_AARCH64, "AArch64" },
	{ EM_ARM, "ARM" },
	{ EM_RISCV, "RISC-V" },
	{ EM_PPC64, "PowerPC 64" },
	{ EM_PPC, "PowerPC" },
	{ EM_S390, "S/390" },
	{ EM_MIPS, "MIPS" },
	{ EM_IA_64, "IA-64" },
	{ EM_SPARCV9, "SPARC 9" },
	{ EM_BPF, "BPF" },
};
/* clang-format on */

static const char *machine_name(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(machine_names) / sizeof(machine_names[0]); i++) {
		if (machine_names[i].machine == machine)
			return machine_names[i].name;
	}
	return "an unknown machine";
}

bool elf_file_is(const struct boot_image *image)
{
	return image_has(image, 0, SELFMAG) && !memcmp(image->data, ELFMAG, SELFMAG);
}

static int check_ident(const struct boot_image *image)
{
	if (!image_has(image, 0, EI_NIDENT))
		return boot_refuse(image, ENOEXEC, "truncated ELF header: %zu bytes", image->size);

	uint8_t ident[EI_NIDENT];
	memcpy(ident, image->data, sizeof(ident));
	int class = ident[EI_CLASS];
	if (class != ELFCLASS32 && class != ELFCLASS64)
		return boot_refuse(image, ENOEXEC, "ELF of unknown class %d, not ELF32 or ELF64",
				   class);
	if (ident[EI_DATA] != ELFDATA2LSB)
		return boot_refuse(image, ENOEXEC, "big-endian ELF: accepted is ELF for x86");
	if (ident[EI_VERSION] != EV_CURRENT)
		return boot_refuse(image, ENOEXEC, "ELF of unknown version %d", ident[EI_VERSION]);

	size_t needed = class == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	if (image->size < needed)
		return boot_refuse(image, ENOEXEC, "truncated ELF header: %zu bytes", image->size);
	return 0;
}

static int check_machine(const struct elf_file *file)
{
	const GElf_Ehdr *header = &file->header;
	bool wide = header->e_ident[EI_CLASS] == ELFCLASS64;

	if (header->e_machine != (wide ? EM_X86_64 : EM_386)) {
		return boot_refuse(file->image, ENOEXEC,
				   "ELF%d for %s (machine %u): accepted are ELF64 for x86-64 and "
				   "ELF32 for i386",
				   wide ? 64 : 32, machine_name(header->e_machine),
				   header->e_machine);
	}
	if (header->e_type == ET_REL) {
		return boot_refuse(file->image, ENOEXEC,
				   "relocatable ELF object: link it to an executable first");
	}
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
		return boot_refuse(file->image, ENOEXEC,
				   "ELF of type %u (%s): accepted are executables", header->e_type,
				   header->e_type == ET_CORE ? "core dump" : "unknown");
	}
	return 0;
}

static int check_segments(struct elf_file *file)
{
	const GElf_Ehdr *header = &file->header;
	bool wide = header->e_ident[EI_CLASS] == ELFCLASS64;
	size_t entry_size = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	/* Not elf_getphdrnum(): it passes silently over a table that the file does not have. */
	file->nr_segments = header->e_phnum;
	if (file->nr_segments == 0)
		return boot_refuse(file->image, ENOEXEC, "ELF without loadable segment");
	if (header->e_phentsize != entry_size) {
		return boot_refuse(file->image, ENOEXEC,
				   "damaged ELF: program headers of %u bytes, not %zu",
				   header->e_phentsize, entry_size);
	}
	if (!image_has(file->image, header->e_phoff, file->nr_segments * entry_size)) {
		return boot_refuse(file->image, ENOEXEC,
				   "truncated: %zu program headers at file offset 0x%" PRIx64
				   ", the file has 0x%zx bytes",
				   file->nr_segments, header->e_phoff, file->image->size);
	}
	return 0;
}

int elf_file_open(struct elf_file *file, struct boot_image *image)
{
	*file = (struct elf_file){ .image = image };
	int ret = check_ident(image);
	if (ret < 0)
		return ret;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return boot_refuse(image, ENOEXEC, "libelf is too old: %s", elf_errmsg(-1));
	file->elf = elf_memory(image->data, image->size);
	if (file->elf == NULL)
		return boot_refuse(image, ENOEXEC, "damaged ELF: %s", elf_errmsg(-1));
	if (gelf_getehdr(file->elf, &file->header) == NULL) {
		ret = boot_refuse(image, ENOEXEC, "damaged ELF header: %s", elf_errmsg(-1));
		goto close;
	}
	ret = check_machine(file);
	if (ret == 0)
		ret = check_segments(file);
	if (ret == 0)
		return 0;
close:
	elf_file_close(file);
	return ret;
}

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	file->elf = NULL;
}

int elf_file_segment(const struct elf_file *file, size_t n, GElf_Phdr *segment)
{
	if (gelf_getphdr(file->elf, (int)n, segment) == NULL)
		return boot_refuse(file->image, ENOEXEC, "damaged ELF: %s", elf_errmsg(-1));
	return 0;
}

/* One pass over the loadable segments: check them all before the first is copied. */
static int walk_segments(struct elf_file *file, uint64_t start, bool *holds_start, bool load)
{
	size_t loadable = 0;

	for (size_t n = 0; n < file->nr_segments; n++) {
		GElf_Phdr header;
		int ret = elf_file_segment(file, n, &header);
		if (ret < 0)
			return ret;
		if (header.p_type == PT_INTERP) {
			return boot_refuse(
				file->image, ENOEXEC,
				"dynamically linked program of an operating system, not a "
				"kernel");
		}
		if (header.p_type != PT_LOAD || (header.p_memsz == 0 && header.p_filesz == 0))
			continue;

		struct image_segment segment = {
			.address = header.p_paddr,
			.offset = header.p_offset,
			.file_size = header.p_filesz,
			.memory_size = header.p_memsz,
		};
		ret = segment_check(file->image, &segment);
		if (ret < 0)
			return ret;
		if (load)
			segment_load(file->image, &segment);
		*holds_start = *holds_start || segment_holds(&segment, start);
		loadable++;
	}
	if (loadable == 0)
		return boot_refuse(file->image, ENOEXEC, "ELF without loadable segment");
	return 0;
}

int elf_file_load(struct elf_file *file, uint64_t start, const char *what)
{
	bool holds_start = false;

	int ret = walk_segments(file, start, &holds_start, false);
	if (ret < 0)
		return ret;
	if (!holds_start) {
		return boot_refuse(file->image, ENOEXEC,
				   "%s 0x%" PRIx64 " is not in a loaded segment (physical "
				   "addresses count)",
				   what, start);
	}
	return walk_segments(file, start, &holds_start, true);
}
