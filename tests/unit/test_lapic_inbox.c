/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbox by one thread: what a post leaves, what a drain takes, and who has to kick.
 *
 * SDM vol. 3, "Interrupt Acceptance for Fixed Interrupts", "Local APIC State After an INIT Reset",
 * "Typical BSP Initialization Sequence".
 */
#include "tests/unit/lapic_fixture.h"

static struct apic_msg message(enum apic_delivery_mode mode, uint8_t vector)
{
	return (struct apic_msg){ .mode = mode, .vector = vector, .asserted = true };
}

static bool post(struct lapic_inbox *inbox, enum apic_delivery_mode mode, uint8_t vector)
{
	const struct apic_msg msg = message(mode, vector);

	return lapic_post(inbox, &msg);
}

static bool post_level(struct lapic_inbox *inbox, uint8_t vector)
{
	struct apic_msg msg = message(APIC_MODE_FIXED, vector);

	msg.level_trigger = true;
	return lapic_post(inbox, &msg);
}

static uint32_t sipi(uint32_t vector)
{
	return LAPIC_EVENT_SIPI | vector << LAPIC_EVENT_SIPI_SHIFT;
}

START_TEST(R134_two_nmis_are_two_and_more_are_two)
{
	const uint32_t two = LAPIC_EVENT_NMI | LAPIC_EVENT_NMI2;
	struct lapic_inbox inbox;
	struct lapic a = fx_enabled();

	lapic_inbox_reset(&inbox);
	ck_assert(post(&inbox, APIC_MODE_NMI, 0));
	ck_assert(!post(&inbox, APIC_MODE_NMI, 0));
	ck_assert(!lapic_post_event(&inbox, LAPIC_EVENT_NMI));
	ck_assert_uint_eq(lapic_drain(&a, &inbox), two);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
	post(&inbox, APIC_MODE_NMI, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_NMI);
	lapic_post_event(&inbox, LAPIC_EVENT_NMI);
	fx_write(&a, LAPIC_LVT_LINT1, (uint32_t)APIC_MODE_NMI << LAPIC_LVT_MODE_SHIFT);
	lapic_lint_set(&a, LAPIC_LINT1, true);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), two);
	post(&inbox, APIC_MODE_NMI, 0);
	post(&inbox, APIC_MODE_NMI, 0);
	post(&inbox, APIC_MODE_INIT, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT);
}
END_TEST

START_TEST(R132_init_voids_what_came_before_it)
{
	struct lapic_inbox inbox;
	struct lapic a = fx_reset_ap();

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_NMI, 0);
	post(&inbox, APIC_MODE_SMI, 0);
	post(&inbox, APIC_MODE_EXTINT, 0);
	lapic_post_event(&inbox, LAPIC_EVENT_USER0);
	ck_assert(!post(&inbox, APIC_MODE_INIT, 0));
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT | LAPIC_EVENT_USER0);
	post(&inbox, APIC_MODE_INIT, 0);
	post(&inbox, APIC_MODE_NMI, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT | LAPIC_EVENT_NMI);
}
END_TEST

START_TEST(an_empty_inbox_gives_nothing)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	memset(&inbox, 0xff, sizeof(inbox));
	lapic_inbox_reset(&inbox);
	ck_assert(!lapic_inbox_pending(&inbox));
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(every_vector_arrives_with_its_trigger_mode)
{
	for (unsigned int vector = 16; vector < 256; vector++) {
		struct lapic a = fx_enabled();
		bool level = vector % 3 == 0;
		struct lapic_inbox inbox;

		lapic_inbox_reset(&inbox);
		if (level)
			ck_assert(post_level(&inbox, (uint8_t)vector));
		else
			ck_assert(post(&inbox, APIC_MODE_FIXED, (uint8_t)vector));
		ck_assert(lapic_inbox_pending(&inbox));
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
		ck_assert(!lapic_inbox_pending(&inbox));
		ck_assert_int_eq(lapic_pending(&a), (int)vector);
		ck_assert_int_eq(fx_bit(&a, LAPIC_TMR, vector), level);
		lapic_ack(&a, (uint8_t)vector);
		ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	}
}
END_TEST

