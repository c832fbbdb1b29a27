/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI tables, read back as a guest reads them: by signature, offset and checksum.
 *
 * ACPI 5.0, "Root System Description Pointer", "Fixed ACPI Description Table", "Multiple APIC
 * Description Table".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_tables.h"

#define HEADER_SIZE 36u
#define DSDT_PCI_AT 176u /* behind _S5_, COM1, TIMR and RTC_ */

/* A sound ACPI table inside the reserved area; returns its length. */
static uint32_t expect_table(const struct boot_machine *machine, uint64_t address,
			     const char *signature, uint8_t revision)
{
	uint32_t length = guest_u32(machine, address + 4);

	expect_text(machine, address, signature);
	ck_assert_uint_ge(address, RSDP_AT);
	ck_assert_uint_ge(length, HEADER_SIZE);
	ck_assert_uint_le(address + length, TABLES_END);
	ck_assert_uint_eq(guest_u8(machine, address + 8), revision);
	expect_checksum(machine, address, length);
	return length;
}

/* The table with this signature, by the XSDT. */
static uint64_t find_table(const struct boot_machine *machine, const char *signature)
{
	uint64_t xsdt = guest_u64(machine, RSDP_AT + 24);
	uint32_t end = expect_table(machine, xsdt, "XSDT", 1);

	for (uint32_t at = HEADER_SIZE; at < end; at += 8) {
		uint64_t table = guest_u64(machine, xsdt + at);
		if (memcmp(guest_at(machine, table, 4), signature, 4) == 0)
			return table;
	}
	ck_abort_msg("no table %s", signature);
	return 0;
}

START_TEST(rsdp_leads_to_the_same_tables_by_both_ways)
{
	struct boot_machine machine;

	load_with(&machine, 4, 0);
	expect_text(&machine, RSDP_AT, "RSD PTR ");
	expect_checksum(&machine, RSDP_AT, 20);
	expect_checksum(&machine, RSDP_AT, 36);
	ck_assert_uint_eq(guest_u8(&machine, RSDP_AT + 15), 2);
	ck_assert_uint_eq(guest_u32(&machine, RSDP_AT + 20), 36);

	uint64_t rsdt = guest_u32(&machine, RSDP_AT + 16);
	uint64_t xsdt = guest_u64(&machine, RSDP_AT + 24);
	uint32_t tables = (expect_table(&machine, rsdt, "RSDT", 1) - HEADER_SIZE) / 4;
	ck_assert_uint_eq(tables, 2);
	ck_assert_uint_eq(expect_table(&machine, xsdt, "XSDT", 1), HEADER_SIZE + tables * 8);
	for (uint32_t i = 0; i < tables; i++) {
		ck_assert_uint_eq(guest_u32(&machine, rsdt + HEADER_SIZE + i * 4),
				  guest_u64(&machine, xsdt + HEADER_SIZE + i * 8));
	}
	machine_end(&machine);
}
END_TEST

/* A Generic Address Structure for an I/O port. */
static void expect_io(const struct boot_machine *machine, uint64_t at, uint64_t port, uint8_t bits)
{
	ck_assert_uint_eq(guest_u8(machine, at), port == 0 ? 0 : 1);
	ck_assert_uint_eq(guest_u8(machine, at + 1), bits);
	ck_assert_uint_eq(guest_u8(machine, at + 2), 0);
	ck_assert_uint_eq(guest_u64(machine, at + 4), port);
}

