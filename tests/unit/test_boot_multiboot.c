/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot 1 images: finding the header, loading by program headers or by the header's addresses,
 * and what the guest is told.
 *
 * Multiboot Specification 0.6.96, "The layout of Multiboot header" and "Boot information format";
 * boot/README.md, "Multiboot 1".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"

#define FLAG_VIDEO     (1u << 2)
#define FLAG_ADDRESSES (1u << 16)

/* Offsets in the information structure. */
#define INFO_FLAGS       0u
#define INFO_MEM_LOWER   4u
#define INFO_MEM_UPPER   8u
#define INFO_CMDLINE     16u
#define INFO_MODS_COUNT  20u
#define INFO_MODS_ADDR   24u
#define INFO_MMAP_LENGTH 44u
#define INFO_MMAP_ADDR   48u
#define INFO_LOADER_NAME 64u

/* An ELF file with the header at the start of its only segment. */
static void build(struct elf_builder *builder, bool wide, uint32_t flags)
{
	uint8_t code[16] = { 0 };

	builder_multiboot(code, flags);
	builder_start(builder, wide, CODE_AT + MULTIBOOT_HEADER_SIZE);
	builder_add(builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, 16, 16 });
}

static uint32_t info_u32(const struct boot_machine *machine, uint32_t offset)
{
	return guest_u32(machine, machine->entry.rbx + offset);
}

START_TEST(state_at_entry)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	build(&builder, false, 0);
	machine_load(&machine, &builder);
	ck_assert_int_eq(machine.entry.mode, BOOT_CPU_PROTECTED32);
	ck_assert_str_eq(machine.entry.format, "multiboot ELF32");
	ck_assert_uint_eq(machine.entry.rip, CODE_AT + MULTIBOOT_HEADER_SIZE);
	ck_assert_uint_eq(machine.entry.rax, 0x2badb002);
	ck_assert_uint_eq(machine.entry.rsp, STACK_TOP);
	ck_assert_uint_eq(machine.entry.rdi, 0);
	ck_assert_uint_eq(machine.entry.gdt_limit, 4 * 8 - 1);
	ck_assert_uint_eq(guest_u64(&machine, machine.entry.gdt_base + 8), 0x00cf9b000000ffff);
	ck_assert_uint_eq(guest_u32(&machine, CODE_AT), 0x1badb002);
	machine_end(&machine);
}
END_TEST

START_TEST(information_is_given_unasked)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	build(&builder, false, 0);
	machine_load(&machine, &builder);
	/* Memory, command line, modules, memory map, boot loader name. */
	ck_assert_uint_eq(info_u32(&machine, INFO_FLAGS), 0x24d);
	ck_assert_uint_eq(info_u32(&machine, INFO_MEM_LOWER), 512);
	ck_assert_uint_eq(info_u32(&machine, INFO_MEM_UPPER), (RAM_SIZE - 0x100000) / 1024);
	ck_assert_uint_eq(info_u32(&machine, INFO_MODS_COUNT), 0);
	/* Guests take the first word for their own name. */
	ck_assert_str_eq(guest_string(&machine, info_u32(&machine, INFO_CMDLINE)),
			 "guest.img one two");
	ck_assert_str_eq(guest_string(&machine, info_u32(&machine, INFO_LOADER_NAME)), "vmm");
	machine_end(&machine);
}
END_TEST

START_TEST(memory_map)
{
	/* clang-format off */
	static const struct {
		uint64_t start, end;
		uint32_t type;
	} rows[] = {
		{ 0, 0x1000, 2 },
		{ 0x1000, 0x80000, 1 },
		{ 0x80000, 0xa0000, 2 },
		{ 0xe0000, 0x100000, 2 },
		{ 0x100000, RAM_SIZE, 1 },
		{ 0x100000000, 0x140000000, 1 },
	};
	/* clang-format on */
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	machine.params.ram.high_size = 0x40000000;
	build(&builder, false, 0);
	machine_load(&machine, &builder);
	ck_assert_uint_eq(info_u32(&machine, INFO_MMAP_LENGTH), BOOT_COUNT(rows) * 24);
	uint32_t at = info_u32(&machine, INFO_MMAP_ADDR);
	for (size_t i = 0; i < BOOT_COUNT(rows); i++, at += 24) {
		ck_assert_uint_eq(guest_u32(&machine, at), 20);
		ck_assert_uint_eq(guest_u64(&machine, at + 4), rows[i].start);
		ck_assert_uint_eq(guest_u64(&machine, at + 12), rows[i].end - rows[i].start);
		ck_assert_uint_eq(guest_u32(&machine, at + 20), rows[i].type);
	}
	machine_end(&machine);
}
END_TEST

