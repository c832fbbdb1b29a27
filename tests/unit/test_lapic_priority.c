/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which interrupt is next: IRR, ISR, TMR, the priority registers, and the end of an interrupt.
 *
 * SDM vol. 3, "Interrupt, Task, and Processor Priority", "Interrupt Acceptance for Fixed
 * Interrupts", "Signaling Interrupt Servicing Completion".
 */
#include "tests/unit/lapic_fixture.h"

static unsigned int highest(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

START_TEST(R55_ppr_is_the_higher_of_tpr_and_isr)
{
	for (unsigned int tpr = 0; tpr < 256; tpr += 5) {
		for (unsigned int vector = 16; vector < 256; vector += 3) {
			struct lapic a = fx_enabled();
			unsigned int ppr;

			lapic_accept(&a, (uint8_t)vector, false);
			fx_take(&a, (uint8_t)vector);
			fx_write(&a, LAPIC_TPR, tpr);
			ppr = lapic_ppr(&a);
			ck_assert_uint_eq(fx_read(&a, LAPIC_PPR), ppr);
			ck_assert_uint_eq(ppr >> 4, highest(tpr >> 4, vector >> 4));
			if (tpr >> 4 > vector >> 4)
				ck_assert_uint_eq(ppr, tpr);
			else if (tpr >> 4 < vector >> 4)
				ck_assert_uint_eq(ppr & 15, 0);
			else
				ck_assert((ppr & 15) == (tpr & 15) || (ppr & 15) == 0);
		}
	}
}
END_TEST

START_TEST(R56_delivery_compares_classes)
{
	for (unsigned int vector = 16; vector < 256; vector++) {
		for (unsigned int tpr = 0; tpr < 256; tpr += 3) {
			struct lapic a = fx_enabled();
			bool deliverable = vector >> 4 > tpr >> 4;

			lapic_accept(&a, (uint8_t)vector, false);
			fx_write(&a, LAPIC_TPR, tpr);
			ck_assert_int_eq(lapic_pending(&a),
					 deliverable ? (int)vector : LAPIC_NO_VECTOR);
			ck_assert_int_eq(lapic_held_by_tpr(&a),
					 deliverable ? LAPIC_NO_VECTOR : (int)vector);
		}
	}
}
END_TEST

START_TEST(R56_no_nesting_within_a_class)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, false);
	fx_take(&a, 0x41);
	lapic_accept(&a, 0x4f, false);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	lapic_accept(&a, 0x50, false);
	fx_take(&a, 0x50);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	fx_eoi(&a);
	ck_assert(!fx_bit(&a, LAPIC_ISR, 0x50));
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	fx_eoi(&a);
	fx_take(&a, 0x4f);
}
END_TEST

START_TEST(R59_the_highest_request_goes_first)
{
	static const uint8_t order[] = {
		0xff, 0xf0, 0xa3, 0x81, 0x80, 0x7f, 0x41, 0x3f, 0x20, 0x1f
	};
	struct lapic a = fx_enabled();

	for (size_t i = FX_COUNT(order); i-- > 0;)
		lapic_accept(&a, order[(i * 7) % FX_COUNT(order)], false);
	for (size_t i = 0; i < FX_COUNT(order); i++) {
		fx_take(&a, order[i]);
		ck_assert(!fx_bit(&a, LAPIC_IRR, order[i]));
		ck_assert(fx_bit(&a, LAPIC_ISR, order[i]));
		fx_eoi(&a);
		ck_assert(!fx_bit(&a, LAPIC_ISR, order[i]));
	}
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R57_vectors_16_to_31_are_delivered)
{
	for (unsigned int vector = 16; vector < 32; vector++) {
		struct lapic a = fx_enabled();

		lapic_accept(&a, (uint8_t)vector, false);
		fx_take(&a, (uint8_t)vector);
		ck_assert_uint_eq(lapic_ppr(&a), 0x10);
		fx_eoi(&a);
		ck_assert_uint_eq(fx_errors(&a), 0);
	}
}
END_TEST

START_TEST(R48_vectors_below_16_never_enter_irr)
{
	struct lapic a = fx_enabled();

	for (unsigned int vector = 0; vector < 16; vector++) {
		lapic_accept(&a, (uint8_t)vector, vector % 2 != 0);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	}
	ck_assert(fx_bitmap_empty(&a, LAPIC_TMR));
}
END_TEST

