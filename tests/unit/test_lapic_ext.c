/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's extended APIC registers: specific EOI, and an enable bit for each vector. APM vol. 2,
 * "Extended APIC Registers", "Specific End of Interrupt Register", "Interrupt Enable Registers".
 */
#include "tests/unit/lapic_fixture.h"

#define LOW    0x45u
#define MIDDLE 0x67u
#define HIGH   0x89u
#define BOTH   (LAPIC_EXT_IER | LAPIC_EXT_SEOI)

static struct lapic_config extended_config(void)
{
	struct lapic_config config = fx_config();

	config.extended = true;
	return config;
}

static struct lapic extended(uint32_t control)
{
	struct lapic a = fx_enabled_with(extended_config());

	fx_write(&a, LAPIC_EXT_CONTROL, control);
	return a;
}

static void serve(struct lapic *a, uint8_t vector, bool level)
{
	lapic_accept(a, vector, level);
	fx_take(a, vector);
}

static void disable_vector(struct lapic *a, uint32_t vector)
{
	fx_write(a, LAPIC_IER + 16 * (vector / 32), ~(1u << vector % 32));
}

START_TEST(R78_the_registers_are_there_when_they_are_offered)
{
	struct lapic a = fx_enabled_with(extended_config());

	ck_assert_uint_eq(fx_read(&a, LAPIC_VERSION) >> 31, 1);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_FEATURE), BOTH);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_CONTROL), 0);
	ck_assert_uint_eq(fx_read(&a, LAPIC_SEOI), 0);
	fx_write(&a, LAPIC_EXT_FEATURE, 0);
	fx_write(&a, LAPIC_EXT_CONTROL, 0xffffffff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_FEATURE), BOTH);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_CONTROL), BOTH);
	for (uint32_t word = 0; word < 8; word++) {
		ck_assert_uint_eq(fx_read(&a, LAPIC_IER + 16 * word), 0xffffffff);
		fx_write(&a, LAPIC_IER + 16 * word, 0x01010101u * word);
	}
	for (uint32_t word = 0; word < 8; word++)
		ck_assert_uint_eq(fx_read(&a, LAPIC_IER + 16 * word), 0x01010101u * word);
	ck_assert_uint_eq(fx_errors(&a), 0);
	lapic_init_signal(&a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_CONTROL), 0);
	ck_assert_uint_eq(fx_read(&a, LAPIC_IER), 0xffffffff);
}
END_TEST

START_TEST(R78_they_are_illegal_registers_elsewhere)
{
	struct lapic a = fx_enabled();
	struct lapic_effect effect;
	uint64_t value;

	ck_assert_uint_eq(fx_read(&a, LAPIC_VERSION) >> 31, 0);
	for (uint32_t offset = 0x400; offset < 0x540; offset += 16) {
		ck_assert_int_eq(lapic_read(&a, offset, FX_NOW, &value), LAPIC_ILLEGAL);
		ck_assert_int_eq(lapic_write(&a, offset, 0, FX_NOW, &effect), LAPIC_ILLEGAL);
		ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_ILLEGAL_REGISTER);
	}
	a = extended(BOTH);
	for (uint32_t offset = 0x430; offset < 0x540; offset += 16) {
		bool ier = offset >= LAPIC_IER && offset < LAPIC_IER + 0x80;

		ck_assert_int_eq(lapic_read(&a, offset, FX_NOW, &value),
				 ier ? LAPIC_OK : LAPIC_ILLEGAL);
		ck_assert_int_eq(lapic_read(&a, offset + 4, FX_NOW, &value), LAPIC_ILLEGAL);
		ck_assert_int_eq(lapic_write(&a, offset + 4, 0, FX_NOW, &effect), LAPIC_ILLEGAL);
	}
}
END_TEST

