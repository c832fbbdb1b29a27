/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * States of local APICs that no APIC was ever in: refused by name, or cut to what can be.
 *
 * SDM vol. 3, "Local APIC State"; rules R6, R14, R17, R37, R42, R44, R64, R65.
 */
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

#define LAST_ERROR LAPIC_STATE_ID_TOO_LARGE

static void store(struct lapic_state *state, uint32_t offset, uint32_t value)
{
	memcpy(state->page + offset, &value, sizeof(value));
}

static struct lapic_state saved(const struct lapic *a)
{
	struct lapic_state state;

	lapic_state_save(a, FX_NOW, &state);
	return state;
}

/* A state that is refused leaves the APIC as it is. */
static void check_refused_by(struct lapic_config config, const struct lapic_state *state,
			     enum lapic_state_error error)
{
	struct lapic a = fx_enabled_with(config);
	struct lapic before;

	fx_dirty(&a);
	before = a;
	ck_assert_int_eq(lapic_state_restore(&a, state, 0, FX_NOW), error);
	ck_assert_int_eq(memcmp(&a, &before, sizeof(a)), 0);
}

static void check_refused(const struct lapic_state *state, enum lapic_state_error error)
{
	check_refused_by(fx_config(), state, error);
}

static struct lapic restored(const struct lapic_state *state)
{
	struct lapic a = fx_reset();

	ck_assert_int_eq(lapic_state_restore(&a, state, 0, FX_NOW), LAPIC_STATE_OK);
	return a;
}

START_TEST(header_of_another_kind_is_refused)
{
	const struct lapic a = fx_enabled();
	const struct lapic_state good = saved(&a);
	struct lapic_state bad = good;

	bad.magic++;
	check_refused(&bad, LAPIC_STATE_BAD_MAGIC);
	bad = good;
	bad.version = LAPIC_STATE_VERSION + 1;
	check_refused(&bad, LAPIC_STATE_BAD_VERSION);
	bad.version = 0;
	check_refused(&bad, LAPIC_STATE_BAD_VERSION);
	bad = good;
	bad.size--;
	check_refused(&bad, LAPIC_STATE_BAD_SIZE);
}
END_TEST

START_TEST(bits_that_are_not_defined_are_refused)
{
	const struct lapic a = fx_enabled();
	const struct lapic_state good = saved(&a);
	struct lapic_state bad = good;

	bad.flags |= 1u << 3;
	check_refused(&bad, LAPIC_STATE_BAD_RESERVED);
	bad = good;
	bad.events = LAPIC_EVENT_SIPI;
	check_refused(&bad, LAPIC_STATE_BAD_RESERVED);
	bad = good;
	bad.esr_pending = LAPIC_ESR_SEND_ACCEPT; /* R54 */
	check_refused(&bad, LAPIC_STATE_BAD_RESERVED);
	bad = good;
	bad.lint0_vector = 256;
	check_refused(&bad, LAPIC_STATE_BAD_RESERVED);
}
END_TEST

START_TEST(R14_R17_impossible_bases_are_refused)
{
	const struct lapic a = fx_enabled();
	const struct lapic_state good = saved(&a);
	static const uint64_t bases[] = {
		LAPIC_BASE_DEFAULT | LAPIC_BASE_EXTD,                   /* R14 */
		LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | 1,                 /* R17 */
		LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | 1u << 9,           /* R17 */
		LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | UINT64_C(1) << 46, /* above MAXPHYADDR */
		LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | UINT64_C(1) << 63,
	};

	for (size_t i = 0; i < FX_COUNT(bases); i++) {
		struct lapic_state bad = good;

		bad.base = bases[i];
		check_refused(&bad, LAPIC_STATE_BAD_BASE);
	}
}
END_TEST

START_TEST(the_state_of_another_cpu_is_refused)
{
	struct lapic a = fx_x2apic();
	struct lapic_state bad = saved(&a);

	store(&bad, LAPIC_ID, FX_ID + 1);
	check_refused(&bad, LAPIC_STATE_BAD_ID);
	a = fx_enabled();
	bad = saved(&a);
	bad.id = FX_ID + 1;
	check_refused(&bad, LAPIC_STATE_BAD_ID);
}
END_TEST