START_TEST(fadt_names_the_platforms_registers)
{
	struct boot_machine machine;

	load_with(&machine, 4, 0);
	uint64_t fadt = find_table(&machine, "FACP");
	ck_assert_uint_eq(expect_table(&machine, fadt, "FACP", 5), 268);
	ck_assert_uint_eq(guest_u16(&machine, fadt + 46), 9);
	ck_assert_uint_eq(guest_u32(&machine, fadt + 48), 0);
	ck_assert_uint_eq(guest_u32(&machine, fadt + 56), 0x600);
	ck_assert_uint_eq(guest_u32(&machine, fadt + 64), 0x604);
	ck_assert_uint_eq(guest_u32(&machine, fadt + 76), 0x608);
	ck_assert_uint_eq(guest_u8(&machine, fadt + 88), 4);
	ck_assert_uint_eq(guest_u8(&machine, fadt + 89), 2);
	ck_assert_uint_eq(guest_u8(&machine, fadt + 91), 4);
	ck_assert_uint_eq(guest_u8(&machine, fadt + 108), 0x32);
	/* Legacy devices, 8042, no VGA. */
	ck_assert_uint_eq(guest_u16(&machine, fadt + 109), 0x7);
	/* WBINVD, C1, neither fixed power nor sleep button, no RTC wake-up, 32-bit timer, reset. */
	ck_assert_uint_eq(guest_u32(&machine, fadt + 112), 0x575);
	expect_io(&machine, fadt + 116, 0xcf9, 8);
	ck_assert_uint_eq(guest_u8(&machine, fadt + 128), 6);
	expect_io(&machine, fadt + 148, 0x600, 32);
	expect_io(&machine, fadt + 172, 0x604, 16);
	expect_io(&machine, fadt + 208, 0x608, 32);
	machine_end(&machine);
}
END_TEST

START_TEST(fadt_leads_to_facs_and_dsdt)
{
	struct boot_machine machine;

	load_with(&machine, 4, 0);
	uint64_t fadt = find_table(&machine, "FACP");
	uint64_t facs = guest_u32(&machine, fadt + 36);
	expect_text(&machine, facs, "FACS");
	ck_assert_uint_eq(facs % 64, 0);
	ck_assert_uint_eq(guest_u32(&machine, facs + 4), 64);
	ck_assert_uint_eq(guest_u64(&machine, fadt + 132), 0);
	uint64_t dsdt = guest_u32(&machine, fadt + 40);
	ck_assert_uint_eq(guest_u64(&machine, fadt + 140), dsdt);
	expect_table(&machine, dsdt, "DSDT", 2);
	machine_end(&machine);
}
END_TEST

START_TEST(fadt_without_pm_timer)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	machine.params.platform.pm_timer_port = 0;
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	uint64_t fadt = find_table(&machine, "FACP");
	expect_table(&machine, fadt, "FACP", 5);
	ck_assert_uint_eq(guest_u32(&machine, fadt + 76), 0);
	ck_assert_uint_eq(guest_u8(&machine, fadt + 91), 0);
	expect_io(&machine, fadt + 208, 0, 0);
	machine_end(&machine);
}
END_TEST

START_TEST(dsdt_is_the_expected_aml)
{
	/* Lengths are those of the two-byte form; sleep type 5 is the fixture's. */
	/* clang-format off */
	static const uint8_t aml[] = {
		0x08, '_', 'S', '5', '_', 0x12, 0x49, 0x00, 4, 0x0a, 5, 0x0a, 5, 0x00, 0x00,
		0x10, 0x40, 0x0a, '\\', '_', 'S', 'B', '_',
		0x5b, 0x82, 0x41, 0x03, 'C', 'O', 'M', '1',
		0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01, /* PNP0501 */
		0x08, '_', 'U', 'I', 'D', 0x0c, 1, 0, 0, 0,
		0x08, '_', 'C', 'R', 'S', 0x11, 0x41, 0x01, 0x0a, 13,
		0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 1, 8, /* ports */
		0x22, 0x10, 0x00, /* IRQ 4 */
		0x79, 0x00,
		0x5b, 0x82, 0x41, 0x03, 'T', 'I', 'M', 'R',
		0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x01, 0x00, /* PNP0100 */
		0x08, '_', 'U', 'I', 'D', 0x0c, 0, 0, 0, 0,
		0x08, '_', 'C', 'R', 'S', 0x11, 0x41, 0x01, 0x0a, 13,
		0x47, 0x01, 0x40, 0x00, 0x40, 0x00, 1, 4, /* ports */
		0x22, 0x01, 0x00, /* IRQ 0 */
		0x79, 0x00,
		0x5b, 0x82, 0x41, 0x03, 'R', 'T', 'C', '_',
		0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0b, 0x00, /* PNP0B00 */
		0x08, '_', 'U', 'I', 'D', 0x0c, 0, 0, 0, 0,
		0x08, '_', 'C', 'R', 'S', 0x11, 0x41, 0x01, 0x0a, 13,
		0x47, 0x01, 0x70, 0x00, 0x70, 0x00, 1, 2, /* ports */
		0x22, 0x00, 0x01, /* IRQ 8 */
		0x79, 0x00,
	};
	/* clang-format on */
	struct boot_machine machine;

	load_with(&machine, 1, 0);
	uint64_t dsdt = guest_u32(&machine, find_table(&machine, "FACP") + 40);
	ck_assert_uint_eq(expect_table(&machine, dsdt, "DSDT", 2), HEADER_SIZE + sizeof(aml));
	ck_assert_mem_eq(guest_at(&machine, dsdt + HEADER_SIZE, sizeof(aml)), aml, sizeof(aml));
	machine_end(&machine);
}
END_TEST

