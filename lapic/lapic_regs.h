/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC's register page as a struct, and the fields of its registers.
 *
 * SDM vol. 3, "The Local APIC Block Diagram", table "Local APIC Register Address Map".
 * The layout is that of the hardware's page and so of struct kvm_lapic_state: 64 slots of 16 bytes
 * of which the first four hold the register. A register has one name, the SDM's, everywhere.
 */
#ifndef LAPIC_LAPIC_REGS_H
#define LAPIC_LAPIC_REGS_H

#include <stddef.h>
#include <stdint.h>

/* One 16-byte slot of the page. */
struct lapic_slot {
	uint32_t reg;
	uint32_t reserved[3];
};

struct lapic_regs {
	struct lapic_slot reserved_000[2];
	struct lapic_slot id;      /* 0x020 */
	struct lapic_slot version; /* 0x030 */
	struct lapic_slot reserved_040[4];
	struct lapic_slot tpr;    /* 0x080 task priority */
	struct lapic_slot apr;    /* 0x090 arbitration priority */
	struct lapic_slot ppr;    /* 0x0a0 processor priority */
	struct lapic_slot eoi;    /* 0x0b0 */
	struct lapic_slot rrd;    /* 0x0c0 remote read */
	struct lapic_slot ldr;    /* 0x0d0 logical destination */
	struct lapic_slot dfr;    /* 0x0e0 destination format */
	struct lapic_slot svr;    /* 0x0f0 spurious-interrupt vector */
	struct lapic_slot isr[8]; /* 0x100 in-service */
	struct lapic_slot tmr[8]; /* 0x180 trigger mode */
	struct lapic_slot irr[8]; /* 0x200 interrupt request */
	struct lapic_slot esr;    /* 0x280 error status */
	struct lapic_slot reserved_290[6];
	struct lapic_slot lvt_cmci;    /* 0x2f0 corrected machine-check interrupt */
	struct lapic_slot icr;         /* 0x300 interrupt command, bits 31:0 */
	struct lapic_slot icr_high;    /* 0x310 interrupt command, bits 63:32 */
	struct lapic_slot lvt_timer;   /* 0x320 */
	struct lapic_slot lvt_thermal; /* 0x330 thermal sensor */
	struct lapic_slot lvt_pmc;     /* 0x340 performance monitoring counters */
	struct lapic_slot lvt_lint0;   /* 0x350 */
	struct lapic_slot lvt_lint1;   /* 0x360 */
	struct lapic_slot lvt_error;   /* 0x370 */
	struct lapic_slot timer_icr;   /* 0x380 timer initial count */
	struct lapic_slot timer_ccr;   /* 0x390 timer current count; computed when read */
	struct lapic_slot reserved_3a0[4];
	struct lapic_slot timer_dcr; /* 0x3e0 timer divide configuration */
	struct lapic_slot self_ipi;  /* 0x3f0 x2APIC only */
};

#define LAPIC_REGS_SIZE 0x400
#define LAPIC_PAGE_SIZE 0x1000
#define LAPIC_SLOTS     (LAPIC_REGS_SIZE / 16)

_Static_assert(sizeof(struct lapic_regs) == LAPIC_REGS_SIZE, "the page is 64 slots of 16 bytes");

/*
 * Byte offsets into the page. The x2APIC MSR of a register is 0x800 + offset / 16.
 * lapic_map.c ties each one to its member of struct lapic_regs by a static assertion.
 */
enum lapic_reg {
	LAPIC_ID = 0x020,
	LAPIC_VERSION = 0x030,
	LAPIC_TPR = 0x080,
	LAPIC_APR = 0x090,
	LAPIC_PPR = 0x0a0,
	LAPIC_EOI = 0x0b0,
	LAPIC_RRD = 0x0c0,
	LAPIC_LDR = 0x0d0,
	LAPIC_DFR = 0x0e0,
	LAPIC_SVR = 0x0f0,
	LAPIC_ISR = 0x100,
	LAPIC_TMR = 0x180,
	LAPIC_IRR = 0x200,
	LAPIC_ESR = 0x280,
	LAPIC_LVT_CMCI = 0x2f0,
	LAPIC_ICR = 0x300,
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_PMC = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_ICR = 0x380,
	LAPIC_TIMER_CCR = 0x390,
	LAPIC_TIMER_DCR = 0x3e0,
	LAPIC_SELF_IPI = 0x3f0,
	/* AMD's extended space, behind the page's struct: lapic_ext.c */
	LAPIC_EXT_FEATURE = 0x400,
	LAPIC_EXT_CONTROL = 0x410,
	LAPIC_SEOI = 0x420, /* specific end of interrupt */
	LAPIC_IER = 0x480,  /* interrupt enable, eight words */
};

#define LAPIC_X2APIC_MSR_FIRST 0x800u
#define LAPIC_X2APIC_MSR_LAST  0x8ffu