/* The code that a real-mode vector leads to. */
static const uint8_t *handler_of(const struct boot_machine *machine, uint32_t vector)
{
	uint32_t pointer = guest_u32(machine, (uint64_t)vector * 4);
	uint32_t address = (pointer >> 16 << 4) + (pointer & 0xffff);

	ck_assert_uint_ge(address, 0xff000);
	ck_assert_uint_le(address, 0xfffe0);
	return machine->params.ram.low + address;
}

START_TEST(real_mode_vectors_are_a_bioses)
{
	static const uint8_t master[] = { 0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58, 0xcf };
	static const uint8_t slave[] = { 0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf };
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	build(&builder, false, 0);
	machine_load(&machine, &builder);
	ck_assert(machine.entry.after_bios);
	for (uint32_t vector = 0; vector < 0xfc; vector++) {
		const uint8_t *code = handler_of(&machine, vector);

		if (vector >= 8 && vector < 0x10)
			ck_assert_mem_eq(code, master, sizeof(master));
		else if (vector >= 0x70 && vector < 0x78)
			ck_assert_mem_eq(code, slave, sizeof(slave));
		else
			ck_assert_uint_eq(*code, 0xcf);
	}
	ck_assert_mem_eq(machine.params.ram.low + 0x3f0, "_MP_", 4);
	machine_end(&machine);
}
END_TEST

START_TEST(initrd_is_the_only_module)
{
	char path[] = "/tmp/test_boot_multiboot.XXXXXX";
	struct boot_machine machine;
	struct elf_builder builder;

	file_write(path, "NR_CPUS=4", 10);
	machine_start(&machine);
	machine.params.initrd = path;
	build(&builder, false, 1);
	machine_load(&machine, &builder);
	unlink(path);
	ck_assert_uint_eq(info_u32(&machine, INFO_MODS_COUNT), 1);
	uint32_t module = info_u32(&machine, INFO_MODS_ADDR);
	uint32_t start = guest_u32(&machine, module);
	ck_assert_uint_eq(start % 0x1000, 0);
	ck_assert_uint_eq(guest_u32(&machine, module + 4), start + 10);
	ck_assert_str_eq(guest_string(&machine, guest_u32(&machine, module + 8)), "");
	ck_assert_str_eq(guest_string(&machine, start), "NR_CPUS=4");
	machine_end(&machine);
}
END_TEST

START_TEST(required_features)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	for (uint32_t bit = 0; bit < 32; bit++) {
		bool offered = bit <= 2 || bit > 16;
		if (bit == 16)
			continue;
		build(&builder, false, 1u << bit);
		int ret = machine_try(&machine, builder.bytes, builder.size);
		ck_assert_int_eq(ret, offered ? 0 : -ENOEXEC);
		if (!offered)
			ck_assert_ptr_nonnull(strstr(machine.error, "requires unknown features"));
	}
	/* The wish for a video mode is answered with no video information (flag bits 11 and 12). */
	build(&builder, false, FLAG_VIDEO);
	machine_load(&machine, &builder);
	ck_assert_uint_eq(info_u32(&machine, INFO_FLAGS) & 0x1800, 0);
	machine_end(&machine);
}
END_TEST

/* An ELF32 file with a header, sound or not, at an offset of the file. */
static int try_header_at(struct boot_machine *machine, uint32_t offset, uint32_t spoil)
{
	static const uint8_t code[0x3000] = { 0xf4 };
	struct elf_builder builder;

	builder_start(&builder, false, CODE_AT);
	builder_add(&builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, sizeof(code),
							 sizeof(code) });
	builder_multiboot(builder.bytes + offset, 0);
	builder.bytes[offset + 8] = (uint8_t)(builder.bytes[offset + 8] + spoil);
	return machine_try(machine, builder.bytes, builder.size);
}

START_TEST(where_the_header_may_be)
{
	struct boot_machine machine;

	machine_start(&machine);
	ck_assert_int_eq(try_header_at(&machine, 0x1000, 0), 0);
	ck_assert_int_eq(try_header_at(&machine, 0x1004, 0), 0);
	ck_assert_int_eq(try_header_at(&machine, 8192 - MULTIBOOT_HEADER_SIZE, 0), 0);
	ck_assert_int_eq(try_header_at(&machine, 8192 - MULTIBOOT_HEADER_SIZE + 4, 0), -ENOEXEC);
	ck_assert_int_eq(try_header_at(&machine, 0x1002, 0), -ENOEXEC);
	ck_assert_int_eq(try_header_at(&machine, 0x1000, 1), -ENOEXEC);
	ck_assert_ptr_nonnull(strstr(machine.error, "neither PVH note nor multiboot header"));
	machine_end(&machine);
}
END_TEST

