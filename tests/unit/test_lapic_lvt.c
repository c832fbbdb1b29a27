/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local sources: the LINT pins, thermal, PMC and CMCI, and how their LVT entries deliver.
 *
 * SDM vol. 3, "Local Vector Table", "Local Interrupt Acceptance", "CMCI Local APIC Interface",
 * "Generating an Interrupt on Overflow".
 */
#include "tests/unit/lapic_fixture.h"

#define VECTOR 0x41u
#define NMI    (4u << LAPIC_LVT_MODE_SHIFT)
#define SMI    (2u << LAPIC_LVT_MODE_SHIFT)
#define INIT   (5u << LAPIC_LVT_MODE_SHIFT)
#define EXTINT (7u << LAPIC_LVT_MODE_SHIFT)
#define LEVEL  LAPIC_LVT_LEVEL
#define MASKED LAPIC_LVT_MASKED

static const uint32_t lint_offset[2] = { LAPIC_LVT_LINT0, LAPIC_LVT_LINT1 };
static const enum lapic_lint lint_pin[2] = { LAPIC_LINT0, LAPIC_LINT1 };

static struct lapic with_lvt(uint32_t offset, uint32_t lvt)
{
	struct lapic a = fx_enabled();

	fx_write(&a, offset, lvt);
	return a;
}

static void pulse(struct lapic *a, enum lapic_lint pin)
{
	lapic_lint_set(a, pin, true);
	lapic_lint_set(a, pin, false);
}

static bool remote_irr(struct lapic *a)
{
	return (fx_read(a, LAPIC_LVT_LINT0) & LAPIC_LVT_REMOTE_IRR) != 0;
}

static void take_and_end(struct lapic *a)
{
	fx_take(a, VECTOR);
	fx_eoi(a);
}

START_TEST(R101_edge_on_either_pin)
{
	for (size_t i = 0; i < 2; i++) {
		struct lapic a = with_lvt(lint_offset[i], VECTOR);

		lapic_lint_set(&a, lint_pin[i], true);
		ck_assert(!fx_bit(&a, LAPIC_TMR, VECTOR));
		take_and_end(&a);
		lapic_lint_set(&a, lint_pin[i], true);
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
		lapic_lint_set(&a, lint_pin[i], false);
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
		lapic_lint_set(&a, lint_pin[i], true);
		take_and_end(&a);
		ck_assert_uint_eq(fx_read(&a, lint_offset[i]), VECTOR);
	}
}
END_TEST

START_TEST(R103_unmasking_or_polarity_makes_no_edge)
{
	for (size_t i = 0; i < 2; i++) {
		struct lapic a = with_lvt(lint_offset[i], MASKED | VECTOR);

		lapic_lint_set(&a, lint_pin[i], true);
		fx_write(&a, lint_offset[i], VECTOR);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		fx_write(&a, lint_offset[i], LAPIC_LVT_POLARITY | VECTOR);
		fx_write(&a, lint_offset[i], VECTOR);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		lapic_lint_set(&a, lint_pin[i], true);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		lapic_lint_set(&a, lint_pin[i], false);
		lapic_lint_set(&a, lint_pin[i], true);
		ck_assert_int_eq(lapic_pending(&a), VECTOR);
	}
}
END_TEST

START_TEST(asserted_is_asserted_whatever_the_polarity)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, LAPIC_LVT_POLARITY | VECTOR);

	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
}
END_TEST

START_TEST(R102_level_sets_remote_irr_until_the_eoi)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, LEVEL | VECTOR);

	ck_assert(!remote_irr(&a));
	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert(remote_irr(&a));
	ck_assert(fx_bit(&a, LAPIC_TMR, VECTOR));
	fx_take(&a, VECTOR);
	ck_assert(remote_irr(&a));
	lapic_lint_set(&a, LAPIC_LINT0, false);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	lapic_lint_set(&a, LAPIC_LINT0, false);
	fx_eoi(&a);
	ck_assert(!remote_irr(&a));
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(R102_level_still_high_comes_again_after_the_eoi)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, LEVEL | VECTOR);

	lapic_lint_set(&a, LAPIC_LINT0, true);
	for (int i = 0; i < 3; i++) {
		take_and_end(&a);
		ck_assert(remote_irr(&a));
		ck_assert_int_eq(lapic_pending(&a), VECTOR);
	}
	lapic_lint_set(&a, LAPIC_LINT0, false);
	take_and_end(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert(!remote_irr(&a));
}
END_TEST

START_TEST(R102_level_is_sampled_at_unmask)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, MASKED | LEVEL | VECTOR);

	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert(!remote_irr(&a));
	fx_write(&a, LAPIC_LVT_LINT0, LEVEL | VECTOR);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
	ck_assert(remote_irr(&a));
}
END_TEST

