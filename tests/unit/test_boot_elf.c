/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain ELF64 images: what is loaded where, and the state that the guest starts in.
 *
 * boot/README.md, "Memory" and "ELF64"; SDM volume 3, "4-Level Paging and 5-Level Paging" and
 * "Segment Descriptors".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"

#define PAGE_PRESENT_WRITABLE 0x3u
#define PAGE_LARGE            0x80u
#define PAGE_ADDRESS          UINT64_C(0x000ffffffffff000)

START_TEST(segments_go_to_their_physical_addresses)
{
	static const char first[] = "first segment";
	static const char second[] = "second";
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_start(&builder, true, CODE_AT + 4);
	builder_add(&builder,
		    &(struct builder_segment){ PT_LOAD, CODE_AT, first, sizeof(first), 64 });
	builder_add(&builder, &(struct builder_segment){ PT_LOAD, 0x7000, second, sizeof(second),
							 sizeof(second) });
	machine_load(&machine, &builder);
	ck_assert_str_eq(guest_string(&machine, CODE_AT), first);
	ck_assert_str_eq(guest_string(&machine, 0x7000), second);
	ck_assert_uint_eq(machine.entry.rip, CODE_AT + 4);
	machine_end(&machine);
}
END_TEST

START_TEST(bss_is_zero_and_ends_where_it_should)
{
	static const uint8_t code[4] = { 1, 2, 3, 4 };
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_start(&builder, true, CODE_AT);
	builder_add(&builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, 4, 0x3001 });
	machine_load(&machine, &builder);
	guest_expect_bytes(&machine, CODE_AT - 64, 64, RAM_DIRT);
	ck_assert_uint_eq(guest_u32(&machine, CODE_AT), 0x04030201);
	guest_expect_bytes(&machine, CODE_AT + 4, 0x2ffd, 0);
	guest_expect_bytes(&machine, CODE_AT + 0x3001, 64, RAM_DIRT);
	machine_end(&machine);
}
END_TEST

START_TEST(every_free_range_is_usable_to_its_last_byte)
{
	static const struct {
		uint64_t start, end;
	} rows[] = {
		{ 0x1000, 0x80000 },
		{ 0x100000, RAM_SIZE },
		{ RAM_SIZE - 16, RAM_SIZE },
	};
	static const uint8_t code[16] = { 0xf4 };

	for (size_t i = 0; i < BOOT_COUNT(rows); i++) {
		struct boot_machine machine;
		struct elf_builder builder;

		machine_start(&machine);
		builder_start(&builder, true, rows[i].end - 1);
		builder_add(&builder, &(struct builder_segment){ PT_LOAD, rows[i].start, code, 16,
								 rows[i].end - rows[i].start });
		machine_load(&machine, &builder);
		ck_assert_uint_eq(guest_u8(&machine, rows[i].start), 0xf4);
		machine_end(&machine);
	}
}
END_TEST

START_TEST(other_segments_are_not_loaded)
{
	static const uint8_t data[16] = { 0x77 };
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	builder_add(&builder, &(struct builder_segment){ PT_NULL, 0x180000, data, 16, 16 });
	builder_add(&builder, &(struct builder_segment){ PT_GNU_STACK, 0, NULL, 0, 0 });
	/* An empty segment may lie anywhere. */
	builder_add(&builder, &(struct builder_segment){ PT_LOAD, 0x90000, NULL, 0, 0 });
	machine_load(&machine, &builder);
	guest_expect_bytes(&machine, 0x180000, 16, RAM_DIRT);
	machine_end(&machine);
}
END_TEST

START_TEST(shared_objects_are_loaded_unrelocated)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	builder.header64.e_type = ET_DYN;
	machine_load(&machine, &builder);
	ck_assert_uint_eq(machine.entry.rip, CODE_AT);
	ck_assert_uint_eq(guest_u8(&machine, CODE_AT), 0xf4);
	machine_end(&machine);
}
END_TEST

START_TEST(entry_registers)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	ck_assert_int_eq(machine.entry.mode, BOOT_CPU_LONG64);
	ck_assert_str_eq(machine.entry.format, "ELF64");
	ck_assert_uint_eq(machine.entry.rip, CODE_AT);
	ck_assert_uint_eq(machine.entry.rsp, STACK_TOP - 8);
	ck_assert_uint_eq((machine.entry.rsp + 8) % 16, 0);
	ck_assert_uint_eq(machine.entry.rax, 0);
	ck_assert_uint_eq(machine.entry.rbx, 0);
	ck_assert_uint_eq(guest_u32(&machine, machine.entry.rdi), HVM_START_MAGIC);
	/* The return address that a function finds is 0. */
	ck_assert_uint_eq(guest_u64(&machine, machine.entry.rsp), 0);
	machine_end(&machine);
}
END_TEST

