/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A local APIC's state as KVM's register page and back.
 *
 * KVM API documentation, "KVM_GET_LAPIC", "KVM_CAP_X2APIC_API"; rules R48, R65, R91, R123.
 */
#include "lapic/lapic_page.h"
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

static struct lapic_state saved_at(const struct lapic *a, uint64_t now)
{
	struct lapic_state state;

	lapic_state_save(a, now, &state);
	return state;
}

/* What KVM has beside the page for this APIC. */
static struct lapic_kvm_context context_of(const struct lapic *a, bool ids_32bit)
{
	return (struct lapic_kvm_context){
		.base = a->base,
		.tsc_deadline = a->timer.tsc_deadline,
		.id = a->config.id,
		.bus_cycle_ns = a->config.bus_cycle_ns,
		.ids_32bit = ids_32bit,
		.wait_for_sipi = a->wait_for_sipi,
	};
}

/* To KVM and back: the same, but for what KVM does not keep. */
static void check_round_trip(const struct lapic *a, bool ids_32bit, uint64_t now)
{
	struct lapic_kvm_context kvm = context_of(a, ids_32bit);
	struct lapic_state before = saved_at(a, now);
	struct lapic_state after;
	uint8_t page[LAPIC_REGS_SIZE];

	memset(page, 0xa5, sizeof(page));
	ck_assert_int_eq(lapic_state_to_kvm(&before, ids_32bit, page), LAPIC_STATE_OK);
	ck_assert_int_eq(lapic_state_from_kvm(&after, page, &kvm), LAPIC_STATE_OK);
	before.esr_pending = 0;
	before.events = 0;
	before.flags &= LAPIC_STATE_WAIT_FOR_SIPI;
	ck_assert_uint_eq(after.timer_remaining, before.timer_remaining);
	ck_assert_int_eq(memcmp(&before, &after, sizeof(before)), 0);
}

START_TEST(R123_to_kvm_and_back)
{
	struct lapic a = fx_enabled();

	check_round_trip(&a, true, FX_NOW);
	fx_dirty(&a);
	fx_write(&a, LAPIC_ID, 0x09000000);
	fx_write(&a, LAPIC_LDR, 0x21000000);
	fx_write(&a, LAPIC_ICR_HIGH, 0x05000000);
	lapic_lint_set(&a, LAPIC_LINT1, true);
	check_round_trip(&a, false, FX_NOW + 500);
	fx_enter_x2apic(&a);
	fx_write(&a, LAPIC_ICR, UINT64_C(0x123456780000c0f1));
	check_round_trip(&a, false, FX_NOW + 500);
	check_round_trip(&a, true, FX_NOW + 500);
	fx_write(&a, LAPIC_LVT_TIMER, 0x40040);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, 1 << 20, 0, FX_NOW), LAPIC_OK);
	check_round_trip(&a, true, FX_NOW);
	fx_disable_hardware(&a);
	check_round_trip(&a, true, FX_NOW);
	a = fx_reset_ap();
	check_round_trip(&a, true, FX_NOW);
}
END_TEST

START_TEST(ids_in_xapic_mode_are_in_the_top_byte_in_both_formats)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved_at(&a, FX_NOW);
	uint8_t page[LAPIC_REGS_SIZE];

	for (int ids_32bit = 0; ids_32bit <= 1; ids_32bit++) {
		ck_assert_int_eq(lapic_state_to_kvm(&state, ids_32bit, page), LAPIC_STATE_OK);
		ck_assert_uint_eq(lapic_page_load(page, LAPIC_ID), FX_ID << 24);
	}
}
END_TEST

START_TEST(R91_x2apic_ids_have_two_formats)
{
	struct lapic a = fx_x2apic();
	struct lapic_state state = saved_at(&a, FX_NOW);
	uint8_t page[LAPIC_REGS_SIZE];

	lapic_page_store(state.page, LAPIC_LDR, 1); /* from a machine with another formula */
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_ID), FX_ID);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_LDR), 1u << FX_ID);
	ck_assert_int_eq(lapic_state_to_kvm(&state, false, page), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_ID), FX_ID << 24);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_LDR), 1u << FX_ID);
}
END_TEST

START_TEST(an_id_that_does_not_fit_is_refused)
{
	struct lapic_config config = fx_config();
	uint8_t page[LAPIC_REGS_SIZE] = { 1 };
	struct lapic_state state;
	struct lapic a;

	config.id = 0x1ff;
	a = fx_x2apic_with(config);
	state = saved_at(&a, FX_NOW);
	ck_assert_int_eq(lapic_state_to_kvm(&state, false, page), LAPIC_STATE_ID_TOO_LARGE);
	ck_assert_uint_eq(page[0], 1);
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_ID), 0x1ff);
}
END_TEST

START_TEST(R31_the_icr_is_split_in_two_in_x2apic_mode)
{
	struct lapic a = fx_x2apic();
	struct lapic_kvm_context kvm = context_of(&a, true);
	struct lapic_state state;
	uint8_t page[LAPIC_REGS_SIZE];

	fx_write(&a, LAPIC_ICR, UINT64_C(0xcafe0123000000f1));
	state = saved_at(&a, FX_NOW);
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_ICR), 0xf1);
	ck_assert_uint_eq(lapic_page_load(page, LAPIC_ICR_HIGH), 0xcafe0123);
	/* KVM leaves the upper half of its 64-bit register behind the lower one. */
	memset(page + LAPIC_ICR + 4, 0x77, 4);
	lapic_page_store(page, LAPIC_LDR, 1); /* R91: this is computed, here too */
	ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(state.page, LAPIC_LDR), 1u << FX_ID);
	a = fx_reset();
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR), UINT64_C(0xcafe0123000000f1));
}
END_TEST

