/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A local APIC saved and restored: nothing is lost, time goes on, what is forged does no harm.
 *
 * SDM vol. 3, "Local APIC State"; rules R10, R12, R20, R64, R65, R91, R123.
 */
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

#define OTHER_NOW UINT64_C(77777) /* the same moment on the clock of another machine */
#define TSC       UINT64_C(5000000)
#define MS        UINT64_C(1000000)

/* The CPU that a state is restored to: powered up, of the same configuration. */
static struct lapic restored_at(const struct lapic_state *state, uint64_t now)
{
	struct lapic a = fx_reset();

	ck_assert_int_eq(lapic_state_restore(&a, state, TSC, now), LAPIC_STATE_OK);
	return a;
}

static struct lapic_state saved_at(const struct lapic *a, uint64_t now)
{
	struct lapic_state state;

	memset(&state, 0xa5, sizeof(state));
	lapic_state_save(a, now, &state);
	return state;
}

static void store(struct lapic_state *state, uint32_t offset, uint32_t value)
{
	memcpy(state->page + offset, &value, sizeof(value));
}

static uint32_t load(const struct lapic_state *state, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, state->page + offset, sizeof(value));
	return value;
}

static void check_same_state(const struct lapic_state *x, const struct lapic_state *y)
{
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += 16)
		ck_assert_msg(memcmp(x->page + offset, y->page + offset, 16) == 0,
			      "register at %#x: %#x, then %#x", (unsigned int)offset,
			      (unsigned int)load(x, offset), (unsigned int)load(y, offset));
	ck_assert_uint_eq(x->timer_remaining, y->timer_remaining);
	ck_assert_int_eq(memcmp(x, y, sizeof(*x)), 0);
}

static void check_round_trip(const struct lapic *a)
{
	struct lapic_state first = saved_at(a, FX_NOW);
	struct lapic b = restored_at(&first, OTHER_NOW);
	struct lapic_state second = saved_at(&b, OTHER_NOW);

	check_same_state(&first, &second);
}

START_TEST(what_is_restored_saves_as_the_same)
{
	struct lapic a = fx_enabled();

	check_round_trip(&a);
	fx_dirty(&a);
	fx_write(&a, LAPIC_DFR, LAPIC_DFR_CLUSTER);
	fx_write(&a, LAPIC_LDR, 0x21000000);
	fx_write(&a, LAPIC_ID, 0x09000000);
	fx_write(&a, LAPIC_ICR_HIGH, 0x05000000);
	fx_write(&a, LAPIC_ICR, 0x8c33);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_lint_set(&a, LAPIC_LINT1, true);
	ck_assert_uint_eq(a.events, LAPIC_EVENT_NMI);
	ck_assert(a.regs.lvt_lint0.reg & LAPIC_LVT_REMOTE_IRR);
	ck_assert_uint_ne(a.esr_pending, 0);
	check_round_trip(&a);
	fx_enter_x2apic(&a);
	fx_write(&a, LAPIC_ICR, UINT64_C(0x123456780000c0f1));
	check_round_trip(&a);
	fx_disable_hardware(&a);
	check_round_trip(&a);
}
END_TEST

START_TEST(pins_errors_and_events_go_on)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;

	fx_write(&a, LAPIC_LVT_LINT0, 0x8055); /* level */
	lapic_lint_set(&a, LAPIC_LINT0, true);
	lapic_lint_set(&a, LAPIC_LINT1, true);
	lapic_accept(&a, 3, false);
	a.events = LAPIC_EVENT_SMI;
	state = saved_at(&a, FX_NOW);
	a = restored_at(&state, FX_NOW);
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_RECV_ILLEGAL);
	ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_SMI);
	fx_write(&a, LAPIC_LVT_LINT1, 0x400);
	lapic_lint_set(&a, LAPIC_LINT1, true); /* R103: it was, so this is no edge */
	ck_assert_uint_eq(fx_events(&a), 0);
	fx_take(&a, 0x55);
	fx_eoi(&a);
	fx_take(&a, 0x55); /* the pin is still asserted */
	lapic_lint_set(&a, LAPIC_LINT0, false);
	fx_eoi(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(waiting_for_sipi_is_part_of_it)
{
	struct lapic a = fx_reset_ap();
	struct lapic_state state = saved_at(&a, FX_NOW);

	ck_assert(lapic_sipi(&a));
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert(lapic_sipi(&a));
	state = saved_at(&a, FX_NOW);
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert(!lapic_sipi(&a));
}
END_TEST

START_TEST(R131_the_bootstrap_processor_never_waits_for_sipi)
{
	struct lapic a = fx_reset();
	struct lapic_state state = saved_at(&a, FX_NOW);

	state.flags |= LAPIC_STATE_WAIT_FOR_SIPI;
	a = restored_at(&state, FX_NOW);
	ck_assert(!a.wait_for_sipi);
}
END_TEST

/* D44: until software looks after its APIC, the 8259 reaches the BSP through it. */
START_TEST(R1_lint0_stays_as_firmware_left_it)
{
	struct lapic_config config = fx_config();
	struct lapic_state state;
	struct lapic a;

	config.lint0_extint = true;
	lapic_power_up(&a, &config);
	state = saved_at(&a, FX_NOW);
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert(lapic_accepts_extint(&a));
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0x700);
	fx_write(&a, LAPIC_SVR, 0xff);
	state = saved_at(&a, FX_NOW);
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0x10700);
	store(&state, LAPIC_LVT_LINT0, 0x41);
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0x10041);
}
END_TEST

