/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error status register: what is an error, when it shows, and when LVT_ERROR fires.
 *
 * SDM vol. 3, "Error Handling", "Error Handling in x2APIC Mode", "Valid Interrupt Vectors".
 */
#include "tests/unit/lapic_fixture.h"

#define UNKNOWN_OFFSET 0x040u
#define ERROR_VECTOR   0xe1

/* An access that xAPIC mode records as an illegal register address. */
static void touch_unknown(struct lapic *a)
{
	uint64_t value;

	ck_assert_int_eq(lapic_read(a, UNKNOWN_OFFSET, FX_NOW, &value), LAPIC_ILLEGAL);
}

static struct lapic with_lvt_error(uint32_t lvt)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_ERROR, lvt);
	return a;
}

START_TEST(R45_esr_write_latches_pending)
{
	struct lapic a = fx_enabled();

	touch_unknown(&a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ESR), 0);
	fx_write(&a, LAPIC_ESR, 0xffffffff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ESR), LAPIC_ESR_ILLEGAL_REGISTER);
	lapic_accept(&a, 3, false);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ESR), LAPIC_ESR_ILLEGAL_REGISTER);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R45_errors_add_up_until_the_write)
{
	struct lapic a = fx_enabled();

	touch_unknown(&a);
	lapic_accept(&a, 3, false);
	fx_write(&a, LAPIC_ICR_HIGH, 0x02000000);
	fx_write(&a, LAPIC_ICR, 0x400f);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_ILLEGAL_REGISTER | LAPIC_ESR_RECV_ILLEGAL |
						 LAPIC_ESR_SEND_ILLEGAL);
}
END_TEST

START_TEST(R46_sending_an_illegal_vector)
{
	for (unsigned int mode = APIC_MODE_FIXED; mode <= APIC_MODE_LOWEST_PRIORITY; mode++) {
		for (uint32_t vector = 0; vector < 18; vector++) {
			struct lapic a = fx_enabled();
			struct lapic_effect effect;

			effect = fx_write(&a, LAPIC_ICR, 0x4000 | mode << 8 | vector);
			ck_assert_int_eq(effect.kind,
					 vector < 16 ? LAPIC_EFFECT_NONE : LAPIC_EFFECT_MSG);
			ck_assert_uint_eq(fx_errors(&a), vector < 16 ? LAPIC_ESR_SEND_ILLEGAL : 0);
		}
	}
}
END_TEST

START_TEST(R46_sending_an_illegal_vector_by_shorthand)
{
	for (uint32_t shorthand = APIC_SHORTHAND_SELF; shorthand <= APIC_SHORTHAND_OTHERS;
	     shorthand++) {
		struct lapic a = fx_enabled();
		uint32_t icr = shorthand << LAPIC_ICR_SHORTHAND_SHIFT | 0x4005;

		ck_assert_int_eq(fx_write(&a, LAPIC_ICR, icr).kind, LAPIC_EFFECT_NONE);
		/* A self IPI is also received, so that either or both bits may be set. */
		ck_assert_uint_eq(fx_errors(&a) & LAPIC_ESR_SEND_ILLEGAL, LAPIC_ESR_SEND_ILLEGAL);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	}
}
END_TEST

START_TEST(R46_illegal_vectors_in_x2apic_mode)
{
	struct lapic a = fx_x2apic();

	for (uint32_t vector = 0; vector < 16; vector++) {
		ck_assert_int_eq(fx_write(&a, LAPIC_ICR, UINT64_C(0x200004000) | vector).kind,
				 LAPIC_EFFECT_NONE);
		ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_SEND_ILLEGAL);
		ck_assert_int_eq(fx_write(&a, LAPIC_SELF_IPI, vector).kind, LAPIC_EFFECT_NONE);
		ck_assert_uint_eq(fx_errors(&a) & LAPIC_ESR_SEND_ILLEGAL, LAPIC_ESR_SEND_ILLEGAL);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	}
}
END_TEST

