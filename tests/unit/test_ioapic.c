/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC's registers and what reaches them: indices, widths, masks, RTE fields.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description".
 */
#include "ioapic_fixture.h"

START_TEST(reset_values)
{
	static const uint8_t versions[] = { IOAPIC_VERSION_82093AA, IOAPIC_VERSION_EOI };

	for (size_t i = 0; i < IO_COUNT(versions); i++) {
		struct ioapic io = io_new_with(versions[i], true);

		ck_assert_uint_eq(ioapic_read(&io, IO_IOREGSEL, 4), 0);
		ck_assert_uint_eq(io_get(&io, 0), IO_ID << 24);
		ck_assert_uint_eq(io_get(&io, 1), 0x00170000u | versions[i]);
		ck_assert_uint_eq(io_get(&io, 2), IO_ID << 24);
		for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
			ck_assert_uint_eq(io_get_rte(&io, pin), 0x10000);
			io_expect_none(io_line(&io, pin, false));
		}
	}
}
END_TEST

START_TEST(reset_clamps_its_configuration)
{
	static const struct {
		uint8_t id, version;
		uint32_t id_register, version_register;
	} rows[] = {
		{ 15, 0x11, 0x0f000000, 0x170011 },  { 16, 0x20, 0x0f000000, 0x170020 },
		{ 255, 0xff, 0x0f000000, 0x170020 }, { 0, 0x00, 0x00000000, 0x170011 },
		{ 3, 0x1f, 0x03000000, 0x170011 },
	};

	for (size_t i = 0; i < IO_COUNT(rows); i++) {
		struct ioapic_config config = { .id = rows[i].id, .version = rows[i].version };
		struct ioapic io;

		ioapic_reset(&io, &config);
		ck_assert_uint_eq(io_get(&io, 0), rows[i].id_register);
		ck_assert_uint_eq(io_get(&io, 1), rows[i].version_register);
	}
}
END_TEST

START_TEST(r153_id_has_four_bits_and_the_arbitration_id_follows)
{
	struct ioapic io = io_new();

	io_expect_none(io_set(&io, 0, 0xffffffff));
	ck_assert_uint_eq(io_get(&io, 0), 0x0f000000);
	ck_assert_uint_eq(io_get(&io, 2), 0x0f000000);
	io_expect_none(io_set(&io, 0, 0xf3ffffff));
	ck_assert_uint_eq(io_get(&io, 2), 0x03000000);
}
END_TEST

START_TEST(version_and_arbitration_id_are_read_only)
{
	struct ioapic io = io_new();

	for (uint32_t index = 1; index <= 2; index++) {
		uint32_t before = io_get(&io, index);

		io_expect_none(io_set(&io, index, ~before));
		ck_assert_uint_eq(io_get(&io, index), before);
	}
}
END_TEST

START_TEST(r153_unknown_indices_read_zero_and_ignore_writes)
{
	struct ioapic io = io_new();

	for (uint32_t index = 3; index < 0x100; index++) {
		struct ioapic before;

		if (index >= 0x10 && index < 0x10 + 2 * IOAPIC_PINS)
			continue;
		io_select(&io, index);
		before = io;
		ck_assert_uint_eq(ioapic_read(&io, IO_IOWIN, 4), 0);
		io_expect_none(io_store(&io, IO_IOWIN, 4, 0xffffffff));
		ck_assert_mem_eq(&io, &before, sizeof(io));
	}
}
END_TEST

START_TEST(r153_ioregsel_takes_its_low_byte_at_any_width)
{
	static const uint32_t widths[] = { 1, 2, 4, 8 };

	for (size_t i = 0; i < IO_COUNT(widths); i++) {
		struct ioapic io = io_new();

		io_expect_none(io_store(&io, IO_IOREGSEL, widths[i], 0xabcdef01));
		ck_assert_uint_eq(ioapic_read(&io, IO_IOREGSEL, 4), 1);
		ck_assert_uint_eq(ioapic_read(&io, IO_IOREGSEL, 1), 1);
		ck_assert_uint_eq(ioapic_read(&io, IO_IOWIN, 4), 0x170020);
		io_expect_none(io_store(&io, IO_IOREGSEL, 0, 2));
		ck_assert_uint_eq(ioapic_read(&io, IO_IOREGSEL, 4), 1);
	}
}
END_TEST

