/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What else cannot be booted: files of other formats, damaged multiboot headers, machines and
 * command lines that do not fit, files that cannot be read.
 *
 * boot/README.md, "Images" and "Errors"; Multiboot Specification 0.6.96, "The address fields of
 * Multiboot header".
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/stat.h>

#include "boot_fixture.h"

struct bad_file {
	size_t offset, length; /* of the bytes; the file ends 16 zero bytes later */
	const char *bytes;
	const char *meaning;
};

/* clang-format off */
static const struct bad_file bad_files[] = {
	{ 0, 3, "\x1f\x8b\x08", "gzip data" },
	{ 0, 6, "\xfd\x37zXZ\0", "xz data" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "zstd data" },
	{ 0, 4, "BZh9", "bzip2 data" },
	{ 0, 4, "\x04\x22\x4d\x18", "LZ4 data" },
	{ 0, 4, "\x02\x21\x4c\x18", "LZ4 data" },
	{ 0, 5, "\x5d\0\0\x80\0", "LZMA data" },
	{ 0, 6, "070701", "cpio archive (an initrd?)" },
	{ 257, 5, "ustar", "tar archive" },
	{ 0, 8, "!<arch>\n", "ar archive (a static library?)" },
	{ 0, 4, "PK\x03\x04", "zip archive" },
	{ 0, 4, "QFI\xfb", "qcow2 disk image" },
	{ 0, 4, "hsqs", "squashfs image" },
	{ 0x8001, 5, "CD001", "ISO 9660 image" },
	{ 0, 9, "#!/bin/sh", "script" },
	{ 0, 4, "\xcf\xfa\xed\xfe", "Mach-O image" },
	{ 0x38, 4, "ARM\x64", "Linux kernel for AArch64" },
	{ 0x38, 4, "RSC\x05", "Linux kernel for RISC-V" },
	{ 0x38, 4, "\xcd\x23\x82\x81", "Linux kernel for LoongArch" },
	{ 0x24, 4, "\x18\x28\x6f\x01", "Linux zImage for ARM" },
	{ 0, 4, "\x27\x05\x19\x56", "U-Boot image" },
	{ 0, 8, "MZ\0\0zimg", "Linux EFI zboot image, for firmware of another architecture" },
	{ 0, 2, "MZ", "PE image (a program for EFI or Windows)" },
	{ 0x1fe, 2, "\x55\xaa", "boot sector or disk image" },
	{ 0, 5, "hello", "unknown data" },
	{ 0, 3, "\x7f" "EL", "unknown data" },
	{ 0, 1, "\0", "nothing but zeros" },
	{ 5000, 1, "\1", "unknown data" },
};
/* clang-format on */

START_TEST(other_files_are_named)
{
	const struct bad_file *row = &bad_files[_i];
	size_t size = row->offset + row->length + 16;
	char reason[BOOT_ERROR_SIZE];
	struct boot_machine machine;
	uint8_t *file = calloc(1, size);

	ck_assert_ptr_nonnull(file);
	memcpy(file + row->offset, row->bytes, row->length);
	snprintf(reason, sizeof(reason), "%s: " ACCEPTED, row->meaning);
	machine_start(&machine);
	expect_refusal(&machine, file, size, ENOEXEC, reason);
	machine_end(&machine);
	free(file);
}
END_TEST

START_TEST(empty_files_are_named)
{
	struct boot_machine machine;

	machine_start(&machine);
	expect_refusal(&machine, "", 0, ENOEXEC, "empty file: " ACCEPTED);
	machine_end(&machine);
}
END_TEST

struct bad_multiboot {
	uint32_t flags;
	uint32_t addresses[5]; /* header, load, load end, BSS end, entry */
	int code;
	const char *reason;
};

/* clang-format off */
static const struct bad_multiboot bad_multiboots[] = {
	{ 0x10008, { CODE_AT, CODE_AT, 0, 0, CODE_AT }, ENOEXEC,
	  "multiboot image requires unknown features (flags 0x8): offered are 0x7" },
	{ 0x10000, { CODE_AT - 4, CODE_AT, 0, 0, CODE_AT }, ENOEXEC,
	  "multiboot header at file offset 0x0 has load address 0x200000 and own address 0x1ffffc, which "
	  "do not fit together" },
	{ 0x10000, { CODE_AT + 4, CODE_AT, 0, 0, CODE_AT }, ENOEXEC,
	  "multiboot header at file offset 0x0 has load address 0x200000 and own address 0x200004, which "
	  "do not fit together" },
	{ 0x10000, { CODE_AT, CODE_AT, CODE_AT - 1, 0, CODE_AT }, ENOEXEC,
	  "multiboot header loads from 0x200000 to 0x1fffff, which is lower" },
	{ 0x10000, { CODE_AT, CODE_AT, CODE_AT + 0x101, 0, CODE_AT }, ENOEXEC,
	  "truncated: segment at 0x200000 needs 0x101 bytes at file offset 0x0, the file has 0x100" },
	{ 0x10000, { CODE_AT, CODE_AT, CODE_AT + 0x80, CODE_AT + 0x7f, CODE_AT }, ENOEXEC,
	  "damaged: segment at 0x200000 has 0x80 bytes in the file but only 0x7f in memory" },
	{ 0x10000, { CODE_AT, CODE_AT, 0, CODE_AT - 1, CODE_AT }, ENOEXEC,
	  "segment at 0x200000 of 0xffffffffffffffff bytes ends above 3 GiB: link it at a lower physical "
	  "address" },
	{ 0x10000, { CODE_AT, CODE_AT, 0, 0, CODE_AT + 0x100 }, ENOEXEC,
	  "multiboot entry point 0x200100 is not in what is loaded" },
	{ 0x10000, { 0x90000, 0x90000, 0, 0, 0x90000 }, ENOEXEC,
	  "segment 0x90000-0x90100 overlaps boot structures or firmware tables: link it into "
	  "0x1000-0x80000 or from 0x100000 up" },
	{ 0x10000, { CODE_AT, CODE_AT, 0, RAM_SIZE + 1, CODE_AT }, ENOMEM,
	  "segment 0x200000-0x400001 lies outside guest memory, which ends at 0x400000: give the guest "
	  "more memory" },
	/* A header without addresses, in a file that is not ELF. */
	{ 0, { 0 }, ENOEXEC, "unknown data: " ACCEPTED },
};
/* clang-format on */

