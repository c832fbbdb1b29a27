/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH images: finding the note, and the state that the guest starts in.
 *
 * Xen documentation, "x86/HVM direct boot ABI"; boot/README.md, "PVH".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"

#define NOTE_ENTRY 18u
#define PVH_AT     (CODE_AT + 8)

static void add_notes(struct elf_builder *builder, const uint8_t *notes, size_t size)
{
	builder_add(builder, &(struct builder_segment){ PT_NOTE, 0, notes, size, size });
}

/* An image with one PVH note, its descriptor as wide as the image's addresses. */
static void build(struct elf_builder *builder, bool wide)
{
	const uint64_t entry = PVH_AT;
	uint8_t notes[64];

	builder_simple(builder, wide, CODE_AT);
	add_notes(builder, notes, builder_note(notes, "Xen", NOTE_ENTRY, &entry, wide ? 8 : 4));
}

START_TEST(state_at_entry)
{
	for (int wide = 0; wide < 2; wide++) {
		struct boot_machine machine;
		struct elf_builder builder;

		machine_start(&machine);
		build(&builder, wide);
		machine_load(&machine, &builder);
		ck_assert_int_eq(machine.entry.mode, BOOT_CPU_PROTECTED32);
		ck_assert_str_eq(machine.entry.format, "PVH ELF");
		ck_assert_uint_eq(machine.entry.rip, PVH_AT);
		ck_assert_uint_eq(machine.entry.rsp, STACK_TOP);
		ck_assert_uint_eq(machine.entry.rax, 0);
		ck_assert_uint_eq(machine.entry.rdi, 0);
		ck_assert_uint_eq(machine.entry.cr3, 0);
		ck_assert_uint_eq(guest_u8(&machine, CODE_AT), 0xf4);
		machine_end(&machine);
	}
}
END_TEST

START_TEST(descriptors_are_32_bit)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	build(&builder, true);
	machine_load(&machine, &builder);
	uint64_t gdt = machine.entry.gdt_base;
	ck_assert_uint_eq(machine.entry.gdt_limit, 4 * 8 - 1);
	ck_assert_uint_eq(guest_u64(&machine, gdt), 0);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x08), 0x00cf9b000000ffff);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x10), 0x00cf93000000ffff);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x18) >> 40, 0x8b);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x18) & 0xffff, 0x67);
	machine_end(&machine);
}
END_TEST

START_TEST(start_info)
{
	char path[] = "/tmp/test_boot_pvh.XXXXXX";
	struct boot_machine machine;
	struct elf_builder builder;
	struct hvm_start_info info;

	file_write(path, "module", 7);
	machine_start(&machine);
	machine.params.initrd = path;
	build(&builder, true);
	machine_load(&machine, &builder);
	unlink(path);
	memcpy(&info, guest_at(&machine, machine.entry.rbx, sizeof(info)), sizeof(info));
	ck_assert_uint_eq(info.magic, 0x336ec578);
	ck_assert_uint_eq(info.version, 1);
	ck_assert_uint_eq(info.rsdp_paddr, RSDP_AT);
	ck_assert_uint_eq(info.memmap_entries, 5);
	ck_assert_uint_eq(info.nr_modules, 1);
	ck_assert_str_eq(guest_string(&machine, info.cmdline_paddr), "one two");
	ck_assert_str_eq(guest_string(&machine, guest_u64(&machine, info.modlist_paddr)), "module");
	machine_end(&machine);
}
END_TEST

START_TEST(the_note_is_found_among_others)
{
	const uint64_t entry = PVH_AT;
	const uint32_t other = 0x12345678;
	struct boot_machine machine;
	struct elf_builder builder;
	uint8_t notes[256];

	size_t size = builder_note(notes, "GNU", NOTE_ENTRY, &other, 4);
	size += builder_note(notes + size, "Xen", 6, "linux", 5);
	size += builder_note(notes + size, "Xenon", NOTE_ENTRY, &other, 4);
	size += builder_note(notes + size, "Xen", NOTE_ENTRY, &entry, 8);
	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	add_notes(&builder, notes, size);
	machine_load(&machine, &builder);
	ck_assert_uint_eq(machine.entry.rip, PVH_AT);
	machine_end(&machine);
}
END_TEST