START_TEST(counters_and_configuration_stay)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved_at(&a, FX_NOW);
	struct lapic b = fx_reset();

	b.counters.collapsed = 42;
	b.config.bus_cycle_ns = 7;
	ck_assert_int_eq(lapic_state_restore(&b, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(b.counters.collapsed, 42);
	ck_assert_uint_eq(b.config.bus_cycle_ns, 7);
}
END_TEST

/* ---- time ------------------------------------------------------------------------------------ */

/* 1000 counts of 10 ns times 2. */
static struct lapic counting(uint32_t lvt_timer)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_TIMER, lvt_timer);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	return a;
}

START_TEST(R123_a_count_goes_on_where_it_was)
{
	struct lapic a = counting(0x40);
	struct lapic_state state = saved_at(&a, FX_NOW + 5000);

	ck_assert_uint_eq(state.timer_remaining, 15000);
	ck_assert_uint_eq(load(&state, LAPIC_TIMER_CCR), 750);
	a = restored_at(&state, OTHER_NOW);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_CCR, OTHER_NOW), 750);
	ck_assert_uint_eq(lapic_deadline(&a), OTHER_NOW + 15000);
	lapic_expire(&a, OTHER_NOW + 14999);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	lapic_expire(&a, OTHER_NOW + 15000);
	ck_assert_int_eq(lapic_pending(&a), 0x40);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
}
END_TEST

START_TEST(R123_the_grid_of_the_periods_is_kept)
{
	struct lapic a = counting(0x20040);
	struct lapic_state state = saved_at(&a, FX_NOW + 50001); /* in the third period */

	ck_assert_uint_eq(state.timer_remaining, 9999);
	a = restored_at(&state, OTHER_NOW);
	ck_assert_int_eq(lapic_pending(&a), 0x40); /* the two that were due before */
	ck_assert_uint_eq(lapic_deadline(&a), OTHER_NOW + 9999);
	lapic_expire(&a, OTHER_NOW + 9999);
	ck_assert_uint_eq(lapic_deadline(&a), OTHER_NOW + 29999);
}
END_TEST

START_TEST(R123_a_timer_that_is_due_has_expired_in_the_state_only)
{
	struct lapic a = counting(0x40);
	struct lapic_state state = saved_at(&a, FX_NOW + 20000);

	ck_assert_uint_eq(state.timer_remaining, LAPIC_NEVER);
	ck_assert_uint_eq(load(&state, LAPIC_TIMER_CCR), 0);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 20000);
	a = restored_at(&state, OTHER_NOW);
	ck_assert_int_eq(lapic_pending(&a), 0x40);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
}
END_TEST

START_TEST(R112_R123_a_period_raised_to_its_floor_ends_as_one_shot)
{
	struct lapic_config config = fx_config();
	struct lapic_state state;
	struct lapic a;

	config.min_period_ns = 50000;
	a = fx_enabled_with(config);
	fx_write(&a, LAPIC_LVT_TIMER, 0x20040);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	fx_write(&a, LAPIC_LVT_TIMER, 0x40);
	state = saved_at(&a, FX_NOW + 10000);
	ck_assert_uint_eq(state.timer_remaining, 40000);
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC, OTHER_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(lapic_deadline(&a), OTHER_NOW + 40000);
}
END_TEST

START_TEST(R113_an_expired_one_shot_stays_at_0)
{
	struct lapic a = counting(0x40);
	struct lapic_state state;

	lapic_expire(&a, FX_NOW + 20000);
	state = saved_at(&a, FX_NOW + 30000);
	a = restored_at(&state, OTHER_NOW);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_ICR, OTHER_NOW), 1000);
	fx_write_at(&a, LAPIC_LVT_TIMER, 0x20040, OTHER_NOW);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_CCR, OTHER_NOW), 0);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
}
END_TEST

START_TEST(R123_a_tsc_deadline_is_kept_as_guest_tsc)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;
	uint64_t value;

	fx_write(&a, LAPIC_LVT_TIMER, 0x40040);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, TSC + 3000, TSC, FX_NOW), LAPIC_OK);
	state = saved_at(&a, FX_NOW + MS); /* long due by the clock; the guest's TSC decides */
	ck_assert_uint_eq(state.tsc_deadline, TSC + 3000);
	ck_assert_uint_eq(state.timer_remaining, LAPIC_NEVER);
	a = restored_at(&state, OTHER_NOW);
	ck_assert_uint_eq(lapic_deadline(&a), OTHER_NOW + 3000); /* 1 GHz */
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_int_eq(lapic_state_restore(&a, &state, TSC + 3000, OTHER_NOW), LAPIC_STATE_OK);
	ck_assert_int_eq(lapic_pending(&a), 0x40);
	ck_assert_int_eq(lapic_tsc_deadline_read(&a, &value), LAPIC_OK);
	ck_assert_uint_eq(value, 0);
}
END_TEST

