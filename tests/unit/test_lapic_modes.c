/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The modes of a local APIC: the transitions of IA32_APIC_BASE, and CR8 in each of them.
 *
 * SDM vol. 3, "Enabling or Disabling the Local APIC", "x2APIC State Transitions",
 * "Task Priority in IA-32e Mode".
 */
#include "tests/unit/lapic_fixture.h"

#define EN   LAPIC_BASE_EN
#define EXTD LAPIC_BASE_EXTD

/* A write of the mode bits from each mode; only the pairs that the manual draws are legal. */
START_TEST(R14_R15_R16_base_transitions)
{
	/* from off, xAPIC, x2APIC; to what to[] says */
	static const bool legal[3][4] = {
		{ true, false, true, false },
		{ true, false, true, true },
		{ true, false, false, true },
	};
	static const uint64_t to[4] = { 0, EXTD, EN, EN | EXTD };

	for (size_t from = 0; from < 3; from++) {
		for (size_t i = 0; i < 4; i++) {
			struct lapic a = from == 2 ? fx_x2apic() : fx_enabled();
			uint64_t base = a.base & ~(EN | EXTD);
			enum lapic_result result;
			struct lapic before;

			if (from == 0)
				fx_disable_hardware(&a);
			before = a;
			result = lapic_base_write(&a, base | to[i]);
			ck_assert_msg((result == LAPIC_OK) == legal[from][i], "mode %zu to %#llx",
				      from, (unsigned long long)to[i]);
			if (result == LAPIC_OK)
				ck_assert_uint_eq(a.base, base | to[i]);
			else
				ck_assert_mem_eq(&before.regs, &a.regs, sizeof(a.regs));
			ck_assert(result == LAPIC_OK || a.base == before.base);
			ck_assert_int_eq(lapic_is_enabled(&a), (a.base & EN) != 0);
			ck_assert_int_eq(lapic_is_x2apic(&a), (a.base & EXTD) != 0);
		}
	}
}
END_TEST

START_TEST(R17_base_reserved_bits)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	for (unsigned int maxphyaddr = 32; maxphyaddr <= 52; maxphyaddr++) {
		config.maxphyaddr = (uint8_t)maxphyaddr;
		a = fx_enabled_with(config);
		for (unsigned int bit = 0; bit < 64; bit++) {
			bool reserved = bit < 8 || bit == 9 || bit >= maxphyaddr;
			uint64_t base = a.base | UINT64_C(1) << bit;

			if (bit == 10)
				continue;
			ck_assert_msg((lapic_base_write(&a, base) == LAPIC_ILLEGAL) == reserved,
				      "bit %u of %u", bit, maxphyaddr);
		}
	}
	config.x2apic = false;
	a = fx_enabled_with(config);
	ck_assert_int_eq(lapic_base_write(&a, a.base | EXTD), LAPIC_ILLEGAL);
	ck_assert(!lapic_is_x2apic(&a));
}
END_TEST

START_TEST(R18_bsp_flag_is_a_plain_bit)
{
	struct lapic a = fx_enabled();

	ck_assert_int_eq(lapic_base_write(&a, a.base & ~LAPIC_BASE_BSP), LAPIC_OK);
	ck_assert_uint_eq(a.base, LAPIC_BASE_DEFAULT | EN);
	lapic_init_signal(&a);
	ck_assert(!a.wait_for_sipi);
	a = fx_reset_ap();
	ck_assert_int_eq(lapic_base_write(&a, a.base | LAPIC_BASE_BSP), LAPIC_OK);
	lapic_init_signal(&a);
	ck_assert(a.wait_for_sipi);
}
END_TEST

START_TEST(R19_entering_x2apic_mode)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.id = 0x1f3;
	a = fx_enabled_with(config);
	fx_dirty(&a);
	fx_write(&a, LAPIC_ID, 0x77000000);
	fx_write(&a, LAPIC_LDR, 0x33000000);
	fx_write(&a, LAPIC_ICR_HIGH, 0x44000000);
	fx_write(&a, LAPIC_ICR, 0x4041);
	fx_enter_x2apic(&a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ID), 0x1f3);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LDR), 0x001f0008);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR), 0x4041);
	ck_assert_uint_eq(fx_read(&a, LAPIC_SVR), 0x1ef);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0x21);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0xa055);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TIMER_ICR), 1000);
	ck_assert_uint_eq(lapic_deadline(&a), FX_NOW + 1000 * 10);
	ck_assert(fx_bit(&a, LAPIC_ISR, 0x61));
	ck_assert(fx_bit(&a, LAPIC_TMR, 0x61));
	ck_assert(fx_bit(&a, LAPIC_IRR, 0x72));
}
END_TEST