START_TEST(descriptor_table)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	uint64_t gdt = machine.entry.gdt_base;
	ck_assert_uint_eq(machine.entry.gdt_limit, 5 * 8 - 1);
	ck_assert_uint_eq(guest_u64(&machine, gdt), 0);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x08), 0x00af9b000000ffff);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x10), 0x00cf93000000ffff);

	/* A busy TSS of 0x68 bytes; its I/O map would lie behind its end. */
	uint64_t tss = guest_u64(&machine, gdt + 0x18);
	ck_assert_uint_eq(tss & 0xffff, 0x67);
	ck_assert_uint_eq(tss >> 40, 0x8b);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x20), 0);
	uint64_t base = tss >> 16 & 0xffffff;
	guest_expect_bytes(&machine, base, 0x66, 0);
	ck_assert_uint_eq(guest_u16(&machine, base + 0x66), 0x68);
	machine_end(&machine);
}
END_TEST

/* A page walk; 0 unless the address is mapped writable by a 2 MiB page. */
static uint64_t translate(const struct boot_machine *machine, uint64_t address)
{
	const uint8_t *ram = machine->params.ram.low;
	uint64_t entry = machine->entry.cr3 | PAGE_PRESENT_WRITABLE;

	for (uint32_t shift = 39; shift >= 21; shift -= 9) {
		uint64_t at = (entry & PAGE_ADDRESS) + (address >> shift & 0x1ff) * 8;
		if ((entry & 0xfff) != PAGE_PRESENT_WRITABLE || at > RAM_SIZE - sizeof(entry))
			return 0;
		memcpy(&entry, ram + at, sizeof(entry));
	}
	if ((entry & 0xfff) != (PAGE_PRESENT_WRITABLE | PAGE_LARGE))
		return 0;
	return (entry & PAGE_ADDRESS) + (address & 0x1fffff);
}

START_TEST(the_first_4_gib_are_mapped_one_to_one)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	uint64_t address = 0x1234;
	while (translate(&machine, address) == address)
		address += 0x200000;
	ck_assert_uint_eq(address, (UINT64_C(1) << 32) + 0x1234);
	/* Nothing above: the next entries of the two upper levels are not present. */
	ck_assert_uint_eq(guest_u64(&machine, machine.entry.cr3 + 8), 0);
	uint64_t pdpt = guest_u64(&machine, machine.entry.cr3) & PAGE_ADDRESS;
	ck_assert_uint_eq(guest_u64(&machine, pdpt + 4 * 8), 0);
	machine_end(&machine);
}
END_TEST

START_TEST(start_info)
{
	struct boot_machine machine;
	struct elf_builder builder;
	struct hvm_start_info info;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	memcpy(&info, guest_at(&machine, machine.entry.rdi, sizeof(info)), sizeof(info));
	ck_assert_uint_eq(info.magic, 0x336ec578);
	ck_assert_uint_eq(info.version, 1);
	ck_assert_uint_eq(info.flags, 0);
	ck_assert_uint_eq(info.nr_modules, 0);
	ck_assert_uint_eq(info.modlist_paddr, 0);
	ck_assert_uint_eq(info.rsdp_paddr, RSDP_AT);
	ck_assert_str_eq(guest_string(&machine, info.cmdline_paddr), "one two");
	machine_end(&machine);
}
END_TEST

static void expect_range(const struct boot_machine *machine, uint64_t at, uint64_t start,
			 uint64_t end, uint32_t type)
{
	ck_assert_uint_eq(guest_u64(machine, at), start);
	ck_assert_uint_eq(guest_u64(machine, at + 8), end - start);
	ck_assert_uint_eq(guest_u32(machine, at + 16), type);
	ck_assert_uint_eq(guest_u32(machine, at + 20), 0);
}

START_TEST(memory_map)
{
	const uint64_t gib4 = UINT64_C(1) << 32;
	struct boot_machine machine;
	struct elf_builder builder;
	struct hvm_start_info info;

	for (int with_high = 0; with_high < 2; with_high++) {
		machine_start(&machine);
		machine.params.ram.high_size = with_high ? gib4 : 0;
		builder_simple(&builder, true, CODE_AT);
		machine_load(&machine, &builder);
		memcpy(&info, guest_at(&machine, machine.entry.rdi, sizeof(info)), sizeof(info));
		uint64_t at = info.memmap_paddr;
		ck_assert_uint_eq(info.memmap_entries, with_high ? 6 : 5);
		expect_range(&machine, at, 0, 0x1000, 2);
		expect_range(&machine, at + 24, 0x1000, 0x80000, 1);
		expect_range(&machine, at + 48, 0x80000, 0xa0000, 2);
		expect_range(&machine, at + 72, 0xe0000, 0x100000, 2);
		expect_range(&machine, at + 96, 0x100000, RAM_SIZE, 1);
		if (with_high)
			expect_range(&machine, at + 120, gib4, 2 * gib4, 1);
		machine_end(&machine);
	}
}
END_TEST

