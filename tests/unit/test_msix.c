/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI-X model: its table, its masks and its pending bits.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".
 */
#include <check.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ioapic/msix.h"
#include "tests/unit/device_fakes.h"

#define NR       4u
#define ENABLE   0x8000u
#define FUNCTION 0x4000u /* mask */
#define MASKED   1u

/* A function's MSI-X and what its last call wanted sent. */
struct rig {
	struct msix x;
	struct msix_out out;
};

static void write_control(struct rig *r, uint32_t value)
{
	msix_control_write(&r->x, (uint16_t)value, &r->out);
}

static void write_table(struct rig *r, uint32_t vector, uint32_t dword, uint32_t value)
{
	msix_table_write(&r->x, vector * 16 + dword * 4, 4, value, &r->out);
}

static void raise(struct rig *r, uint32_t vector)
{
	msix_raise(&r->x, vector, &r->out);
}

/*
 * Every vector has address 0xfee00000 | vector << 12 and data 0x40 + vector, and its mask is set.
 */
static struct rig programmed(uint32_t control)
{
	struct rig r;

	msix_reset(&r.x, NR);
	write_control(&r, control);
	for (uint32_t v = 0; v < NR; v++) {
		write_table(&r, v, 0, 0xfee00000u | v << 12);
		write_table(&r, v, 1, 0);
		write_table(&r, v, 2, 0x40 + v);
	}
	ck_assert_uint_eq(r.out.count, 0);
	return r;
}

static struct rig unmasked(void)
{
	struct rig r = programmed(ENABLE);

	for (uint32_t v = 0; v < NR; v++)
		write_table(&r, v, 3, 0);
	return r;
}

static void expect_sent(const struct rig *r, uint32_t vector)
{
	ck_assert_uint_eq(r->out.count, 1);
	ck_assert_uint_eq(r->out.msg[0].address, 0xfee00000u | vector << 12);
	ck_assert_uint_eq(r->out.msg[0].data, 0x40 + vector);
}

START_TEST(reset_masks_everything)
{
	struct rig r;

	memset(&r, 0xff, sizeof(r));
	msix_reset(&r.x, NR);
	ck_assert_uint_eq(msix_control_read(&r.x), NR - 1);
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 0);
	for (uint32_t v = 0; v < NR; v++) {
		ck_assert_uint_eq(msix_table_read(&r.x, v * 16, 8), 0);
		ck_assert_uint_eq(msix_table_read(&r.x, v * 16 + 8, 8), UINT64_C(1) << 32);
	}
	msix_reset(&r.x, 0);
	ck_assert_uint_eq(msix_control_read(&r.x), 0);
	msix_reset(&r.x, 1000);
	ck_assert_uint_eq(msix_control_read(&r.x), MSIX_MAX_VECTORS - 1);
}
END_TEST

START_TEST(R159_unmasked_vector_is_sent_at_once)
{
	struct rig r = unmasked();

	for (uint32_t v = 0; v < NR; v++) {
		raise(&r, v);
		expect_sent(&r, v);
		ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 0);
	}
}
END_TEST

START_TEST(R159_vector_mask_holds_until_unmasked)
{
	struct rig r = unmasked();

	write_table(&r, 2, 3, MASKED);
	raise(&r, 2);
	raise(&r, 2);
	ck_assert_uint_eq(r.out.count, 0);
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 1 << 2);
	raise(&r, 1);
	expect_sent(&r, 1);
	write_table(&r, 2, 3, 0);
	expect_sent(&r, 2);
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 0);
	write_table(&r, 2, 3, 0);
	ck_assert_uint_eq(r.out.count, 0);
}
END_TEST

