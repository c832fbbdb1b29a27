/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bzImages: the state that the kernel starts in, and its zero page.
 *
 * Linux documentation, "The Linux/x86 Boot Protocol", section "64-bit Boot Protocol", and "Zero
 * Page"; boot/README.md, "Linux bzImage".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"
#include "bzimage_builder.h"

#define PAGE_AT 0x87000u

static void load(struct boot_machine *machine, const struct bzimage_builder *builder)
{
	int ret = machine_try(machine, builder->bytes, sizeof(builder->bytes));

	ck_assert_msg(ret == 0, "%d: %s", ret, machine->error);
	ck_assert_str_eq(machine->error, "");
}

static void start_and_load(struct boot_machine *machine)
{
	struct bzimage_builder builder;

	machine_start(machine);
	bz_start(&builder);
	load(machine, &builder);
}

START_TEST(state_at_entry)
{
	struct boot_machine machine;

	start_and_load(&machine);
	ck_assert_int_eq(machine.entry.mode, BOOT_CPU_LONG64);
	ck_assert_str_eq(machine.entry.format, "Linux bzImage");
	ck_assert_uint_eq(machine.entry.rip, BZ_LOAD_AT + 0x200);
	ck_assert_uint_eq(machine.entry.rsi, PAGE_AT);
	ck_assert_uint_eq(machine.entry.rsp, STACK_TOP - 8);
	ck_assert_uint_eq(machine.entry.rax, 0);
	ck_assert_uint_eq(machine.entry.rbx, 0);
	ck_assert_uint_eq(machine.entry.rdi, 0);
	ck_assert_uint_eq(machine.entry.cr3, 0x80000);
	machine_end(&machine);
}
END_TEST

/* __BOOT_CS is 0x10 and __BOOT_DS 0x18. */
START_TEST(descriptors_are_where_linux_wants_them)
{
	struct boot_machine machine;

	start_and_load(&machine);
	uint64_t gdt = machine.entry.gdt_base;
	ck_assert_uint_eq(machine.entry.code_selector, 0x10);
	ck_assert_uint_eq(machine.entry.data_selector, 0x18);
	ck_assert_uint_eq(machine.entry.tss_selector, 0x20);
	ck_assert_uint_eq(machine.entry.gdt_limit, 6 * 8 - 1);
	ck_assert_uint_eq(guest_u64(&machine, gdt), 0);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x08), 0);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x10), 0x00af9b000000ffff);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x18), 0x00cf93000000ffff);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x20) >> 40, 0x8b);
	ck_assert_uint_eq(guest_u64(&machine, gdt + 0x28), 0);
	machine_end(&machine);
}
END_TEST

START_TEST(the_code_lies_at_its_address)
{
	struct boot_machine machine;

	start_and_load(&machine);
	guest_expect_bytes(&machine, BZ_LOAD_AT, BZ_CODE_SIZE, BZ_CODE_BYTE);
	/* Nothing but the code: the kernel clears what it needs. */
	guest_expect_bytes(&machine, BZ_LOAD_AT - 0x1000, 0x1000, RAM_DIRT);
	guest_expect_bytes(&machine, BZ_LOAD_AT + BZ_CODE_SIZE, 0x1000, RAM_DIRT);
	machine_end(&machine);
}
END_TEST

START_TEST(zero_page)
{
	struct boot_machine machine;
	struct bzimage_builder builder;

	start_and_load(&machine);
	bz_start(&builder);
	/* All zero but for the map's count and the header, which ends at 0x26c. */
	guest_expect_bytes(&machine, PAGE_AT, 0x70, 0);
	ck_assert_uint_eq(guest_u64(&machine, PAGE_AT + 0x70), RSDP_AT);
	guest_expect_bytes(&machine, PAGE_AT + 0x78, 0x1e8 - 0x78, 0);
	guest_expect_bytes(&machine, PAGE_AT + 0x1e9, 0x1f1 - 0x1e9, 0);
	guest_expect_bytes(&machine, PAGE_AT + 0x26c, 0x2d0 - 0x26c, 0);

	ck_assert_uint_eq(guest_u8(&machine, PAGE_AT + BZ_LOADER), 0xff);
	ck_assert_uint_eq(guest_u32(&machine, PAGE_AT + BZ_CODE32), BZ_LOAD_AT);
	ck_assert_uint_eq(guest_u32(&machine, PAGE_AT + BZ_INITRD), 0);
	ck_assert_uint_eq(guest_u32(&machine, PAGE_AT + BZ_INITRD_SIZE), 0);
	uint32_t cmdline = guest_u32(&machine, PAGE_AT + BZ_CMDLINE);
	ck_assert_str_eq(guest_string(&machine, cmdline), "one two");
	/* The rest of the header is the file's. */
	for (uint32_t i = BZ_INITRD_MAX; i < 0x26c; i++)
		ck_assert_uint_eq(guest_u8(&machine, PAGE_AT + i), builder.bytes[i]);
	machine_end(&machine);
}
END_TEST

