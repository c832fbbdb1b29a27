/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A pair: initialization, masks, nesting, the cascade and the forms of EOI.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet, "Programming the 8259A", "Fully Nested
 * Mode", "End of Interrupt (EOI)", "Cascade Mode".
 */
#include "pic_fixture.h"

/* All inputs, highest priority first: the slave's stand where the cascade is. */
static const uint8_t nesting_order[] = { 0, 1, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7 };

START_TEST(reset_lets_nothing_through)
{
	struct pic pic;

	memset(&pic, 0xa5, sizeof(pic));
	pic_reset(&pic);
	for (uint32_t irq = 0; irq < PIC_IRQS; irq++)
		pic_set_irq(&pic, irq, true);
	ck_assert(!pic_intr(&pic));
	ck_assert_uint_eq(pic_read(&pic, FX_MASTER + 1), 0xff);
	ck_assert_uint_eq(pic_read(&pic, FX_SLAVE + 1), 0xff);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT), 0);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT + 1), 0);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
}
END_TEST

START_TEST(each_input_has_its_vector)
{
	for (size_t i = 0; i < FX_COUNT(nesting_order); i++) {
		uint32_t irq = nesting_order[i];
		struct pic pic = fx_pic();

		fx_take(&pic, irq);
		ck_assert(!pic_intr(&pic));
		ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), irq < 8 ? 1u << irq : 0x04);
		ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), irq < 8 ? 0 : 1u << (irq - 8));
	}
}
END_TEST

START_TEST(icw2_gives_the_upper_five_bits_of_the_vector)
{
	struct pic pic = fx_pic();

	fx_init_chip(&pic, FX_MASTER, 0x77, 0x01);
	fx_init_chip(&pic, FX_SLAVE, 0xff, 0x01);
	pic_set_irq(&pic, 11, true);
	ck_assert_uint_eq(pic_ack(&pic), 0xfb);
	pic_write(&pic, FX_MASTER, FX_EOI);
	pic_set_irq(&pic, 1, true);
	ck_assert_uint_eq(pic_ack(&pic), 0x71);
}
END_TEST

/* "Initialization Sequence": how many writes to A0 = 1 it takes until one is OCW1. */
START_TEST(icw1_says_which_icws_follow)
{
	static const struct {
		uint8_t icw1;
		int icws;
	} rows[] = {
		{ 0x11, 3 }, /* ICW2, ICW3, ICW4 */
		{ 0x10, 2 }, /* ICW2, ICW3 */
		{ 0x13, 2 }, /* single: ICW2, ICW4 */
		{ 0x12, 1 }, /* single: ICW2 */
		{ 0x19, 3 }, /* level bit: without effect where there is ELCR */
	};

	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		struct pic pic = fx_pic();

		pic_write(&pic, FX_MASTER, rows[i].icw1);
		for (int n = 0; n < rows[i].icws; n++) {
			pic_set_irq(&pic, 4, false);
			pic_set_irq(&pic, 4, true);
			ck_assert(!pic_intr(&pic));
			pic_write(&pic, FX_MASTER + 1, 0x41);
			ck_assert_uint_eq(pic_read(&pic, FX_MASTER + 1), 0);
		}
		ck_assert(pic_intr(&pic));
		pic_write(&pic, FX_MASTER + 1, 0x10);
		ck_assert_uint_eq(pic_read(&pic, FX_MASTER + 1), 0x10);
		ck_assert(!pic_intr(&pic));
		pic_write(&pic, FX_MASTER + 1, 0);
		ck_assert_uint_eq(pic_ack(&pic), 0x44);
	}
}
END_TEST

START_TEST(icw1_starts_over_in_the_middle_of_a_sequence)
{
	struct pic pic = fx_pic();

	pic_write(&pic, FX_MASTER, 0x11);
	pic_write(&pic, FX_MASTER + 1, 0x40);
	fx_init_chip(&pic, FX_MASTER, 0x50, 0x01);
	pic_set_irq(&pic, 6, true);
	ck_assert_uint_eq(pic_ack(&pic), 0x56);
}
END_TEST