START_TEST(R58_two_instances_are_held_more_collapse)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, false);
	fx_take(&a, 0x41);
	lapic_accept(&a, 0x41, false);
	ck_assert_uint_eq(a.counters.collapsed, 0);
	lapic_accept(&a, 0x41, false);
	lapic_accept(&a, 0x41, false);
	ck_assert_uint_eq(a.counters.collapsed, 2);
	fx_eoi(&a);
	fx_take(&a, 0x41);
	fx_eoi(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R61_R62_R63_tpr_holds_and_releases)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x55, false);
	ck_assert_int_eq(lapic_cr8_write(&a, 5), LAPIC_OK);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_int_eq(lapic_held_by_tpr(&a), 0x55);
	ck_assert_int_eq(lapic_cr8_write(&a, 4), LAPIC_OK);
	ck_assert_int_eq(lapic_pending(&a), 0x55);
	ck_assert_int_eq(lapic_held_by_tpr(&a), LAPIC_NO_VECTOR);
	fx_write(&a, LAPIC_TPR, 0x5f);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0x5f);
	ck_assert_uint_eq(lapic_ppr(&a), 0x5f);
	fx_write(&a, LAPIC_TPR, 0x4f);
	ck_assert_int_eq(lapic_pending(&a), 0x55);
}
END_TEST

START_TEST(held_by_tpr_is_not_held_by_isr)
{
	struct lapic a = fx_enabled();

	ck_assert_int_eq(lapic_held_by_tpr(&a), LAPIC_NO_VECTOR);
	lapic_accept(&a, 0x61, false);
	fx_take(&a, 0x61);
	lapic_accept(&a, 0x62, false);
	fx_write(&a, LAPIC_TPR, 0xf0);
	ck_assert_int_eq(lapic_held_by_tpr(&a), LAPIC_NO_VECTOR);
	lapic_accept(&a, 0x71, false);
	ck_assert_int_eq(lapic_held_by_tpr(&a), 0x71);
}
END_TEST

START_TEST(R64_several_in_service_in_one_class)
{
	static const uint8_t order[] = { 0x50, 0x4f, 0x48, 0x41, 0x33 };
	struct lapic a = fx_enabled();

	/* No sequence of interrupts leads here, but a restored image can. */
	a.regs.isr[2].reg = 0x00018102;
	a.regs.isr[1].reg = 0x00080000;
	for (size_t i = 0; i < FX_COUNT(order); i++) {
		ck_assert(fx_bit(&a, LAPIC_ISR, order[i]));
		fx_eoi(&a);
		ck_assert(!fx_bit(&a, LAPIC_ISR, order[i]));
	}
	ck_assert_uint_eq(lapic_ppr(&a), 0);
}
END_TEST

START_TEST(R65_forged_bits_below_16_are_harmless)
{
	struct lapic a = fx_enabled();

	a.regs.irr[0].reg = 0xffff;
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	a.regs.irr[0].reg = 0;
	a.regs.isr[0].reg = 0xffff;
	ck_assert_uint_eq(lapic_ppr(&a) >> 4, 0);
	lapic_accept(&a, 0x41, false);
	fx_take(&a, 0x41);
	fx_eoi(&a);
	ck_assert(!fx_bit(&a, LAPIC_ISR, 0x41));
	for (int i = 0; i < 20; i++)
		fx_eoi(&a);
}
END_TEST

START_TEST(R66_no_spurious_vector_enters_isr)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, false);
	ck_assert_int_eq(lapic_pending(&a), 0x41);
	ck_assert_int_eq(lapic_cr8_write(&a, 15), LAPIC_OK);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
	ck_assert(fx_bit(&a, LAPIC_IRR, 0x41));
}
END_TEST

START_TEST(R67_arbitration_priority)
{
	struct lapic a = fx_enabled();

	ck_assert_uint_eq(fx_read(&a, LAPIC_APR), 0);
	fx_write(&a, LAPIC_TPR, 0x3a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_APR), 0x3a);
	lapic_accept(&a, 0x35, false);
	ck_assert_uint_eq(fx_read(&a, LAPIC_APR), 0x3a);
	lapic_accept(&a, 0x57, false);
	ck_assert_uint_eq(fx_read(&a, LAPIC_APR), 0x50);
	fx_take(&a, 0x57);
	fx_write(&a, LAPIC_TPR, 0x5a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_APR), 0x50); /* what TPR and ISR have in common */
}
END_TEST

START_TEST(R68_eoi_with_nothing_in_service)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, true);
	ck_assert_int_eq(fx_eoi(&a).kind, LAPIC_EFFECT_NONE);
	ck_assert_uint_eq(a.counters.eoi_spurious, 1);
	ck_assert(fx_bit(&a, LAPIC_IRR, 0x41));
}
END_TEST

