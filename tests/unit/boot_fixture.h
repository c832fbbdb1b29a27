/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests of boot/ share: a small machine whose memory is dirty, loading into it, and
 * reading what a guest would find. Addresses are written out here as boot/README.md, "Memory", has
 * them: the tests do not include boot/layout.h.
 */
#ifndef TESTS_BOOT_FIXTURE_H
#define TESTS_BOOT_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/start_info.h"
#include "elf_builder.h"

#define BOOT_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How most refusals end. */
#define ACCEPTED "accepted are bzImage, ELF64, ELF with a PVH note, and multiboot 1"

#define RAM_SIZE  0x400000u
#define RAM_DIRT  0xa5
#define CODE_AT   0x200000u
#define STACK_TOP 0x8c000u
#define RSDP_AT   0xe0000u

struct boot_machine {
	struct boot_params params;
	struct boot_entry entry;
	char error[BOOT_ERROR_SIZE];
};

static inline void machine_start(struct boot_machine *machine)
{
	*machine = (struct boot_machine){
		.params = {
			.ram = { .low = malloc(RAM_SIZE), .low_size = RAM_SIZE },
			.platform = {
				.nr_cpus = 4,
				.ioapic_id = 4,
				.ioapic_address = 0xfec00000,
				.pm1a_event_port = 0x600,
				.pm1a_control_port = 0x604,
				.pm_timer_port = 0x608,
				.rtc_century = 0x32,
				.reset_port = 0xcf9,
				.reset_value = 6,
				.sci_irq = 9,
				.s5_sleep_type = 5,
			},
			.cmdline = "one two",
		},
	};
	ck_assert_ptr_nonnull(machine->params.ram.low);
	memset(machine->params.ram.low, RAM_DIRT, RAM_SIZE);
}

static inline void machine_end(struct boot_machine *machine)
{
	free(machine->params.ram.low);
}

static inline int machine_try(struct boot_machine *machine, const void *image, size_t size)
{
	memset(&machine->entry, RAM_DIRT, sizeof(machine->entry));
	memset(machine->error, RAM_DIRT, sizeof(machine->error));
	return boot_load_image("guest.img", image, size, &machine->params, &machine->entry,
			       machine->error);
}

static inline void machine_load(struct boot_machine *machine, const struct elf_builder *builder)
{
	int ret = machine_try(machine, builder->bytes, builder->size);

	ck_assert_msg(ret == 0, "%d: %s", ret, machine->error);
	ck_assert_str_eq(machine->error, "");
}

static inline void expect_refusal(struct boot_machine *machine, const void *image, size_t size,
				  int code, const char *reason)
{
	char expected[2 * BOOT_ERROR_SIZE];
	int ret = machine_try(machine, image, size);

	snprintf(expected, sizeof(expected), "guest.img: %s", reason);
	ck_assert_str_eq(machine->error, expected);
	ck_assert_int_eq(ret, -code);
}

/* Guest memory from address on; size bytes of it must exist. */
static inline const uint8_t *guest_at(const struct boot_machine *machine, uint64_t address,
				      uint64_t size)
{
	ck_assert_uint_le(address, machine->params.ram.low_size);
	ck_assert_uint_le(size, machine->params.ram.low_size - address);
	return machine->params.ram.low + address;
}

static inline uint64_t guest_read(const struct boot_machine *machine, uint64_t address, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, guest_at(machine, address, size), size);
	return value;
}

static inline uint8_t guest_u8(const struct boot_machine *machine, uint64_t address)
{
	return (uint8_t)guest_read(machine, address, 1);
}

static inline uint16_t guest_u16(const struct boot_machine *machine, uint64_t address)
{
	return (uint16_t)guest_read(machine, address, 2);
}

static inline uint32_t guest_u32(const struct boot_machine *machine, uint64_t address)
{
	return (uint32_t)guest_read(machine, address, 4);
}

static inline uint64_t guest_u64(const struct boot_machine *machine, uint64_t address)
{
	return guest_read(machine, address, 8);
}

/* A string that ends inside guest memory. */
static inline const char *guest_string(const struct boot_machine *machine, uint64_t address)
{
	uint64_t room = machine->params.ram.low_size - address;
	const uint8_t *text = guest_at(machine, address, room);

	ck_assert_ptr_nonnull(memchr(text, 0, room));
	return (const char *)text;
}

static inline void guest_expect_bytes(const struct boot_machine *machine, uint64_t address,
				      uint64_t size, uint8_t value)
{
	const uint8_t *bytes = guest_at(machine, address, size);
	uint64_t same = 0;

	/* One assertion for all: libcheck reports each to its parent process. */
	while (same < size && bytes[same] == value)
		same++;
	ck_assert_msg(same == size, "0x%" PRIx64 ": 0x%x, not 0x%x", address + same, bytes[same],
		      value);
}

/* A file with these bytes; path is a template for mkstemp(). */
static inline void file_write(char *path, const void *bytes, size_t size)
{
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
