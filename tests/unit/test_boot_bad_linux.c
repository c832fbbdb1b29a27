/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux kernels that cannot be booted, each refusal with the field that is in the way; forged
 * headers by the thousand.
 *
 * Linux documentation, "The Linux/x86 Boot Protocol", section "Details of Header Fields";
 * boot/README.md, "Errors".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"
#include "bzimage_builder.h"

#define FUZZ_ROUNDS 20000u
#define FUZZ_SEED   UINT64_C(0x2545f4914f6cdd1d)

struct forged {
	uint32_t offset;
	uint32_t width;
	uint64_t value;
	int code;
	const char *reason;
};

/* clang-format off */
static const struct forged forged[] = {
	{ BZ_VERSION, 2, 0x20b, ENOEXEC,
	  "Linux bzImage of boot protocol 2.11 (version): the 64-bit entry needs 2.12, Linux 3.8 or newer" },
	{ BZ_VERSION, 2, 0, ENOEXEC,
	  "Linux bzImage of boot protocol 0.00 (version): the 64-bit entry needs 2.12, Linux 3.8 or newer" },
	{ BZ_JUMP, 2, 0x61eb, ENOEXEC,
	  "damaged Linux bzImage: its set-up header ends at 0x263 (jump), that of boot protocol 2.12 at 0x264 "
	  "or later" },
	{ BZ_LOADFLAGS, 1, 0x80, ENOEXEC,
	  "Linux zImage, loaded below 1 MiB (loadflags 0x80): make a bzImage" },
	{ BZ_XLOADFLAGS, 2, 0x3e, ENOEXEC,
	  "Linux bzImage without 64-bit entry (xloadflags 0x3e), of a 32-bit kernel probably: use one built for "
	  "x86-64" },
	{ BZ_SYSSIZE, 4, 0x20, ENOEXEC,
	  "damaged Linux bzImage: 0x200 bytes of code (syssize) end before the 64-bit entry" },
	{ BZ_SYSSIZE, 4, 0x81, ENOEXEC,
	  "truncated Linux bzImage: 0x810 bytes of code (syssize) at file offset 0x600 (setup_sects), the file "
	  "has 0xe00" },
	{ BZ_SYSSIZE, 4, 0xffffffff, ENOEXEC,
	  "truncated Linux bzImage: 0xffffffff0 bytes of code (syssize) at file offset 0x600 (setup_sects), the "
	  "file has 0xe00" },
	{ BZ_SETUP_SECTS, 1, 0, ENOEXEC,
	  "truncated Linux bzImage: 0x800 bytes of code (syssize) at file offset 0xa00 (setup_sects), the file "
	  "has 0xe00" },
	{ BZ_SETUP_SECTS, 1, 255, ENOEXEC,
	  "truncated Linux bzImage: 0x800 bytes of code (syssize) at file offset 0x20000 (setup_sects), the "
	  "file has 0xe00" },
	{ BZ_INIT_SIZE, 4, 0x7ff, ENOEXEC,
	  "damaged Linux bzImage: needs 0x7ff bytes of memory (init_size) for 0x800 of code" },
	{ BZ_ALIGNMENT, 4, 0, ENOEXEC,
	  "damaged Linux bzImage: address 0x200000 (pref_address) and alignment 0x0 (kernel_alignment)" },
	{ BZ_ALIGNMENT, 4, 0x300000, ENOEXEC,
	  "damaged Linux bzImage: address 0x200000 (pref_address) and alignment 0x300000 (kernel_alignment)" },
	{ BZ_ALIGNMENT, 4, 0x400000, ENOEXEC,
	  "damaged Linux bzImage: address 0x200000 (pref_address) and alignment 0x400000 (kernel_alignment)" },
	{ BZ_PREF_ADDRESS, 8, 0, ENOEXEC,
	  "Linux bzImage for address 0x0 (pref_address): it has to be from 1 MiB to 3 GiB" },
	{ BZ_PREF_ADDRESS, 8, UINT64_C(0xffffffffffe00000), ENOEXEC,
	  "Linux bzImage for address 0xffffffffffe00000 (pref_address): it has to be from 1 MiB to 3 GiB" },
	{ BZ_PREF_ADDRESS, 8, 0x1000000, ENOMEM,
	  "Linux bzImage needs memory up to 0x1100000 (pref_address, init_size), the guest's ends at 0x400000: "
	  "give the guest more memory" },
	{ BZ_INIT_SIZE, 4, 0x200001, ENOMEM,
	  "Linux bzImage needs memory up to 0x400001 (pref_address, init_size), the guest's ends at 0x400000: "
	  "give the guest more memory" },
	{ BZ_INIT_SIZE, 4, 0xffffffff, ENOMEM,
	  "Linux bzImage needs memory up to 0x1001fffff (pref_address, init_size), the guest's ends at 0x400000: "
	  "give the guest more memory" },
	{ BZ_CMDLINE_SIZE, 4, 6, E2BIG,
	  "command line of 7 bytes is too long for this kernel: at most 6 (cmdline_size)" },
};
/* clang-format on */