START_TEST(icw1_clears_what_the_datasheet_says)
{
	struct pic pic = fx_pic_with(0x13, 0x01);

	pic_write(&pic, FX_MASTER, FX_SET_PRIORITY | 3);
	pic_write(&pic, FX_MASTER, FX_ROTATE_AEOI_SET);
	pic_write(&pic, FX_MASTER, FX_SMM_SET);
	pic_write(&pic, FX_MASTER, FX_READ_ISR);
	pic_write(&pic, FX_MASTER, FX_POLL);
	pic_write(&pic, FX_MASTER + 1, 0x55);
	pic_write(&pic, FX_MASTER, 0x10);
	pic_write(&pic, FX_MASTER + 1, 0x20);
	pic_write(&pic, FX_MASTER + 1, 0x04);

	ck_assert_uint_eq(pic.chip[0].imr, 0);
	ck_assert_uint_eq(pic.chip[0].isr, 0);
	ck_assert_uint_eq(pic.chip[0].priority, 0);
	ck_assert(!pic.chip[0].special_mask);
	ck_assert(!pic.chip[0].read_isr);
	ck_assert(!pic.chip[0].poll);
	ck_assert(!pic.chip[0].auto_eoi);
	ck_assert(!pic.chip[0].rotate_on_auto_eoi);
	ck_assert(!pic.chip[0].special_fully_nested);
}
END_TEST

START_TEST(icw1_forgets_edges_and_service_but_not_levels)
{
	struct pic pic = fx_pic();

	pic_write(&pic, PIC_ELCR_PORT, 0x20);
	fx_take(&pic, 1);
	pic_set_irq(&pic, 4, true);
	pic_set_irq(&pic, 5, true);
	fx_init_chip(&pic, FX_MASTER, FX_MASTER_BASE, 0x01);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
	ck_assert_uint_eq(fx_irr(&pic, FX_MASTER), 0x20);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT), 0x20);
	pic_set_irq(&pic, 4, true);
	ck_assert_uint_eq(fx_irr(&pic, FX_MASTER), 0x20);
	pic_set_irq(&pic, 4, false);
	pic_set_irq(&pic, 4, true);
	ck_assert_uint_eq(fx_irr(&pic, FX_MASTER), 0x30);
}
END_TEST

START_TEST(ocw1_masks_and_reads_back)
{
	struct pic pic = fx_pic();

	for (size_t i = 0; i < FX_COUNT(nesting_order); i++) {
		uint32_t irq = nesting_order[i];
		uint16_t port = irq < 8 ? FX_MASTER : FX_SLAVE;

		pic_write(&pic, port + 1, (uint8_t)(1u << irq % 8));
		ck_assert_uint_eq(pic_read(&pic, port + 1), 1u << irq % 8);
		pic_set_irq(&pic, irq, true);
		ck_assert(!pic_intr(&pic));
		ck_assert_uint_eq(fx_irr(&pic, port), 1u << irq % 8);
		pic_write(&pic, port + 1, 0);
		ck_assert(pic_intr(&pic));
		pic_set_irq(&pic, irq, false);
	}
}
END_TEST

START_TEST(a_masked_cascade_shuts_the_slave_out)
{
	struct pic pic = fx_pic();

	pic_write(&pic, FX_MASTER + 1, 0x04);
	pic_set_irq(&pic, 9, true);
	ck_assert(!pic_intr(&pic));
	pic_write(&pic, FX_MASTER + 1, 0x00);
	fx_expect_ack(&pic, 9);
}
END_TEST

/*
 * In service, an input keeps out itself and what is lower; on the slave's account, all the slave.
 */
START_TEST(fully_nested_for_every_pair)
{
	for (size_t a = 0; a < FX_COUNT(nesting_order); a++) {
		for (size_t b = 0; b < FX_COUNT(nesting_order); b++) {
			bool both_slave = nesting_order[a] >= 8 && nesting_order[b] >= 8;
			struct pic pic = fx_pic();

			fx_take(&pic, nesting_order[a]);
			pic_set_irq(&pic, nesting_order[b], true);
			ck_assert_int_eq(pic_intr(&pic), b < a && !both_slave);
		}
	}
}
END_TEST