START_TEST(R159_function_mask_holds_until_unmasked)
{
	struct rig r = unmasked();

	write_control(&r, ENABLE | FUNCTION);
	ck_assert_uint_eq(msix_control_read(&r.x), ENABLE | FUNCTION | (NR - 1));
	write_table(&r, 3, 3, MASKED);
	for (uint32_t v = 0; v < NR; v++) {
		raise(&r, v);
		ck_assert_uint_eq(r.out.count, 0);
	}
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 4), 0xf);
	write_control(&r, ENABLE);
	ck_assert_uint_eq(r.out.count, 3);
	for (uint32_t v = 0; v < 3; v++)
		ck_assert_uint_eq(r.out.msg[v].data, 0x40 + v);
	/* Its own mask still stands. */
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 4), 1 << 3);
	write_table(&r, 3, 3, 0);
	expect_sent(&r, 3);
}
END_TEST

START_TEST(R159_cleared_before_unmask_is_not_sent)
{
	struct rig r = unmasked();

	write_table(&r, 0, 3, MASKED);
	write_table(&r, 1, 3, MASKED);
	raise(&r, 0);
	raise(&r, 1);
	msix_clear(&r.x, 0);
	msix_clear(&r.x, NR);
	msix_clear(&r.x, 1000);
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 1 << 1);
	write_table(&r, 0, 3, 0);
	ck_assert_uint_eq(r.out.count, 0);
	write_table(&r, 1, 3, 0);
	expect_sent(&r, 1);
}
END_TEST

START_TEST(R159_the_message_is_the_one_at_unmask)
{
	struct rig r = unmasked();

	write_table(&r, 0, 3, MASKED);
	raise(&r, 0);
	/* What an OS does that moves the vector to another CPU. */
	write_table(&r, 0, 0, 0xfee07000);
	write_table(&r, 0, 1, 0x100);
	write_table(&r, 0, 2, 0x99);
	ck_assert_uint_eq(r.out.count, 0);
	write_table(&r, 0, 3, 0);
	ck_assert_uint_eq(r.out.count, 1);
	ck_assert_uint_eq(r.out.msg[0].address, UINT64_C(0x100fee07000));
	ck_assert_uint_eq(r.out.msg[0].data, 0x99);
}
END_TEST

START_TEST(R159_no_bus_master_no_message)
{
	struct rig r = unmasked();

	msix_hold(&r.x, true, &r.out);
	raise(&r, 1);
	ck_assert_uint_eq(r.out.count, 0);
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 1 << 1);
	msix_hold(&r.x, false, &r.out);
	expect_sent(&r, 1);
}
END_TEST

START_TEST(disabled_means_silent)
{
	struct rig r = programmed(0);

	for (uint32_t v = 0; v < NR; v++)
		write_table(&r, v, 3, 0);
	raise(&r, 0);
	ck_assert_uint_eq(r.out.count, 0);
	ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), 0);
	write_control(&r, ENABLE | FUNCTION);
	raise(&r, 0);
	write_control(&r, FUNCTION);
	write_control(&r, ENABLE);
	ck_assert_uint_eq(r.out.count, 0);
}
END_TEST

START_TEST(table_is_read_in_any_width_and_written_in_dwords)
{
	struct rig r = programmed(ENABLE);

	msix_table_write(&r.x, 16, 8, UINT64_C(0x1122334455667788) | 3, &r.out);
	ck_assert_uint_eq(msix_table_read(&r.x, 16, 8), UINT64_C(0x1122334455667788));
	msix_table_write(&r.x, 24, 8, UINT64_C(0xfffffffe12345678), &r.out);
	ck_assert_uint_eq(msix_table_read(&r.x, 24, 8), 0x12345678);
	for (uint32_t i = 0; i < 8; i++)
		ck_assert_uint_eq(msix_table_read(&r.x, 16 + i, 1), 0x88 - 0x11 * i);
	ck_assert_uint_eq(msix_table_read(&r.x, 18, 2), 0x5566);
	ck_assert_uint_eq(msix_table_read(&r.x, 22, 4), 0x56781122);
	ck_assert_uint_eq(msix_table_read(&r.x, 16, 9), UINT64_C(0x1122334455667788));

	msix_table_write(&r.x, 16, 1, 0, &r.out);
	msix_table_write(&r.x, 16, 2, 0, &r.out);
	msix_table_write(&r.x, 18, 4, 0, &r.out);
	msix_table_write(&r.x, 20, 8, 0, &r.out);
	ck_assert_uint_eq(msix_table_read(&r.x, 16, 8), UINT64_C(0x1122334455667788));
	/* Only the mask exists in Vector Control. */
	write_table(&r, 1, 3, 0xffffffff);
	ck_assert_uint_eq(msix_table_read(&r.x, 28, 4), 1);
}
END_TEST

