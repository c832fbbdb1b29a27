/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What version 2 of a local APIC's state has on top of version 1, and states of version 1.
 *
 * SDM vol. 3, "Local APIC State", "Local Vector Table".
 */
#include "lapic/lapic_page.h"
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

#define VECTOR    0x41u
#define NEW       0x62u
#define LEVEL     LAPIC_LVT_LEVEL
#define VERSION_1 1u

static struct lapic_state saved(const struct lapic *a)
{
	struct lapic_state state;

	lapic_state_save(a, FX_NOW, &state);
	return state;
}

static struct lapic restored(const struct lapic_state *state)
{
	struct lapic a = fx_reset();

	ck_assert_int_eq(lapic_state_restore(&a, state, 0, FX_NOW), LAPIC_STATE_OK);
	return a;
}

/* As version 1 had it. */
static enum lapic_state_error from_version_1(struct lapic_state *state)
{
	struct lapic_state old = *state;

	old.version = VERSION_1;
	return lapic_state_from_bytes(state, &old, sizeof(old));
}

/* A level of LINT0 in service whose entry has another vector by now. */
static struct lapic rewritten(void)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_LVT_LINT0, LEVEL | VECTOR);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	fx_take(&a, VECTOR);
	fx_write(&a, LAPIC_LVT_LINT0, LEVEL | NEW);
	return a;
}

START_TEST(R102_a_state_knows_what_lint0_waits_for)
{
	struct lapic a = rewritten();
	struct lapic_state state = saved(&a);

	ck_assert_uint_eq(state.lint0_vector, VECTOR);
	a = restored(&state);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	fx_eoi(&a);
	fx_take(&a, NEW);
	state = saved(&a);
	ck_assert_uint_eq(state.lint0_vector, NEW);
	lapic_lint_set(&a, LAPIC_LINT0, false);
	fx_eoi(&a);
	state = saved(&a);
	ck_assert_uint_eq(state.lint0_vector, 0);
}
END_TEST

START_TEST(R102_a_state_of_version_1_takes_the_vector_of_lint0)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;

	fx_write(&a, LAPIC_LVT_LINT0, LEVEL | VECTOR);
	lapic_lint_set(&a, LAPIC_LINT0, true);
	fx_take(&a, VECTOR);
	state = saved(&a);
	state.lint0_vector = 0;
	ck_assert_int_eq(from_version_1(&state), LAPIC_STATE_OK);
	ck_assert_uint_eq(state.version, LAPIC_STATE_VERSION);
	a = restored(&state);
	ck_assert_uint_ne(fx_read(&a, LAPIC_LVT_LINT0) & LAPIC_LVT_REMOTE_IRR, 0);
	lapic_lint_set(&a, LAPIC_LINT0, false);
	fx_eoi(&a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), LEVEL | VECTOR);
}
END_TEST

/* R64: remote IRR whose vector nobody serves would shut the pin for good. */
START_TEST(R64_R102_remote_irr_of_nothing_is_none)
{
	struct lapic a = rewritten();
	struct lapic_state state = saved(&a);

	state.lint0_vector = 0; /* which version 1 did not know, so it is the entry's: NEW */
	a = restored(&state);
	ck_assert_int_eq(lapic_pending(&a), NEW); /* the pin is still asserted */
	ck_assert_uint_eq(saved(&a).lint0_vector, NEW);
	state.flags &= ~LAPIC_STATE_LINT0;
	a = restored(&state);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), LEVEL | NEW);
	lapic_page_store(state.page, LAPIC_LVT_LINT0, LAPIC_LVT_REMOTE_IRR | VECTOR);
	state.flags |= LAPIC_STATE_LINT0;
	state.lint0_vector = VECTOR; /* in service, but no level any more (D18) */
	a = restored(&state);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), VECTOR);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

START_TEST(a_version_1_with_reserved_bits_is_refused)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved(&a);

	state.lint0_vector = VECTOR;
	ck_assert_int_eq(from_version_1(&state), LAPIC_STATE_BAD_RESERVED);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R102_a_state_knows_what_lint0_waits_for,
		R102_a_state_of_version_1_takes_the_vector_of_lint0,
		R64_R102_remote_irr_of_nothing_is_none,
		a_version_1_with_reserved_bits_is_refused,
	};

	return fx_run("lapic state, versions", tests, FX_COUNT(tests));
}