START_TEST(r140_the_highest_request_at_the_time_of_inta_wins)
{
	struct pic pic = fx_pic();

	for (size_t i = FX_COUNT(nesting_order); i-- > 0;) {
		pic_set_irq(&pic, nesting_order[i], true);
		ck_assert(pic_intr(&pic));
		ck_assert(pic_intr(&pic));
	}
	for (size_t i = 0; i < FX_COUNT(nesting_order); i++) {
		fx_expect_ack(&pic, nesting_order[i]);
		if (nesting_order[i] >= 8)
			pic_write(&pic, FX_SLAVE, FX_EOI);
		pic_write(&pic, FX_MASTER, FX_EOI);
	}
	ck_assert(!pic_intr(&pic));
}
END_TEST

/* The slave's EOI alone does not reopen the master's IR2, nor the other way about. */
START_TEST(a_slave_interrupt_needs_two_eois)
{
	static const uint16_t orders[][2] = { { FX_MASTER, FX_SLAVE }, { FX_SLAVE, FX_MASTER } };

	for (size_t i = 0; i < FX_COUNT(orders); i++) {
		struct pic pic = fx_pic();

		fx_take(&pic, 12);
		pic_set_irq(&pic, 14, true);
		pic_write(&pic, orders[i][0], FX_EOI);
		ck_assert(!pic_intr(&pic));
		pic_write(&pic, orders[i][1], FX_EOI);
		fx_expect_ack(&pic, 14);
	}
}
END_TEST

/* "Operation Command Word 2"; IR1, IR4 and IR6 are in service, IR6's mask bit is set. */
START_TEST(ocw2_commands)
{
	static const struct {
		uint8_t ocw2, isr, lowest;
	} rows[] = {
		{ FX_EOI, 0x50, 7 },
		{ FX_EOI | 4, 0x50, 7 },
		{ FX_SPECIFIC_EOI | 4, 0x42, 7 },
		{ FX_SPECIFIC_EOI | 3, 0x52, 7 },
		{ FX_ROTATE_EOI, 0x50, 1 },
		{ FX_ROTATE_SPECIFIC_EOI | 4, 0x42, 4 },
		{ FX_ROTATE_SPECIFIC_EOI | 7, 0x52, 7 },
		{ FX_SET_PRIORITY | 5, 0x52, 5 },
		{ FX_NOP | 1, 0x52, 7 },
		{ FX_ROTATE_AEOI_SET, 0x52, 7 },
		{ FX_ROTATE_AEOI_CLEAR, 0x52, 7 },
	};

	for (size_t i = 0; i < FX_COUNT(rows); i++) {
		struct pic pic = fx_pic();

		fx_take(&pic, 6);
		fx_take(&pic, 4);
		fx_take(&pic, 1);
		pic_write(&pic, FX_MASTER + 1, 0x40);
		pic_write(&pic, FX_MASTER, rows[i].ocw2);
		ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), rows[i].isr);
		ck_assert_uint_eq(pic.chip[0].priority, (rows[i].lowest + 1) % 8);
	}
}
END_TEST

START_TEST(an_eoi_with_nothing_in_service_is_ignored)
{
	static const uint8_t commands[] = { FX_EOI, FX_ROTATE_EOI, FX_SPECIFIC_EOI | 3 };

	for (size_t i = 0; i < FX_COUNT(commands); i++) {
		struct pic pic = fx_pic();
		struct pic before = pic;

		pic_write(&pic, FX_SLAVE, commands[i]);
		ck_assert_mem_eq(&pic, &before, sizeof(pic));
	}
}
END_TEST

/* "Specific Rotation": with IRn lowest, the order is n + 1, n + 2 .. n. */
START_TEST(set_priority_turns_the_order)
{
	for (uint32_t lowest = 0; lowest < 8; lowest++) {
		struct pic pic = fx_pic();

		pic_write(&pic, FX_SLAVE, (uint8_t)(FX_SET_PRIORITY | lowest));
		for (uint32_t ir = 0; ir < 8; ir++)
			pic_set_irq(&pic, 8 + ir, true);
		for (uint32_t n = 1; n <= 8; n++) {
			fx_expect_ack(&pic, 8 + (lowest + n) % 8);
			pic_write(&pic, FX_SLAVE, FX_EOI);
			pic_write(&pic, FX_MASTER, FX_EOI);
		}
	}
}
END_TEST

