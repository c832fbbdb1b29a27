/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A pair's special modes: auto-EOI, special mask, special fully nested, poll, status reads.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet, the sections of these names.
 */
#include "pic_fixture.h"

#define AEOI 0x03 /* ICW4 values */
#define SFNM 0x11

START_TEST(auto_eoi_leaves_nothing_in_service)
{
	struct pic pic = fx_pic_with(AEOI, AEOI);

	fx_take(&pic, 1);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
	fx_take(&pic, 9);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER) | fx_isr(&pic, FX_SLAVE), 0);
	pic_set_irq(&pic, 15, true);
	pic_set_irq(&pic, 14, true);
	fx_expect_ack(&pic, 14);
	fx_expect_ack(&pic, 15);
	ck_assert(!pic_intr(&pic));
}
END_TEST

START_TEST(rotation_in_auto_eoi_mode)
{
	struct pic pic = fx_pic_with(AEOI, 0x01);

	pic_write(&pic, FX_MASTER, FX_ROTATE_AEOI_SET);
	fx_take(&pic, 4);
	pic_set_irq(&pic, 3, true);
	pic_set_irq(&pic, 4, true);
	pic_set_irq(&pic, 6, true);
	fx_expect_ack(&pic, 6);
	fx_expect_ack(&pic, 3);
	pic_write(&pic, FX_MASTER, FX_ROTATE_AEOI_CLEAR);
	fx_expect_ack(&pic, 4);
	ck_assert_uint_eq(pic.chip[0].priority, 4);
}
END_TEST

START_TEST(special_mask_mode_opens_lower_levels)
{
	struct pic pic = fx_pic();

	fx_take(&pic, 3);
	pic_set_irq(&pic, 6, true);
	pic_write(&pic, FX_MASTER + 1, 0x08);
	ck_assert(!pic_intr(&pic));
	pic_write(&pic, FX_MASTER, FX_SMM_SET);
	ck_assert(pic_intr(&pic));
	pic_set_irq(&pic, 3, true);
	fx_expect_ack(&pic, 6);
	ck_assert(!pic_intr(&pic));
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0x48);
	pic_write(&pic, FX_MASTER, FX_SMM_CLEAR);
	pic_set_irq(&pic, 5, true);
	ck_assert(!pic_intr(&pic));
}
END_TEST

START_TEST(esmm_gates_the_special_mask_bit)
{
	struct pic pic = fx_pic();

	pic_write(&pic, FX_MASTER, 0x28);
	ck_assert(!pic.chip[0].special_mask);
	pic_write(&pic, FX_MASTER, FX_SMM_SET);
	pic_write(&pic, FX_MASTER, 0x08);
	ck_assert(pic.chip[0].special_mask);
}
END_TEST

START_TEST(a_non_specific_eoi_passes_over_masked_levels_in_special_mask_mode)
{
	struct pic pic = fx_pic();

	fx_take(&pic, 5);
	fx_take(&pic, 1);
	pic_write(&pic, FX_MASTER + 1, 0x02);
	pic_write(&pic, FX_MASTER, FX_SMM_SET);
	pic_write(&pic, FX_MASTER, FX_EOI);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0x02);
	pic_write(&pic, FX_MASTER, FX_EOI);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0x02);
	pic_write(&pic, FX_MASTER, FX_SPECIFIC_EOI | 1);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
}
END_TEST

/* In service is IRQ12; only a higher input of the slave, and of the master, may interrupt it. */
START_TEST(special_fully_nested_mode_keeps_order_within_the_slave)
{
	static const struct {
		uint8_t irq;
		bool nested, special;
	} rows[] = {
		{ 0, true, true },   { 1, true, true },    { 8, false, true },
		{ 11, false, true }, { 12, false, false }, { 13, false, false },
		{ 3, false, false }, { 7, false, false },
	};

	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		struct pic nested = fx_pic();
		struct pic special = fx_pic_with(SFNM, 0x01);

		fx_take(&nested, 12);
		fx_take(&special, 12);
		pic_set_irq(&nested, rows[i].irq, true);
		pic_set_irq(&special, rows[i].irq, true);
		ck_assert_int_eq(pic_intr(&nested), rows[i].nested);
		ck_assert_int_eq(pic_intr(&special), rows[i].special);
		if (rows[i].special)
			fx_expect_ack(&special, rows[i].irq);
	}
}
END_TEST

START_TEST(special_fully_nested_mode_still_yields_to_the_master)
{
	struct pic pic = fx_pic_with(SFNM, 0x01);

	fx_take(&pic, 12);
	fx_take(&pic, 1);
	pic_set_irq(&pic, 8, true);
	ck_assert(!pic_intr(&pic));
	pic_write(&pic, FX_MASTER, FX_EOI);
	fx_expect_ack(&pic, 8);
}
END_TEST