START_TEST(nothing_behind_the_table)
{
	struct rig r = unmasked();

	msix_table_write(&r.x, NR * 16, 4, 0xffffffff, &r.out);
	msix_table_write(&r.x, UINT64_MAX - 7, 8, 0, &r.out);
	ck_assert_uint_eq(msix_table_read(&r.x, NR * 16, 8), 0);
	/* The last entry's control, and what would be behind it. */
	write_table(&r, NR - 1, 3, 1);
	ck_assert_uint_eq(msix_table_read(&r.x, NR * 16 - 4, 8), 1);
	write_table(&r, NR - 1, 3, 0);
	/* The last offsets of all are not followed by the first ones. */
	for (uint64_t i = 0; i < 8; i++)
		ck_assert_uint_eq(msix_table_read(&r.x, UINT64_MAX - i, 8), 0);
	ck_assert_uint_eq(msix_pba_read(&r.x, 8, 8), 0);
	ck_assert_uint_eq(msix_pba_read(&r.x, UINT64_MAX, 1), 0);
	raise(&r, NR);
	raise(&r, UINT32_MAX);
	ck_assert_uint_eq(r.out.count, 0);
	ck_assert_uint_eq(r.x.pending, 0);
}
END_TEST

/* Each raise of an enabled function is sent once, or merged into a bit that is pending already. */
START_TEST(R159_no_vector_is_lost_or_doubled)
{
	struct rig r = unmasked();
	uint32_t seed = 159;
	uint64_t waiting = 0;

	for (uint32_t step = 0; step < 200000; step++) {
		uint32_t random = fake_random(&seed);
		uint32_t v = (random >> 8) % NR;
		bool set = (random >> 16) & 1;

		if (random % 4 == 0) {
			raise(&r, v);
			waiting |= UINT64_C(1) << v;
		} else if (random % 4 == 1) {
			write_table(&r, v, 3, set);
		} else if (random % 4 == 2) {
			write_control(&r, ENABLE | (set ? FUNCTION : 0));
		} else {
			msix_hold(&r.x, set, &r.out);
		}
		for (uint32_t i = 0; i < r.out.count; i++) {
			uint64_t bit = UINT64_C(1) << (r.out.msg[i].data - 0x40);

			ck_assert(waiting & bit);
			waiting &= ~bit;
		}
		ck_assert_uint_eq(msix_pba_read(&r.x, 0, 8), waiting);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("MSI-X");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, reset_masks_everything);
	tcase_add_test(tests, R159_unmasked_vector_is_sent_at_once);
	tcase_add_test(tests, R159_vector_mask_holds_until_unmasked);
	tcase_add_test(tests, R159_function_mask_holds_until_unmasked);
	tcase_add_test(tests, R159_cleared_before_unmask_is_not_sent);
	tcase_add_test(tests, R159_the_message_is_the_one_at_unmask);
	tcase_add_test(tests, R159_no_bus_master_no_message);
	tcase_add_test(tests, disabled_means_silent);
	tcase_add_test(tests, table_is_read_in_any_width_and_written_in_dwords);
	tcase_add_test(tests, nothing_behind_the_table);
	tcase_add_test(tests, R159_no_vector_is_lost_or_doubled);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