START_TEST(modes_that_the_cpu_does_not_offer_are_refused)
{
	struct lapic_config config = fx_config();
	struct lapic a = fx_x2apic();
	struct lapic_state state = saved(&a);

	config.x2apic = false;
	check_refused_by(config, &state, LAPIC_STATE_NO_X2APIC);
	a = fx_enabled();
	fx_write(&a, LAPIC_LVT_TIMER, 0x40040);
	state = saved(&a);
	config = fx_config();
	config.tsc_deadline = false;
	check_refused_by(config, &state, LAPIC_STATE_NO_TSC_DEADLINE);
	fx_write(&a, LAPIC_LVT_TIMER, 0x20040);
	state = saved(&a);
	a = fx_enabled_with(config);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_TIMER), 0x20040);
}
END_TEST

START_TEST(registers_of_missing_features_are_reset)
{
	struct lapic_config config = fx_config();
	struct lapic a = fx_enabled();
	struct lapic_state state;

	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED | LAPIC_SVR_DIRECTED_EOI);
	fx_write(&a, LAPIC_LVT_CMCI, 0x51);
	state = saved(&a);
	config.directed_eoi = false;
	config.cmci = false;
	lapic_power_up(&a, &config);
	ck_assert_int_eq(lapic_state_restore(&a, &state, 0, FX_NOW), LAPIC_STATE_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_SVR), FX_SVR_ENABLED);
	ck_assert_uint_eq(fx_read(&a, LAPIC_VERSION), 0x50014);
	ck_assert_uint_eq(a.regs.lvt_cmci.reg, LAPIC_LVT_MASKED);
}
END_TEST

START_TEST(R64_all_vectors_in_service_end_one_by_one)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved(&a);

	for (uint32_t word = 0; word < 8; word++)
		store(&state, LAPIC_ISR + 16 * word, UINT32_MAX);
	store(&state, LAPIC_TMR + 16 * 7, UINT32_MAX);
	a = restored(&state);
	for (unsigned int vector = 255; vector >= 16; vector--) {
		struct lapic_effect effect;

		ck_assert_uint_eq(lapic_ppr(&a), vector & 0xf0);
		effect = fx_eoi(&a);
		ck_assert(!fx_bit(&a, LAPIC_ISR, vector));
		ck_assert_int_eq(effect.kind, vector >= 224 ? LAPIC_EFFECT_EOI : LAPIC_EFFECT_NONE);
	}
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR)); /* R65: nothing below 16 */
	ck_assert_uint_eq(lapic_ppr(&a), 0);
}
END_TEST

START_TEST(R44_R65_vectors_below_16_are_dropped)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved(&a);

	store(&state, LAPIC_IRR, UINT32_MAX);
	store(&state, LAPIC_TMR, UINT32_MAX);
	a = restored(&state);
	ck_assert_uint_eq(fx_read(&a, LAPIC_IRR), 0xffff0000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TMR), 0xffff0000);
	for (unsigned int vector = 31; vector >= 16; vector--)
		fx_take(&a, (uint8_t)vector), fx_eoi(&a);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R65_a_count_is_never_above_the_initial_one)
{
	struct lapic a = fx_enabled();
	struct lapic_state state;

	fx_write(&a, LAPIC_LVT_TIMER, 0x20040);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	state = saved(&a);
	store(&state, LAPIC_TIMER_CCR, 2000);
	state.timer_remaining = LAPIC_NEVER - 1;
	a = restored(&state);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 20000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_CCR), 1000);
}
END_TEST

START_TEST(R65_without_an_initial_count_nothing_runs)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved(&a);

	state.timer_remaining = 5;
	state.tsc_deadline = 5;
	a = restored(&state);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	store(&state, LAPIC_TIMER_ICR, 1000);
	store(&state, LAPIC_LVT_TIMER, 0x70040); /* R121: the reserved mode counts nothing */
	a = restored(&state);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	store(&state, LAPIC_LVT_TIMER, 0x50040);
	state.tsc_deadline = 0;
	a = restored(&state);
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_ICR), 0); /* R117 */
}
END_TEST