START_TEST(set_priority_turns_the_nesting)
{
	for (uint32_t serviced = 8; serviced < 16; serviced++) {
		for (uint32_t asking = 8; asking < 16; asking++) {
			struct pic pic = fx_pic_with(0x03, 0x01);

			pic_write(&pic, FX_SLAVE, FX_SET_PRIORITY | 4);
			fx_take(&pic, serviced);
			pic_set_irq(&pic, asking, true);
			ck_assert_int_eq(pic_intr(&pic), (asking + 3) % 8 < (serviced + 3) % 8);
		}
	}
}
END_TEST

/* "Automatic Rotation": two devices that always ask are served in turn. */
START_TEST(rotation_on_eoi_serves_equals_in_turn)
{
	static const uint8_t turns[] = { 3, 5, 3, 5, 3 };
	struct pic pic = fx_pic();

	pic_write(&pic, PIC_ELCR_PORT, 0x28);
	pic_set_irq(&pic, 3, true);
	pic_set_irq(&pic, 5, true);
	for (size_t i = 0; i < FX_COUNT(turns); i++) {
		fx_expect_ack(&pic, turns[i]);
		pic_write(&pic, FX_MASTER, FX_ROTATE_EOI);
	}
}
END_TEST

START_TEST(foreign_ports_and_inputs_do_nothing)
{
	static const uint32_t ports[] = { 0x1f, 0x22, 0x9f, 0xa2, 0x4cf, 0x4d2, 0xffff, 0 };
	static const uint32_t inputs[] = { 2, PIC_IRQS, PIC_IRQS + 3, UINT32_MAX };
	struct pic pic = fx_pic();
	struct pic before = pic;

	for (size_t i = 0; i < FX_COUNT(ports); i++) {
		pic_write(&pic, (uint16_t)ports[i], 0x13);
		ck_assert_uint_eq(pic_read(&pic, (uint16_t)ports[i]), 0xff);
	}
	for (size_t i = 0; i < FX_COUNT(inputs); i++)
		pic_set_irq(&pic, inputs[i], true);
	ck_assert_mem_eq(&pic, &before, sizeof(pic));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pic");
	TCase *initialization = tcase_create("initialization and masks");
	TCase *priority = tcase_create("priority and EOI");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(initialization, reset_lets_nothing_through);
	tcase_add_test(initialization, each_input_has_its_vector);
	tcase_add_test(initialization, icw2_gives_the_upper_five_bits_of_the_vector);
	tcase_add_test(initialization, icw1_says_which_icws_follow);
	tcase_add_test(initialization, icw1_starts_over_in_the_middle_of_a_sequence);
	tcase_add_test(initialization, icw1_clears_what_the_datasheet_says);
	tcase_add_test(initialization, icw1_forgets_edges_and_service_but_not_levels);
	tcase_add_test(initialization, ocw1_masks_and_reads_back);
	tcase_add_test(initialization, a_masked_cascade_shuts_the_slave_out);
	tcase_add_test(initialization, foreign_ports_and_inputs_do_nothing);
	suite_add_tcase(suite, initialization);
	tcase_add_test(priority, fully_nested_for_every_pair);
	tcase_add_test(priority, r140_the_highest_request_at_the_time_of_inta_wins);
	tcase_add_test(priority, a_slave_interrupt_needs_two_eois);
	tcase_add_test(priority, ocw2_commands);
	tcase_add_test(priority, an_eoi_with_nothing_in_service_is_ignored);
	tcase_add_test(priority, set_priority_turns_the_order);
	tcase_add_test(priority, set_priority_turns_the_nesting);
	tcase_add_test(priority, rotation_on_eoi_serves_equals_in_turn);
	suite_add_tcase(suite, priority);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