START_TEST(R27_any_value_ends_an_interrupt_in_xapic_mode)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, false);
	fx_take(&a, 0x41);
	fx_write(&a, LAPIC_EOI, 0xffffffff);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
}
END_TEST

START_TEST(R69_only_level_vectors_are_broadcast)
{
	struct lapic modes[2] = { fx_enabled(), fx_x2apic() };

	for (size_t i = 0; i < FX_COUNT(modes); i++) {
		struct lapic *a = &modes[i];
		struct lapic_effect effect;

		lapic_accept(a, 0x41, true);
		fx_take(a, 0x41);
		effect = fx_eoi(a);
		ck_assert_int_eq(effect.kind, LAPIC_EFFECT_EOI);
		ck_assert_uint_eq(effect.eoi_vector, 0x41);
		ck_assert_uint_eq(a->counters.eoi_level, 1);
		lapic_accept(a, 0x42, false);
		fx_take(a, 0x42);
		ck_assert_int_eq(fx_eoi(a).kind, LAPIC_EFFECT_NONE);
		ck_assert_uint_eq(a->counters.eoi_level, 1);
	}
}
END_TEST

START_TEST(R70_tmr_is_written_at_acceptance_only)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x9c, true);
	ck_assert(fx_bit(&a, LAPIC_TMR, 0x9c));
	fx_take(&a, 0x9c);
	fx_eoi(&a);
	ck_assert(fx_bit(&a, LAPIC_TMR, 0x9c));
	lapic_accept(&a, 0x9c, false);
	ck_assert(!fx_bit(&a, LAPIC_TMR, 0x9c));
}
END_TEST

START_TEST(R72_last_acceptance_gives_the_trigger_mode)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, false);
	lapic_accept(&a, 0x41, true);
	fx_take(&a, 0x41);
	ck_assert_int_eq(fx_eoi(&a).kind, LAPIC_EFFECT_EOI);
	lapic_accept(&a, 0x41, true);
	lapic_accept(&a, 0x41, false);
	fx_take(&a, 0x41);
	ck_assert_int_eq(fx_eoi(&a).kind, LAPIC_EFFECT_NONE);
}
END_TEST

START_TEST(R73_the_spurious_number_as_a_device_vector)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0xff, true);
	fx_take(&a, 0xff);
	ck_assert_int_eq(fx_eoi(&a).kind, LAPIC_EFFECT_EOI);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
}
END_TEST

START_TEST(R74_directed_eoi_suppresses_the_broadcast)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED | LAPIC_SVR_DIRECTED_EOI);
	lapic_accept(&a, 0x41, true);
	fx_take(&a, 0x41);
	ck_assert_int_eq(fx_eoi(&a).kind, LAPIC_EFFECT_NONE);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
	ck_assert_uint_eq(a.counters.eoi_level, 0);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	lapic_accept(&a, 0x41, true);
	fx_take(&a, 0x41);
	ck_assert_int_eq(fx_eoi(&a).kind, LAPIC_EFFECT_EOI);
}
END_TEST

START_TEST(R160_an_accepted_level_interrupt_stays)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, true);
	lapic_accept(&a, 0x41, true);
	fx_take(&a, 0x41);
	fx_eoi(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R55_ppr_is_the_higher_of_tpr_and_isr,
		R56_delivery_compares_classes,
		R56_no_nesting_within_a_class,
		R59_the_highest_request_goes_first,
		R57_vectors_16_to_31_are_delivered,
		R48_vectors_below_16_never_enter_irr,
		R58_two_instances_are_held_more_collapse,
		R61_R62_R63_tpr_holds_and_releases,
		held_by_tpr_is_not_held_by_isr,
		R64_several_in_service_in_one_class,
		R65_forged_bits_below_16_are_harmless,
		R66_no_spurious_vector_enters_isr,
		R67_arbitration_priority,
		R68_eoi_with_nothing_in_service,
		R27_any_value_ends_an_interrupt_in_xapic_mode,
		R69_only_level_vectors_are_broadcast,
		R70_tmr_is_written_at_acceptance_only,
		R72_last_acceptance_gives_the_trigger_mode,
		R73_the_spurious_number_as_a_device_vector,
		R74_directed_eoi_suppresses_the_broadcast,
		R160_an_accepted_level_interrupt_stays,
	};

	return fx_run("lapic_priority", tests, FX_COUNT(tests));
}