/* A window of 64 MiB, and GSIs that come round after three slots. */
START_TEST(dsdt_with_a_pci_bus)
{
	/* clang-format off */
	static const uint8_t aml[] = {
		0x5b, 0x82, 0x45, 0x21, 'P', 'C', 'I', '0',
		0x08, '_', 'H', 'I', 'D', 0x0c, 0x41, 0xd0, 0x0a, 0x03, /* PNP0A03 */
		0x08, '_', 'U', 'I', 'D', 0,
		0x08, '_', 'B', 'B', 'N', 0,
		0x08, '_', 'C', 'R', 'S', 0x11, 0x48, 0x03, 0x0a, 52,
		0x88, 13, 0, 2, 0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, /* bus 0 */
		0x47, 0x01, 0xf8, 0x0c, 0xf8, 0x0c, 1, 8, /* configuration ports */
		0x87, 23, 0, 0, 0x0c, 1, 0, 0, 0, 0, 0, 0, 0, 0xd0, /* memory */
		0xff, 0xff, 0xff, 0xd3, 0, 0, 0, 0, 0, 0, 0, 4,
		0x79, 0x00,
		0x08, '_', 'P', 'R', 'T', 0x12, 0x45, 0x1b, 31,
		0x12, 0x4d, 0x00, 4, 0x0c, 0xff, 0xff, 1, 0, 0x0a, 0, 0, 0x0a, 17,
		0x12, 0x4d, 0x00, 4, 0x0c, 0xff, 0xff, 2, 0, 0x0a, 0, 0, 0x0a, 18,
		0x12, 0x4d, 0x00, 4, 0x0c, 0xff, 0xff, 3, 0, 0x0a, 0, 0, 0x0a, 16,
	};
	/* clang-format on */
	static const uint8_t last[] = { 0x0c, 0xff, 0xff, 31, 0, 0x0a, 0, 0, 0x0a, 17 };
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	machine.params.platform.pci = (struct boot_pci){ 0xd0000000, 0x04000000, 16, 3 };
	builder_simple(&builder, true, CODE_AT);
	machine_load(&machine, &builder);
	uint64_t dsdt = guest_u32(&machine, find_table(&machine, "FACP") + 40);
	uint64_t end = dsdt + expect_table(&machine, dsdt, "DSDT", 2);
	uint64_t pci = dsdt + HEADER_SIZE + DSDT_PCI_AT;
	ck_assert_mem_eq(guest_at(&machine, pci, sizeof(aml)), aml, sizeof(aml));
	ck_assert_mem_eq(guest_at(&machine, end - sizeof(last), sizeof(last)), last, sizeof(last));
	machine_end(&machine);
}
END_TEST

#define MADT_TYPES 11u

/* How many entries of each type; the entries' sizes must add up to the table's. */
static void count_madt(const struct boot_machine *machine, uint32_t count[MADT_TYPES])
{
	static const uint8_t sizes[MADT_TYPES] = { 8, 12, 10, 0, 6, 0, 0, 0, 0, 16, 12 };
	uint64_t madt = find_table(machine, "APIC");
	uint64_t end = madt + expect_table(machine, madt, "APIC", 3);
	uint64_t at = madt + 44;

	memset(count, 0, MADT_TYPES * sizeof(*count));
	while (at < end) {
		uint8_t type = guest_u8(machine, at);
		ck_assert_uint_lt(type, MADT_TYPES);
		ck_assert_uint_eq(guest_u8(machine, at + 1), sizes[type]);
		count[type]++;
		at += sizes[type];
	}
	ck_assert_uint_eq(at, end);
}