START_TEST(only_the_first_post_kicks)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	for (int i = 0; i < 3; i++) {
		ck_assert(post(&inbox, APIC_MODE_FIXED, 0x41));
		ck_assert(!post(&inbox, APIC_MODE_FIXED, 0x41));
		ck_assert(!post(&inbox, APIC_MODE_FIXED, 0x91));
		ck_assert(!post(&inbox, APIC_MODE_NMI, 0));
		ck_assert(!post(&inbox, APIC_MODE_INIT, 0));
		ck_assert(!lapic_post_event(&inbox, LAPIC_EVENT_USER0));
		lapic_drain(&a, &inbox);
	}
	ck_assert(post(&inbox, APIC_MODE_NMI, 0));
	ck_assert(!post(&inbox, APIC_MODE_FIXED, 0x41));
	lapic_drain(&a, &inbox);
	ck_assert(lapic_post_event(&inbox, LAPIC_EVENT_USER0));
	ck_assert(!post(&inbox, APIC_MODE_SIPI, 0x41));
	lapic_drain(&a, &inbox);
	ck_assert(post(&inbox, APIC_MODE_SIPI, 0));
}
END_TEST

START_TEST(R58_posts_of_one_vector_collapse)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	for (int i = 0; i < 3; i++)
		post(&inbox, APIC_MODE_FIXED, 0x41);
	lapic_drain(&a, &inbox);
	fx_take(&a, 0x41);
	fx_eoi(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R71_R72_the_last_post_gives_the_trigger_mode)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post_level(&inbox, 0x41);
	post(&inbox, APIC_MODE_FIXED, 0x41);
	post(&inbox, APIC_MODE_LOWEST_PRIORITY, 0x42);
	post_level(&inbox, 0x42);
	post_level(&inbox, 0x5f);
	lapic_drain(&a, &inbox);
	ck_assert(!fx_bit(&a, LAPIC_TMR, 0x41));
	ck_assert(fx_bit(&a, LAPIC_TMR, 0x42));
	ck_assert(fx_bit(&a, LAPIC_TMR, 0x5f));
	post(&inbox, APIC_MODE_FIXED, 0x5f);
	lapic_drain(&a, &inbox);
	ck_assert(!fx_bit(&a, LAPIC_TMR, 0x5f));
}
END_TEST

START_TEST(the_other_modes_are_events)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_NMI, 0x41);
	post(&inbox, APIC_MODE_SMI, 0x41);
	post(&inbox, APIC_MODE_EXTINT, 0x41);
	lapic_post_event(&inbox, LAPIC_EVENT_USER0 | LAPIC_EVENT_USER0 << 15);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_NMI | LAPIC_EVENT_SMI |
							   LAPIC_EVENT_EXTINT | LAPIC_EVENT_USER0 |
							   LAPIC_EVENT_USER0 << 15);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
}
END_TEST

START_TEST(R83_R85_R158_messages_without_effect)
{
	static const enum apic_delivery_mode modes[] = {
		APIC_MODE_RESERVED,
		APIC_MODE_INIT,
		APIC_MODE_FIXED,
	};
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	for (size_t i = 0; i < FX_COUNT(modes); i++) {
		struct apic_msg msg = message(modes[i], 0x41);

		msg.asserted = modes[i] == APIC_MODE_RESERVED;
		msg.level_trigger = true;
		ck_assert(!lapic_post(&inbox, &msg));
		ck_assert(!lapic_inbox_pending(&inbox));
	}
	for (unsigned int mode = 8; mode < 300; mode++) {
		struct apic_msg msg = message((enum apic_delivery_mode)mode, 0x41);

		ck_assert(!lapic_post(&inbox, &msg));
	}
	ck_assert(!lapic_post_event(&inbox, 0));
	ck_assert(!lapic_post_event(&inbox, LAPIC_EVENT_VECTORS | LAPIC_EVENT_SIPI));
	ck_assert(!lapic_inbox_pending(&inbox));
}
END_TEST

