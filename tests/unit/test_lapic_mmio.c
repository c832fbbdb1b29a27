/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads and stores of the APIC page as a CPU makes them: narrow, wide, misaligned, in a wrong mode.
 *
 * SDM vol. 3, "The Local APIC Block Diagram" (registers are 32 bits wide and 128-bit aligned) and
 * "Local APIC Status and Location".
 */
#include "tests/unit/lapic_fixture.h"

/* A load of len bytes; bytes beyond them keep the poison. */
static uint64_t load(struct lapic *a, uint32_t offset, uint32_t len)
{
	uint8_t data[8];
	uint64_t value = 0;

	memset(data, 0x5a, sizeof(data));
	lapic_mmio_read(a, offset, len, FX_NOW, data);
	for (uint32_t i = len; i < sizeof(data); i++)
		ck_assert_uint_eq(data[i], 0x5a);
	for (uint32_t i = 0; i < len; i++)
		value |= (uint64_t)data[i] << (8 * i);
	return value;
}

static struct lapic_effect store(struct lapic *a, uint32_t offset, uint32_t len, uint64_t value)
{
	struct lapic_effect effect;
	uint8_t data[8];

	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(value >> (8 * i));
	memset(&effect, 0xa5, sizeof(effect));
	lapic_mmio_write(a, offset, len, data, FX_NOW, &effect);
	return effect;
}

START_TEST(aligned_dwords_are_register_accesses)
{
	struct lapic a = fx_enabled();

	store(&a, LAPIC_TPR, 4, 0x12345678);
	ck_assert_uint_eq(load(&a, LAPIC_TPR, 4), 0x78);
	store(&a, LAPIC_LVT_LINT1, 4, 0x00010400);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT1), 0x10400);
	ck_assert_uint_eq(load(&a, LAPIC_VERSION, 4), fx_read(&a, LAPIC_VERSION));
	ck_assert_int_eq(store(&a, LAPIC_ICR, 4, 0x000c4040).kind, LAPIC_EFFECT_MSG);
	ck_assert_int_eq(store(&a, LAPIC_TIMER_ICR, 4, 1000).kind, LAPIC_EFFECT_TIMER);
}
END_TEST

START_TEST(R22_a_store_to_the_page_is_never_an_msi)
{
	struct lapic a = fx_enabled();

	ck_assert_int_eq(store(&a, 0, 4, 0x41).kind, LAPIC_EFFECT_NONE);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_eq(fx_errors(&a), LAPIC_ESR_ILLEGAL_REGISTER);
}
END_TEST

START_TEST(R34_narrow_loads_give_the_bytes_of_the_register)
{
	struct lapic a = fx_enabled();

	store(&a, LAPIC_TIMER_ICR, 4, 0x44332211);
	for (uint32_t byte = 0; byte < 4; byte++)
		ck_assert_uint_eq(load(&a, LAPIC_TIMER_ICR + byte, 1), 0x11 * (byte + 1));
	ck_assert_uint_eq(load(&a, LAPIC_TIMER_ICR, 2), 0x2211);
	ck_assert_uint_eq(load(&a, LAPIC_TIMER_ICR + 2, 2), 0x4433);
	ck_assert_uint_eq(load(&a, LAPIC_TIMER_ICR, 8) & 0xffffffff, 0x44332211);
	ck_assert_uint_eq(load(&a, LAPIC_ID + 3, 1), FX_ID);
}
END_TEST

START_TEST(R36_byte_stores_reach_id_ldr_dfr_and_tpr)
{
	struct lapic a = fx_enabled();

	store(&a, LAPIC_ID + 3, 1, 0x12);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ID), 0x12000000);
	store(&a, LAPIC_LDR + 3, 1, 0x81);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LDR), 0x81000000);
	store(&a, LAPIC_DFR + 3, 1, 0x0f);
	ck_assert_uint_eq(fx_read(&a, LAPIC_DFR), LAPIC_DFR_CLUSTER);
	store(&a, LAPIC_TPR, 1, 0x35);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0x35);
	ck_assert_uint_eq(fx_errors(&a), 0);
}
END_TEST

START_TEST(R36_byte_stores_leave_the_other_bytes)
{
	struct lapic a = fx_enabled();

	store(&a, LAPIC_LVT_PMC, 4, 0x00010433);
	store(&a, LAPIC_LVT_PMC, 1, 0x44);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_PMC) & ~0xffu, 0x00010400);
	store(&a, LAPIC_TPR, 4, 0x50);
	store(&a, LAPIC_TPR + 3, 1, 0xff);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0x50);
}
END_TEST