START_TEST(madt_has_every_processor)
{
	const struct table_shape *shape = &table_shapes[_i];
	struct boot_machine machine;
	uint32_t count[MADT_TYPES];

	load_with(&machine, shape->nr_cpus, shape->first_id);
	count_madt(&machine, count);
	ck_assert_uint_eq(count[0], shape->xapic);
	ck_assert_uint_eq(count[9], shape->x2apic);
	ck_assert_uint_eq(count[1], 1);
	ck_assert_uint_eq(count[2], 2);
	ck_assert_uint_eq(count[4], shape->xapic > 0);
	ck_assert_uint_eq(count[10], shape->x2apic > 0);

	/* The processors come first, in order. */
	uint64_t at = find_table(&machine, "APIC") + 44;
	for (uint32_t n = 0; n < shape->nr_cpus; n++) {
		uint32_t id = shape->first_id + n;
		bool wide = id >= 255;
		/* Type, length, UID, id, flags; type, length, reserved, id, flags, UID. */
		const uint8_t narrow[8] = { 0, 8, (uint8_t)n, (uint8_t)id, 1 };
		const uint32_t full[4] = { 9 | 16 << 8, id, 1, n };
		const void *expected = wide ? (const void *)full : narrow;
		if (memcmp(guest_at(&machine, at, 16), expected, wide ? 16 : 8) != 0)
			ck_abort_msg("processor %u is not as it should be", n);
		at += wide ? 16 : 8;
	}
	machine_end(&machine);
}
END_TEST

START_TEST(madt_wiring)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		1, 12, 4, 0, 0x00, 0x00, 0xc0, 0xfe, 0, 0, 0, 0, /* I/O APIC 4 from GSI 0 */
		2, 10, 0, 0, 2, 0, 0, 0, 0, 0, /* IRQ 0 is GSI 2, as the bus has it */
		2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0, /* the SCI: level-triggered, active high */
		4, 6, 0xff, 0, 0, 1, /* NMI on LINT1 of all */
		10, 12, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0,
	};
	/* clang-format on */
	struct boot_machine machine;

	load_with(&machine, 256, 0);
	uint64_t madt = find_table(&machine, "APIC");
	ck_assert_uint_eq(guest_u32(&machine, madt + 36), 0xfee00000);
	ck_assert_uint_eq(guest_u32(&machine, madt + 40), 1);
	uint64_t at = madt + 44 + 255 * 8 + 16;
	ck_assert_mem_eq(guest_at(&machine, at, sizeof(expected)), expected, sizeof(expected));
	ck_assert_uint_eq(at + sizeof(expected), madt + guest_u32(&machine, madt + 4));
	machine_end(&machine);
}
END_TEST

START_TEST(too_many_processors_are_refused)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	builder_simple(&builder, true, CODE_AT);
	/* 124 KiB are less than 8192 entries of 16 bytes. */
	machine.params.platform.nr_cpus = 8192;
	ck_assert_int_eq(machine_try(&machine, builder.bytes, builder.size), -ENOMEM);
	ck_assert_str_eq(machine.error, "guest.img: firmware tables for 8192 CPUs do not fit into "
					"126976 bytes: start fewer CPUs");
	ck_assert_uint_eq(guest_u8(&machine, TABLES_END), RAM_DIRT);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: ACPI tables");
	TCase *fixed = tcase_create("fixed tables");
	TCase *madt = tcase_create("MADT");

	tcase_add_test(fixed, rsdp_leads_to_the_same_tables_by_both_ways);
	tcase_add_test(fixed, fadt_names_the_platforms_registers);
	tcase_add_test(fixed, fadt_leads_to_facs_and_dsdt);
	tcase_add_test(fixed, fadt_without_pm_timer);
	tcase_add_test(fixed, dsdt_is_the_expected_aml);
	tcase_add_test(fixed, dsdt_with_a_pci_bus);
	suite_add_tcase(suite, fixed);
	tcase_add_loop_test(madt, madt_has_every_processor, 0, BOOT_COUNT(table_shapes));
	tcase_add_test(madt, madt_wiring);
	tcase_add_test(madt, too_many_processors_are_refused);
	suite_add_tcase(suite, madt);
	return suite_run(suite);
}
