/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random states: nothing crashes, and what is restored is an APIC as a guest could have made it.
 *
 * SDM vol. 3, "Local APIC State"; rules R44, R55, R64, R65, R123.
 */
#include "lapic/lapic_page.h"
#include "lapic/lapic_state.h"
#include "lapic_fixture.h"

#define ROUNDS 5000

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void fill(void *to, size_t size, uint64_t *seed)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(next_random(seed) >> 32);
}

/* Features and identity at random, within what lapic_power_up() makes of them. */
static struct lapic random_cpu(uint64_t *seed)
{
	uint64_t bits = next_random(seed);
	struct lapic_config config = fx_config();
	struct lapic a;

	config.bsp = bits & 1;
	config.x2apic = bits & 2;
	config.tsc_deadline = bits & 4;
	config.cmci = bits & 8;
	config.directed_eoi = bits & 16;
	config.lint0_extint = bits & 64;
	config.extended = bits & 128;
	config.min_period_ns = bits & 32 ? 20000 : 0;
	config.bus_cycle_ns = (uint32_t)(bits >> 32) % 1001;
	config.tsc_khz = (uint32_t)(bits >> 40);
	lapic_power_up(&a, &config);
	return a;
}

/* A state whose header is right, so that the rest is looked at. */
static struct lapic_state random_state(const struct lapic *a, uint64_t *seed)
{
	static const uint64_t modes[] = { 0, LAPIC_BASE_EN, LAPIC_BASE_EN | LAPIC_BASE_EXTD };
	struct lapic_state state;

	fill(&state, sizeof(state), seed);
	state.magic = LAPIC_STATE_MAGIC;
	state.version = LAPIC_STATE_VERSION;
	state.size = sizeof(state);
	state.flags %= 8;
	state.base = (state.base & UINT64_C(0x3ffffffff100)) | modes[next_random(seed) % 3];
	state.base &= ~UINT64_C(0x200);
	if (next_random(seed) % 2)
		state.timer_remaining >>= next_random(seed) % 64;
	state.id = a->config.id;
	state.esr_pending &= 0xf0;
	state.events &= LAPIC_EVENT_NMI | LAPIC_EVENT_SMI | LAPIC_EVENT_INIT;
	state.lint0_vector %= 256;
	state.reserved = 0;
	state.extended.control &= LAPIC_EXT_CONTROL_BITS;
	if (!a->config.extended)
		state.extended = a->extended;
	if (state.base & LAPIC_BASE_EXTD)
		lapic_page_store(state.page, LAPIC_ID, state.id);
	return state;
}

static uint32_t reg(const struct lapic *a, uint32_t offset)
{
	return lapic_page_load((const uint8_t *)&a->regs, offset);
}

static int highest(const struct lapic *a, uint32_t bitmap)
{
	for (int v = 255; v >= 0; v--)
		if (reg(a, bitmap + (uint32_t)v / 32 * 16) >> v % 32 & 1)
			return v;
	return -1;
}

/* What lies where no register is. */
static uint32_t between_registers(const struct lapic *a)
{
	const struct lapic_slot *slots = (const struct lapic_slot *)&a->regs;
	uint32_t any = 0;

	for (uint32_t i = 0; i < LAPIC_SLOTS; i++) {
		any |= slots[i].reserved[0] | slots[i].reserved[1] | slots[i].reserved[2];
		any |= lapic_reg_desc(16 * i) ? 0 : slots[i].reg;
	}
	return any;
}

static void check_registers(const struct lapic *a)
{
	int isr = highest(a, LAPIC_ISR) < 0 ? 0 : highest(a, LAPIC_ISR) & 0xf0;
	int tpr = (int)reg(a, LAPIC_TPR);

	ck_assert_uint_eq(between_registers(a), 0);
	ck_assert_uint_eq(reg(a, LAPIC_IRR) & 0xffff, 0);
	ck_assert_uint_eq(reg(a, LAPIC_ISR) & 0xffff, 0);
	ck_assert_uint_eq(reg(a, LAPIC_TMR) & 0xffff, 0);
	ck_assert_int_le(tpr, 0xff);
	ck_assert_int_eq(lapic_ppr(a), (tpr & 0xf0) >= isr ? tpr : isr); /* R55 */
	ck_assert_uint_eq(reg(a, LAPIC_PPR), lapic_ppr(a));
	ck_assert_uint_eq(reg(a, LAPIC_DFR) | 0xf0000000, UINT32_MAX);
	for (uint32_t lvt = LAPIC_LVT_TIMER; lvt <= LAPIC_LVT_ERROR; lvt += 16) {
		ck_assert_uint_eq(reg(a, lvt) & LAPIC_LVT_DELIVERY_STATUS, 0);
		/* D44: firmware's LINT0 is the exception. */
		if (!(reg(a, LAPIC_SVR) & LAPIC_SVR_ENABLE) &&
		    !(lvt == LAPIC_LVT_LINT0 && a->config.bsp && a->config.lint0_extint &&
		      reg(a, lvt) == 0x700))
			ck_assert_uint_ne(reg(a, lvt) & LAPIC_LVT_MASKED, 0);
	}
	if (!a->config.directed_eoi)
		ck_assert_uint_eq(reg(a, LAPIC_SVR) & LAPIC_SVR_DIRECTED_EOI, 0);
}