START_TEST(R10_disable_and_enable_gives_reset_state)
{
	struct lapic from[2] = { fx_enabled(), fx_x2apic() };

	fx_write(&from[0], LAPIC_ID, 0x77000000);
	fx_write(&from[0], LAPIC_LDR, 0x33000000);
	fx_write(&from[0], LAPIC_DFR, LAPIC_DFR_CLUSTER);
	for (size_t i = 0; i < FX_COUNT(from); i++) {
		struct lapic *a = &from[i];

		fx_dirty(a);
		fx_disable_hardware(a);
		ck_assert_uint_eq(lapic_deadline(a), LAPIC_NEVER);
		ck_assert_int_eq(lapic_pending(a), LAPIC_NO_VECTOR);
		lapic_accept(a, 0x91, false);
		ck_assert_int_eq(lapic_pending(a), LAPIC_NO_VECTOR);
		ck_assert_int_eq(lapic_base_write(a, a->base | EN), LAPIC_OK);
		fx_check_reset_state(a);
		ck_assert_uint_eq(fx_read(a, LAPIC_ID), FX_ID << 24);
		ck_assert_uint_eq(fx_read(a, LAPIC_LDR), 0);
		ck_assert_uint_eq(fx_read(a, LAPIC_DFR), LAPIC_DFR_FLAT);
		ck_assert(!a->wait_for_sipi);
	}
}
END_TEST

START_TEST(R13_hardware_disabled_pins_are_intr_and_nmi)
{
	struct lapic a = fx_enabled();

	ck_assert(!lapic_accepts_extint(&a));
	fx_disable_hardware(&a);
	ck_assert(lapic_accepts_extint(&a));
	lapic_lint_set(&a, LAPIC_LINT1, true);
	ck_assert_uint_eq(fx_events(&a), LAPIC_EVENT_NMI);
	ck_assert_uint_eq(fx_events(&a), 0);
}
END_TEST

START_TEST(R21_page_follows_the_base)
{
	struct lapic a = fx_enabled();

	ck_assert_uint_eq(lapic_page(&a), LAPIC_BASE_DEFAULT);
	ck_assert_int_eq(lapic_base_write(&a, UINT64_C(0x3fffffff7000) | EN), LAPIC_OK);
	ck_assert_uint_eq(lapic_page(&a), UINT64_C(0x3fffffff7000));
	ck_assert_uint_eq(fx_read(&a, LAPIC_SVR), FX_SVR_ENABLED);
}
END_TEST

START_TEST(R12_cr8_works_in_every_mode)
{
	struct lapic a[3] = { fx_enabled(), fx_x2apic(), fx_enabled() };

	fx_disable_hardware(&a[2]);
	for (size_t mode = 0; mode < FX_COUNT(a); mode++) {
		for (uint32_t cr8 = 0; cr8 < 16; cr8++) {
			ck_assert_int_eq(lapic_cr8_write(&a[mode], cr8), LAPIC_OK);
			ck_assert_uint_eq(lapic_cr8(&a[mode]), cr8);
		}
		for (unsigned int bit = 4; bit < 64; bit++)
			ck_assert_int_eq(lapic_cr8_write(&a[mode], UINT64_C(1) << bit),
					 LAPIC_ILLEGAL);
		ck_assert_uint_eq(lapic_cr8(&a[mode]), 15);
	}
}
END_TEST

START_TEST(R61_cr8_and_tpr_are_one_register)
{
	struct lapic a = fx_enabled();

	fx_write(&a, LAPIC_TPR, 0x5a);
	ck_assert_uint_eq(lapic_cr8(&a), 5);
	ck_assert_int_eq(lapic_cr8_write(&a, 9), LAPIC_OK);
	ck_assert_uint_eq(fx_read(&a, LAPIC_TPR), 0x90);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R14_R15_R16_base_transitions,
		R17_base_reserved_bits,
		R18_bsp_flag_is_a_plain_bit,
		R19_entering_x2apic_mode,
		R10_disable_and_enable_gives_reset_state,
		R13_hardware_disabled_pins_are_intr_and_nmi,
		R21_page_follows_the_base,
		R12_cr8_works_in_every_mode,
		R61_cr8_and_tpr_are_one_register,
	};

	return fx_run("lapic_modes", tests, FX_COUNT(tests));
}
