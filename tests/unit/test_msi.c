/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI address and data, decoded and encoded.
 *
 * SDM vol. 3, "Message Address Register Format" and "Message Data Register Format".
 */
#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ioapic/msi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ADDRESS UINT64_C(0xfee00000)

static struct apic_msg poison(void)
{
	struct apic_msg msg;

	memset(&msg, 0, sizeof(msg));
	msg.dest = 0xdeadbeef;
	return msg;
}

static struct apic_msg decode(uint64_t address, uint32_t data, bool ext_dest)
{
	struct apic_msg msg = poison();

	ck_assert(msi_decode(address, data, ext_dest, &msg));
	ck_assert_int_eq(msg.shorthand, APIC_SHORTHAND_NONE);
	return msg;
}

static void expect_equal(const struct apic_msg *a, const struct apic_msg *b)
{
	ck_assert_uint_eq(a->dest, b->dest);
	ck_assert_uint_eq(a->vector, b->vector);
	ck_assert_int_eq(a->mode, b->mode);
	ck_assert_int_eq(a->shorthand, b->shorthand);
	ck_assert_int_eq(a->logical, b->logical);
	ck_assert_int_eq(a->level_trigger, b->level_trigger);
	ck_assert_int_eq(a->asserted, b->asserted);
}

START_TEST(every_field_is_decoded)
{
	struct apic_msg msg = decode(0xfee42004, 0xc1b3, false);

	ck_assert_uint_eq(msg.dest, 0x42);
	ck_assert_uint_eq(msg.vector, 0xb3);
	ck_assert_int_eq(msg.mode, APIC_MODE_LOWEST_PRIORITY);
	ck_assert(msg.logical);
	ck_assert(msg.level_trigger);
	ck_assert(msg.asserted);
}
END_TEST

START_TEST(addresses_elsewhere_are_no_msis)
{
	static const uint64_t addresses[] = {
		0,
		UINT64_C(0xfed00000),
		UINT64_C(0xfef00000),
		UINT64_C(0x1fee00000),
		UINT64_C(0x80000000fee00000),
		UINT64_MAX,
	};

	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct apic_msg msg = poison();

		ck_assert(!msi_decode(addresses[i], 0x30, true, &msg));
		ck_assert_uint_eq(msg.dest, 0xdeadbeef);
	}
}
END_TEST

START_TEST(r156_the_remappable_format_is_refused)
{
	for (uint32_t ext_dest = 0; ext_dest < 2; ext_dest++) {
		struct apic_msg msg = poison();

		ck_assert(!msi_decode(ADDRESS | 0x10, 0x30, ext_dest, &msg));
		ck_assert_uint_eq(msg.dest, 0xdeadbeef);
	}
}
END_TEST

START_TEST(r156_address_bits_11_to_5_are_destination_bits_14_to_8)
{
	static const struct {
		uint64_t address;
		bool ext_dest;
		uint32_t dest;
	} rows[] = {
		{ 0xfee00020, true, 0x0100 },  { 0xfee00800, true, 0x4000 },
		{ 0xfeefffe0, true, 0x7fff },  { 0xfee12340, true, 0x1a12 },
		{ 0xfee12340, false, 0x0012 }, { 0xfeeff000, false, 0x00ff },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct apic_msg msg = decode(rows[i].address, 0x30, rows[i].ext_dest);

		ck_assert_uint_eq(msg.dest, rows[i].dest);
	}
}
END_TEST

START_TEST(r157_the_destination_mode_counts_whatever_rh_says)
{
	for (uint64_t low = 0; low < 16; low++)
		ck_assert_int_eq(decode(ADDRESS | low, 0x30, false).logical, (low & 4) != 0);
}
END_TEST