START_TEST(a_later_note_segment_counts_too)
{
	const uint64_t entry = PVH_AT;
	struct boot_machine machine;
	struct elf_builder builder;
	uint8_t notes[64];

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	add_notes(&builder, notes, builder_note(notes, "GNU", 3, "build-id", 8));
	/* Empty ones do no harm. */
	add_notes(&builder, notes, 0);
	add_notes(&builder, notes, builder_note(notes, "Xen", NOTE_ENTRY, &entry, 4));
	machine_load(&machine, &builder);
	ck_assert_str_eq(machine.entry.format, "PVH ELF");
	machine_end(&machine);
}
END_TEST

START_TEST(notes_aligned_to_8_are_read)
{
	const uint64_t entry = PVH_AT;
	struct boot_machine machine;
	struct elf_builder builder;
	uint8_t notes[128];

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	/* Header and name have 16 bytes, the descriptor 4: the next note begins 4 bytes later. */
	size_t size = builder_note(notes, "GNU", 5, "abc", 4);
	memset(notes + size, 0, 4);
	size += 4;
	size += builder_note(notes + size, "Xen", NOTE_ENTRY, &entry, 8);
	add_notes(&builder, notes, size);
	builder_segment64(&builder, 1)->p_align = 8;
	machine_load(&machine, &builder);
	ck_assert_str_eq(machine.entry.format, "PVH ELF");
	ck_assert_uint_eq(machine.entry.rip, PVH_AT);
	machine_end(&machine);
}
END_TEST

START_TEST(a_note_without_name_at_the_files_end_is_none)
{
	const uint32_t note[3] = { 0, 0, NOTE_ENTRY };
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	add_notes(&builder, (const uint8_t *)note, sizeof(note));
	machine_load(&machine, &builder);
	ck_assert_str_eq(machine.entry.format, "ELF64");
	machine_end(&machine);
}
END_TEST

START_TEST(the_note_goes_before_a_multiboot_header)
{
	const uint32_t entry = PVH_AT;
	struct boot_machine machine;
	struct elf_builder builder;
	uint8_t code[16];
	uint8_t notes[64];

	for (int wide = 0; wide < 2; wide++) {
		machine_start(&machine);
		builder_multiboot(code, 0);
		builder_start(&builder, wide, CODE_AT);
		builder_add(&builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code,
								 MULTIBOOT_HEADER_SIZE, 16 });
		add_notes(&builder, notes, builder_note(notes, "Xen", NOTE_ENTRY, &entry, 4));
		machine_load(&machine, &builder);
		ck_assert_str_eq(machine.entry.format, "PVH ELF");
		machine_end(&machine);
	}
}
END_TEST

START_TEST(without_the_note_elf64_is_plain)
{
	const uint32_t entry = PVH_AT;
	struct boot_machine machine;
	struct elf_builder builder;
	uint8_t notes[64];

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	add_notes(&builder, notes, builder_note(notes, "Xen", NOTE_ENTRY + 1, &entry, 4));
	machine_load(&machine, &builder);
	ck_assert_str_eq(machine.entry.format, "ELF64");
	ck_assert_uint_eq(machine.entry.rip, CODE_AT);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: PVH");
	TCase *state = tcase_create("state at entry");
	TCase *notes = tcase_create("notes");

	tcase_add_test(state, state_at_entry);
	tcase_add_test(state, descriptors_are_32_bit);
	tcase_add_test(state, start_info);
	suite_add_tcase(suite, state);
	tcase_add_test(notes, the_note_is_found_among_others);
	tcase_add_test(notes, a_later_note_segment_counts_too);
	tcase_add_test(notes, notes_aligned_to_8_are_read);
	tcase_add_test(notes, a_note_without_name_at_the_files_end_is_none);
	tcase_add_test(notes, the_note_goes_before_a_multiboot_header);
	tcase_add_test(notes, without_the_note_elf64_is_plain);
	suite_add_tcase(suite, notes);
	return suite_run(suite);
}
