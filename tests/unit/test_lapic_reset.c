/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a local APIC: power-up, INIT, SIPI and software disable.
 *
 * SDM vol. 3, "Local APIC State After Power-Up or Reset", "Local APIC State After an INIT Reset",
 * "Local APIC State After It Has Been Software Disabled".
 */
#include "tests/unit/lapic_fixture.h"

#define EN LAPIC_BASE_EN

START_TEST(R1_power_up)
{
	struct lapic bsp = fx_reset();
	struct lapic ap = fx_reset_ap();

	ck_assert_uint_eq(bsp.base, LAPIC_BASE_DEFAULT | EN | LAPIC_BASE_BSP);
	ck_assert_uint_eq(ap.base, LAPIC_BASE_DEFAULT | EN);
	ck_assert(!bsp.wait_for_sipi);
	ck_assert(ap.wait_for_sipi);
	fx_check_reset_state(&ap);
	ck_assert_uint_eq(fx_read(&ap, LAPIC_ID), FX_ID << 24);
	ck_assert_uint_eq(fx_read(&ap, LAPIC_LDR), 0);
	ck_assert_uint_eq(fx_read(&ap, LAPIC_DFR), LAPIC_DFR_FLAT);
	ck_assert_uint_eq(fx_read(&ap, LAPIC_ICR_HIGH), 0);
}
END_TEST

START_TEST(R1_power_up_forgets_everything)
{
	const struct lapic_config config = fx_config();
	struct lapic a;
	struct lapic fresh = fx_reset();

	memset(&a, 0xff, sizeof(a));
	lapic_power_up(&a, &config);
	ck_assert_mem_eq(&a.regs, &fresh.regs, sizeof(a.regs));
	ck_assert_uint_eq(lapic_deadline(&a), LAPIC_NEVER);
	ck_assert_uint_eq(a.counters.eoi_spurious, 0);
	ck_assert_uint_eq(fx_events(&a), 0);
}
END_TEST

START_TEST(R1_lint0_extint_option)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.lint0_extint = true;
	lapic_power_up(&a, &config);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0x700);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT1), 0x10000);
	ck_assert(lapic_accepts_extint(&a));
	fx_write(&a, LAPIC_LVT_LINT0, 0x10700);
	ck_assert(!lapic_accepts_extint(&a));
	a = fx_reset();
	ck_assert(!lapic_accepts_extint(&a));
	config.bsp = false;
	lapic_power_up(&a, &config);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_LINT0), 0x10000);
}
END_TEST

START_TEST(power_up_clamps_the_configuration)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.maxphyaddr = 0;
	config.bus_cycle_ns = 0;
	config.tsc_khz = 0;
	lapic_power_up(&a, &config);
	ck_assert_uint_eq(a.config.maxphyaddr, 32);
	ck_assert_uint_eq(a.config.bus_cycle_ns, 1);
	fx_write(&a, LAPIC_LVT_TIMER, 0x40041);
	ck_assert_int_eq(lapic_tsc_deadline_write(&a, 1000, 10, FX_NOW), LAPIC_OK);
	config.maxphyaddr = 255;
	config.bus_cycle_ns = UINT32_MAX;
	lapic_power_up(&a, &config);
	ck_assert_uint_eq(a.config.maxphyaddr, 52);
	ck_assert_uint_eq(a.config.bus_cycle_ns, 1000);
}
END_TEST

START_TEST(R2_init_keeps_id_and_base_in_xapic_mode)
{
	struct lapic a = fx_enabled();
	uint64_t base = UINT64_C(0x12345000) | EN;

	ck_assert_int_eq(lapic_base_write(&a, base), LAPIC_OK);
	fx_dirty(&a);
	fx_write(&a, LAPIC_ID, 0x77000000);
	fx_write(&a, LAPIC_LDR, 0x01000000);
	fx_write(&a, LAPIC_DFR, LAPIC_DFR_CLUSTER);
	fx_write(&a, LAPIC_ICR_HIGH, 0x03000000);
	lapic_init_signal(&a);
	fx_check_reset_state(&a);
	ck_assert_uint_eq(a.base, base);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ID), 0x77000000);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LDR), 0);
	ck_assert_uint_eq(fx_read(&a, LAPIC_DFR), LAPIC_DFR_FLAT);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ICR_HIGH), 0);
}
END_TEST

START_TEST(R2_init_stays_in_x2apic_mode)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.id = 0x123;
	a = fx_x2apic_with(config);
	fx_dirty(&a);
	lapic_init_signal(&a);
	ck_assert(lapic_is_x2apic(&a));
	fx_check_reset_state(&a);
	ck_assert_uint_eq(fx_read(&a, LAPIC_ID), 0x123);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LDR), 0x00120008);
}
END_TEST

START_TEST(R2_init_stays_hardware_disabled)
{
	struct lapic a = fx_enabled();

	fx_disable_hardware(&a);
	lapic_init_signal(&a);
	ck_assert(!lapic_is_enabled(&a));
	ck_assert_uint_eq(a.base, LAPIC_BASE_DEFAULT | LAPIC_BASE_BSP);
}
END_TEST