START_TEST(damaged_multiboot)
{
	const struct bad_multiboot *row = &bad_multiboots[_i];
	struct boot_machine machine;
	uint8_t flat[0x100] = { 0 };

	machine_start(&machine);
	builder_multiboot(flat, row->flags);
	memcpy(flat + MULTIBOOT_HEADER_SIZE, row->addresses, sizeof(row->addresses));
	expect_refusal(&machine, flat, sizeof(flat), row->code, row->reason);
	/* Cut in the middle of its addresses it is no header at all. */
	expect_refusal(&machine, flat, 31, ENOEXEC, "unknown data: " ACCEPTED);
	machine_end(&machine);
}
END_TEST

START_TEST(command_lines_that_do_not_fit)
{
	static const size_t lengths[] = { 0x4000, 0x4001, 0x8000 };
	char reason[BOOT_ERROR_SIZE];
	struct boot_machine machine;
	struct elf_builder builder;
	char text[0x8001];

	machine_start(&machine);
	machine.params.cmdline = text;
	builder_simple(&builder, true, CODE_AT);
	for (size_t i = 0; i < BOOT_COUNT(lengths); i++) {
		memset(text, 'x', lengths[i]);
		text[lengths[i]] = '\0';
		snprintf(
			reason, sizeof(reason),
			"command line of %zu bytes is too long: at most 16383 with the image's name",
			lengths[i]);
		expect_refusal(&machine, builder.bytes, builder.size, E2BIG, reason);
	}
	machine_end(&machine);
}
END_TEST

/* Load with a sparse initrd of this size. */
static int try_initrd(struct boot_machine *machine, const struct elf_builder *builder, off_t size,
		      char *path)
{
	file_write(path, "x", 1);
	ck_assert_int_eq(truncate(path, size), 0);
	machine->params.initrd = path;
	int ret = machine_try(machine, builder->bytes, builder->size);
	unlink(path);
	return ret;
}

START_TEST(initrds_that_do_not_fit)
{
	/* At the end of free memory behind the image, of low memory, and beyond. */
	static const off_t sizes[] = { RAM_SIZE - CODE_AT - 15, RAM_SIZE, RAM_SIZE + 0x1000 };
	char reason[BOOT_ERROR_SIZE];
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	for (size_t i = 0; i < BOOT_COUNT(sizes); i++) {
		char path[] = "/tmp/test_boot_bad.XXXXXX";
		int ret = try_initrd(&machine, &builder, sizes[i], path);
		ck_assert_int_eq(ret, -E2BIG);
		snprintf(reason, sizeof(reason),
			 "%s: initrd of %ld bytes does not fit into the 2097136 bytes of memory "
			 "behind the image: give the guest more memory",
			 path, (long)sizes[i]);
		ck_assert_str_eq(machine.error, reason);
	}
	machine_end(&machine);
}
END_TEST

START_TEST(initrds_stay_above_1_mib)
{
	char fits[] = "/tmp/test_boot_bad.XXXXXX";
	char does_not[] = "/tmp/test_boot_bad.XXXXXX";
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, 0x7000);
	ck_assert_int_eq(try_initrd(&machine, &builder, RAM_SIZE - 0x100000, fits), 0);
	ck_assert_int_eq(try_initrd(&machine, &builder, RAM_SIZE - 0xfffff, does_not), -E2BIG);
	machine_end(&machine);
}
END_TEST