START_TEST(a_wrong_field_is_named)
{
	const struct forged *row = &forged[_i];
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	bz_start(&builder);
	bz_put(&builder, row->offset, row->value, row->width);
	expect_refusal(&machine, builder.bytes, sizeof(builder.bytes), row->code, row->reason);
	machine_end(&machine);
}
END_TEST

START_TEST(truncated_anywhere)
{
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	bz_start(&builder);
	expect_refusal(&machine, builder.bytes, 0x263, ENOEXEC,
		       "truncated Linux bzImage: 0x263 bytes, its header has more");
	expect_refusal(&machine, builder.bytes, 0x207, ENOEXEC,
		       "PE image (a program for EFI or Windows): " ACCEPTED);
	for (size_t size = 0; size < BZ_SIZE - 15; size++)
		ck_assert_int_eq(machine_try(&machine, builder.bytes, size), -ENOEXEC);
	machine_end(&machine);
}
END_TEST

/* Load with a sparse initrd of this size. */
static int try_initrd(struct boot_machine *machine, const struct bzimage_builder *builder,
		      off_t size, char *path)
{
	file_write(path, "x", 1);
	ck_assert_int_eq(truncate(path, size), 0);
	machine->params.initrd = path;
	int ret = machine_try(machine, builder->bytes, sizeof(builder->bytes));
	unlink(path);
	return ret;
}

START_TEST(initrds_that_do_not_fit)
{
	char fits[] = "/tmp/test_boot_linux.XXXXXX";
	char limited[] = "/tmp/test_boot_linux.XXXXXX";
	char large[] = "/tmp/test_boot_linux.XXXXXX";
	char low[] = "/tmp/test_boot_linux.XXXXXX";
	char reason[BOOT_ERROR_SIZE];
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	bz_start(&builder);
	/* The kernel's memory ends at 3 MiB, the machine's at 4. */
	ck_assert_int_eq(try_initrd(&machine, &builder, 0x100000, fits), 0);
	ck_assert_int_eq(try_initrd(&machine, &builder, 0x100001, large), -E2BIG);
	snprintf(reason, sizeof(reason),
		 "%s: initrd of 1048577 bytes does not fit into the 1048576 bytes of memory behind "
		 "the image: give the guest more memory",
		 large);
	ck_assert_str_eq(machine.error, reason);

	bz_put(&builder, BZ_INITRD_MAX, 0x37ffff, 4);
	ck_assert_int_eq(try_initrd(&machine, &builder, 0x80001, limited), -E2BIG);
	snprintf(reason, sizeof(reason),
		 "%s: initrd of 524289 bytes does not fit into the 524288 bytes behind the kernel "
		 "and below 0x380000 (initrd_addr_max): make it smaller",
		 limited);
	ck_assert_str_eq(machine.error, reason);

	bz_put(&builder, BZ_INITRD_MAX, 0x1000, 4);
	ck_assert_int_eq(try_initrd(&machine, &builder, 1, low), -E2BIG);
	machine_end(&machine);
}
END_TEST

/* A vmlinux says what it is by a note that all configurations have. */
START_TEST(a_vmlinux_without_pvh_note_is_no_plain_elf)
{
	for (int wide = 0; wide < 2; wide++) {
		struct boot_machine machine;
		struct elf_builder builder;
		uint8_t notes[64];

		machine_start(&machine);
		builder_simple(&builder, wide, CODE_AT);
		size_t size = builder_note(notes, "Linux", 0x100, "", 1);
		builder_add(&builder, &(struct builder_segment){ PT_NOTE, 0, notes, size, size });
		expect_refusal(&machine, builder.bytes, builder.size, ENOEXEC,
			       "Linux vmlinux without PVH note (built without CONFIG_PVH): use the "
			       "bzImage of the same build");
		machine_end(&machine);
	}
}
END_TEST