/* A raw image: four words, the header with its addresses, code. */
#define FLAT_SIZE      0x100u
#define FLAT_HEADER_AT 16u

static void build_flat(uint8_t *flat, uint32_t load_end, uint32_t bss_end)
{
	const uint32_t addresses[5] = { CODE_AT + FLAT_HEADER_AT, CODE_AT, load_end, bss_end,
					CODE_AT + 0x40 };

	memset(flat, 0x90, FLAT_SIZE);
	builder_multiboot(flat + FLAT_HEADER_AT, FLAG_ADDRESSES);
	memcpy(flat + FLAT_HEADER_AT + MULTIBOOT_HEADER_SIZE, addresses, sizeof(addresses));
}

static void load_flat(struct boot_machine *machine, const uint8_t *image, size_t size)
{
	int ret = machine_try(machine, image, size);

	ck_assert_msg(ret == 0, "%s", machine->error);
	ck_assert_str_eq(machine->entry.format, "multiboot");
	ck_assert_uint_eq(machine->entry.rip, CODE_AT + 0x40);
	ck_assert_uint_eq(machine->entry.rax, 0x2badb002);
	ck_assert_uint_eq(guest_u32(machine, CODE_AT + FLAT_HEADER_AT), 0x1badb002);
}

START_TEST(flat_images_are_loaded_by_the_headers_addresses)
{
	struct boot_machine machine;
	uint8_t flat[FLAT_SIZE];

	machine_start(&machine);
	build_flat(flat, 0, 0);
	load_flat(&machine, flat, sizeof(flat));
	guest_expect_bytes(&machine, CODE_AT, FLAT_HEADER_AT, 0x90);
	ck_assert_uint_eq(guest_u8(&machine, CODE_AT + FLAT_SIZE - 1), 0x90);
	ck_assert_uint_eq(guest_u8(&machine, CODE_AT + FLAT_SIZE), RAM_DIRT);
	machine_end(&machine);
}
END_TEST

START_TEST(flat_images_end_where_the_header_says)
{
	struct boot_machine machine;
	uint8_t flat[FLAT_SIZE];

	machine_start(&machine);
	build_flat(flat, CODE_AT + 0x80, CODE_AT + 0x1000);
	load_flat(&machine, flat, sizeof(flat));
	guest_expect_bytes(&machine, CODE_AT + 0x40, 0x40, 0x90);
	guest_expect_bytes(&machine, CODE_AT + 0x80, 0xf80, 0);
	ck_assert_uint_eq(guest_u8(&machine, CODE_AT + 0x1000), RAM_DIRT);
	machine_end(&machine);
}
END_TEST

START_TEST(the_headers_addresses_go_before_elf)
{
	for (int wide = 0; wide < 2; wide++) {
		struct boot_machine machine;
		struct elf_builder builder;
		uint8_t flat[FLAT_SIZE];

		machine_start(&machine);
		build_flat(flat, 0, 0);
		builder_start(&builder, wide, 0);
		builder_add(&builder, &(struct builder_segment){ PT_LOAD, 0x100000, flat, FLAT_SIZE,
								 FLAT_SIZE });
		load_flat(&machine, builder.bytes, builder.size);
		guest_expect_bytes(&machine, 0x100000, FLAT_SIZE, RAM_DIRT);
		machine_end(&machine);
	}
}
END_TEST

START_TEST(elf64_with_a_plain_header_is_entered_in_long_mode)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	build(&builder, true, 0);
	machine_load(&machine, &builder);
	ck_assert_int_eq(machine.entry.mode, BOOT_CPU_LONG64);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: multiboot");
	TCase *state = tcase_create("state at entry");
	TCase *header = tcase_create("header");

	tcase_add_test(state, state_at_entry);
	tcase_add_test(state, information_is_given_unasked);
	tcase_add_test(state, memory_map);
	tcase_add_test(state, real_mode_vectors_are_a_bioses);
	tcase_add_test(state, initrd_is_the_only_module);
	suite_add_tcase(suite, state);
	tcase_add_test(header, required_features);
	tcase_add_test(header, where_the_header_may_be);
	tcase_add_test(header, flat_images_are_loaded_by_the_headers_addresses);
	tcase_add_test(header, flat_images_end_where_the_header_says);
	tcase_add_test(header, the_headers_addresses_go_before_elf);
	tcase_add_test(header, elf64_with_a_plain_header_is_entered_in_long_mode);
	suite_add_tcase(suite, header);
	return suite_run(suite);
}