START_TEST(R6_a_software_disabled_apic_has_masked_lvts)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved(&a);

	for (uint32_t lvt = LAPIC_LVT_TIMER; lvt <= LAPIC_LVT_ERROR; lvt += 16)
		store(&state, lvt, 0x40);
	store(&state, LAPIC_SVR, 0xff);
	a = restored(&state);
	for (uint32_t lvt = LAPIC_LVT_TIMER; lvt <= LAPIC_LVT_ERROR; lvt += 16)
		ck_assert_uint_eq(fx_read(&a, lvt), 0x10040);
}
END_TEST

START_TEST(R37_R42_R65_a_page_of_ones_sets_writable_bits_only)
{
	struct lapic a = fx_enabled();
	struct lapic_state state = saved(&a);

	memset(state.page, 0xff, sizeof(state.page));
	a = restored(&state);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ID), 0xff000000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_VERSION), 0x01060014);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0xff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LDR), 0xff000000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_DFR), 0xffffffff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_SVR), 0x11ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ESR), 0xf0); /* R54 */
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_CMCI), 0x107ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR), 0xccfff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR_HIGH), 0xff000000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_TIMER), 0x700ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_THERMAL), 0x107ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_PMC), 0x107ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0x1a7ff); /* no level: D18 */
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT1), 0x1a7ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_ERROR), 0x100ff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_CCR), 0);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_DCR), 0xb);
}
END_TEST

START_TEST(bytes_of_the_wrong_number_are_refused)
{
	const struct lapic a = fx_enabled();
	const struct lapic_state good = saved(&a);
	struct lapic_state state = { .magic = 1 };
	uint8_t bytes[sizeof(good) + 2];

	memcpy(bytes + 1, &good, sizeof(good)); /* not aligned */
	bytes[sizeof(bytes) - 1] = 0;
	ck_assert_int_eq(lapic_state_from_bytes(&state, NULL, 0), LAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(lapic_state_from_bytes(&state, bytes + 1, sizeof(good) - 1),
			 LAPIC_STATE_TRUNCATED);
	ck_assert_int_eq(lapic_state_from_bytes(&state, bytes + 1, sizeof(good) + 1),
			 LAPIC_STATE_BAD_SIZE);
	ck_assert_uint_eq(state.magic, 1);
	ck_assert_int_eq(lapic_state_from_bytes(&state, bytes + 1, sizeof(good)), LAPIC_STATE_OK);
	ck_assert_int_eq(memcmp(&state, &good, sizeof(good)), 0);
	bytes[1]++;
	ck_assert_int_eq(lapic_state_from_bytes(&state, bytes + 1, sizeof(good)),
			 LAPIC_STATE_BAD_MAGIC);
}
END_TEST

START_TEST(every_error_has_its_own_text)
{
	for (int i = 0; i <= LAST_ERROR + 1; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(lapic_state_strerror((enum lapic_state_error)i),
					 lapic_state_strerror((enum lapic_state_error)j));
	ck_assert_str_eq(lapic_state_strerror((enum lapic_state_error)(LAST_ERROR + 1)),
			 "unknown error");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		header_of_another_kind_is_refused,
		bits_that_are_not_defined_are_refused,
		R14_R17_impossible_bases_are_refused,
		the_state_of_another_cpu_is_refused,
		modes_that_the_cpu_does_not_offer_are_refused,
		registers_of_missing_features_are_reset,
		R64_all_vectors_in_service_end_one_by_one,
		R44_R65_vectors_below_16_are_dropped,
		R65_a_count_is_never_above_the_initial_one,
		R65_without_an_initial_count_nothing_runs,
		R6_a_software_disabled_apic_has_masked_lvts,
		R37_R42_R65_a_page_of_ones_sets_writable_bits_only,
		bytes_of_the_wrong_number_are_refused,
		every_error_has_its_own_text,
	};

	return fx_run("lapic state, bad", tests, FX_COUNT(tests));
}
