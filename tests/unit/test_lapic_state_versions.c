/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What version 2 of a local APIC's state has on top of version 1, and states of version 1.
 *
 * SDM vol. 3, "Local APIC State", "Local Vector Table"; APM vol. 2, "Extended APIC Registers".
 */
#include "lapic/lapic_page.h"
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

#define VECTOR         0x41u
#define NEW            0x62u
#define LEVEL          LAPIC_LVT_LEVEL
#define VERSION_1      1u
#define VERSION_1_SIZE 1080u
#define IER_WORD       (VECTOR / 32)

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
	old.size = VERSION_1_SIZE;
	return lapic_state_from_bytes(state, &old, VERSION_1_SIZE);
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

START_TEST(a_version_1_that_cannot_be_is_refused)
{
	struct lapic a = fx_enabled();
	const struct lapic_state good = saved(&a);
	struct lapic_state state = good;
	struct lapic_state old = good;

	state.lint0_vector = VECTOR;
	ck_assert_int_eq(from_version_1(&state), LAPIC_STATE_BAD_RESERVED);
	old.version = VERSION_1;
	ck_assert_int_eq(lapic_state_from_bytes(&state, &old, VERSION_1_SIZE),
			 LAPIC_STATE_BAD_SIZE);
	old.size = VERSION_1_SIZE;
	ck_assert_int_eq(lapic_state_from_bytes(&state, &old, VERSION_1_SIZE - 1),
			 LAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(lapic_state_from_bytes(&state, &old, VERSION_1_SIZE + 1),
			 LAPIC_STATE_BAD_SIZE);
	ck_assert_int_eq(lapic_state_from_bytes(&state, &old, sizeof(old)), LAPIC_STATE_BAD_SIZE);
	old.flags = 1u << 3;
	ck_assert_int_eq(lapic_state_from_bytes(&state, &old, VERSION_1_SIZE),
			 LAPIC_STATE_BAD_RESERVED);
	/* As it lies in memory, it is none of this version. */
	ck_assert_int_eq(lapic_state_restore(&a, &old, 0, FX_NOW), LAPIC_STATE_BAD_VERSION);
}
END_TEST

/* ---- AMD's extended registers ---------------------------------------------------------------- */

static struct lapic_config with_extended(void)
{
	struct lapic_config config = fx_config();

	config.extended = true;
	return config;
}

/* VECTOR waits for its IER bit. */
static struct lapic held_back(void)
{
	struct lapic a = fx_enabled_with(with_extended());

	fx_write(&a, LAPIC_EXT_CONTROL, LAPIC_EXT_IER | LAPIC_EXT_SEOI);
	fx_write(&a, LAPIC_IER + 16 * IER_WORD, ~(1u << VECTOR % 32));
	lapic_accept(&a, VECTOR, false);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	return a;
}

START_TEST(R78_the_extended_registers_are_part_of_it)
{
	struct lapic_config config = with_extended();
	struct lapic a = held_back();
	struct lapic_state state = saved(&a);
	struct lapic_state again;

	lapic_power_up(&a, &config);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_CONTROL), LAPIC_EXT_IER | LAPIC_EXT_SEOI);
	again = saved(&a);
	ck_assert_int_eq(memcmp(&state, &again, sizeof(state)), 0);
	fx_write(&a, LAPIC_IER + 16 * IER_WORD, UINT32_MAX);
	fx_take(&a, VECTOR);
}
END_TEST

START_TEST(R78_a_cpu_without_them_refuses_what_they_hold)
{
	struct lapic plain = fx_reset();
	struct lapic a = held_back();
	struct lapic_state state = saved(&a);
	uint8_t page[LAPIC_REGS_SIZE];

	ck_assert_int_eq(lapic_state_restore(&plain, &state, 0, FX_NOW), LAPIC_STATE_NO_EXTENDED);
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_NO_EXTENDED);
	fx_write(&a, LAPIC_IER + 16 * IER_WORD, UINT32_MAX);
	fx_write(&a, LAPIC_EXT_CONTROL, LAPIC_EXT_SEOI);
	state = saved(&a);
	ck_assert_int_eq(lapic_state_restore(&plain, &state, 0, FX_NOW), LAPIC_STATE_NO_EXTENDED);
	fx_write(&a, LAPIC_EXT_CONTROL, 0);
	state = saved(&a);
	ck_assert_int_eq(lapic_state_to_kvm(&state, true, page), LAPIC_STATE_OK);
	ck_assert_int_eq(lapic_state_restore(&plain, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&plain, LAPIC_VERSION) & LAPIC_VERSION_EXTENDED, 0);
	fx_take(&plain, VECTOR);
}
END_TEST

START_TEST(R65_R78_forged_extended_registers)
{
	struct lapic_config config = with_extended();
	struct lapic a = held_back();
	const struct lapic_state good = saved(&a);
	struct lapic_state bad = good;

	bad.extended.control = 1u << 2;
	ck_assert_int_eq(lapic_state_restore(&a, &bad, 0, FX_NOW), LAPIC_STATE_BAD_RESERVED);
	bad = good;
	bad.reserved = 1;
	ck_assert_int_eq(lapic_state_restore(&a, &bad, 0, FX_NOW), LAPIC_STATE_BAD_RESERVED);
	/* A disabled APIC has none, as it has no other registers. */
	bad = good;
	bad.base &= ~LAPIC_BASE_EN;
	lapic_power_up(&a, &config);
	ck_assert_int_eq(lapic_state_restore(&a, &bad, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(a.extended.control, 0);
	ck_assert_uint_eq(a.extended.ier[IER_WORD], UINT32_MAX);
}
END_TEST

START_TEST(R78_version_1_lost_them)
{
	struct lapic_config config = with_extended();
	struct lapic a = held_back();
	struct lapic_state state = saved(&a);

	ck_assert_int_eq(from_version_1(&state), LAPIC_STATE_LOST_EXTENDED);
	a = fx_enabled();
	state = saved(&a);
	memset(&state.extended, 0x5a, sizeof(state.extended));
	ck_assert_int_eq(from_version_1(&state), LAPIC_STATE_OK);
	lapic_power_up(&a, &config);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_CONTROL), 0);
	for (uint32_t i = 0; i < 8; i++)
		ck_assert_uint_eq(fx_read(&a, LAPIC_IER + 16 * i), UINT32_MAX);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R102_a_state_knows_what_lint0_waits_for,
		R102_a_state_of_version_1_takes_the_vector_of_lint0,
		R64_R102_remote_irr_of_nothing_is_none,
		a_version_1_that_cannot_be_is_refused,
		R78_the_extended_registers_are_part_of_it,
		R78_a_cpu_without_them_refuses_what_they_hold,
		R65_R78_forged_extended_registers,
		R78_version_1_lost_them,
	};

	return fx_run("lapic state, versions", tests, FX_COUNT(tests));
}