START_TEST(memory_map)
{
	static const uint64_t map[][3] = {
		{ 0, 0x1000, 2 },          { 0x1000, 0x7f000, 1 },
		{ 0x80000, 0x20000, 2 },   { 0xe0000, 0x20000, 2 },
		{ 0x100000, 0x300000, 1 }, { UINT64_C(0x100000000), UINT64_C(0x80000000), 1 },
	};
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	machine.params.ram.high_size = UINT64_C(0x80000000);
	bz_start(&builder);
	load(&machine, &builder);
	ck_assert_uint_eq(guest_u8(&machine, PAGE_AT + 0x1e8), BOOT_COUNT(map));
	for (uint32_t i = 0; i < BOOT_COUNT(map); i++) {
		uint32_t at = PAGE_AT + 0x2d0 + i * 20;
		ck_assert_uint_eq(guest_u64(&machine, at), map[i][0]);
		ck_assert_uint_eq(guest_u64(&machine, at + 8), map[i][1]);
		ck_assert_uint_eq(guest_u32(&machine, at + 16), map[i][2]);
	}
	machine_end(&machine);
}
END_TEST

/* Kernels before protocol 2.14 have padding there. */
START_TEST(the_rsdp_is_told_from_protocol_2_14_on)
{
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	bz_start(&builder);
	bz_put(&builder, BZ_VERSION, 0x20d, 2);
	load(&machine, &builder);
	ck_assert_uint_eq(guest_u64(&machine, PAGE_AT + 0x70), 0);
	bz_put(&builder, BZ_VERSION, 0x20e, 2);
	load(&machine, &builder);
	ck_assert_uint_eq(guest_u64(&machine, PAGE_AT + 0x70), RSDP_AT);
	machine_end(&machine);
}
END_TEST

/* The header may be longer than we know it, but other fields of the zero page begin at 0x290. */
START_TEST(a_longer_header_is_copied_up_to_its_limit)
{
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	bz_start(&builder);
	bz_put(&builder, BZ_JUMP, 0xffeb, 2);
	memset(builder.bytes + 0x26c, 0x77, 0x301 - 0x26c);
	load(&machine, &builder);
	guest_expect_bytes(&machine, PAGE_AT + 0x26c, 0x290 - 0x26c, 0x77);
	guest_expect_bytes(&machine, PAGE_AT + 0x290, 0x2d0 - 0x290, 0);
	machine_end(&machine);
}
END_TEST

static uint32_t initrd_with_limit(struct boot_machine *machine, uint32_t addr_max)
{
	char path[] = "/tmp/test_boot_bzimage.XXXXXX";
	struct bzimage_builder builder;

	file_write(path, "initramfs", 9);
	machine->params.initrd = path;
	bz_start(&builder);
	bz_put(&builder, BZ_INITRD_MAX, addr_max, 4);
	load(machine, &builder);
	unlink(path);
	uint32_t at = guest_u32(machine, PAGE_AT + BZ_INITRD);
	ck_assert_uint_eq(guest_u32(machine, PAGE_AT + BZ_INITRD_SIZE), 9);
	ck_assert_int_eq(memcmp(guest_at(machine, at, 9), "initramfs", 9), 0);
	return at;
}

START_TEST(the_initrd_stays_below_its_limit)
{
	struct boot_machine machine;

	machine_start(&machine);
	ck_assert_uint_eq(initrd_with_limit(&machine, 0x7fffffff), RAM_SIZE - 0x1000);
	ck_assert_uint_eq(initrd_with_limit(&machine, RAM_SIZE - 1), RAM_SIZE - 0x1000);
	ck_assert_uint_eq(initrd_with_limit(&machine, 0x37ffff), 0x37f000);
	ck_assert_uint_eq(initrd_with_limit(&machine, 0x380004), 0x37f000);
	machine_end(&machine);
}
END_TEST

START_TEST(small_oddities_are_fine)
{
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	/* The last 16 bytes may be there in part; what follows the code is not loaded. */
	bz_start(&builder);
	ck_assert_int_eq(machine_try(&machine, builder.bytes, BZ_SIZE - 15), 0);
	bz_put(&builder, BZ_SYSSIZE, BZ_CODE_SIZE / 16 - 8, 4);
	machine_end(&machine);
	machine_start(&machine);
	load(&machine, &builder);
	guest_expect_bytes(&machine, BZ_LOAD_AT + BZ_CODE_SIZE - 0x80, 0x80, RAM_DIRT);
	/* The largest command line that the kernel takes. */
	bz_put(&builder, BZ_CMDLINE_SIZE, 7, 4);
	load(&machine, &builder);
	/* Without relocation, alignment says nothing. */
	bz_put(&builder, BZ_RELOCATABLE, 0, 1);
	bz_put(&builder, BZ_ALIGNMENT, 0, 4);
	load(&machine, &builder);
	/* Memory to the last byte. */
	bz_put(&builder, BZ_INIT_SIZE, RAM_SIZE - BZ_LOAD_AT, 4);
	load(&machine, &builder);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: bzImage");
	TCase *tcase = tcase_create("loading");

	tcase_add_test(tcase, state_at_entry);
	tcase_add_test(tcase, descriptors_are_where_linux_wants_them);
	tcase_add_test(tcase, the_code_lies_at_its_address);
	tcase_add_test(tcase, zero_page);
	tcase_add_test(tcase, memory_map);
	tcase_add_test(tcase, the_rsdp_is_told_from_protocol_2_14_on);
	tcase_add_test(tcase, a_longer_header_is_copied_up_to_its_limit);
	tcase_add_test(tcase, the_initrd_stays_below_its_limit);
	tcase_add_test(tcase, small_oddities_are_fine);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
