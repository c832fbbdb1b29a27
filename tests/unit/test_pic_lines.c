/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A pair's inputs: edge and level triggers, ELCR, and the spurious vectors.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet, "Edge and Level Triggered Modes"; 82371
 * (PIIX) datasheets, "ELCR".
 */
#include "pic_fixture.h"

START_TEST(elcr_keeps_the_fixed_edges)
{
	struct pic pic = fx_pic();

	pic_write(&pic, PIC_ELCR_PORT, 0xff);
	pic_write(&pic, PIC_ELCR_PORT + 1, 0xff);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT), 0xf8);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT + 1), 0xde);
}
END_TEST

START_TEST(an_edge_interrupts_once_per_rise)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 3, true);
	fx_expect_ack(&pic, 3);
	pic_write(&pic, FX_MASTER, FX_EOI);
	pic_set_irq(&pic, 3, true);
	ck_assert(!pic_intr(&pic));
	pic_set_irq(&pic, 3, false);
	pic_set_irq(&pic, 3, true);
	fx_expect_ack(&pic, 3);
}
END_TEST

/* A rise during service is kept for after the EOI. */
START_TEST(an_edge_during_service_is_latched)
{
	static const uint32_t irqs[] = { 3, 12 };

	for (size_t i = 0; i < FX_COUNT(irqs); i++) {
		struct pic pic = fx_pic();

		fx_take(&pic, irqs[i]);
		pic_set_irq(&pic, irqs[i], true);
		ck_assert(!pic_intr(&pic));
		pic_write(&pic, FX_SLAVE, FX_EOI);
		pic_write(&pic, FX_MASTER, FX_EOI);
		fx_expect_ack(&pic, irqs[i]);
	}
}
END_TEST

START_TEST(a_level_interrupts_for_as_long_as_it_is_high)
{
	static const uint32_t irqs[] = { 5, 11 };

	for (size_t i = 0; i < FX_COUNT(irqs); i++) {
		struct pic pic = fx_pic();

		pic_write(&pic, PIC_ELCR_PORT, 0x20);
		pic_write(&pic, PIC_ELCR_PORT + 1, 0x08);
		pic_set_irq(&pic, irqs[i], true);
		for (int n = 0; n < 3; n++) {
			fx_expect_ack(&pic, irqs[i]);
			ck_assert(!pic_intr(&pic));
			pic_write(&pic, FX_SLAVE, FX_EOI);
			pic_write(&pic, FX_MASTER, FX_EOI);
		}
		pic_set_irq(&pic, irqs[i], false);
		ck_assert(!pic_intr(&pic));
	}
}
END_TEST

START_TEST(elcr_changes_take_effect_on_a_high_line)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 5, true);
	fx_expect_ack(&pic, 5);
	pic_write(&pic, FX_MASTER, FX_EOI);
	ck_assert(!pic_intr(&pic));
	pic_write(&pic, PIC_ELCR_PORT, 0x20);
	ck_assert_uint_eq(fx_irr(&pic, FX_MASTER), 0x20);
	ck_assert(pic_intr(&pic));
	pic_write(&pic, PIC_ELCR_PORT, 0x00);
	ck_assert(!pic_intr(&pic));
}
END_TEST

START_TEST(elcr_leaves_the_other_inputs_alone)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 4, true);
	pic_write(&pic, PIC_ELCR_PORT, 0x20);
	fx_expect_ack(&pic, 4);
}
END_TEST

START_TEST(r139_a_line_that_drops_before_inta_gives_ir7)
{
	static const uint8_t elcrs[] = { 0x00, 0x10 };

	for (size_t i = 0; i < FX_COUNT(elcrs); i++) {
		struct pic pic = fx_pic();

		pic_write(&pic, PIC_ELCR_PORT, elcrs[i]);
		pic_set_irq(&pic, 4, true);
		ck_assert(pic_intr(&pic));
		pic_set_irq(&pic, 4, false);
		ck_assert(!pic_intr(&pic));
		ck_assert_uint_eq(pic.chip[0].irr, 0);
		ck_assert_uint_eq(pic_ack(&pic), FX_MASTER_BASE + 7);
		ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
	}
}
END_TEST

