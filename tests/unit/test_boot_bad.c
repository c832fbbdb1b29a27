/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF files that cannot be booted: every refusal with its errno and its message.
 *
 * boot/README.md, "Images" and "Errors"; System V ABI, "Object Files".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"

struct bad_elf {
	void (*damage)(struct elf_builder *builder);
	int code;
	const char *reason; /* what follows "guest.img: " */
};

/* Damage to a sound ELF64 file with one segment. */

static void cut_ident(struct elf_builder *b)
{
	b->size = 15;
}

static void cut_header(struct elf_builder *b)
{
	b->size = 63;
}

static void cut_program_headers(struct elf_builder *b)
{
	b->size = 100;
}

static void cut_segment(struct elf_builder *b)
{
	b->size--;
}

static void bad_class(struct elf_builder *b)
{
	b->header64.e_ident[EI_CLASS] = 3;
}

static void big_endian(struct elf_builder *b)
{
	b->header64.e_ident[EI_DATA] = ELFDATA2MSB;
}

static void bad_version(struct elf_builder *b)
{
	b->header64.e_ident[EI_VERSION] = 2;
}

static void for_arm(struct elf_builder *b)
{
	b->header64.e_machine = EM_AARCH64;
}

static void for_nobody(struct elf_builder *b)
{
	b->header64.e_machine = 0x7fff;
}

static void elf64_for_i386(struct elf_builder *b)
{
	b->header64.e_machine = EM_386;
}

static void elf32_for_x86_64(struct elf_builder *b)
{
	builder_simple(b, false, CODE_AT);
	b->header32.e_machine = EM_X86_64;
}

static void elf32_alone(struct elf_builder *b)
{
	builder_simple(b, false, CODE_AT);
}

static void relocatable(struct elf_builder *b)
{
	b->header64.e_type = ET_REL;
}

static void core_dump(struct elf_builder *b)
{
	b->header64.e_type = ET_CORE;
}

static void unknown_type(struct elf_builder *b)
{
	b->header64.e_type = 0xfe00;
}

static void no_program_headers(struct elf_builder *b)
{
	b->header64.e_phnum = 0;
}

static void odd_program_headers(struct elf_builder *b)
{
	b->header64.e_phentsize = 32;
}

static void nothing_to_load(struct elf_builder *b)
{
	builder_segment64(b, 0)->p_type = PT_NULL;
}

static void user_program(struct elf_builder *b)
{
	builder_add(b, &(struct builder_segment){ PT_INTERP, 0, "/lib/ld.so", 11, 11 });
}

static void far_program_headers(struct elf_builder *b)
{
	b->header64.e_phoff = UINT64_MAX - 32;
}

static void far_segment(struct elf_builder *b)
{
	builder_segment64(b, 0)->p_offset = UINT64_MAX - 8;
}

static void more_in_file_than_memory(struct elf_builder *b)
{
	builder_segment64(b, 0)->p_memsz = 8;
}

static void segment_at(struct elf_builder *b, uint64_t address, uint64_t size)
{
	builder_segment64(b, 0)->p_paddr = address;
	builder_segment64(b, 0)->p_memsz = size;
	b->header64.e_entry = address;
}

static void onto_page_0(struct elf_builder *b)
{
	segment_at(b, 0xff0, 32);
}

static void onto_boot_structures(struct elf_builder *b)
{
	segment_at(b, 0x7fff0, 17);
}

static void onto_tables(struct elf_builder *b)
{
	segment_at(b, 0xffff0, 0x1000);
}

static void across_it_all(struct elf_builder *b)
{
	segment_at(b, 0x1000, RAM_SIZE - 0x1000);
}

static void behind_ram(struct elf_builder *b)
{
	segment_at(b, RAM_SIZE - 16, 17);
}

static void above_3_gib(struct elf_builder *b)
{
	segment_at(b, 0xc0000000, 16);
}

static void around_the_end(struct elf_builder *b)
{
	segment_at(b, UINT64_MAX - 15, 32);
}

static void of_all_sizes(struct elf_builder *b)
{
	segment_at(b, CODE_AT, UINT64_MAX);
}

static void entry_outside(struct elf_builder *b)
{
	b->header64.e_entry = CODE_AT + 16;
}

static void entry_virtual(struct elf_builder *b)
{
	b->header64.e_entry = UINT64_C(0xffffffff80200000);
}

static void add_pvh_note(struct elf_builder *b, uint64_t entry, uint32_t size)
{
	const uint64_t descriptor[2] = { entry, 0 };
	uint8_t note[64];

	size_t length = builder_note(note, "Xen", 18, descriptor, size);
	builder_add(b, &(struct builder_segment){ PT_NOTE, 0, note, length, length });
}

static void pvh_outside(struct elf_builder *b)
{
	add_pvh_note(b, CODE_AT - 1, 4);
}

static void pvh_above_4_gib(struct elf_builder *b)
{
	add_pvh_note(b, UINT64_C(0x100000000), 8);
}

static void pvh_odd(struct elf_builder *b)
{
	add_pvh_note(b, CODE_AT, 16);
}

static void pvh_cut(struct elf_builder *b)
{
	add_pvh_note(b, CODE_AT, 8);
	builder_segment64(b, 1)->p_offset = b->size - 8;
}

