/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the firmware tables share: machines of many shapes, and looking at bytes.
 *
 * boot/README.md, "Tables".
 */
#ifndef TESTS_BOOT_TABLES_H
#define TESTS_BOOT_TABLES_H

#include "boot_fixture.h"

#define TABLES_END 0x100000u

/* Rows for the CPU counts and first ids that the tables have to describe. */
struct table_shape {
	uint32_t nr_cpus, first_id;
	uint32_t xapic, x2apic; /* entries */
};

/* clang-format off */
static const struct table_shape table_shapes[] = {
	{ 1, 0, 1, 0 },
	{ 4, 0, 4, 0 },
	{ 255, 0, 255, 0 },
	{ 256, 0, 255, 1 },
	{ 288, 0, 255, 33 },
	{ 1024, 0, 255, 769 },
	{ 4, 253, 2, 2 },
	{ 4, 255, 0, 4 },
	{ 8, 16, 8, 0 },
	{ 1024, 2000, 0, 1024 },
};
/* clang-format on */

static inline void expect_checksum(const struct boot_machine *machine, uint64_t address,
				   uint64_t size)
{
	const uint8_t *bytes = guest_at(machine, address, size);
	uint8_t sum = 0;

	for (uint64_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + bytes[i]);
	ck_assert_uint_eq(sum, 0);
}

static inline void expect_text(const struct boot_machine *machine, uint64_t address,
			       const char *text)
{
	ck_assert_mem_eq(guest_at(machine, address, strlen(text)), text, strlen(text));
}

static inline void load_with(struct boot_machine *machine, uint32_t nr_cpus, uint32_t first_id)
{
	struct elf_builder builder;

	machine_start(machine);
	machine->params.platform.nr_cpus = nr_cpus;
	machine->params.platform.first_apic_id = first_id;
	builder_simple(&builder, true, CODE_AT);
	machine_load(machine, &builder);
}

#endif
