/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MP table, read back as a guest without ACPI reads it.
 *
 * MultiProcessor Specification 1.4, "MP Configuration Table".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_tables.h"

/* The MP configuration table, by the floating pointer at an address. */
static uint64_t mp_table(const struct boot_machine *machine, uint64_t pointer)
{
	expect_text(machine, pointer, "_MP_");
	ck_assert_uint_eq(pointer % 16, 0);
	ck_assert_uint_eq(guest_u8(machine, pointer + 8), 1);
	ck_assert_uint_eq(guest_u8(machine, pointer + 9), 4);
	guest_expect_bytes(machine, pointer + 11, 5, 0);
	expect_checksum(machine, pointer, 16);
	return guest_u32(machine, pointer + 4);
}

START_TEST(mp_table_is_found_in_the_first_kib_and_in_the_ebda)
{
	struct boot_machine machine;

	load_with(&machine, 4, 0);
	uint64_t table = mp_table(&machine, 0x3f0);
	ck_assert_uint_eq(mp_table(&machine, 0x9fc10), table);
	expect_text(&machine, table, "PCMP");
	ck_assert_uint_eq(guest_u8(&machine, table + 6), 4);
	ck_assert_uint_eq(guest_u32(&machine, table + 36), 0xfee00000);
	expect_checksum(&machine, table, guest_u16(&machine, table + 4));
	machine_end(&machine);
}
END_TEST

#define MP_TYPES 5u

START_TEST(mp_table_has_the_processors_that_fit)
{
	static const uint8_t sizes[MP_TYPES] = { 20, 8, 8, 8, 8 };
	const struct table_shape *shape = &table_shapes[_i];
	struct boot_machine machine;
	uint32_t count[MP_TYPES] = { 0 };

	load_with(&machine, shape->nr_cpus, shape->first_id);
	if (shape->xapic == 0) {
		/* A table without the bootstrap processor would be worse than none. */
		guest_expect_bytes(&machine, 0x3f0, 16, 0);
		guest_expect_bytes(&machine, 0x9fc10, 16, 0);
		machine_end(&machine);
		return;
	}
	uint64_t table = mp_table(&machine, 0x3f0);
	uint64_t end = table + guest_u16(&machine, table + 4);
	ck_assert_uint_le(end, TABLES_END);
	expect_checksum(&machine, table, end - table);
	for (uint64_t at = table + 44; at < end; at += sizes[guest_u8(&machine, at)]) {
		uint8_t type = guest_u8(&machine, at);
		ck_assert_uint_lt(type, MP_TYPES);
		if (type == 0) {
			ck_assert_uint_eq(guest_u8(&machine, at + 1), shape->first_id + count[0]);
			ck_assert_uint_eq(guest_u8(&machine, at + 3), count[0] == 0 ? 3 : 1);
		}
		count[type]++;
	}
	ck_assert_uint_eq(count[0], shape->xapic);
	ck_assert_uint_eq(count[1], 1);
	ck_assert_uint_eq(count[2], 1);
	ck_assert_uint_eq(count[3], 16);
	ck_assert_uint_eq(count[4], 2);
	ck_assert_uint_eq(guest_u16(&machine, table + 34), shape->xapic + 20);
	machine_end(&machine);
}
END_TEST

START_TEST(mp_table_wiring)
{
	struct boot_machine machine;

	load_with(&machine, 1, 0);
	uint64_t at = mp_table(&machine, 0x3f0) + 44 + 20;
	expect_text(&machine, at + 2, "ISA   ");
	ck_assert_uint_eq(guest_u8(&machine, at + 8 + 1), 4);
	ck_assert_uint_eq(guest_u32(&machine, at + 8 + 4), 0xfec00000);
	at += 16;
	/* ExtINT on pin 0, then the ISA interrupts; 8 bytes as one little-endian word. */
	ck_assert_uint_eq(guest_u64(&machine, at), 0x0004000000000303);
	for (uint64_t irq = 0; irq < 16; irq++) {
		if (irq == 2)
			continue;
		at += 8;
		uint64_t pin = irq == 0 ? 2 : irq;
		uint64_t flags = irq == 9 ? 0xd : 0;
		ck_assert_uint_eq(guest_u64(&machine, at),
				  3 | flags << 16 | irq << 40 | UINT64_C(4) << 48 | pin << 56);
	}
	ck_assert_uint_eq(guest_u64(&machine, at + 8), 0x00ff000000000304);
	ck_assert_uint_eq(guest_u64(&machine, at + 16), 0x01ff000000000104);
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: MP table");
	TCase *mp = tcase_create("MP table");

	tcase_add_test(mp, mp_table_is_found_in_the_first_kib_and_in_the_ebda);
	tcase_add_loop_test(mp, mp_table_has_the_processors_that_fit, 0, BOOT_COUNT(table_shapes));
	tcase_add_test(mp, mp_table_wiring);
	suite_add_tcase(suite, mp);
	return suite_run(suite);
}