/* clang-format off */
static const struct bad_elf bad_elves[] = {
	{ cut_ident, ENOEXEC, "truncated ELF header: 15 bytes" },
	{ cut_header, ENOEXEC, "truncated ELF header: 63 bytes" },
	{ cut_program_headers, ENOEXEC,
	  "truncated: 1 program headers at file offset 0x40, the file has 0x64 bytes" },
	{ cut_segment, ENOEXEC,
	  "truncated: segment at 0x200000 needs 0x10 bytes at file offset 0x200, the file has 0x20f" },
	{ bad_class, ENOEXEC, "ELF of unknown class 3, not ELF32 or ELF64" },
	{ big_endian, ENOEXEC, "big-endian ELF: accepted is ELF for x86" },
	{ bad_version, ENOEXEC, "ELF of unknown version 2" },
	{ for_arm, ENOEXEC,
	  "ELF64 for AArch64 (machine 183): accepted are ELF64 for x86-64 and ELF32 for i386" },
	{ for_nobody, ENOEXEC,
	  "ELF64 for an unknown machine (machine 32767): accepted are ELF64 for x86-64 and ELF32 for "
	  "i386" },
	{ elf64_for_i386, ENOEXEC,
	  "ELF64 for i386 (machine 3): accepted are ELF64 for x86-64 and ELF32 for i386" },
	{ elf32_for_x86_64, ENOEXEC,
	  "ELF32 for x86-64 (machine 62): accepted are ELF64 for x86-64 and ELF32 for i386" },
	{ elf32_alone, ENOEXEC, "ELF32 with neither PVH note nor multiboot header: " ACCEPTED },
	{ relocatable, ENOEXEC, "relocatable ELF object: link it to an executable first" },
	{ core_dump, ENOEXEC, "ELF of type 4 (core dump): accepted are executables" },
	{ unknown_type, ENOEXEC, "ELF of type 65024 (unknown): accepted are executables" },
	{ no_program_headers, ENOEXEC, "ELF without loadable segment" },
	{ odd_program_headers, ENOEXEC, "damaged ELF: program headers of 32 bytes, not 56" },
	{ nothing_to_load, ENOEXEC, "ELF without loadable segment" },
	{ user_program, ENOEXEC, "dynamically linked program of an operating system, not a kernel" },
	{ far_program_headers, ENOEXEC,
	  "truncated: 1 program headers at file offset 0xffffffffffffffdf, the file has 0x210 bytes" },
	{ far_segment, ENOEXEC,
	  "truncated: segment at 0x200000 needs 0x10 bytes at file offset 0xfffffffffffffff7, the file "
	  "has 0x210" },
	{ more_in_file_than_memory, ENOEXEC,
	  "damaged: segment at 0x200000 has 0x10 bytes in the file but only 0x8 in memory" },
	{ onto_page_0, ENOEXEC,
	  "segment 0xff0-0x1010 overlaps boot structures or firmware tables: link it into "
	  "0x1000-0x80000 or from 0x100000 up" },
	{ onto_boot_structures, ENOEXEC,
	  "segment 0x7fff0-0x80001 overlaps boot structures or firmware tables: link it into "
	  "0x1000-0x80000 or from 0x100000 up" },
	{ onto_tables, ENOEXEC,
	  "segment 0xffff0-0x100ff0 overlaps boot structures or firmware tables: link it into "
	  "0x1000-0x80000 or from 0x100000 up" },
	{ across_it_all, ENOEXEC,
	  "segment 0x1000-0x400000 overlaps boot structures or firmware tables: link it into "
	  "0x1000-0x80000 or from 0x100000 up" },
	{ behind_ram, ENOMEM,
	  "segment 0x3ffff0-0x400001 lies outside guest memory, which ends at 0x400000: give the guest "
	  "more memory" },
	{ above_3_gib, ENOEXEC,
	  "segment at 0xc0000000 of 0x10 bytes ends above 3 GiB: link it at a lower physical address" },
	{ around_the_end, ENOEXEC,
	  "segment at 0xfffffffffffffff0 of 0x20 bytes ends above 3 GiB: link it at a lower physical "
	  "address" },
	{ of_all_sizes, ENOEXEC,
	  "segment at 0x200000 of 0xffffffffffffffff bytes ends above 3 GiB: link it at a lower physical "
	  "address" },
	{ entry_outside, ENOEXEC,
	  "entry point 0x200010 is not in a loaded segment (physical addresses count)" },
	{ entry_virtual, ENOEXEC,
	  "entry point 0xffffffff80200000 is not in a loaded segment (physical addresses count)" },
	{ pvh_outside, ENOEXEC,
	  "PVH entry point 0x1fffff is not in a loaded segment (physical addresses count)" },
	{ pvh_above_4_gib, ENOEXEC, "PVH entry point 0x100000000 is above 4 GiB" },
	{ pvh_odd, ENOEXEC, "damaged PVH note: entry point of 16 bytes" },
	{ pvh_cut, ENOEXEC,
	  "truncated: notes of 0x18 bytes at file offset 0x220, the file has 0x228" },
};
/* clang-format on */

START_TEST(damaged_elf)
{
	const struct bad_elf *row = &bad_elves[_i];
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	row->damage(&builder);
	expect_refusal(&machine, builder.bytes, builder.size, row->code, row->reason);
	/* Nothing of a refused image is in free memory. */
	guest_expect_bytes(&machine, CODE_AT, 16, RAM_DIRT);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: damaged ELF");
	TCase *images = tcase_create("images");

	tcase_add_loop_test(images, damaged_elf, 0, BOOT_COUNT(bad_elves));
	suite_add_tcase(suite, images);
	return suite_run(suite);
}
