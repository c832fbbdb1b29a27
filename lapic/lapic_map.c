/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The register map: one row per register with its name, rights, reset value and masks.
 *
 * SDM vol. 3, table "Local APIC Register Address Map", table "Local APIC Register Address Map
 * Supported by x2APIC", and "Local APIC State After Power-Up or Reset".
 */
#include "lapic/lapic_priv.h"

#define TIE(name, member) \
	_Static_assert(offsetof(struct lapic_regs, member) == LAPIC_##name, #name " is misplaced")

TIE(ID, id);
TIE(VERSION, version);
TIE(TPR, tpr);
TIE(APR, apr);
TIE(PPR, ppr);
TIE(EOI, eoi);
TIE(RRD, rrd);
TIE(LDR, ldr);
TIE(DFR, dfr);
TIE(SVR, svr);
TIE(ISR, isr);
TIE(TMR, tmr);
TIE(IRR, irr);
TIE(ESR, esr);
TIE(LVT_CMCI, lvt_cmci);
TIE(ICR, icr);
TIE(ICR_HIGH, icr_high);
TIE(LVT_TIMER, lvt_timer);
TIE(LVT_THERMAL, lvt_thermal);
TIE(LVT_PMC, lvt_pmc);
TIE(LVT_LINT0, lvt_lint0);
TIE(LVT_LINT1, lvt_lint1);
TIE(LVT_ERROR, lvt_error);
TIE(TIMER_ICR, timer_icr);
TIE(TIMER_CCR, timer_ccr);
TIE(TIMER_DCR, timer_dcr);
TIE(SELF_IPI, self_ipi);

#define SLOT(offset) ((offset) / sizeof(struct lapic_slot))

/* Rights: xAPIC first, then x2APIC; "NO" where the register does not exist. */
#define R_R   (LAPIC_ACCESS_XAPIC_READ | LAPIC_ACCESS_X2APIC_READ)
#define W_W   (LAPIC_ACCESS_XAPIC_WRITE | LAPIC_ACCESS_X2APIC_WRITE)
#define RW_RW (R_R | W_W)
#define RW_R  (R_R | LAPIC_ACCESS_XAPIC_WRITE)
#define RW_NO (LAPIC_ACCESS_XAPIC_READ | LAPIC_ACCESS_XAPIC_WRITE)
#define R_NO  LAPIC_ACCESS_XAPIC_READ
#define NO_W  LAPIC_ACCESS_X2APIC_WRITE

/* Each LVT has its own fields. SDM figure "Local Vector Table (LVT)" (R41). */
#define LVT_ERROR_BITS (LAPIC_LVT_VECTOR | LAPIC_LVT_MASKED)
#define LVT_TIMER_BITS (LVT_ERROR_BITS | LAPIC_LVT_TIMER_MODE)
#define LVT_MODE_BITS  (LVT_ERROR_BITS | LAPIC_LVT_MODE)
#define LVT_LINT_BITS  (LVT_MODE_BITS | LAPIC_LVT_POLARITY | LAPIC_LVT_LEVEL)

/* Read-only fields are no reserved bits: x2APIC mode lets software write back what it read (D4). */
#define LVT_STATUS      LAPIC_LVT_DELIVERY_STATUS
#define LVT_LINT_STATUS (LVT_STATUS | LAPIC_LVT_REMOTE_IRR)

#define SVR_BITS (LAPIC_SVR_VECTOR | LAPIC_SVR_ENABLE | LAPIC_SVR_DIRECTED_EOI)
#define ICR_BITS                                                                    \
	(LAPIC_ICR_VECTOR | LAPIC_ICR_MODE | LAPIC_ICR_LOGICAL | LAPIC_ICR_ASSERT | \
	 LAPIC_ICR_LEVEL | LAPIC_ICR_SHORTHAND)

#define TOP_BYTE  0xff000000u /* ID and destinations in xAPIC mode */
#define DFR_MODEL 0xf0000000u
#define ALL_BITS  0xffffffffu

#define ROW(symbol, rights, initial, mask, wrmsr) \
	[SLOT(LAPIC_##symbol)] = {                \
		.desc.name = #symbol,             \
		.desc.offset = LAPIC_##symbol,    \
		.desc.access = (rights),          \
		.desc.reset = (initial),          \
		.desc.writable = (mask),          \
		.x2apic = (wrmsr),                \
	}
#define WORD(symbol, n)                                   \
	[SLOT(LAPIC_##symbol) + (n)] = {                  \
		.desc.name = #symbol #n,                  \
		.desc.offset = LAPIC_##symbol + 16 * (n), \
		.desc.access = R_R,                       \
	}
#define BITMAP(name)                                                                              \
	WORD(name, 0), WORD(name, 1), WORD(name, 2), WORD(name, 3), WORD(name, 4), WORD(name, 5), \
		WORD(name, 6), WORD(name, 7)

static const struct lapic_row rows[LAPIC_SLOTS] = {
	/* reset value, bits writable in xAPIC mode, bits that WRMSR may set in x2APIC mode */
	ROW(ID, RW_R, 0, TOP_BYTE, 0),
	ROW(VERSION, R_R, 0, 0, 0),
	ROW(TPR, RW_RW, 0, 0xff, 0xff),
	ROW(APR, R_NO, 0, 0, 0),
	ROW(PPR, R_R, 0, 0, 0),
	ROW(EOI, W_W, 0, 0, 0),
	ROW(RRD, R_NO, 0, 0, 0),
	ROW(LDR, RW_R, 0, TOP_BYTE, 0),
	ROW(DFR, RW_NO, LAPIC_DFR_FLAT, DFR_MODEL, 0),
	ROW(SVR, RW_RW, 0xff, SVR_BITS, SVR_BITS),
	BITMAP(ISR),
	BITMAP(TMR),
	BITMAP(IRR),
	ROW(ESR, RW_RW, 0, 0, 0),
	ROW(LVT_CMCI, RW_RW, LAPIC_LVT_MASKED, LVT_MODE_BITS, LVT_MODE_BITS | LVT_STATUS),
	ROW(ICR, RW_RW, 0, ICR_BITS, ICR_BITS | LAPIC_ICR_DELIVERY_STATUS),
	ROW(ICR_HIGH, RW_NO, 0, TOP_BYTE, 0),
	ROW(LVT_TIMER, RW_RW, LAPIC_LVT_MASKED, LVT_TIMER_BITS, LVT_TIMER_BITS | LVT_STATUS),
	ROW(LVT_THERMAL, RW_RW, LAPIC_LVT_MASKED, LVT_MODE_BITS, LVT_MODE_BITS | LVT_STATUS),
	ROW(LVT_PMC, RW_RW, LAPIC_LVT_MASKED, LVT_MODE_BITS, LVT_MODE_BITS | LVT_STATUS),
	ROW(LVT_LINT0, RW_RW, LAPIC_LVT_MASKED, LVT_LINT_BITS, LVT_LINT_BITS | LVT_LINT_STATUS),
	ROW(LVT_LINT1, RW_RW, LAPIC_LVT_MASKED, LVT_LINT_BITS, LVT_LINT_BITS | LVT_LINT_STATUS),
	ROW(LVT_ERROR, RW_RW, LAPIC_LVT_MASKED, LVT_ERROR_BITS, LVT_ERROR_BITS | LVT_STATUS),
	ROW(TIMER_ICR, RW_RW, 0, ALL_BITS, ALL_BITS),
	ROW(TIMER_CCR, R_R, 0, 0, 0),
	ROW(TIMER_DCR, RW_RW, 0, LAPIC_TIMER_DCR_DIVIDE, LAPIC_TIMER_DCR_DIVIDE),
	ROW(SELF_IPI, NO_W, 0, 0, 0xff),
};

const struct lapic_row *lapic_row_at(uint32_t offset)
{
	const struct lapic_row *row;

	if (offset >= LAPIC_REGS_SIZE || offset % sizeof(struct lapic_slot) != 0)
		return NULL;
	row = &rows[SLOT(offset)];
	return row->desc.name ? row : NULL;
}

const struct lapic_reg_desc *lapic_reg_desc(uint32_t offset)
{
	const struct lapic_row *row = lapic_row_at(offset);

	return row ? &row->desc : NULL;
}

const struct lapic_row *lapic_row(const struct lapic *a, uint32_t offset)
{
	const struct lapic_row *row = lapic_row_at(offset);
	uint32_t rights = lapic_x2apic(a) ? LAPIC_ACCESS_X2APIC_READ | LAPIC_ACCESS_X2APIC_WRITE
					  : LAPIC_ACCESS_XAPIC_READ | LAPIC_ACCESS_XAPIC_WRITE;

	if (!row || !(row->desc.access & rights))
		return NULL;
	if (offset == LAPIC_LVT_CMCI && !a->config.cmci)
		return NULL; /* R125 */
	return row;
}

/* Bits of features that this APIC does not have, which makes them reserved (R39, R121). */
static uint32_t missing_bits(const struct lapic *a, const struct lapic_row *row)
{
	if (row->desc.offset == LAPIC_SVR && !a->config.directed_eoi)
		return LAPIC_SVR_DIRECTED_EOI;
	if (row->desc.offset == LAPIC_LVT_TIMER && !a->config.tsc_deadline)
		return (uint32_t)LAPIC_TIMER_TSC_DEADLINE << LAPIC_LVT_TIMER_SHIFT;
	return 0;
}

uint32_t lapic_row_writable(const struct lapic *a, const struct lapic_row *row)
{
	return row->desc.writable & ~missing_bits(a, row);
}

uint32_t lapic_row_x2apic(const struct lapic *a, const struct lapic_row *row)
{
	return row->x2apic & ~missing_bits(a, row);
}
