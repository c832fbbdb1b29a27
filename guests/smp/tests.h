/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tests, by file. Which manual section each one is about stands in its file.
 */
#ifndef GUESTS_SMP_TESTS_H
#define GUESTS_SMP_TESTS_H

#include "smp/test.h"

/* start.c */
void test_ap_start(struct kernel *kernel);
void test_identity(struct kernel *kernel);

/* physical.c */
void test_ipi_physical(struct kernel *kernel);
void test_ipi_physical_broadcast(struct kernel *kernel);

/* logical.c */
void test_ipi_logical_flat(struct kernel *kernel);
const char *unfit_logical_flat(const struct kernel *kernel);
void test_ipi_logical_cluster(struct kernel *kernel);

/* shorthand.c */
void test_ipi_all(struct kernel *kernel);
void test_ipi_others(struct kernel *kernel);
void test_ipi_self(struct kernel *kernel);
void test_ipi_self_register(struct kernel *kernel);
const char *unfit_xapic(const struct kernel *kernel);

/* nmi.c, lowest.c */
void test_ipi_nmi(struct kernel *kernel);
void test_nmi_latch(struct kernel *kernel);
void test_ipi_lowest(struct kernel *kernel);

/* priority.c, cr8.c */
void test_priority_order(struct kernel *kernel);
void test_priority_tpr(struct kernel *kernel);
void test_priority_cr8(struct kernel *kernel);
void test_priority_nesting(struct kernel *kernel);
void test_cr8_release(struct kernel *kernel);
void test_cr8_release_remote(struct kernel *kernel);

/* timer.c */
void test_timer_one_shot(struct kernel *kernel);
void test_timer_periodic(struct kernel *kernel);
void test_timer_masked(struct kernel *kernel);
void test_timer_deadline(struct kernel *kernel);
const char *unfit_deadline(const struct kernel *kernel);

/* tsc.c */
void test_timer_tsc_write(struct kernel *kernel);
const char *unfit_tsc_write(const struct kernel *kernel);

/* halt.c */
void test_hlt_ipi(struct kernel *kernel);
void test_hlt_timer(struct kernel *kernel);
void test_hlt_nmi(struct kernel *kernel);
void test_hlt_held(struct kernel *kernel);

/* ioapic.c, msi.c, extint.c */
void test_ioapic_edge(struct kernel *kernel);
void test_ioapic_level(struct kernel *kernel);
void test_ioapic_mask(struct kernel *kernel);
void test_ioapic_logical(struct kernel *kernel);
void test_ioapic_directed_eoi(struct kernel *kernel);
void test_ioapic_storm(struct kernel *kernel);
const char *unfit_directed_eoi(const struct kernel *kernel);
void test_msi_physical(struct kernel *kernel);
void test_msi_logical(struct kernel *kernel);
void test_extint(struct kernel *kernel);

/* pv_eoi.c */
void test_pv_eoi(struct kernel *kernel);
const char *unfit_pv_eoi(const struct kernel *kernel);

/* modes.c */
void test_apic_move(struct kernel *kernel);
const char *unfit_x2apic(const struct kernel *kernel);
void test_id_alias(struct kernel *kernel);
const char *unfit_id_alias(const struct kernel *kernel);
void test_mixed_modes(struct kernel *kernel);
const char *unfit_mixed_modes(const struct kernel *kernel);

/* ext.c */
void test_ext_apic(struct kernel *kernel);
const char *unfit_ext_apic(const struct kernel *kernel);
void test_remote_read(struct kernel *kernel);
const char *unfit_remote_read(const struct kernel *kernel);

/* local.c */
void test_lvt_pmc(struct kernel *kernel);
void test_lvt_thermal(struct kernel *kernel);
void test_lvt_lint1(struct kernel *kernel);
const char *unfit_local(const struct kernel *kernel);
void test_hidden_features(struct kernel *kernel);
const char *unfit_hidden_features(const struct kernel *kernel);

/* pit.c, calibrate.c */
void test_pit_ioapic(struct kernel *kernel);
void test_rtc_ioapic(struct kernel *kernel);
void test_pit_lint0(struct kernel *kernel);
void test_pit_extint_pin(struct kernel *kernel);
void test_pit_apic_off(struct kernel *kernel);
void test_pic_spurious(struct kernel *kernel);
void test_clocks_agree(struct kernel *kernel);
const char *unfit_pit(const struct kernel *kernel);
const char *unfit_rtc(const struct kernel *kernel);
const char *unfit_clocks(const struct kernel *kernel);

/* restart.c, storm.c */
void test_ap_restart(struct kernel *kernel);
void test_ipi_storm(struct kernel *kernel);

#endif