/* ---- modes ----------------------------------------------------------------------------------- */

START_TEST(R20_R91_a_reset_apic_becomes_an_x2apic_at_once)
{
	struct lapic a = fx_x2apic();
	struct lapic_state state = saved_at(&a, FX_NOW);
	struct lapic b = fx_reset();

	ck_assert_int_eq(lapic_base_write(&b, LAPIC_BASE_DEFAULT), LAPIC_OK);
	store(&state, LAPIC_LDR,
	      0x21000001); /* what a machine with another formula would have saved */
	ck_assert_int_eq(lapic_state_restore(&b, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert(lapic_is_x2apic(&b));
	ck_assert_uint_eq(fx_read(&b, LAPIC_ID), FX_ID);
	ck_assert_uint_eq(fx_read(&b, LAPIC_LDR), 1u << FX_ID);
}
END_TEST

START_TEST(R20_an_x2apic_becomes_an_xapic_or_is_disabled)
{
	struct lapic a = fx_enabled();
	struct lapic b = fx_x2apic();
	struct lapic_state state = saved_at(&a, FX_NOW);

	ck_assert_int_eq(lapic_state_restore(&b, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert(lapic_is_enabled(&b) && !lapic_is_x2apic(&b));
	ck_assert_uint_eq(fx_read(&b, LAPIC_ID), FX_ID << 24);
	fx_disable_hardware(&a);
	state = saved_at(&a, FX_NOW);
	ck_assert_int_eq(lapic_state_restore(&b, &state, TSC, FX_NOW), LAPIC_STATE_OK);
	ck_assert(!lapic_is_enabled(&b));
}
END_TEST

START_TEST(R21_a_relocated_page_is_restored)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;

	ck_assert_int_eq(lapic_base_write(&a, 0x123456000 | LAPIC_BASE_EN), LAPIC_OK);
	state = saved_at(&a, FX_NOW);
	a = restored_at(&state, FX_NOW);
	ck_assert_uint_eq(lapic_page(&a), 0x123456000);
}
END_TEST

START_TEST(R10_R12_a_disabled_apic_holds_nothing_but_cr8)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;

	fx_dirty(&a);
	state = saved_at(&a, FX_NOW);
	state.base &= ~LAPIC_BASE_EN;
	a = restored_at(&state, FX_NOW);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(lapic_cr8(&a), 2);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_int_eq(lapic_cr8_write(&a, 0), LAPIC_OK);
	ck_assert_int_eq(lapic_base_write(&a, LAPIC_BASE_DEFAULT | LAPIC_BASE_EN), LAPIC_OK);
	fx_check_reset_state(&a);
}
END_TEST

/* What another CPU has posted is no part of the state before the owner has drained it. */
START_TEST(R182_what_is_drained_is_saved)
{
	const struct apic_msg msg = { .vector = 0x71, .asserted = true };
	struct lapic a = fx_enabled();
	struct lapic_inbox inbox;
	struct lapic_state state;
	struct lapic restored;

	lapic_inbox_reset(&inbox);
	ck_assert(lapic_post(&inbox, &msg));
	state = saved_at(&a, FX_NOW);
	restored = restored_at(&state, FX_NOW);
	ck_assert_int_eq(lapic_pending(&restored), LAPIC_NO_VECTOR);
	lapic_drain(&a, &inbox);
	state = saved_at(&a, FX_NOW);
	restored = restored_at(&state, FX_NOW);
	ck_assert_int_eq(lapic_pending(&restored), 0x71);
	ck_assert(!lapic_inbox_pending(&inbox));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_is_restored_saves_as_the_same,
		pins_errors_and_events_go_on,
		waiting_for_sipi_is_part_of_it,
		R131_the_bootstrap_processor_never_waits_for_sipi,
		R1_lint0_stays_as_firmware_left_it,
		counters_and_configuration_stay,
		R123_a_count_goes_on_where_it_was,
		R123_the_grid_of_the_periods_is_kept,
		R123_a_timer_that_is_due_has_expired_in_the_state_only,
		R112_R123_a_period_raised_to_its_floor_ends_as_one_shot,
		R113_an_expired_one_shot_stays_at_0,
		R123_a_tsc_deadline_is_kept_as_guest_tsc,
		R20_R91_a_reset_apic_becomes_an_x2apic_at_once,
		R20_an_x2apic_becomes_an_xapic_or_is_disabled,
		R21_a_relocated_page_is_restored,
		R10_R12_a_disabled_apic_holds_nothing_but_cr8,
		R182_what_is_drained_is_saved,
	};

	return fx_run("lapic state", tests, FX_COUNT(tests));
}