START_TEST(r154_loads_give_the_bytes_they_cover)
{
	static const struct {
		uint64_t offset;
		uint32_t len;
		uint64_t value;
	} rows[] = {
		{ 0x10, 4, 0x00170020 }, { 0x10, 8, 0x00170020 }, { 0x10, 2, 0x0020 },
		{ 0x10, 1, 0x20 },       { 0x11, 1, 0x00 },       { 0x12, 1, 0x17 },
		{ 0x12, 2, 0x0017 },     { 0x12, 4, 0x0017 },     { 0x13, 8, 0x00 },
		{ 0x10, 3, 0x170020 },   { 0x10, 0, 0 },          { 0x14, 4, 0 },
		{ 0x20, 4, 0 },
	};
	struct ioapic io = io_new();

	io_select(&io, 1);
	for (size_t i = 0; i < IO_COUNT(rows); i++)
		ck_assert_uint_eq(ioapic_read(&io, rows[i].offset, rows[i].len), rows[i].value);
}
END_TEST

START_TEST(r154_only_dword_stores_reach_iowin)
{
	struct ioapic io = io_new();

	io_select(&io, 0x10);
	for (uint32_t len = 0; len <= 16; len++) {
		if (len == 4)
			continue;
		io_expect_none(io_store(&io, IO_IOWIN, len, 0x51));
		ck_assert_uint_eq(ioapic_read(&io, IO_IOWIN, 4), 0x10000);
	}
	io_expect_none(io_store(&io, IO_IOWIN, 4, UINT64_C(0xffffffff00000051)));
	ck_assert_uint_eq(io_get_rte(&io, 0), 0x51);
}
END_TEST

START_TEST(r154_the_rest_of_the_window_is_inert)
{
	struct ioapic io = io_new();
	struct ioapic before = io;

	for (uint64_t offset = 1; offset < IOAPIC_WINDOW; offset++) {
		for (uint32_t len = 0; len <= 16; len++) {
			if (offset == IO_IOWIN || offset == IO_EOI)
				continue;
			io_expect_none(io_store(&io, offset, len, UINT64_MAX));
			if (offset >= 0x14)
				ck_assert_uint_eq(ioapic_read(&io, offset, len), 0);
		}
	}
	io_expect_none(io_store(&io, UINT64_MAX, 4, UINT64_MAX));
	ck_assert_uint_eq(ioapic_read(&io, UINT64_MAX, UINT32_MAX), 0);
	ck_assert_mem_eq(&io, &before, sizeof(io));
}
END_TEST

START_TEST(rte_reserved_bits_stay_zero)
{
	static const struct {
		bool ext_dest;
		uint64_t ones;
	} rows[] = {
		{ false, UINT64_C(0xff0000000001afff) },
		{ true, UINT64_C(0xfffe00000001afff) },
	};

	for (size_t i = 0; i < IO_COUNT(rows); i++) {
		struct ioapic io = io_new_with(IOAPIC_VERSION_82093AA, rows[i].ext_dest);

		for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
			io_expect_none(io_set_rte(&io, pin, UINT64_MAX));
			ck_assert_uint_eq(io_get_rte(&io, pin), rows[i].ones);
			io_expect_none(io_set_rte(&io, pin, 0));
			ck_assert_uint_eq(io_get_rte(&io, pin), 0);
		}
	}
}
END_TEST

START_TEST(r146_rte_halves_are_written_apart)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, 3, UINT64_C(0x1100000000010022)));
	io_expect_none(io_set(&io, 0x17, 0x33000000));
	ck_assert_uint_eq(io_get_rte(&io, 3), UINT64_C(0x3300000000010022));
	io_expect_none(io_set(&io, 0x16, 0x00010044));
	ck_assert_uint_eq(io_get_rte(&io, 3), UINT64_C(0x3300000000010044));
	ck_assert_uint_eq(io_get_rte(&io, 2), 0x10000);
	ck_assert_uint_eq(io_get_rte(&io, 4), 0x10000);
}
END_TEST

START_TEST(r143_remote_irr_and_delivery_status_are_read_only)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR | 0x5000));
	ck_assert_uint_eq(io_get_rte(&io, IO_PIN), IO_LEVEL | IO_VECTOR);
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
	ck_assert_uint_eq(io_get_rte(&io, IO_PIN), IO_LEVEL | IO_VECTOR | 0x4000);
	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR));
	ck_assert_uint_eq(io_get_rte(&io, IO_PIN), IO_LEVEL | IO_VECTOR | 0x4000);
}
END_TEST