START_TEST(R126_R131_who_waits_for_sipi)
{
	struct lapic bsp = fx_reset();
	struct lapic ap = fx_reset_ap();

	ck_assert(!lapic_sipi(&bsp));
	lapic_init_signal(&bsp);
	ck_assert(!bsp.wait_for_sipi);
	ck_assert(!lapic_sipi(&bsp));
	ck_assert(lapic_sipi(&ap));
	ck_assert(!ap.wait_for_sipi);
	ck_assert(!lapic_sipi(&ap));
	lapic_init_signal(&ap);
	ck_assert(lapic_sipi(&ap));
}
END_TEST

START_TEST(R3_software_disabled_takes_init_nmi_smi_sipi)
{
	const struct {
		enum apic_delivery_mode mode;
		uint32_t event;
	} cases[] = {
		{ APIC_MODE_NMI, LAPIC_EVENT_NMI },
		{ APIC_MODE_SMI, LAPIC_EVENT_SMI },
		{ APIC_MODE_INIT, LAPIC_EVENT_INIT },
		{ APIC_MODE_SIPI, LAPIC_EVENT_SIPI },
	};
	struct lapic a = fx_reset_ap();

	for (size_t i = 0; i < FX_COUNT(cases); i++) {
		const struct apic_msg msg = { .mode = cases[i].mode, .asserted = true };
		struct lapic_inbox inbox;

		lapic_inbox_reset(&inbox);
		ck_assert(lapic_post(&inbox, &msg));
		ck_assert_uint_eq(lapic_drain(&a, &inbox), cases[i].event);
	}
	ck_assert(lapic_sipi(&a));
}
END_TEST

START_TEST(R4_software_disable_keeps_irr_and_isr)
{
	struct lapic a = fx_enabled();

	lapic_accept(&a, 0x40, false);
	fx_take(&a, 0x40);
	lapic_accept(&a, 0x61, false);
	fx_write(&a, LAPIC_SVR, 0xff);
	ck_assert(fx_bit(&a, LAPIC_ISR, 0x40));
	fx_take(&a, 0x61);
	fx_eoi(&a);
	fx_eoi(&a);
	ck_assert(fx_bitmap_empty(&a, LAPIC_ISR));
}
END_TEST

START_TEST(R5_software_disabled_drops_new_messages)
{
	struct lapic a = fx_reset();

	lapic_accept(&a, 0x40, false);
	fx_write(&a, LAPIC_ICR, 0x00044041); /* self */
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
	ck_assert_uint_ge(a.counters.dropped_disabled, 1);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	ck_assert_int_eq(lapic_pending(&a), LAPIC_NO_VECTOR);
}
END_TEST

START_TEST(R6_R7_software_disable_masks_the_lvts)
{
	struct lapic a = fx_enabled();

	fx_dirty(&a);
	fx_write(&a, LAPIC_SVR, 0xff);
	for (uint32_t lvt = LAPIC_LVT_TIMER; lvt <= LAPIC_LVT_ERROR; lvt += 16) {
		ck_assert_uint_ne(fx_read(&a, lvt) & LAPIC_LVT_MASKED, 0);
		fx_write(&a, lvt, 0x44);
		ck_assert_uint_eq(fx_read(&a, lvt), 0x10044);
	}
	fx_write(&a, LAPIC_LVT_CMCI, 0x33);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_CMCI), 0x10033);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_PMC), 0x10044);
	fx_write(&a, LAPIC_LVT_PMC, 0x44);
	ck_assert_uint_eq(fx_read(&a, LAPIC_LVT_PMC), 0x44);
}
END_TEST

START_TEST(R8_software_disabled_still_sends_and_counts)
{
	struct lapic a = fx_reset();
	uint64_t deadline;

	fx_write(&a, LAPIC_ICR_HIGH, 0x02000000);
	ck_assert_int_eq(fx_write(&a, LAPIC_ICR, 0x4500).kind, LAPIC_EFFECT_MSG);
	fx_write(&a, LAPIC_TIMER_ICR, 1000);
	deadline = lapic_deadline(&a);
	ck_assert_uint_eq(deadline, FX_NOW + 1000 * 2 * 10);
	ck_assert_uint_eq(fx_read_at(&a, LAPIC_TIMER_CCR, FX_NOW + 200), 990);
	lapic_expire(&a, deadline);
	ck_assert(fx_bitmap_empty(&a, LAPIC_IRR));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R1_power_up,
		R1_power_up_forgets_everything,
		R1_lint0_extint_option,
		power_up_clamps_the_configuration,
		R2_init_keeps_id_and_base_in_xapic_mode,
		R2_init_stays_in_x2apic_mode,
		R2_init_stays_hardware_disabled,
		R126_R131_who_waits_for_sipi,
		R3_software_disabled_takes_init_nmi_smi_sipi,
		R4_software_disable_keeps_irr_and_isr,
		R5_software_disabled_drops_new_messages,
		R6_R7_software_disable_masks_the_lvts,
		R8_software_disabled_still_sends_and_counts,
	};

	return fx_run("lapic_reset", tests, FX_COUNT(tests));
}