/* The page without the slot of offset, and without what follows from any access: ESR, PPR, APR. */
static struct lapic_regs others(struct lapic *a, uint32_t offset)
{
	struct lapic_regs regs = a->regs;
	uint8_t *page = (uint8_t *)&regs;

	if (offset < sizeof(regs))
		memset(page + offset / 16 * 16, 0, 16);
	regs.esr.reg = 0;
	regs.ppr.reg = 0;
	regs.apr.reg = 0;
	return regs;
}

START_TEST(R33_misaligned_and_odd_stores_touch_no_other_register)
{
	static const uint32_t lengths[] = { 1, 2, 4, 8 };

	for (uint32_t offset = 0x80; offset < 0x90; offset++) {
		for (size_t i = 0; i < FX_COUNT(lengths); i++) {
			struct lapic a = fx_enabled();
			struct lapic_regs before = others(&a, offset);
			struct lapic_regs after;

			store(&a, offset, lengths[i], UINT64_C(0x0102030405060708));
			after = others(&a, offset);
			ck_assert_mem_eq(&before, &after, sizeof(before));
			if (offset >= 0x84)
				ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0);
		}
	}
}
END_TEST

START_TEST(R33_misaligned_stores_send_nothing)
{
	static const uint32_t lengths[] = { 1, 2, 4, 8 };

	for (uint32_t offset = LAPIC_ICR + 4; offset < LAPIC_ICR_HIGH; offset++) {
		for (size_t i = 0; i < FX_COUNT(lengths); i++) {
			struct lapic a = fx_enabled();
			struct lapic_effect effect;

			effect = store(&a, offset, lengths[i], UINT64_C(0x000c4041000c4041));
			ck_assert_int_eq(effect.kind, LAPIC_EFFECT_NONE);
			ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
		}
	}
}
END_TEST

START_TEST(R35_read_modify_write_of_eoi)
{
	struct lapic a = fx_enabled();
	uint64_t value;

	lapic_accept(&a, 0x40, false);
	fx_take(&a, 0x40);
	value = load(&a, LAPIC_EOI, 4);
	ck_assert_uint_eq(value, 0);
	ck_assert(fx_bit(&a, LAPIC_ISR, 0x40));
	store(&a, LAPIC_EOI, 4, value | 1);
	ck_assert(!fx_bit(&a, LAPIC_ISR, 0x40));
	ck_assert_uint_eq(a.esr_pending & ~LAPIC_ESR_ILLEGAL_REGISTER, 0);
}
END_TEST

START_TEST(R11_the_page_is_not_there_outside_of_xapic_mode)
{
	struct lapic a[2] = { fx_x2apic(), fx_enabled() };

	fx_disable_hardware(&a[1]);
	for (size_t mode = 0; mode < FX_COUNT(a); mode++) {
		struct lapic before = a[mode];

		for (uint32_t offset = 0; offset < LAPIC_PAGE_SIZE; offset += 4) {
			ck_assert_uint_eq(load(&a[mode], offset, 4), 0xffffffff);
			ck_assert_int_eq(store(&a[mode], offset, 4, 0x41).kind, LAPIC_EFFECT_NONE);
		}
		ck_assert_uint_eq(load(&a[mode], LAPIC_TPR, 1), 0xff);
		ck_assert_uint_eq(load(&a[mode], LAPIC_TPR, 2), 0xffff);
		ck_assert_uint_eq(load(&a[mode], LAPIC_TPR, 8), UINT64_MAX);
		a[mode].counters = before.counters;
		ck_assert_mem_eq(&before.regs, &a[mode].regs, sizeof(before.regs));
		ck_assert_uint_eq(a[mode].esr_pending, 0);
	}
}
END_TEST