START_TEST(R47_receiving_an_illegal_vector)
{
	struct lapic a = fx_enabled();

	for (uint8_t vector = 0; vector < 16; vector++) {
		lapic_accept(&a, vector, true);
		ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	}
	lapic_accept(&a, 16, true);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R47_local_sources_with_an_illegal_vector)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_THERMAL, 15);
	fx_write(&a, LAPIC_LVT_TIMER, 3);
	fx_write(&a, LAPIC_LVT_LINT0, 7);
	ck_assert_uint_eq(fx_errors(&a) & LAPIC_ESR_SEND_ILLEGAL, 0);
	lapic_lvt_fire(&a, LAPIC_LVT_THERMAL);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	fx_write(&a, LAPIC_TIMER_ICR, 1);
	lapic_expire(&a, lapic_deadline(&a));
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(R49_other_modes_have_no_vector)
{
	static const enum apic_delivery_mode modes[] = {
		APIC_MODE_SMI,
		APIC_MODE_NMI,
		APIC_MODE_INIT,
		APIC_MODE_SIPI,
	};
	struct lapic a = fx_enabled();

	for (size_t i = 0; i < FX_COUNT(modes); i++) {
		uint32_t icr = 0x4000u | (uint32_t)modes[i] << LAPIC_ICR_MODE_SHIFT;

		ck_assert_int_eq(fx_write(&a, LAPIC_ICR, icr | 8).kind, LAPIC_EFFECT_MSG);
		ck_assert_uint_eq(fx_errors(&a), 0);
	}
	fx_write(&a, LAPIC_LVT_LINT1, 0x400);
	lapic_lint_set(&a, LAPIC_LINT1, true);
	fx_write(&a, LAPIC_LVT_PMC, 0x400);
	lapic_lvt_fire(&a, LAPIC_LVT_PMC);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R50_illegal_register_is_not_recorded_in_x2apic_mode)
{
	struct lapic a = fx_x2apic();
	struct lapic_effect effect;

	touch_unknown(&a);
	ck_assert_int_eq(lapic_write(&a, LAPIC_DFR, 0, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_write(&a, LAPIC_EOI, 1, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R51_redirectable_ipi_instead_of_sending)
{
	static const uint32_t vectors[] = { 0, 15, 16, 0x41 };
	struct lapic_config config = fx_config();

	config.lowest_priority = false;
	for (size_t i = 0; i < FX_COUNT(vectors); i++) {
		struct lapic modes[2] = { fx_enabled_with(config), fx_x2apic_with(config) };

		for (size_t mode = 0; mode < FX_COUNT(modes); mode++) {
			uint32_t icr = 0x4100 | vectors[i];

			ck_assert_int_eq(fx_write(&modes[mode], LAPIC_ICR, icr).kind,
					 LAPIC_EFFECT_NONE);
			ck_assert_uint_eq(fx_errors(&modes[mode]), LAPIC_ESR_REDIRECTABLE_IPI);
		}
	}
}
END_TEST

START_TEST(R51_lowest_priority_is_sent_where_supported)
{
	struct lapic a = fx_enabled();

	ck_assert_int_eq(fx_write(&a, LAPIC_ICR, 0x4141).kind, LAPIC_EFFECT_MSG);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R52_lvt_error_fires_once_until_rearmed)
{
	struct lapic a = with_lvt_error(ERROR_VECTOR);

	touch_unknown(&a);
	fx_take(&a, ERROR_VECTOR);
	ck_assert(!fx_bit(&a, LAPIC_TMR, ERROR_VECTOR));
	fx_eoi(&a);
	touch_unknown(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	fx_errors(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	touch_unknown(&a);
	ck_assert_int_eq(lapic_pending(&a), ERROR_VECTOR);
}
END_TEST

START_TEST(R52_every_kind_of_error_fires_it)
{
	struct lapic a = with_lvt_error(ERROR_VECTOR);

	lapic_accept(&a, 3, false);
	fx_take(&a, ERROR_VECTOR);
	fx_eoi(&a);
	fx_errors(&a);
	fx_write(&a, LAPIC_ICR, 0x4003);
	fx_take(&a, ERROR_VECTOR);
	fx_eoi(&a);
	fx_errors(&a);
	fx_enter_x2apic(&a);
	fx_write(&a, LAPIC_SELF_IPI, 3);
	fx_take(&a, ERROR_VECTOR);
}
END_TEST

START_TEST(R52_masked_lvt_error_is_silent_but_records)
{
	struct lapic a = with_lvt_error(LAPIC_LVT_MASKED | ERROR_VECTOR);

	touch_unknown(&a);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	fx_write(&a, LAPIC_LVT_ERROR, ERROR_VECTOR);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_ILLEGAL_REGISTER);
}
END_TEST

START_TEST(R53_illegal_vector_in_lvt_error_does_not_recurse)
{
	struct lapic a = with_lvt_error(0x00f);

	touch_unknown(&a);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_errors(&a) & ~LAPIC_ESR_RECV_ILLEGAL, LAPIC_ESR_ILLEGAL_REGISTER);
	lapic_accept(&a, 3, false);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R54_p6_bits_stay_zero)
{
	struct lapic a = fx_enabled();
	struct lapic_effect effect;

	for (uint32_t i = 0; i < 0x4000; i++) {
		uint64_t value;

		lapic_write(&a, i * 0x190 % LAPIC_REGS_SIZE, i * UINT64_C(0x9e3779b1) >> 7, FX_NOW,
			    &effect);
		lapic_read(&a, i * 0x70 % LAPIC_REGS_SIZE, FX_NOW, &value);
		lapic_accept(&a, (uint8_t)(i * 29), i % 2 != 0);
		ck_assert_uint_eq(a.esr_pending & 0xf, 0);
		ck_assert_uint_eq(a.esr_pending >> 8, 0);
		ck_assert_uint_eq(fx_read(&a, LAPIC_ESR) & 0xf, 0);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R45_esr_write_latches_pending,
		R45_errors_add_up_until_the_write,
		R46_sending_an_illegal_vector,
		R46_sending_an_illegal_vector_by_shorthand,
		R46_illegal_vectors_in_x2apic_mode,
		R47_receiving_an_illegal_vector,
		R47_local_sources_with_an_illegal_vector,
		R49_other_modes_have_no_vector,
		R50_illegal_register_is_not_recorded_in_x2apic_mode,
		R51_redirectable_ipi_instead_of_sending,
		R51_lowest_priority_is_sent_where_supported,
		R52_lvt_error_fires_once_until_rearmed,
		R52_every_kind_of_error_fires_it,
		R52_masked_lvt_error_is_silent_but_records,
		R53_illegal_vector_in_lvt_error_does_not_recurse,
		R54_p6_bits_stay_zero,
	};

	return fx_run("lapic_esr", tests, FX_COUNT(tests));
}
