/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taking a vector, and ending one without telling anybody. SDM vol. 3, "Handling Interrupts"; Linux
 * documentation, "KVM-specific MSRs", MSR_KVM_PV_EOI_EN.
 */
#include "tests/unit/lapic_fixture.h"

static void serve(struct lapic *a, uint8_t vector, bool level)
{
	lapic_accept(a, vector, level);
	fx_take(a, vector);
}

START_TEST(only_what_is_requested_can_be_taken)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x41, false);
	lapic_ack(&a, 0x42);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
	ck_assert_int_eq(lapic_pending(&a), 0x41);
}
END_TEST

START_TEST(R179_silent_only_on_top_edge_and_alone)
{
	struct lapic a = fx_enabled();

	ck_assert_int_eq(lapic_silent_eoi(&a), LAPIC_NO_VECTOR);
	serve(&a, 0x41, false);
	ck_assert_int_eq(lapic_silent_eoi(&a), 0x41);
	/* Nesting is no obstacle: the next EOI is the upper one's. */
	serve(&a, 0x81, false);
	ck_assert_int_eq(lapic_silent_eoi(&a), 0x81);
	/* Level: I/O APICs wait for it. */
	serve(&a, 0x91, true);
	ck_assert_int_eq(lapic_silent_eoi(&a), LAPIC_NO_VECTOR);
	fx_eoi(&a);
	ck_assert_int_eq(lapic_silent_eoi(&a), 0x81);
	/* Something waits, were it for a lower class. */
	lapic_accept(&a, 0x22, false);
	ck_assert_int_eq(lapic_silent_eoi(&a), LAPIC_NO_VECTOR);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		only_what_is_requested_can_be_taken,
		R179_silent_only_on_top_edge_and_alone,
	};

	return fx_run("lapic_eoi", tests, FX_COUNT(tests));
}