START_TEST(initrd_is_the_only_module)
{
	char path[] = "/tmp/test_boot_elf.XXXXXX";
	struct boot_machine machine;
	struct elf_builder builder;
	struct hvm_start_info info;

	file_write(path, "initrd!", 8);
	machine_start(&machine);
	machine.params.initrd = path;
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	unlink(path);
	memcpy(&info, guest_at(&machine, machine.entry.rdi, sizeof(info)), sizeof(info));
	ck_assert_uint_eq(info.nr_modules, 1);
	uint64_t address = guest_u64(&machine, info.modlist_paddr);
	ck_assert_uint_eq(address, RAM_SIZE - 0x1000);
	ck_assert_uint_eq(guest_u64(&machine, info.modlist_paddr + 8), 8);
	ck_assert_uint_eq(guest_u64(&machine, info.modlist_paddr + 16), 0);
	ck_assert_str_eq(guest_string(&machine, address), "initrd!");
	machine_end(&machine);
}
END_TEST

START_TEST(initrd_may_touch_the_image)
{
	static const uint8_t code[16] = { 0xf4 };
	char path[] = "/tmp/test_boot_elf.XXXXXX";
	uint8_t initrd[0x1800] = { 0x11 };
	struct boot_machine machine;
	struct elf_builder builder;

	file_write(path, initrd, sizeof(initrd));
	machine_start(&machine);
	machine.params.initrd = path;
	builder_start(&builder, true, CODE_AT);
	builder_add(&builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, 16,
							 RAM_SIZE - 0x2000 - CODE_AT });
	machine_load(&machine, &builder);
	ck_assert_uint_eq(guest_u8(&machine, RAM_SIZE - 0x2000), 0x11);

	/* One byte more of image, and the page-aligned initrd would lie on it. */
	builder_segment64(&builder, 0)->p_memsz++;
	ck_assert_int_eq(machine_try(&machine, builder.bytes, builder.size), -E2BIG);
	unlink(path);
	machine_end(&machine);
}
END_TEST

START_TEST(files_are_loaded_like_memory)
{
	char path[] = "/tmp/test_boot_elf.XXXXXX";
	struct boot_machine machine;
	struct elf_builder builder;

	builder_simple(&builder, true, CODE_AT);
	file_write(path, builder.bytes, builder.size);
	machine_start(&machine);
	int ret = boot_load(path, &machine.params, &machine.entry, machine.error);
	unlink(path);
	ck_assert_msg(ret == 0, "%s", machine.error);
	ck_assert_uint_eq(machine.entry.rip, CODE_AT);
	ck_assert_uint_eq(guest_u8(&machine, CODE_AT), 0xf4);
	machine_end(&machine);
}
END_TEST

START_TEST(reserved_memory_is_clean_and_free_memory_untouched)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	ck_assert_uint_eq(guest_u16(&machine, 0x40e), 0x9fc0);
	ck_assert_uint_eq(guest_u16(&machine, 0x413), 639);
	ck_assert_uint_eq(guest_u8(&machine, 0x9fc00), 1);
	guest_expect_bytes(&machine, 0, 0x3f0, 0);
	guest_expect_bytes(&machine, 0x1000, 0x7f000, RAM_DIRT);
	guest_expect_bytes(&machine, 0x88000, 0x4000, 0);
	guest_expect_bytes(&machine, 0x90000, 0xfc00, 0);
	guest_expect_bytes(&machine, 0xa0000, 0x40000, RAM_DIRT);
	guest_expect_bytes(&machine, 0x100000, 0x100000, RAM_DIRT);
	machine_end(&machine);
}
END_TEST

START_TEST(the_longest_command_line_fits)
{
	struct boot_machine machine;
	struct elf_builder builder;
	char text[0x4000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	machine_start(&machine);
	machine.params.cmdline = text;
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	uint64_t address = guest_u64(&machine, machine.entry.rdi + 24);
	ck_assert_str_eq(guest_string(&machine, address), text);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: ELF64");
	TCase *loading = tcase_create("loading");
	TCase *state = tcase_create("state at entry");

	tcase_add_test(loading, segments_go_to_their_physical_addresses);
	tcase_add_test(loading, bss_is_zero_and_ends_where_it_should);
	tcase_add_test(loading, every_free_range_is_usable_to_its_last_byte);
	tcase_add_test(loading, other_segments_are_not_loaded);
	tcase_add_test(loading, shared_objects_are_loaded_unrelocated);
	tcase_add_test(loading, initrd_is_the_only_module);
	tcase_add_test(loading, initrd_may_touch_the_image);
	tcase_add_test(loading, files_are_loaded_like_memory);
	suite_add_tcase(suite, loading);
	tcase_add_test(state, entry_registers);
	tcase_add_test(state, descriptor_table);
	tcase_add_test(state, the_first_4_gib_are_mapped_one_to_one);
	tcase_add_test(state, start_info);
	tcase_add_test(state, memory_map);
	tcase_add_test(state, reserved_memory_is_clean_and_free_memory_untouched);
	tcase_add_test(state, the_longest_command_line_fits);
	suite_add_tcase(suite, state);
	return suite_run(suite);
}