START_TEST(R42_software_cannot_touch_remote_irr)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, LEVEL | LAPIC_LVT_REMOTE_IRR | VECTOR);

	ck_assert(!remote_irr(&a));
	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_lint_set(&a, LAPIC_LINT0, false);
	fx_write(&a, LAPIC_LVT_LINT0, LEVEL | VECTOR);
	ck_assert(remote_irr(&a));
	take_and_end(&a);
	ck_assert(!remote_irr(&a));
}
END_TEST

START_TEST(R102_an_eoi_of_another_vector_leaves_remote_irr)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, LEVEL | VECTOR);

	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_accept(&a, 0x91, true);
	fx_take(&a, 0x91);
	fx_eoi(&a);
	ck_assert(remote_irr(&a));
	lapic_lint_set(&a, LAPIC_LINT0, false);
	take_and_end(&a);
	ck_assert(!remote_irr(&a));
}
END_TEST

START_TEST(R101_lint1_has_no_level_mode)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT1, LEVEL | VECTOR);

	lapic_lint_set(&a, LAPIC_LINT1, true);
	ck_assert(!fx_bit(&a, LAPIC_TMR, VECTOR));
	take_and_end(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R101_nmi_smi_init_are_edges_on_either_pin)
{
	static const struct {
		uint32_t mode;
		uint32_t event;
	} cases[] = {
		{ NMI, LAPIC_EVENT_NMI },
		{ SMI, LAPIC_EVENT_SMI },
		{ INIT, LAPIC_EVENT_INIT },
		{ NMI | LEVEL, LAPIC_EVENT_NMI },
	};

	for (size_t i = 0; i < 2 * FX_COUNT(cases); i++) {
		struct lapic a = with_lvt(lint_offset[i % 2], cases[i / 2].mode);

		lapic_lint_set(&a, lint_pin[i % 2], true);
		ck_assert_uint_eq(fx_events(&a), cases[i / 2].event);
		lapic_lint_set(&a, lint_pin[i % 2], true);
		ck_assert_uint_eq(fx_events(&a), 0);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		ck_assert_uint_eq(fx_read(&a, lint_offset[i % 2]), cases[i / 2].mode);
	}
}
END_TEST

START_TEST(R104_nmi_through_lint1_respects_mask_and_mode)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT1, MASKED | NMI);

	pulse(&a, LAPIC_LINT1);
	ck_assert_uint_eq(fx_events(&a), 0);
	fx_write(&a, LAPIC_LVT_LINT1, NMI);
	ck_assert_uint_eq(fx_events(&a), 0);
	pulse(&a, LAPIC_LINT1);
	ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_NMI);
	fx_write(&a, LAPIC_LVT_LINT1, VECTOR);
	pulse(&a, LAPIC_LINT1);
	ck_assert_uint_eq(fx_events(&a), 0);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
}
END_TEST

START_TEST(R134_nmis_that_wait_collapse)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT1, NMI);

	pulse(&a, LAPIC_LINT1);
	pulse(&a, LAPIC_LINT1);
	ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_NMI);
	ck_assert_uint_eq(fx_events(&a), 0);
}
END_TEST

START_TEST(R137_extint_by_lint0)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, EXTINT);

	ck_assert(lapic_accepts_extint(&a));
	fx_write(&a, LAPIC_LVT_LINT0, EXTINT | LEVEL);
	ck_assert(lapic_accepts_extint(&a));
	fx_write(&a, LAPIC_LVT_LINT0, EXTINT | MASKED);
	ck_assert(!lapic_accepts_extint(&a));
	fx_write(&a, LAPIC_LVT_LINT0, VECTOR);
	ck_assert(!lapic_accepts_extint(&a));
	fx_write(&a, LAPIC_LVT_LINT0, EXTINT);
	fx_write(&a, LAPIC_SVR, 0xff);
	ck_assert(!lapic_accepts_extint(&a));
}
END_TEST

START_TEST(R138_extint_leaves_irr_isr_and_remote_irr_alone)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT0, EXTINT | VECTOR);

	lapic_lint_set(&a, LAPIC_LINT0, true);
	fx_write(&a, LAPIC_TPR, 0xff);
	ck_assert(lapic_accepts_extint(&a));
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
	ck_assert(!remote_irr(&a));
}
END_TEST