/* Nothing to compare: that no access is out of bounds is what a sanitizer run shows. */
START_TEST(R33_R43_every_offset_and_length_is_survived)
{
	static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 0x1000, UINT32_MAX };
	static const uint32_t bases[] = { 0, 0x3f0, 0xff0, 0x7ffffff0, 0xfffffff0 };
	struct lapic a = fx_enabled();

	for (size_t i = 0; i < FX_COUNT(bases); i++) {
		for (size_t j = 0; j < FX_COUNT(lengths); j++) {
			for (uint32_t step = 0; step < 0x410; step++) {
				struct lapic_effect effect;
				uint8_t data[8] = { 0 };

				lapic_mmio_read(&a, bases[i] + step, lengths[j], FX_NOW, data);
				lapic_mmio_write(&a, bases[i] + step, lengths[j], data, FX_NOW,
						 &effect);
			}
		}
	}
	ck_assert(lapic_is_enabled(&a));
}
END_TEST

START_TEST(R43_every_msr_and_offset_is_survived)
{
	struct lapic a = fx_x2apic();
	struct lapic_effect effect;
	uint64_t value = 1;

	for (uint32_t msr = 0; msr < 0x2000; msr++) {
		uint32_t number = msr * 0x00100411u;

		if (number >= LAPIC_X2APIC_MSR_FIRST && number <= LAPIC_X2APIC_MSR_LAST)
			continue;
		ck_assert_int_eq(lapic_msr_read(&a, number, FX_NOW, &value), LAPIC_ILLEGAL);
		ck_assert_int_eq(lapic_msr_write(&a, number, 0, FX_NOW, &effect), LAPIC_ILLEGAL);
	}
	for (uint32_t step = 0; step < 0x2000; step++) {
		lapic_read(&a, step * 0x00080201u, FX_NOW, &value);
		lapic_write(&a, step * 0x00080201u, step, FX_NOW, &effect);
	}
	ck_assert(lapic_is_x2apic(&a));
}
END_TEST

START_TEST(R37_dfr_bits_27_to_0_are_ones)
{
	static const uint32_t values[] = { 0, 0x10000000, 0x7fffffff, 0x80000000, 0xffffffff };
	struct lapic a = fx_enabled();

	for (size_t i = 0; i < FX_COUNT(values); i++) {
		fx_write(&a, LAPIC_DFR, values[i]);
		ck_assert_uint_eq(fx_read(&a, LAPIC_DFR), values[i] | 0x0fffffff);
	}
	for (uint32_t lane = 0; lane < 4; lane++) {
		const uint8_t zero[8] = { 0 };
		struct lapic_effect effect;

		lapic_mmio_write(&a, LAPIC_DFR + lane, 1, zero, FX_NOW, &effect);
		ck_assert_uint_eq(fx_read(&a, LAPIC_DFR) & 0x0fffffff, 0x0fffffff);
	}
}
END_TEST

/* Words at a distance of 16 bytes, one bit a vector; nothing else becomes 1 anywhere. */
START_TEST(R44_bitmaps_are_eight_words_whose_first_16_bits_stay_0)
{
	static const enum lapic_reg bitmaps[] = { LAPIC_ISR, LAPIC_TMR, LAPIC_IRR };

	for (uint32_t vector = 0; vector < 256; vector++) {
		uint32_t expected = vector < 16 ? 0 : 1u << vector % 32;
		struct lapic a = fx_enabled();

		lapic_accept(&a, (uint8_t)vector, true);
		if (lapic_pending(&a) != LAPIC_NO_VECTOR)
			lapic_ack(&a, (uint8_t)vector);
		lapic_accept(&a, (uint8_t)vector, true);
		for (size_t i = 0; i < FX_COUNT(bitmaps); i++) {
			for (uint32_t word = 0; word < 8; word++)
				ck_assert_uint_eq(fx_read(&a, (uint32_t)bitmaps[i] + 16 * word),
						  word == vector / 32 ? expected : 0);
		}
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		aligned_dwords_are_register_accesses,
		R22_a_store_to_the_page_is_never_an_msi,
		R34_narrow_loads_give_the_bytes_of_the_register,
		R36_byte_stores_reach_id_ldr_dfr_and_tpr,
		R36_byte_stores_leave_the_other_bytes,
		R33_misaligned_and_odd_stores_touch_no_other_register,
		R33_misaligned_stores_send_nothing,
		R35_read_modify_write_of_eoi,
		R11_the_page_is_not_there_outside_of_xapic_mode,
		R33_R43_every_offset_and_length_is_survived,
		R43_every_msr_and_offset_is_survived,
		R37_dfr_bits_27_to_0_are_ones,
		R44_bitmaps_are_eight_words_whose_first_16_bits_stay_0,
	};

	return fx_run("lapic_mmio", tests, FX_COUNT(tests));
}