START_TEST(R83_an_edge_init_without_assert_is_an_init)
{
	struct lapic a = fx_enabled();
	struct apic_msg msg = message(APIC_MODE_INIT, 0);
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	msg.asserted = false;
	ck_assert(lapic_post(&inbox, &msg));
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT);
}
END_TEST

START_TEST(R127_init_discards_an_earlier_sipi)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_SIPI, 0x9a);
	post(&inbox, APIC_MODE_INIT, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT);
}
END_TEST

START_TEST(R127_R128_a_later_sipi_survives_with_its_vector)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_INIT, 0);
	post(&inbox, APIC_MODE_SIPI, 0x9a);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT | sipi(0x9a));
	post(&inbox, APIC_MODE_SIPI, 0xff);
	post(&inbox, APIC_MODE_INIT, 0);
	post(&inbox, APIC_MODE_SIPI, 0x01);
	post(&inbox, APIC_MODE_NMI, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT | LAPIC_EVENT_NMI | sipi(0x01));
	post(&inbox, APIC_MODE_SIPI, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), sipi(0));
}
END_TEST

START_TEST(R126_two_sipis_do_not_mix)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;
	uint32_t events;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_SIPI, 0x55);
	post(&inbox, APIC_MODE_SIPI, 0xaa);
	events = lapic_drain(&a, &inbox);
	ck_assert(events == sipi(0x55) || events == sipi(0xaa));
}
END_TEST

START_TEST(R2_init_wipes_vectors_posted_with_it)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_FIXED, 0x41);
	post(&inbox, APIC_MODE_INIT, 0);
	post_level(&inbox, 0x91);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_INIT);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	lapic_init_signal(&a);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert(fx_bitmap_empty(&a, LAPIC_TMR));
}
END_TEST

START_TEST(R4_R5_acceptance_happens_at_the_drain)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_FIXED, 0x41);
	lapic_drain(&a, &inbox);
	fx_write(&a, LAPIC_SVR, 0xff);
	post(&inbox, APIC_MODE_FIXED, 0x91);
	post(&inbox, APIC_MODE_NMI, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_NMI);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	ck_assert_int_eq(lapic_pending(&a), 0x41);
}
END_TEST

START_TEST(R47_R48_an_illegal_vector_is_the_receivers_error)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	post(&inbox, APIC_MODE_FIXED, 3);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
}
END_TEST

START_TEST(local_events_come_out_with_the_posted_ones)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	fx_write(&a, LAPIC_LVT_LINT1, (uint32_t)APIC_MODE_NMI << LAPIC_LVT_MODE_SHIFT);
	lapic_lint_set(&a, LAPIC_LINT1, true);
	post(&inbox, APIC_MODE_SMI, 0);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), LAPIC_EVENT_NMI | LAPIC_EVENT_SMI);
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
}
END_TEST

START_TEST(all_vectors_at_once)
{
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	for (unsigned int vector = 16; vector < 256; vector++)
		ck_assert(post(&inbox, APIC_MODE_FIXED, (uint8_t)vector) == (vector == 16));
	ck_assert_uint_eq(lapic_drain(&a, &inbox), 0);
	for (unsigned int vector = 256; vector-- > 16;) {
		fx_take(&a, (uint8_t)vector);
		fx_eoi(&a);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R134_two_nmis_are_two_and_more_are_two,
		R132_init_voids_what_came_before_it,
		an_empty_inbox_gives_nothing,
		every_vector_arrives_with_its_trigger_mode,
		only_the_first_post_kicks,
		R58_posts_of_one_vector_collapse,
		R71_R72_the_last_post_gives_the_trigger_mode,
		the_other_modes_are_events,
		R83_R85_R158_messages_without_effect,
		R83_an_edge_init_without_assert_is_an_init,
		R127_init_discards_an_earlier_sipi,
		R127_R128_a_later_sipi_survives_with_its_vector,
		R126_two_sipis_do_not_mix,
		R2_init_wipes_vectors_posted_with_it,
		R4_R5_acceptance_happens_at_the_drain,
		R47_R48_an_illegal_vector_is_the_receivers_error,
		local_events_come_out_with_the_posted_ones,
		all_vectors_at_once,
	};

	return fx_run("lapic_inbox", tests, FX_COUNT(tests));
}