START_TEST(R101_thermal_pmc_cmci_deliver)
{
	static const enum lapic_reg lvts[] = { LAPIC_LVT_THERMAL, LAPIC_LVT_PMC, LAPIC_LVT_CMCI };

	for (size_t i = 0; i < FX_COUNT(lvts); i++) {
		struct lapic a = with_lvt(lvts[i], MASKED | VECTOR);

		lapic_lvt_fire(&a, lvts[i]);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		fx_write(&a, lvts[i], VECTOR);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		lapic_lvt_fire(&a, lvts[i]);
		ck_assert(!fx_bit(&a, LAPIC_TMR, VECTOR));
		take_and_end(&a);
		fx_write(&a, lvts[i], NMI);
		lapic_lvt_fire(&a, lvts[i]);
		ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_NMI);
		fx_write(&a, lvts[i], SMI);
		lapic_lvt_fire(&a, lvts[i]);
		ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_SMI);
	}
}
END_TEST

START_TEST(R105_pmc_masks_itself)
{
	struct lapic a = with_lvt(LAPIC_LVT_PMC, NMI);

	lapic_lvt_fire(&a, LAPIC_LVT_PMC);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_PMC), MASKED | NMI);
	ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_NMI);
	lapic_lvt_fire(&a, LAPIC_LVT_PMC);
	ck_assert_uint_eq(fx_events(&a), 0);
	fx_write(&a, LAPIC_LVT_PMC, VECTOR);
	lapic_lvt_fire(&a, LAPIC_LVT_PMC);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_PMC), MASKED | VECTOR);
	ck_assert_int_eq(lapic_pending(&a), VECTOR);
	a = with_lvt(LAPIC_LVT_THERMAL, VECTOR);
	lapic_lvt_fire(&a, LAPIC_LVT_THERMAL);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_THERMAL), VECTOR);
}
END_TEST

START_TEST(other_offsets_do_not_fire)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_TIMER, VECTOR);
	fx_write(&a, LAPIC_LVT_LINT0, VECTOR);
	fx_write(&a, LAPIC_LVT_LINT1, NMI);
	fx_write(&a, LAPIC_LVT_ERROR, VECTOR);
	for (unsigned int offset = 0; offset < 0x500; offset++) {
		if (offset != LAPIC_LVT_THERMAL && offset != LAPIC_LVT_PMC &&
		    offset != LAPIC_LVT_CMCI)
			lapic_lvt_fire(&a, (enum lapic_reg)offset);
	}
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_events(&a), 0);
}
END_TEST

START_TEST(R6_software_disabled_sources_are_silent)
{
	struct lapic a = with_lvt(LAPIC_LVT_LINT1, NMI);

	fx_write(&a, LAPIC_LVT_THERMAL, VECTOR);
	fx_write(&a, LAPIC_LVT_LINT0, LEVEL | VECTOR);
	fx_write(&a, LAPIC_SVR, 0xff);
	pulse(&a, LAPIC_LINT1);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_lvt_fire(&a, LAPIC_LVT_THERMAL);
	ck_assert_uint_eq(fx_events(&a), 0);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert(!remote_irr(&a));
}
END_TEST

START_TEST(R125_no_cmci_without_the_capability)
{
	struct lapic_config config = fx_config();
	struct lapic_effect effect;
	uint64_t value = 1;
	struct lapic a;

	config.cmci = false;
	a = fx_enabled_with(config);
	ck_assert_int_eq(lapic_read(&a, LAPIC_LVT_CMCI, FX_NOW, &value), LAPIC_ILLEGAL);
	ck_assert_uint_eq(value, 0);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_ILLEGAL_REGISTER);
	ck_assert_int_eq(lapic_write(&a, LAPIC_LVT_CMCI, VECTOR, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_ILLEGAL_REGISTER);
	lapic_lvt_fire(&a, LAPIC_LVT_CMCI);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_errors(&a), 0);
	fx_enter_x2apic(&a);
	ck_assert_int_eq(lapic_msr_read(&a, 0x82f, FX_NOW, &value), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_msr_write(&a, 0x82f, VECTOR, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R101_edge_on_either_pin,
		R103_unmasking_or_polarity_makes_no_edge,
		asserted_is_asserted_whatever_the_polarity,
		R102_level_sets_remote_irr_until_the_eoi,
		R102_level_still_high_comes_again_after_the_eoi,
		R102_level_is_sampled_at_unmask,
		R42_software_cannot_touch_remote_irr,
		R102_an_eoi_of_another_vector_leaves_remote_irr,
		R101_lint1_has_no_level_mode,
		R101_nmi_smi_init_are_edges_on_either_pin,
		R104_nmi_through_lint1_respects_mask_and_mode,
		R134_nmis_that_wait_collapse,
		R137_extint_by_lint0,
		R138_extint_leaves_irr_isr_and_remote_irr_alone,
		R101_thermal_pmc_cmci_deliver,
		R105_pmc_masks_itself,
		other_offsets_do_not_fire,
		R6_software_disabled_sources_are_silent,
		R125_no_cmci_without_the_capability,
	};

	return fx_run("lapic_lvt", tests, FX_COUNT(tests));
}
