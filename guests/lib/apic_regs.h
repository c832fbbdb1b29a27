/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of the local APIC as a guest sees them. SDM vol. 3, "Local APIC Register Address Map",
 * "x2APIC Register Address Space". Written apart from lapic/: a slip there must not hide here.
 */
#ifndef GUESTS_LIB_APIC_REGS_H
#define GUESTS_LIB_APIC_REGS_H

/* Offsets into the page; the x2APIC MSR is APIC_X2_MSR + offset / 16. */
#define APIC_ID          0x020u
#define APIC_VERSION     0x030u
#define APIC_TPR         0x080u
#define APIC_APR         0x090u
#define APIC_PPR         0x0a0u
#define APIC_EOI         0x0b0u
#define APIC_LDR         0x0d0u
#define APIC_DFR         0x0e0u
#define APIC_SVR         0x0f0u
#define APIC_ISR         0x100u
#define APIC_TMR         0x180u
#define APIC_IRR         0x200u
#define APIC_ESR         0x280u
#define APIC_LVT_CMCI    0x2f0u
#define APIC_ICR         0x300u
#define APIC_ICR_HIGH    0x310u
#define APIC_LVT_TIMER   0x320u
#define APIC_LVT_THERMAL 0x330u
#define APIC_LVT_PMC     0x340u
#define APIC_LVT_LINT0   0x350u
#define APIC_LVT_LINT1   0x360u
#define APIC_LVT_ERROR   0x370u
#define APIC_TIMER_ICR   0x380u
#define APIC_TIMER_CCR   0x390u
#define APIC_TIMER_DCR   0x3e0u
#define APIC_SELF_IPI    0x3f0u

#define APIC_MMIO   0xfee00000u
#define APIC_X2_MSR 0x800u

#define APIC_BASE_EXTD (UINT64_C(1) << 10)
#define APIC_BASE_EN   (UINT64_C(1) << 11)

#define APIC_VERSION_DIRECTED_EOI (1u << 24)
#define APIC_SVR_ENABLE           (1u << 8)
#define APIC_SVR_DIRECTED_EOI     (1u << 12)
#define APIC_DFR_FLAT             0xffffffffu
#define APIC_DFR_CLUSTER          0x0fffffffu

/* Delivery modes as they stand in ICR, LVT, RTE and (shifted back) MSI data. */
#define APIC_MODE_FIXED  0x000u
#define APIC_MODE_LOWEST 0x100u
#define APIC_MODE_NMI    0x400u
#define APIC_MODE_INIT   0x500u
#define APIC_MODE_SIPI   0x600u
#define APIC_MODE_EXTINT 0x700u

#define APIC_ICR_LOGICAL (1u << 11)
#define APIC_ICR_PENDING (1u << 12)
#define APIC_ICR_ASSERT  (1u << 14)
#define APIC_ICR_SELF    (1u << 18)
#define APIC_ICR_ALL     (2u << 18)
#define APIC_ICR_OTHERS  (3u << 18)

#define APIC_LVT_MASKED         (1u << 16)
#define APIC_LVT_TIMER_PERIODIC (1u << 17)
#define APIC_LVT_TIMER_DEADLINE (2u << 17)

#define APIC_TIMER_DIVIDE_1  0xbu
#define APIC_TIMER_DIVIDE_2  0x0u
#define APIC_TIMER_DIVIDE_16 0x3u

#endif