/*
 * IA32_APIC_BASE. SDM vol. 3, "Local APIC Status and Location", "Detecting and Enabling x2APIC
 * Mode"
 */
#define LAPIC_BASE_BSP     (UINT64_C(1) << 8)
#define LAPIC_BASE_EXTD    (UINT64_C(1) << 10)
#define LAPIC_BASE_EN      (UINT64_C(1) << 11)
#define LAPIC_BASE_DEFAULT UINT64_C(0xfee00000)

/* VERSION */
#define LAPIC_VERSION_INTEGRATED    0x14u
#define LAPIC_VERSION_MAX_LVT_SHIFT 16
#define LAPIC_VERSION_DIRECTED_EOI  (1u << 24)
#define LAPIC_VERSION_EXTENDED      (1u << 31) /* AMD */

/* SVR */
#define LAPIC_SVR_VECTOR       0xffu
#define LAPIC_SVR_ENABLE       (1u << 8)
#define LAPIC_SVR_FOCUS        (1u << 9)  /* reserved since the Pentium 4 */
#define LAPIC_SVR_DIRECTED_EOI (1u << 12) /* "suppress EOI broadcast" */

/* DFR: the model in bits 31:28, all other bits read as one */
#define LAPIC_DFR_FLAT    0xffffffffu
#define LAPIC_DFR_CLUSTER 0x0fffffffu

/* ESR */
#define LAPIC_ESR_SEND_CHECKSUM    (1u << 0) /* P6 only, stays 0 */
#define LAPIC_ESR_RECV_CHECKSUM    (1u << 1) /* P6 only, stays 0 */
#define LAPIC_ESR_SEND_ACCEPT      (1u << 2) /* P6 only, stays 0 */
#define LAPIC_ESR_RECV_ACCEPT      (1u << 3) /* P6 only, stays 0 */
#define LAPIC_ESR_REDIRECTABLE_IPI (1u << 4)
#define LAPIC_ESR_SEND_ILLEGAL     (1u << 5)
#define LAPIC_ESR_RECV_ILLEGAL     (1u << 6)
#define LAPIC_ESR_ILLEGAL_REGISTER (1u << 7)

/* LVT entries; the delivery mode's values are those of enum apic_delivery_mode */
#define LAPIC_LVT_VECTOR          0xffu
#define LAPIC_LVT_MODE_SHIFT      8
#define LAPIC_LVT_MODE            (7u << LAPIC_LVT_MODE_SHIFT)
#define LAPIC_LVT_DELIVERY_STATUS (1u << 12)
#define LAPIC_LVT_POLARITY        (1u << 13) /* 1 = active low */
#define LAPIC_LVT_REMOTE_IRR      (1u << 14)
#define LAPIC_LVT_LEVEL           (1u << 15)
#define LAPIC_LVT_MASKED          (1u << 16)
#define LAPIC_LVT_TIMER_SHIFT     17
#define LAPIC_LVT_TIMER_MODE      (3u << LAPIC_LVT_TIMER_SHIFT)

enum lapic_timer_mode {
	LAPIC_TIMER_ONE_SHOT = 0,
	LAPIC_TIMER_PERIODIC = 1,
	LAPIC_TIMER_TSC_DEADLINE = 2,
	LAPIC_TIMER_RESERVED = 3,
};

/* ICR, bits 31:0 */
#define LAPIC_ICR_VECTOR          0xffu
#define LAPIC_ICR_MODE_SHIFT      8
#define LAPIC_ICR_MODE            (7u << LAPIC_ICR_MODE_SHIFT)
#define LAPIC_ICR_LOGICAL         (1u << 11)
#define LAPIC_ICR_DELIVERY_STATUS (1u << 12)
#define LAPIC_ICR_ASSERT          (1u << 14)
#define LAPIC_ICR_LEVEL           (1u << 15)
#define LAPIC_ICR_READ_STATUS     (3u << 16) /* of the last remote read; 0: invalid */
#define LAPIC_ICR_READ_PENDING    (1u << 16)
#define LAPIC_ICR_READ_VALID      (2u << 16)
#define LAPIC_ICR_SHORTHAND_SHIFT 18
#define LAPIC_ICR_SHORTHAND       (3u << LAPIC_ICR_SHORTHAND_SHIFT)

/* What of AMD's extended registers is not fixed, and not an act. */
struct lapic_extended {
	uint32_t control;
	uint32_t ier[8]; /* a vector whose bit is 0 stays in IRR */
};

/* EXT_FEATURE says which of these there are, EXT_CONTROL which are enabled */
#define LAPIC_EXT_IER          (1u << 0)
#define LAPIC_EXT_SEOI         (1u << 1)
#define LAPIC_EXT_CONTROL_BITS (LAPIC_EXT_IER | LAPIC_EXT_SEOI)
#define LAPIC_SEOI_VECTOR      0xffu

/* TIMER_DCR: bits 3, 1 and 0 */
#define LAPIC_TIMER_DCR_DIVIDE 0xbu

#endif
