/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259 pair saved and restored.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet; rules R65, R139.
 */
#include "ioapic/ioapic_state.h"
#include "pic_fixture.h"

static struct pic_state saved(const struct pic *pic)
{
	struct pic_state state;

	memset(&state, 0xa5, sizeof(state));
	pic_state_save(pic, &state);
	return state;
}

static struct pic restored(const struct pic_state *state)
{
	struct pic pic;

	memset(&pic, 0xa5, sizeof(pic));
	ck_assert_int_eq(pic_state_restore(&pic, state), IOAPIC_STATE_OK);
	return pic;
}

/* Every member compared: there is padding between none, all are bytes. */
static void check_round_trip(const struct pic *pic)
{
	struct pic_state state = saved(pic);
	struct pic again = restored(&state);

	ck_assert_int_eq(memcmp(pic, &again, sizeof(*pic)), 0);
}

START_TEST(every_step_of_an_initialization_is_kept)
{
	static const uint8_t words[] = { 0x11, 0x30, 0x04, 0x13 };
	struct pic pic;

	pic_reset(&pic);
	check_round_trip(&pic);
	for (size_t i = 0; i < FX_COUNT(words); i++) {
		pic_write(&pic, FX_MASTER + (i > 0), words[i]);
		check_round_trip(&pic);
	}
	pic_write(&pic, FX_SLAVE, 0x12); /* single, no ICW4 */
	check_round_trip(&pic);
}
END_TEST

START_TEST(modes_and_requests_are_kept)
{
	static const uint8_t words[] = {
		FX_READ_ISR, FX_SMM_SET, FX_ROTATE_AEOI_SET, FX_SET_PRIORITY | 3, FX_POLL,
	};
	struct pic pic = fx_pic_with(0x13, 0x01); /* special fully nested, automatic EOI */

	pic_write(&pic, PIC_ELCR_PORT, 0x20);
	pic_write(&pic, PIC_ELCR_PORT + 1, 0x02);
	for (uint32_t irq = 0; irq < PIC_IRQS; irq += 3)
		pic_set_irq(&pic, irq, true);
	pic_set_irq(&pic, 5, true);
	check_round_trip(&pic);
	(void)pic_ack(&pic);
	check_round_trip(&pic);
	for (size_t i = 0; i < FX_COUNT(words); i++) {
		pic_write(&pic, FX_MASTER, words[i]);
		pic_write(&pic, FX_SLAVE, words[i]);
		check_round_trip(&pic);
	}
}
END_TEST

START_TEST(what_is_in_service_and_waiting_goes_on)
{
	struct pic pic = fx_pic();
	struct pic_state state;

	pic_set_irq(&pic, 4, true);
	fx_expect_ack(&pic, 4);
	pic_set_irq(&pic, 10, true); /* on IR2, above IR4 */
	pic_set_irq(&pic, 7, true);
	state = saved(&pic);
	pic = restored(&state);
	ck_assert_uint_eq(pic_ack(&pic), FX_SLAVE_BASE + 2);
	ck_assert(!pic_intr(&pic));
	pic_write(&pic, FX_SLAVE, FX_EOI);
	pic_write(&pic, FX_MASTER, FX_EOI);
	pic_write(&pic, FX_MASTER, FX_EOI);
	fx_expect_ack(&pic, 7);
}
END_TEST

START_TEST(R139_a_request_of_the_slave_that_has_gone_is_still_spurious)
{
	struct pic pic = fx_pic();
	struct pic_state state;

	pic_set_irq(&pic, 12, true);
	pic_set_irq(&pic, 12, false);
	state = saved(&pic);
	pic = restored(&state);
	ck_assert_uint_eq(pic_ack(&pic), FX_SLAVE_BASE + 7);
}
END_TEST