START_TEST(rte_fields_become_the_message)
{
	static const struct {
		uint64_t rte;
		struct apic_msg msg;
	} rows[] = {
		{ UINT64_C(0x0000000000000030), { .vector = 0x30 } },
		{ UINT64_C(0x7f000000000000ff), { .vector = 0xff, .dest = 0x7f } },
		{ UINT64_C(0xff00000000010800), { .logical = true, .dest = 0xff } },
		{ UINT64_C(0x0000000000008020), { .vector = 0x20, .level_trigger = true } },
		{ UINT64_C(0x0000000000008120),
		  { .vector = 0x20, .level_trigger = true, .mode = APIC_MODE_LOWEST_PRIORITY } },
		{ UINT64_C(0x0001ffffffff7020), { .vector = 0x20 } },
	};

	for (size_t i = 0; i < IO_COUNT(rows); i++) {
		struct apic_msg msg = ioapic_rte_msg(rows[i].rte, true);

		ck_assert_uint_eq(msg.dest, rows[i].msg.dest);
		ck_assert_uint_eq(msg.vector, rows[i].msg.vector);
		ck_assert_int_eq(msg.mode, rows[i].msg.mode);
		ck_assert_int_eq(msg.logical, rows[i].msg.logical);
		ck_assert_int_eq(msg.level_trigger, rows[i].msg.level_trigger);
		ck_assert_int_eq(msg.shorthand, APIC_SHORTHAND_NONE);
		ck_assert(msg.asserted);
	}
}
END_TEST

START_TEST(r151_only_fixed_and_lowest_priority_can_be_level)
{
	for (uint32_t mode = 0; mode < 8; mode++) {
		uint64_t rte = IO_VECTOR | (uint64_t)mode << 8;
		struct apic_msg level = ioapic_rte_msg(rte | IO_LEVEL, false);
		struct apic_msg edge = ioapic_rte_msg(rte | IO_EDGE, false);

		ck_assert_uint_eq(level.mode, mode);
		ck_assert_int_eq(level.level_trigger, mode <= 1);
		ck_assert(!edge.level_trigger);
	}
}
END_TEST

START_TEST(r156_bits_55_to_49_are_destination_bits_14_to_8)
{
	static const struct {
		uint64_t rte;
		bool ext_dest;
		uint32_t dest;
	} rows[] = {
		{ UINT64_C(0x0002000000000000), true, 0x0100 },
		{ UINT64_C(0x0080000000000000), true, 0x4000 },
		{ UINT64_C(0xfffe000000000000), true, 0x7fff },
		{ UINT64_C(0x0001000000000000), true, 0x0000 },
		{ UINT64_C(0x1234000000000000), true, 0x1a12 },
		{ UINT64_C(0xfffe000000000000), false, 0x00ff },
	};

	for (size_t i = 0; i < IO_COUNT(rows); i++) {
		struct ioapic io = io_new_with(IOAPIC_VERSION_EOI, rows[i].ext_dest);
		struct ioapic_out out;

		ck_assert_uint_eq(ioapic_rte_msg(rows[i].rte, rows[i].ext_dest).dest, rows[i].dest);
		io_expect_none(io_set_rte(&io, IO_PIN, rows[i].rte | IO_VECTOR));
		out = io_line(&io, IO_PIN, true);
		io_expect_one(out, IO_PIN, IO_VECTOR);
		ck_assert_uint_eq(out.msg[0].dest, rows[i].dest);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ioapic");
	TCase *registers = tcase_create("registers");
	TCase *entries = tcase_create("redirection table");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(registers, reset_values);
	tcase_add_test(registers, reset_clamps_its_configuration);
	tcase_add_test(registers, r153_id_has_four_bits_and_the_arbitration_id_follows);
	tcase_add_test(registers, version_and_arbitration_id_are_read_only);
	tcase_add_test(registers, r153_unknown_indices_read_zero_and_ignore_writes);
	tcase_add_test(registers, r153_ioregsel_takes_its_low_byte_at_any_width);
	tcase_add_test(registers, r154_loads_give_the_bytes_they_cover);
	tcase_add_test(registers, r154_only_dword_stores_reach_iowin);
	tcase_add_test(registers, r154_the_rest_of_the_window_is_inert);
	suite_add_tcase(suite, registers);
	tcase_add_test(entries, rte_reserved_bits_stay_zero);
	tcase_add_test(entries, r146_rte_halves_are_written_apart);
	tcase_add_test(entries, r143_remote_irr_and_delivery_status_are_read_only);
	tcase_add_test(entries, rte_fields_become_the_message);
	tcase_add_test(entries, r151_only_fixed_and_lowest_priority_can_be_level);
	tcase_add_test(entries, r156_bits_55_to_49_are_destination_bits_14_to_8);
	suite_add_tcase(suite, entries);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