START_TEST(R78_x2apic_rights_and_reserved_bits)
{
	struct lapic a = fx_x2apic_with(extended_config());
	const uint32_t control = FX_MSR(LAPIC_EXT_CONTROL);
	const uint32_t feature = FX_MSR(LAPIC_EXT_FEATURE);
	const uint32_t seoi = FX_MSR(LAPIC_SEOI);
	const uint32_t ier = FX_MSR(LAPIC_IER);
	struct lapic_effect effect;
	uint64_t value;

	ck_assert_int_eq(lapic_msr_write(&a, feature, 0, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_msr_write(&a, control, 4, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_msr_write(&a, control, BOTH, FX_NOW, &effect), LAPIC_OK);
	ck_assert_int_eq(lapic_msr_read(&a, seoi, FX_NOW, &value), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_msr_write(&a, seoi, 0x100, FX_NOW, &effect), LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_msr_write(&a, seoi, 0xff, FX_NOW, &effect), LAPIC_OK);
	ck_assert_int_eq(lapic_msr_write(&a, ier, UINT64_C(1) << 32, FX_NOW, &effect),
			 LAPIC_ILLEGAL);
	ck_assert_int_eq(lapic_msr_write(&a, ier, 0x12345678, FX_NOW, &effect), LAPIC_OK);
	ck_assert_int_eq(lapic_msr_read(&a, ier, FX_NOW, &value), LAPIC_OK);
	ck_assert_uint_eq(value, 0x12345678);
}
END_TEST

START_TEST(R78_specific_eoi_ends_the_vector_that_it_names)
{
	struct lapic a = extended(LAPIC_EXT_SEOI);
	struct lapic_effect effect;

	serve(&a, LOW, false);
	serve(&a, MIDDLE, true);
	serve(&a, HIGH, false);
	effect = fx_write(&a, LAPIC_SEOI, MIDDLE);
	ck_assert_int_eq(effect.kind, LAPIC_EFFECT_EOI);
	ck_assert_uint_eq(effect.eoi_vector, MIDDLE);
	ck_assert(fx_bit(&a, LAPIC_ISR, LOW) && fx_bit(&a, LAPIC_ISR, HIGH));
	ck_assert(!fx_bit(&a, LAPIC_ISR, MIDDLE));
	ck_assert_uint_eq(fx_read(&a, LAPIC_PPR), HIGH & 0xf0);
	ck_assert_int_eq(fx_write(&a, LAPIC_SEOI, HIGH).kind, LAPIC_EFFECT_NONE);
	ck_assert_uint_eq(fx_read(&a, LAPIC_PPR), LOW & 0xf0);
	/* Not in service. */
	ck_assert_int_eq(fx_write(&a, LAPIC_SEOI, MIDDLE).kind, LAPIC_EFFECT_NONE);
	ck_assert_uint_eq(a.counters.eoi_spurious, 1);
	fx_eoi(&a);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
}
END_TEST

START_TEST(R78_ier_holds_a_vector_back)
{
	struct lapic a = extended(LAPIC_EXT_IER);

	disable_vector(&a, HIGH);
	lapic_accept(&a, HIGH, false);
	ck_assert(fx_bit(&a, LAPIC_IRR, HIGH));
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
	lapic_accept(&a, LOW, false);
	ck_assert_int_eq(lapic_pending(&a), LOW);
	fx_write(&a, LAPIC_IER + 16 * (HIGH / 32), 0xffffffff);
	ck_assert_int_eq(lapic_pending(&a), HIGH);
}
END_TEST

/* Lowering CR8 would not let it go. */
START_TEST(R78_what_ier_holds_is_not_held_by_tpr)
{
	struct lapic a = extended(LAPIC_EXT_IER);

	fx_write(&a, LAPIC_TPR, 0xf0);
	lapic_accept(&a, HIGH, false);
	ck_assert_int_eq(lapic_held_by_tpr(&a), HIGH);
	disable_vector(&a, HIGH);
	ck_assert_int_eq(lapic_held_by_tpr(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R78_what_is_not_enabled_takes_no_notice)
{
	struct lapic a = extended(0);

	serve(&a, LOW, false);
	fx_write(&a, LAPIC_SEOI, LOW);
	ck_assert(fx_bit(&a, LAPIC_ISR, LOW));
	disable_vector(&a, HIGH);
	ck_assert_uint_eq(fx_read(&a, LAPIC_IER + 16 * (HIGH / 32)), 0xffffffff);
}
END_TEST

START_TEST(narrow_stores_are_ignored)
{
	struct lapic a = extended(BOTH);
	const uint8_t zero[8] = { 0 };
	struct lapic_effect effect;

	for (uint32_t len = 1; len < 4; len++) {
		lapic_mmio_write(&a, LAPIC_IER, len, zero, FX_NOW, &effect);
		lapic_mmio_write(&a, LAPIC_EXT_CONTROL, len, zero, FX_NOW, &effect);
	}
	ck_assert_uint_eq(fx_read(&a, LAPIC_IER), 0xffffffff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_EXT_CONTROL), BOTH);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R78_the_registers_are_there_when_they_are_offered,
		R78_they_are_illegal_registers_elsewhere,
		R78_x2apic_rights_and_reserved_bits,
		R78_specific_eoi_ends_the_vector_that_it_names,
		R78_ier_holds_a_vector_back,
		R78_what_ier_holds_is_not_held_by_tpr,
		R78_what_is_not_enabled_takes_no_notice,
		narrow_stores_are_ignored,
	};

	return fx_run("lapic_ext", tests, FX_COUNT(tests));
}