START_TEST(r158_trigger_and_level_bits)
{
	static const struct {
		uint32_t data;
		bool level_trigger, asserted;
	} rows[] = {
		{ 0x0030, false, true }, { 0x4030, false, true }, { 0x8030, true, false },
		{ 0xc030, true, true },  { 0x8130, true, false }, { 0xc130, true, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct apic_msg msg = decode(ADDRESS, rows[i].data, false);

		ck_assert_int_eq(msg.level_trigger, rows[i].level_trigger);
		ck_assert_int_eq(msg.asserted, rows[i].asserted);
	}
}
END_TEST

START_TEST(r158_nmi_smi_init_and_extint_are_edges)
{
	static const enum apic_delivery_mode modes[] = { APIC_MODE_SMI, APIC_MODE_NMI,
							 APIC_MODE_INIT, APIC_MODE_EXTINT };

	for (size_t i = 0; i < COUNT(modes); i++) {
		for (uint32_t bits = 0; bits < 4; bits++) {
			uint32_t data = bits << 14 | (uint32_t)modes[i] << 8;
			struct apic_msg msg = decode(ADDRESS, data, false);

			ck_assert_int_eq(msg.mode, modes[i]);
			ck_assert(!msg.level_trigger);
			ck_assert(msg.asserted);
		}
	}
}
END_TEST

START_TEST(r158_reserved_modes_are_refused)
{
	static const uint32_t data[] = { 0x0330, 0x0630, 0xc330, 0xc630 };

	for (size_t i = 0; i < COUNT(data); i++) {
		struct apic_msg msg = poison();

		ck_assert(!msi_decode(ADDRESS, data[i], false, &msg));
		ck_assert_uint_eq(msg.dest, 0xdeadbeef);
	}
}
END_TEST

START_TEST(reserved_data_bits_are_ignored)
{
	struct apic_msg plain = decode(ADDRESS, 0xc130, false);
	struct apic_msg noisy = decode(ADDRESS, 0xfffff930, false);

	expect_equal(&plain, &noisy);
}
END_TEST

START_TEST(encoding_is_the_format_of_the_manual)
{
	static const struct apic_msg msg = {
		.dest = 0x1a12,
		.vector = 0xb3,
		.mode = APIC_MODE_LOWEST_PRIORITY,
		.logical = true,
		.level_trigger = true,
		.asserted = true,
	};
	uint64_t address;
	uint32_t data;

	ck_assert(msi_encode(&msg, true, &address, &data));
	ck_assert_uint_eq(address, 0xfee12344);
	ck_assert_uint_eq(data, 0xc1b3);
}
END_TEST

START_TEST(only_fixed_and_lowest_priority_are_encoded_as_level)
{
	for (uint32_t mode = 0; mode < 8; mode++) {
		struct apic_msg msg = {
			.mode = (enum apic_delivery_mode)mode,
			.level_trigger = true,
			.asserted = true,
		};
		uint64_t address;
		uint32_t data;

		if (mode == APIC_MODE_RESERVED || mode == APIC_MODE_SIPI)
			continue;
		ck_assert(msi_encode(&msg, false, &address, &data));
		ck_assert_uint_eq(data, mode << 8 | (mode <= 1 ? 0xc000 : 0));
	}
}
END_TEST

START_TEST(what_was_decoded_is_encoded_the_same)
{
	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		uint32_t data = (bits & 0x7ff) | (bits & 0x1800) << 3;
		uint64_t address = ADDRESS | (uint64_t)(bits & 0x8000) << 3 | (bits >> 11 & 4) |
				   (bits & 0x4000) >> 8;
		struct apic_msg msg = poison();
		struct apic_msg again;
		uint64_t encoded_address;
		uint32_t encoded_data;

		if (!msi_decode(address, data, true, &msg))
			continue;
		ck_assert(msi_encode(&msg, true, &encoded_address, &encoded_data));
		ck_assert_uint_eq(encoded_address, address);
		again = decode(encoded_address, encoded_data, true);
		expect_equal(&again, &msg);
	}
}
END_TEST

START_TEST(messages_that_no_msi_can_say_are_refused)
{
	static const struct {
		struct apic_msg msg;
		bool ext_dest, possible;
	} rows[] = {
		{ { .dest = 0xff }, false, true },
		{ { .dest = 0x100 }, false, false },
		{ { .dest = 0x7fff }, true, true },
		{ { .dest = 0x8000 }, true, false },
		{ { .dest = UINT32_MAX }, true, false },
		{ { .shorthand = APIC_SHORTHAND_SELF }, true, false },
		{ { .shorthand = APIC_SHORTHAND_OTHERS }, true, false },
		{ { .mode = APIC_MODE_SIPI }, true, false },
		{ { .mode = APIC_MODE_RESERVED }, true, false },
		{ { .mode = APIC_MODE_EXTINT }, true, true },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t address = 1;
		uint32_t data = 1;

		ck_assert_int_eq(msi_encode(&rows[i].msg, rows[i].ext_dest, &address, &data),
				 rows[i].possible);
		if (!rows[i].possible)
			ck_assert(address == 1 && data == 1);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("msi");
	TCase *decoding = tcase_create("decoding");
	TCase *encoding = tcase_create("encoding");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(decoding, every_field_is_decoded);
	tcase_add_test(decoding, addresses_elsewhere_are_no_msis);
	tcase_add_test(decoding, r156_the_remappable_format_is_refused);
	tcase_add_test(decoding, r156_address_bits_11_to_5_are_destination_bits_14_to_8);
	tcase_add_test(decoding, r157_the_destination_mode_counts_whatever_rh_says);
	tcase_add_test(decoding, r158_trigger_and_level_bits);
	tcase_add_test(decoding, r158_nmi_smi_init_and_extint_are_edges);
	tcase_add_test(decoding, r158_reserved_modes_are_refused);
	tcase_add_test(decoding, reserved_data_bits_are_ignored);
	suite_add_tcase(suite, decoding);
	tcase_add_test(encoding, encoding_is_the_format_of_the_manual);
	tcase_add_test(encoding, only_fixed_and_lowest_priority_are_encoded_as_level);
	tcase_add_test(encoding, what_was_decoded_is_encoded_the_same);
	tcase_add_test(encoding, messages_that_no_msi_can_say_are_refused);
	suite_add_tcase(suite, encoding);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