START_TEST(special_fully_nested_mode_means_nothing_to_the_slave)
{
	struct pic pic = fx_pic_with(SFNM, SFNM);

	fx_take(&pic, 10);
	pic_set_irq(&pic, 10, true);
	ck_assert(!pic_intr(&pic));
}
END_TEST

/* The slave's last EOI is followed by the master's only if the slave's ISR reads 0. */
START_TEST(special_fully_nested_mode_is_left_by_the_slaves_isr)
{
	struct pic pic = fx_pic_with(SFNM, 0x01);

	fx_take(&pic, 12);
	fx_take(&pic, 9);
	ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), 0x12);
	pic_write(&pic, FX_SLAVE, FX_EOI);
	ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), 0x10);
	pic_write(&pic, FX_SLAVE, FX_EOI);
	ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), 0);
	pic_write(&pic, FX_MASTER, FX_EOI);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
}
END_TEST

START_TEST(a_poll_acknowledges_the_highest_request)
{
	static const uint16_t data_port[] = { 0, 1 };

	for (size_t i = 0; i < FX_COUNT(data_port); i++) {
		struct pic pic = fx_pic();

		pic_set_irq(&pic, 6, true);
		pic_set_irq(&pic, 4, true);
		pic_write(&pic, FX_MASTER, FX_POLL);
		ck_assert_uint_eq(pic_read(&pic, FX_MASTER + data_port[i]), 0x84);
		ck_assert(!pic_intr(&pic));
		ck_assert_uint_eq(pic_read(&pic, FX_MASTER), 0x40);
		ck_assert_uint_eq(pic_read(&pic, FX_MASTER + 1), 0);
		ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0x10);
	}
}
END_TEST

START_TEST(a_poll_without_a_request_sets_nothing_in_service)
{
	struct pic pic = fx_pic();

	pic_write(&pic, FX_MASTER, FX_POLL);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER) & 0x80, 0);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
	pic_write(&pic, FX_MASTER + 1, 0x5a);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER + 1), 0x5a);
}
END_TEST

START_TEST(each_chip_is_polled_for_itself)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 13, true);
	pic_write(&pic, FX_MASTER, FX_POLL);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER), 0x82);
	ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), 0);
	pic_write(&pic, FX_SLAVE, FX_POLL);
	ck_assert_uint_eq(pic_read(&pic, FX_SLAVE), 0x85);
	ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), 0x20);
	pic_write(&pic, FX_MASTER, FX_EOI);
	pic_set_irq(&pic, 9, true);
	ck_assert(pic_intr(&pic));
	pic_write(&pic, FX_SLAVE, FX_POLL);
	ck_assert_uint_eq(pic_read(&pic, FX_SLAVE), 0x81);
	ck_assert(!pic_intr(&pic));
}
END_TEST

START_TEST(the_status_read_is_kept_until_the_next_ocw3_with_rr)
{
	struct pic pic = fx_pic();

	fx_take(&pic, 3);
	pic_set_irq(&pic, 6, true);
	pic_write(&pic, FX_MASTER, FX_READ_ISR);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER), 0x08);
	pic_write(&pic, FX_MASTER, FX_SMM_CLEAR);
	pic_write(&pic, FX_MASTER, FX_NOP);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER), 0x08);
	pic_write(&pic, FX_MASTER, FX_READ_IRR);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER), 0x40);
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER), 0x40);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pic modes");
	TCase *modes = tcase_create("modes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(modes, auto_eoi_leaves_nothing_in_service);
	tcase_add_test(modes, rotation_in_auto_eoi_mode);
	tcase_add_test(modes, special_mask_mode_opens_lower_levels);
	tcase_add_test(modes, esmm_gates_the_special_mask_bit);
	tcase_add_test(modes, a_non_specific_eoi_passes_over_masked_levels_in_special_mask_mode);
	tcase_add_test(modes, special_fully_nested_mode_keeps_order_within_the_slave);
	tcase_add_test(modes, special_fully_nested_mode_still_yields_to_the_master);
	tcase_add_test(modes, special_fully_nested_mode_means_nothing_to_the_slave);
	tcase_add_test(modes, special_fully_nested_mode_is_left_by_the_slaves_isr);
	tcase_add_test(modes, a_poll_acknowledges_the_highest_request);
	tcase_add_test(modes, a_poll_without_a_request_sets_nothing_in_service);
	tcase_add_test(modes, each_chip_is_polled_for_itself);
	tcase_add_test(modes, the_status_read_is_kept_until_the_next_ocw3_with_rr);
	suite_add_tcase(suite, modes);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