static void check_timer(const struct lapic *a)
{
	uint32_t mode = reg(a, LAPIC_LVT_TIMER) >> LAPIC_LVT_TIMER_SHIFT & 3;

	ck_assert(mode == LAPIC_TIMER_TSC_DEADLINE || a->timer.tsc_deadline == 0);
	if (lapic_deadline(a) == LAPIC_NEVER)
		return;
	ck_assert_uint_ne(mode, LAPIC_TIMER_RESERVED);
	ck_assert_uint_ge(lapic_deadline(a), FX_NOW);
	if (mode == LAPIC_TIMER_TSC_DEADLINE)
		return;
	ck_assert_uint_ne(reg(a, LAPIC_TIMER_ICR), 0);
	ck_assert_uint_ne(a->timer.period, 0);
	ck_assert_uint_le(lapic_deadline(a) - FX_NOW,
			  a->timer.period > 20000 ? a->timer.period : 20000);
}

/* What a guest does next never fails either: it takes all, ends all, and lets time go by. */
static void run(struct lapic *a, uint64_t *seed)
{
	struct lapic_effect effect;
	uint64_t value;

	for (int i = 0; i < 8; i++)
		a->extended.ier[i] = UINT32_MAX;
	lapic_lint_set(a, LAPIC_LINT0, false); /* or it would interrupt for ever */
	for (int i = 0; i < 600; i++) {
		int vector = lapic_pending(a);

		if (vector >= 0)
			lapic_ack(a, (uint8_t)vector);
		else
			(void)lapic_write(a, LAPIC_EOI, 0, FX_NOW, &effect);
	}
	if (lapic_is_enabled(a))
		ck_assert_int_eq(highest(a, LAPIC_ISR), -1);
	for (int i = 0; i < 20; i++) {
		uint32_t offset = (uint32_t)next_random(seed) % LAPIC_REGS_SIZE & ~15u;

		(void)lapic_read(a, offset, FX_NOW + (uint64_t)i, &value);
		(void)lapic_write(a, offset, next_random(seed), FX_NOW + (uint64_t)i, &effect);
	}
	lapic_expire(a, UINT64_MAX - 1);
}

START_TEST(R65_random_states_become_apics_that_can_be)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	int restored = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct lapic a = random_cpu(&seed);
		struct lapic_state state = random_state(&a, &seed);
		struct lapic b = a;
		struct lapic_state first;
		struct lapic_state second;

		if (lapic_state_restore(&a, &state, next_random(&seed), FX_NOW) != LAPIC_STATE_OK) {
			ck_assert_int_eq(memcmp(&a, &b, sizeof(a)), 0);
			continue;
		}
		restored++;
		check_registers(&a);
		check_timer(&a);
		lapic_state_save(&a, FX_NOW, &first);
		/* The guest's TSC has not come to any deadline. */
		ck_assert_int_eq(lapic_state_restore(&b, &first, 0, FX_NOW), LAPIC_STATE_OK);
		lapic_state_save(&b, FX_NOW, &second);
		ck_assert_int_eq(memcmp(&first, &second, sizeof(first)), 0);
		run(&a, &seed);
	}
	ck_assert_int_gt(restored, ROUNDS / 2);
}
END_TEST

START_TEST(R65_random_bytes_are_refused_or_clamped)
{
	uint64_t seed = 0x2545f4914f6cdd1d;

	for (int i = 0; i < ROUNDS; i++) {
		struct lapic a = random_cpu(&seed);
		uint8_t bytes[sizeof(struct lapic_state) + 16];
		size_t size = next_random(&seed) % sizeof(bytes);
		const struct lapic_state header = { .magic = LAPIC_STATE_MAGIC,
						    .version = LAPIC_STATE_VERSION,
						    .size = sizeof(header) };
		struct lapic_state state = header;

		fill(bytes, sizeof(bytes), &seed);
		memcpy(bytes, &header, next_random(&seed) % 13);
		if (lapic_state_from_bytes(&state, bytes, size) == LAPIC_STATE_OK)
			(void)lapic_state_restore(&a, &state, 0, FX_NOW);
		memcpy(&state, bytes, sizeof(state));
		(void)lapic_state_restore(&a, &state, 0, FX_NOW);
		check_registers(&a);
	}
}
END_TEST

START_TEST(R123_random_pages_go_to_kvm_and_back)
{
	uint64_t seed = 0x123456789abcdef1;

	for (int i = 0; i < ROUNDS; i++) {
		struct lapic a = random_cpu(&seed);
		const struct lapic_extended extended = a.extended;
		struct lapic_state state = random_state(&a, &seed);
		struct lapic_kvm_context kvm = {
			.base = state.base,
			.tsc_deadline = state.tsc_deadline,
			.id = state.id,
			.bus_cycle_ns = (uint32_t)next_random(&seed),
			.ids_32bit = next_random(&seed) & 1,
			.wait_for_sipi = state.flags & LAPIC_STATE_WAIT_FOR_SIPI,
		};
		uint8_t page[LAPIC_REGS_SIZE];
		uint8_t again[LAPIC_REGS_SIZE];

		state.extended = extended;
		ck_assert_int_eq(lapic_state_to_kvm(&state, kvm.ids_32bit, page), LAPIC_STATE_OK);
		ck_assert_int_eq(lapic_state_from_kvm(&state, page, &kvm), LAPIC_STATE_OK);
		ck_assert_int_eq(lapic_state_to_kvm(&state, kvm.ids_32bit, again), LAPIC_STATE_OK);
		ck_assert_int_eq(memcmp(page, again, sizeof(page)), 0);
		if (lapic_state_restore(&a, &state, 0, FX_NOW) != LAPIC_STATE_OK)
			continue;
		check_registers(&a);
		check_timer(&a);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R65_random_states_become_apics_that_can_be,
		R65_random_bytes_are_refused_or_clamped,
		R123_random_pages_go_to_kvm_and_back,
	};

	return fx_run("lapic state, random", tests, FX_COUNT(tests));
}
