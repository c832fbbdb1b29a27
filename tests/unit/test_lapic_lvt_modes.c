/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local sources where they must not deliver: modes that an LVT does not support, APICs that are
 * off, vectors that are illegal, arguments that name nothing. SDM vol. 3, "Local Vector Table",
 * "Local Interrupt Delivery Modes".
 */
#include "tests/unit/lapic_fixture.h"

#define VECTOR       0x41u
#define OTHER_VECTOR 0x62u

static uint32_t mode_bits(unsigned int mode)
{
	return (uint32_t)mode << LAPIC_LVT_MODE_SHIFT;
}

static bool is_untouched(struct lapic *a)
{
	return fx_bitmap_empty(a, LAPIC_IRR) && fx_events(a) == 0;
}

static const unsigned int undefined_modes[] = { APIC_MODE_LOWEST_PRIORITY, APIC_MODE_RESERVED,
						APIC_MODE_SIPI };

START_TEST(R101_undefined_modes_deliver_nothing)
{
	static const enum lapic_reg lvts[] = { LAPIC_LVT_THERMAL, LAPIC_LVT_PMC, LAPIC_LVT_CMCI };

	for (size_t i = 0; i < FX_COUNT(undefined_modes); i++) {
		struct lapic a = fx_enabled();

		fx_write(&a, LAPIC_LVT_LINT0, mode_bits(undefined_modes[i]) | VECTOR);
		fx_write(&a, LAPIC_LVT_LINT1, mode_bits(undefined_modes[i]) | VECTOR);
		lapic_lint_set(&a, LAPIC_LINT0, true);
		lapic_lint_set(&a, LAPIC_LINT1, true);
		ck_assert(is_untouched(&a) && !lapic_accepts_extint(&a));
		for (size_t j = 0; j < FX_COUNT(lvts); j++) {
			fx_write(&a, lvts[j], mode_bits(undefined_modes[i]) | VECTOR);
			lapic_lvt_fire(&a, lvts[j]);
			ck_assert(is_untouched(&a));
		}
	}
}
END_TEST

/* D19: and the counters' entry is masked all the same. */
START_TEST(R101_thermal_pmc_and_cmci_know_no_init_and_no_extint)
{
	static const enum lapic_reg lvts[] = { LAPIC_LVT_THERMAL, LAPIC_LVT_PMC, LAPIC_LVT_CMCI };

	for (size_t i = 0; i < FX_COUNT(lvts); i++) {
		struct lapic a = fx_enabled();

		fx_write(&a, lvts[i], mode_bits(APIC_MODE_INIT));
		lapic_lvt_fire(&a, lvts[i]);
		ck_assert(is_untouched(&a));
		fx_write(&a, lvts[i], mode_bits(APIC_MODE_EXTINT));
		lapic_lvt_fire(&a, lvts[i]);
		ck_assert(is_untouched(&a));
	}
}
END_TEST

START_TEST(R101_an_extint_entry_of_lint1_is_not_the_8259)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_LINT1, mode_bits(APIC_MODE_EXTINT));
	lapic_lint_set(&a, LAPIC_LINT1, true);
	ck_assert(is_untouched(&a));
	ck_assert(!lapic_accepts_extint(&a));
}
END_TEST

/* The registers are gone, and with them the sources; LINT0 is INTR then, which is no event. */
START_TEST(R13_a_hardware_disabled_apic_has_no_other_sources)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_THERMAL, VECTOR);
	fx_disable_hardware(&a);
	lapic_lvt_fire(&a, LAPIC_LVT_THERMAL);
	lapic_lvt_fire(&a, LAPIC_LVT_PMC);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_lint_set(&a, LAPIC_LINT0, false);
	ck_assert_uint_eq(fx_events(&a), 0);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R47_R102_an_illegal_level_sets_no_remote_irr)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_LINT0, LAPIC_LVT_LEVEL | 5);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), LAPIC_LVT_LEVEL | 5);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
}
END_TEST

/* D18: no EOI would ever clear it. */
START_TEST(R102_leaving_the_level_mode_clears_remote_irr)
{
	static const uint32_t others[] = { VECTOR, LAPIC_LVT_LEVEL | 0x400 };

	for (size_t i = 0; i < FX_COUNT(others); i++) {
		struct lapic a = fx_enabled();

		fx_write(&a, LAPIC_LVT_LINT0, LAPIC_LVT_LEVEL | VECTOR);
		lapic_lint_set(&a, LAPIC_LINT0, true);
		ck_assert_uint_ne(fx_read(&a, LAPIC_LVT_LINT0) & LAPIC_LVT_REMOTE_IRR, 0);
		fx_write(&a, LAPIC_LVT_LINT0, others[i]);
		ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), others[i]);
	}
}
END_TEST

/* D18: what has been accepted decides, not what the entry holds by then. */
START_TEST(R102_a_vector_rewritten_in_service_does_not_shut_the_pin)
{
	for (int in_service = 0; in_service < 2; in_service++) {
		struct lapic a = fx_enabled();

		fx_write(&a, LAPIC_LVT_LINT0, LAPIC_LVT_LEVEL | VECTOR);
		lapic_lint_set(&a, LAPIC_LINT0, true);
		if (in_service)
			fx_take(&a, VECTOR);
		fx_write(&a, LAPIC_LVT_LINT0, LAPIC_LVT_LEVEL | OTHER_VECTOR);
		if (!in_service)
			fx_take(&a, VECTOR);
		/* An EOI of the new vector, from elsewhere, ends nothing of the pin's. */
		lapic_accept(&a, OTHER_VECTOR, false);
		fx_take(&a, OTHER_VECTOR);
		fx_eoi(&a);
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
		ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		fx_eoi(&a);
		fx_take(&a, OTHER_VECTOR);
		lapic_lint_set(&a, LAPIC_LINT0, false);
		fx_eoi(&a);
		ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), LAPIC_LVT_LEVEL | OTHER_VECTOR);
		ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	}
}
END_TEST

START_TEST(pins_that_do_not_exist_are_ignored)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_LINT0, VECTOR);
	fx_write(&a, LAPIC_LVT_LINT1, VECTOR);
	lapic_lint_set(&a, (enum lapic_lint)2, true);
	lapic_lint_set(&a, (enum lapic_lint)1000, true);
	ck_assert(is_untouched(&a));
	ck_assert(!a.lint_level[LAPIC_LINT0] && !a.lint_level[LAPIC_LINT1]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R101_undefined_modes_deliver_nothing,
		R101_thermal_pmc_and_cmci_know_no_init_and_no_extint,
		R101_an_extint_entry_of_lint1_is_not_the_8259,
		R13_a_hardware_disabled_apic_has_no_other_sources,
		R47_R102_an_illegal_level_sets_no_remote_irr,
		R102_leaving_the_level_mode_clears_remote_irr,
		R102_a_vector_rewritten_in_service_does_not_shut_the_pin,
		pins_that_do_not_exist_are_ignored,
	};

	return fx_run("lapic_lvt_modes", tests, FX_COUNT(tests));
}