/* A disk in the place of a kernel is refused by its first bytes, however large it is. */
START_TEST(large_files_are_judged_by_their_beginning)
{
	char path[] = "/tmp/test_boot_linux.XXXXXX";
	char reason[BOOT_ERROR_SIZE];
	struct boot_machine machine;

	machine_start(&machine);
	file_write(path, "", 0);
	ck_assert_int_eq(truncate(path, (off_t)1 << 40), 0);
	int ret = boot_load(path, &machine.params, &machine.entry, machine.error);
	unlink(path);
	ck_assert_int_eq(ret, -ENOEXEC);
	snprintf(reason, sizeof(reason), "%s: nothing but zeros: " ACCEPTED, path);
	ck_assert_str_eq(machine.error, reason);
	machine_end(&machine);
}
END_TEST

/* A sound file that is longer than what is looked at first. */
START_TEST(large_kernels_are_read_whole)
{
	char path[] = "/tmp/test_boot_linux.XXXXXX";
	const uint32_t size = BZ_CODE_AT + 0x20000;
	struct boot_machine machine;
	struct bzimage_builder builder;
	uint8_t *file = malloc(size);

	ck_assert_ptr_nonnull(file);
	bz_start(&builder);
	bz_put(&builder, BZ_SYSSIZE, 0x20000 / 16, 4);
	memset(file, 0x5c, size);
	memcpy(file, builder.bytes, sizeof(builder.bytes));
	machine_start(&machine);
	file_write(path, file, size);
	int ret = boot_load(path, &machine.params, &machine.entry, machine.error);
	unlink(path);
	ck_assert_msg(ret == 0, "%s", machine.error);
	guest_expect_bytes(&machine, BZ_LOAD_AT + BZ_CODE_SIZE, 0x20000 - BZ_CODE_SIZE, 0x5c);
	machine_end(&machine);
	free(file);
}
END_TEST

/* xorshift64: the same damage on every run. */
static uint32_t fuzz_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

static void fuzz_damage(struct bzimage_builder *builder, uint64_t *state)
{
	static const uint32_t edges[] = { 0,          1,          0xff,       0x20c,     0x200000,
					  0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	uint32_t hits = 1 + fuzz_next(state) % 3;

	for (uint32_t i = 0; i < hits; i++) {
		uint32_t at = BZ_SETUP_SECTS + fuzz_next(state) % (BZ_HANDOVER - BZ_SETUP_SECTS);
		uint32_t value = fuzz_next(state) & 1 ? edges[fuzz_next(state) % BOOT_COUNT(edges)]
						      : fuzz_next(state);
		bz_put(builder, at, value, (size_t)1 << fuzz_next(state) % 3);
	}
}

START_TEST(forged_headers_do_no_harm)
{
	uint64_t state = FUZZ_SEED;
	uint32_t loaded = 0;
	struct boot_machine machine;
	struct bzimage_builder builder;

	machine_start(&machine);
	for (uint32_t round = 0; round < FUZZ_ROUNDS; round++) {
		bz_start(&builder);
		fuzz_damage(&builder, &state);
		size_t size = fuzz_next(&state) % 4 ? BZ_SIZE : fuzz_next(&state) % BZ_SIZE;
		int ret = machine_try(&machine, builder.bytes, size);
		if (ret == 0) {
			loaded++;
			ck_assert_uint_lt(machine.entry.rip, RAM_SIZE);
			continue;
		}
		ck_assert_msg(ret == -ENOEXEC || ret == -ENOMEM || ret == -E2BIG, "round %u: %d",
			      round, ret);
	}
	ck_assert_uint_gt(loaded, FUZZ_ROUNDS / 10);
	ck_assert_uint_lt(loaded, FUZZ_ROUNDS * 9 / 10);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: Linux kernels that are refused");
	TCase *tcase = tcase_create("refusals");

	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, a_wrong_field_is_named, 0, BOOT_COUNT(forged));
	tcase_add_test(tcase, truncated_anywhere);
	tcase_add_test(tcase, initrds_that_do_not_fit);
	tcase_add_test(tcase, a_vmlinux_without_pvh_note_is_no_plain_elf);
	tcase_add_test(tcase, large_files_are_judged_by_their_beginning);
	tcase_add_test(tcase, large_kernels_are_read_whole);
	tcase_add_test(tcase, forged_headers_do_no_harm);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