START_TEST(r139_a_slave_line_that_drops_before_inta_gives_ir15)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 12, true);
	ck_assert(pic_intr(&pic));
	pic_set_irq(&pic, 12, false);
	ck_assert_uint_eq(pic_ack(&pic), FX_SLAVE_BASE + 7);
	ck_assert_uint_eq(fx_isr(&pic, FX_SLAVE), 0);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0x04);
	pic_write(&pic, FX_MASTER, FX_EOI);
	ck_assert_uint_eq(pic_ack(&pic), FX_MASTER_BASE + 7);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
}
END_TEST

START_TEST(r139_a_slave_request_that_has_gone_stands_in_nobodys_way)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 12, true);
	pic_set_irq(&pic, 12, false);
	ck_assert(!pic_intr(&pic));
	ck_assert_uint_eq(fx_irr(&pic, FX_MASTER), 0);
	pic_set_irq(&pic, 6, true);
	fx_expect_ack(&pic, 6);
}
END_TEST

START_TEST(r139_a_masked_cascade_gives_ir7)
{
	struct pic pic = fx_pic();

	pic_set_irq(&pic, 12, true);
	pic_set_irq(&pic, 12, false);
	pic_write(&pic, FX_MASTER + 1, 0x04);
	ck_assert_uint_eq(pic_ack(&pic), FX_MASTER_BASE + 7);
	ck_assert_uint_eq(fx_isr(&pic, FX_MASTER), 0);
}
END_TEST

/* One random step over the ports and inputs; most command words, and some ICW1s. */
static void random_step(struct pic *pic, uint32_t random)
{
	static const uint16_t ports[] = { 0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x20, 0xa0 };
	uint16_t port = ports[random & 7];
	uint8_t value = (uint8_t)(random >> 8);

	if (port < PIC_ELCR_PORT && !(port & 1) && (random >> 16 & 15))
		value &= 0xef; /* leaves the chips initialized for a while */
	if (random >> 20 & 1)
		pic_set_irq(pic, random >> 24 & 15, random >> 21 & 1);
	else if (random >> 22 & 3)
		pic_write(pic, port, value);
	else
		pic_read(pic, port);
}

/* While INTR is high, the INTA cycle finds a real request: its line is high and not masked. */
START_TEST(r139_intr_high_means_no_spurious_vector)
{
	struct pic pic = fx_pic();
	uint64_t random = 1;

	for (int step = 0; step < 300000; step++) {
		struct pic before;
		uint8_t ir;

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		random_step(&pic, (uint32_t)(random >> 32));
		before = pic;
		if (!pic_intr(&pic))
			continue;
		pic.chip[0].base = 0x80;
		pic.chip[1].base = 0x88;
		ir = pic_ack(&pic) & 0x0f;
		ck_assert_uint_ne(ir, 2);
		ck_assert(before.chip[ir / 8].lines & ~before.chip[ir / 8].imr & 1 << ir % 8);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pic lines");
	TCase *requests = tcase_create("requests");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(requests, elcr_keeps_the_fixed_edges);
	tcase_add_test(requests, an_edge_interrupts_once_per_rise);
	tcase_add_test(requests, an_edge_during_service_is_latched);
	tcase_add_test(requests, a_level_interrupts_for_as_long_as_it_is_high);
	tcase_add_test(requests, elcr_changes_take_effect_on_a_high_line);
	tcase_add_test(requests, elcr_leaves_the_other_inputs_alone);
	tcase_add_test(requests, r139_a_line_that_drops_before_inta_gives_ir7);
	tcase_add_test(requests, r139_a_slave_line_that_drops_before_inta_gives_ir15);
	tcase_add_test(requests, r139_a_slave_request_that_has_gone_stands_in_nobodys_way);
	tcase_add_test(requests, r139_a_masked_cascade_gives_ir7);
	tcase_add_test(requests, r139_intr_high_means_no_spurious_vector);
	suite_add_tcase(suite, requests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