START_TEST(the_page_of_another_cpu_is_refused)
{
	struct lapic a = fx_x2apic();
	struct lapic_kvm_context kvm = context_of(&a, true);
	struct lapic_state state = saved_at(&a, FX_NOW);
	struct lapic_state untouched = { .magic = 1 };
	uint8_t page[LAPIC_REGS_SIZE];

	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
	kvm.id++;
	ck_assert_int_eq(lapic_state_from_kvm(&untouched, page, &kvm), LAPIC_STATE_BAD_ID);
	kvm.id--;
	kvm.ids_32bit = false; /* 5 is not in bits 31:24 */
	ck_assert_int_eq(lapic_state_from_kvm(&untouched, page, &kvm), LAPIC_STATE_BAD_ID);
	kvm.base &= ~LAPIC_BASE_EN;
	ck_assert_int_eq(lapic_state_from_kvm(&untouched, page, &kvm), LAPIC_STATE_BAD_BASE);
	ck_assert_uint_eq(untouched.magic, 1);
	lapic_page_store(state.page, LAPIC_ID, 6);
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_BAD_ID);
	state.version++;
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_BAD_VERSION);
}
END_TEST

START_TEST(R48_R65_what_kvm_lets_through_is_clamped)
{
	struct lapic a = fx_enabled();
	struct lapic_kvm_context kvm = context_of(&a, true);
	struct lapic_state state;
	uint8_t page[LAPIC_REGS_SIZE];
	uint8_t back[LAPIC_REGS_SIZE];

	memset(page, 0xff, sizeof(page));
	lapic_page_store(page, LAPIC_LVT_TIMER, 0x20040);
	lapic_page_store(page, LAPIC_TIMER_DCR, 0xb); /* divide by 1 */
	lapic_page_store(page, LAPIC_TIMER_ICR, 1000);
	ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(state.page, LAPIC_IRR), 0xffff0000);
	ck_assert_uint_eq(lapic_page_load(state.page, LAPIC_ISR), 0xffff0000);
	ck_assert_uint_eq(lapic_page_load(state.page, LAPIC_TIMER_CCR), 1000);
	ck_assert_uint_eq(state.timer_remaining, 10000);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_IRR), 0xffff0000);
	/* And the other way. */
	memset(state.page, 0xff, sizeof(state.page));
	lapic_page_store(state.page, LAPIC_TIMER_ICR, 1000);
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, back), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_page_load(back, LAPIC_IRR), 0xffff0000);
	ck_assert_uint_eq(lapic_page_load(back, LAPIC_TIMER_CCR), 1000);
	ck_assert_uint_eq(back[0], 0); /* no register */
	ck_assert_uint_eq(back[LAPIC_IRR + 4], 0);
}
END_TEST

START_TEST(R123_a_count_of_kvm_goes_on)
{
	struct lapic a = fx_enabled();
	struct lapic_kvm_context kvm = context_of(&a, true);
	struct lapic_state state = saved_at(&a, FX_NOW);
	uint8_t page[LAPIC_REGS_SIZE];

	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
	lapic_page_store(page, LAPIC_LVT_TIMER, 0x40);
	lapic_page_store(page, LAPIC_TIMER_DCR, 0x3); /* divide by 16 */
	lapic_page_store(page, LAPIC_TIMER_ICR, UINT32_MAX);
	lapic_page_store(page, LAPIC_TIMER_CCR, UINT32_MAX - 1);
	ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
	ck_assert_uint_eq(state.timer_remaining, UINT64_C(160) * (UINT32_MAX - 1));
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_CCR), UINT32_MAX - 1);
	kvm.bus_cycle_ns = UINT32_MAX; /* clamped to 1000 ns */
	ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
	ck_assert_uint_eq(state.timer_remaining, UINT64_C(16000) * (UINT32_MAX - 1));
	kvm.bus_cycle_ns = 0; /* clamped to 1 ns */
	ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
	ck_assert_uint_eq(state.timer_remaining, UINT64_C(16) * (UINT32_MAX - 1));
}
END_TEST

/* D50 */
START_TEST(a_count_of_0_from_kvm_is_due)
{
	static const uint32_t modes[] = { 0x40, 0x20040 };

	for (size_t i = 0; i < FX_COUNT(modes); i++) {
		struct lapic a = fx_enabled();
		struct lapic_kvm_context kvm = context_of(&a, true);
		struct lapic_state state = saved_at(&a, FX_NOW);
		uint8_t page[LAPIC_REGS_SIZE];

		ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
		lapic_page_store(page, LAPIC_LVT_TIMER, modes[i]);
		lapic_page_store(page, LAPIC_TIMER_ICR, 1000);
		ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
		ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
		lapic_expire(&a, FX_NOW);
		fx_take(&a, 0x40);
		fx_eoi(&a);
		lapic_expire(&a, FX_NOW + 20000);
		ck_assert_int_eq(lapic_pending(&a), i == 0 ? LAPIC_NO_VECTOR : 0x40);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R123_to_kvm_and_back,
		ids_in_xapic_mode_are_in_the_top_byte_in_both_formats,
		R91_x2apic_ids_have_two_formats,
		an_id_that_does_not_fit_is_refused,
		R31_the_icr_is_split_in_two_in_x2apic_mode,
		the_page_of_another_cpu_is_refused,
		R48_R65_what_kvm_lets_through_is_clamped,
		R123_a_count_of_kvm_goes_on,
		a_count_of_0_from_kvm_is_due,
	};

	return fx_run("lapic state, KVM's page", tests, FX_COUNT(tests));
}