START_TEST(R65_forged_chips_are_cut_to_what_can_be)
{
	struct pic pic = fx_pic();
	struct pic_state state = saved(&pic);

	for (int i = 0; i < 2; i++) {
		state.chip[i].irr = 0xff; /* without lines, but for one */
		state.chip[i].lines = 0x10;
		state.chip[i].elcr = 0xff;
		state.chip[i].base = 0xff;
		state.chip[i].flags = PIC_STATE_SPECIAL_FULLY_NESTED;
	}
	pic = restored(&state);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT), 0xf8);
	ck_assert_uint_eq(pic_read(&pic, PIC_ELCR_PORT + 1), 0xde);
	ck_assert_uint_eq(pic.chip[0].irr, 0x14); /* the cascade's line is computed */
	ck_assert_uint_eq(pic.chip[1].irr, 0x10);
	ck_assert(pic.chip[0].special_fully_nested);
	ck_assert(!pic.chip[1].special_fully_nested);
	ck_assert_uint_eq(pic_ack(&pic), 0xf8 + 4);
	check_round_trip(&pic);
	state.chip[0].irr = 0; /* a level without its request */
	pic = restored(&state);
	ck_assert_uint_eq(pic.chip[0].irr, 0x14);
}
END_TEST

static void check_refused(const struct pic_state *state, enum ioapic_state_error error)
{
	struct pic pic = fx_pic();
	struct pic before = pic;
	struct pic_state untouched = { .magic = 1 };

	ck_assert_int_eq(pic_state_restore(&pic, state), error);
	ck_assert_int_eq(memcmp(&pic, &before, sizeof(pic)), 0);
	ck_assert_int_eq(pic_state_from_bytes(&untouched, state, sizeof(*state)), error);
	ck_assert_uint_eq(untouched.magic, 1);
}

START_TEST(other_states_are_refused)
{
	const struct pic pic = fx_pic();
	const struct pic_state good = saved(&pic);
	struct pic_state bad = good;

	bad.magic = IOAPIC_STATE_MAGIC;
	check_refused(&bad, IOAPIC_STATE_BAD_MAGIC);
	bad = good;
	bad.version = 0;
	check_refused(&bad, IOAPIC_STATE_BAD_VERSION);
	bad = good;
	bad.size = 0;
	check_refused(&bad, IOAPIC_STATE_BAD_SIZE);
	bad = good;
	bad.chip[1].icw_step = 1;
	check_refused(&bad, IOAPIC_STATE_BAD_RESERVED);
	bad.chip[1].icw_step = 5;
	check_refused(&bad, IOAPIC_STATE_BAD_RESERVED);
	bad = good;
	bad.chip[0].priority = 8;
	check_refused(&bad, IOAPIC_STATE_BAD_RESERVED);
	for (int i = 0; i < 3; i++) {
		bad = good;
		bad.chip[0].reserved[i] = 1;
		check_refused(&bad, IOAPIC_STATE_BAD_RESERVED);
	}
}
END_TEST

START_TEST(bytes_of_the_wrong_number_are_refused)
{
	const struct pic pic = fx_pic();
	const struct pic_state good = saved(&pic);
	struct pic_state state = { .magic = 1 };
	uint8_t bytes[sizeof(good) + 2] = { 0 };

	memcpy(bytes + 1, &good, sizeof(good));
	ck_assert_int_eq(pic_state_from_bytes(&state, NULL, 0), IOAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(pic_state_from_bytes(&state, bytes + 1, sizeof(good) - 1),
			 IOAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(pic_state_from_bytes(&state, bytes + 1, sizeof(good) + 1),
			 IOAPIC_STATE_BAD_SIZE);
	ck_assert_uint_eq(state.magic, 1);
	ck_assert_int_eq(pic_state_from_bytes(&state, bytes + 1, sizeof(good)), IOAPIC_STATE_OK);
	ck_assert_int_eq(memcmp(&state, &good, sizeof(good)), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("8259 state");
	TCase *tcase = tcase_create("state");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, every_step_of_an_initialization_is_kept);
	tcase_add_test(tcase, modes_and_requests_are_kept);
	tcase_add_test(tcase, what_is_in_service_and_waiting_goes_on);
	tcase_add_test(tcase, R139_a_request_of_the_slave_that_has_gone_is_still_spurious);
	tcase_add_test(tcase, R65_forged_chips_are_cut_to_what_can_be);
	tcase_add_test(tcase, other_states_are_refused);
	tcase_add_test(tcase, bytes_of_the_wrong_number_are_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