START_TEST(multiboot_command_line_counts_the_name)
{
	struct boot_machine machine;
	struct elf_builder builder;
	uint8_t code[16] = { 0 };
	char text[0x4000];

	memset(text, 'x', sizeof(text));
	machine_start(&machine);
	machine.params.cmdline = text;
	builder_multiboot(code, 0);
	builder_start(&builder, false, CODE_AT);
	builder_add(&builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, 16, 16 });
	/* "guest.img " has 10 bytes. */
	text[0x3fff - 10] = '\0';
	machine_load(&machine, &builder);
	text[0x3fff - 10] = 'x';
	text[0x3fff - 9] = '\0';
	expect_refusal(
		&machine, builder.bytes, builder.size, E2BIG,
		"command line of 16384 bytes is too long: at most 16383 with the image's name");
	machine_end(&machine);
}
END_TEST

START_TEST(machines_that_cannot_be)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	machine.params.ram.low_size = 0x100000;
	expect_refusal(
		&machine, builder.bytes, builder.size, ENOMEM,
		"guest memory of 1024 KiB is too small for any image: give the guest more than "
		"1 MiB");
	machine.params.ram.low_size = UINT64_C(0xc0001000);
	expect_refusal(
		&machine, builder.bytes, builder.size, EINVAL,
		"low guest memory of 0xc0001000 bytes is not a multiple of 4 KiB up to 3 GiB");
	machine.params.ram.low_size = RAM_SIZE - 1;
	expect_refusal(&machine, builder.bytes, builder.size, EINVAL,
		       "low guest memory of 0x3fffff bytes is not a multiple of 4 KiB up to 3 GiB");
	machine.params.ram.low_size = RAM_SIZE;
	machine.params.platform.nr_cpus = 0;
	expect_refusal(&machine, builder.bytes, builder.size, EINVAL, "0 CPUs from APIC id 0 on");
	machine.params.platform.nr_cpus = 2;
	machine.params.platform.first_apic_id = UINT32_MAX - 1;
	expect_refusal(&machine, builder.bytes, builder.size, EINVAL,
		       "2 CPUs from APIC id 4294967294 on");
	machine_end(&machine);
}
END_TEST

static void expect_load_error(struct boot_machine *machine, const char *path, int code,
			      const char *message)
{
	int ret = boot_load(path, &machine->params, &machine->entry, machine->error);

	ck_assert_str_eq(machine->error, message);
	ck_assert_int_eq(ret, -code);
}

START_TEST(files_that_cannot_be_read)
{
	char fifo[64];
	char message[BOOT_ERROR_SIZE];
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	expect_load_error(&machine, "/nonexistent/vmlinux", ENOENT,
			  "/nonexistent/vmlinux: cannot be opened: No such file or directory");
	expect_load_error(&machine, "/", EISDIR, "/: is a directory: give a file");
	expect_load_error(&machine, "/dev/null", ENOEXEC,
			  "/dev/null: is not a regular file: copy it to one first");

	/* A FIFO that nobody writes to does not block. */
	snprintf(fifo, sizeof(fifo), "/tmp/test_boot_bad.%d.fifo", (int)getpid());
	snprintf(message, sizeof(message), "%s: is not a regular file: copy it to one first", fifo);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	expect_load_error(&machine, fifo, ENOEXEC, message);
	unlink(fifo);

	machine.params.initrd = "/nonexistent/initrd";
	builder_simple(&builder, true, CODE_AT);
	ck_assert_int_eq(machine_try(&machine, builder.bytes, builder.size), -ENOENT);
	ck_assert_str_eq(machine.error,
			 "/nonexistent/initrd: cannot be opened: No such file or directory");
	machine_end(&machine);
}
END_TEST

START_TEST(messages_are_one_short_printable_line)
{
	struct boot_machine machine;
	char name[1024];

	machine_start(&machine);
	memset(name, 'n', sizeof(name));
	memcpy(name + sizeof(name) - 10, "guest.img", 10);
	int ret = boot_load_image(name, "", 0, &machine.params, &machine.entry, machine.error);
	ck_assert_int_eq(ret, -ENOEXEC);
	ck_assert_ptr_eq(strstr(machine.error, "...nnn"), machine.error);
	ck_assert_ptr_nonnull(strstr(machine.error, "nguest.img: empty file: " ACCEPTED));

	boot_load_image("a\nb\x7f", "", 0, &machine.params, &machine.entry, machine.error);
	ck_assert_str_eq(machine.error, "a?b?: empty file: " ACCEPTED);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: refusals");
	TCase *images = tcase_create("images");
	TCase *around = tcase_create("around the image");

	tcase_add_loop_test(images, other_files_are_named, 0, BOOT_COUNT(bad_files));
	tcase_add_test(images, empty_files_are_named);
	tcase_add_loop_test(images, damaged_multiboot, 0, BOOT_COUNT(bad_multiboots));
	suite_add_tcase(suite, images);
	tcase_add_test(around, command_lines_that_do_not_fit);
	tcase_add_test(around, initrds_that_do_not_fit);
	tcase_add_test(around, initrds_stay_above_1_mib);
	tcase_add_test(around, multiboot_command_line_counts_the_name);
	tcase_add_test(around, machines_that_cannot_be);
	tcase_add_test(around, files_that_cannot_be_read);
	tcase_add_test(around, messages_are_one_short_printable_line);
	suite_add_tcase(suite, around);
	return suite_run(suite);
}
