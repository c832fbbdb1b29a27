/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing registers: one path for xAPIC and x2APIC, with MMIO and MSR at its ends.
 *
 * SDM vol. 3, "Local APIC Register Address Map" (table), "x2APIC Register Address Space",
 * "Reserved Bit Checking", "Error Handling".
 */
#include "lapic/lapic_priv.h"

static enum lapic_result illegal(struct lapic *a)
{
	a->counters.illegal_access++;
	if (lapic_enabled(a) && !lapic_x2apic(a))
		lapic_error(a, LAPIC_ESR_ILLEGAL_REGISTER); /* in x2APIC mode it is #GP (R50, D2) */
	return LAPIC_ILLEGAL;
}

uint64_t lapic_load(const struct lapic *a, const struct lapic_row *row, uint64_t now)
{
	switch (row->desc.offset) {
	case LAPIC_APR:
		return lapic_apr(a);
	case LAPIC_PPR:
		return lapic_ppr(a);
	case LAPIC_TIMER_CCR:
		return lapic_timer_count(a, now);
	case LAPIC_ICR:
		if (lapic_x2apic(a)) /* one register of 64 bits (R31) */
			return (uint64_t)a->regs.icr_high.reg << 32 | a->regs.icr.reg;
		return a->regs.icr.reg;
	default:
		return lapic_reg_value(a, row->desc.offset);
	}
}

/* What is no register of the map may be one of AMD's. */
static enum lapic_result read_extended(struct lapic *a, uint32_t offset, uint64_t *value)
{
	if (!lapic_ext_has(a, offset) || lapic_ext_read(a, offset, value) == LAPIC_ILLEGAL)
		return illegal(a);
	return LAPIC_OK;
}

static enum lapic_result write_extended(struct lapic *a, uint32_t offset, uint64_t value,
					struct lapic_effect *effect)
{
	if (!lapic_ext_has(a, offset) || lapic_ext_write(a, offset, value, effect) == LAPIC_ILLEGAL)
		return illegal(a);
	return LAPIC_OK;
}

enum lapic_result lapic_read(struct lapic *a, uint32_t offset, uint64_t now, uint64_t *value)
{
	const struct lapic_row *row = lapic_row(a, offset);
	uint32_t right = lapic_x2apic(a) ? LAPIC_ACCESS_X2APIC_READ : LAPIC_ACCESS_XAPIC_READ;

	*value = 0;
	if (!lapic_enabled(a))
		return illegal(a);
	lapic_expire(a, now);
	if (!row)
		return read_extended(a, offset, value);
	if (row->desc.access & right)
		*value = lapic_load(a, row, now);
	else if (lapic_x2apic(a))
		return illegal(a);
	/* R25, R35: what is write-only is #GP in x2APIC mode, and reads 0 in xAPIC mode (D1). */
	return LAPIC_OK;
}

/* SDM "Reserved Bit Checking" (R27..R30, R121). */
static bool x2apic_value_is_legal(const struct lapic *a, const struct lapic_row *row,
				  uint64_t value)
{
	uint64_t legal = lapic_row_x2apic(a, row);

	if (row->desc.offset == LAPIC_ICR)
		legal |= UINT64_C(0xffffffff) << 32;
	if (value & ~legal)
		return false;
	return row->desc.offset != LAPIC_LVT_TIMER ||
	       (value & LAPIC_LVT_TIMER_MODE) != LAPIC_LVT_TIMER_MODE;
}

static void store(struct lapic *a, const struct lapic_row *row, uint64_t value, uint64_t now,
		  struct lapic_effect *effect)
{
	struct lapic_slot *slot = lapic_slot(a, row->desc.offset);
	uint32_t writable = lapic_row_writable(a, row);
	uint32_t merged = (slot->reg & ~writable) | ((uint32_t)value & writable);

	switch (row->desc.offset) {
	case LAPIC_TPR:
		lapic_tpr_write(a, merged);
		return;
	case LAPIC_ESR:
		lapic_esr_write(a);
		return;
	case LAPIC_SVR:
		lapic_svr_write(a, merged);
		return;
	case LAPIC_ICR: /* R86 */
		slot->reg = merged;
		if (lapic_x2apic(a))
			a->regs.icr_high.reg = (uint32_t)(value >> 32);
		lapic_icr_command(a, effect);
		return;
	case LAPIC_SELF_IPI:
		lapic_self_ipi(a, (uint8_t)value);
		return;
	case LAPIC_TIMER_ICR:
		lapic_timer_initial_write(a, merged, now);
		effect->kind = LAPIC_EFFECT_TIMER;
		return;
	case LAPIC_TIMER_DCR:
		lapic_timer_divide_write(a, merged, now);
		effect->kind = LAPIC_EFFECT_TIMER;
		return;
	case LAPIC_LVT_TIMER:
		effect->kind = LAPIC_EFFECT_TIMER;
		lapic_lvt_write(a, LAPIC_LVT_TIMER, merged);
		return;
	case LAPIC_LVT_CMCI:
	case LAPIC_LVT_THERMAL:
	case LAPIC_LVT_PMC:
	case LAPIC_LVT_LINT0:
	case LAPIC_LVT_LINT1:
	case LAPIC_LVT_ERROR:
		lapic_lvt_write(a, row->desc.offset, merged);
		return;
	default:
		slot->reg = merged;
		return;
	}
}

enum lapic_result lapic_write(struct lapic *a, uint32_t offset, uint64_t value, uint64_t now,
			      struct lapic_effect *effect)
{
	const struct lapic_row *row;

	*effect = (struct lapic_effect){ .kind = LAPIC_EFFECT_NONE };
	if (!lapic_enabled(a))
		return illegal(a);
	lapic_expire(a, now);
	/* By far the most frequent write. All that the map says of it is that a WRMSR is of 0. */
	if (offset == LAPIC_EOI && (value == 0 || !lapic_x2apic(a))) {
		lapic_eoi(a, effect);
		return LAPIC_OK;
	}
	row = lapic_row(a, offset);
	if (!row)
		return write_extended(a, offset, value, effect);
	if (lapic_x2apic(a)) {
		if (!(row->desc.access & LAPIC_ACCESS_X2APIC_WRITE) ||
		    !x2apic_value_is_legal(a, row, value))
			return illegal(a); /* R26 */
	} else if (!(row->desc.access & LAPIC_ACCESS_XAPIC_WRITE)) {
		return LAPIC_OK; /* a read-only register takes no notice (D1) */
	}
	store(a, row, value, now, effect);
	return LAPIC_OK;
}

/* ---- MMIO ------------------------------------------------------------------------------------ */

#define REGISTER_BYTES 4u

void lapic_mmio_read(struct lapic *a, uint32_t offset, uint32_t len, uint64_t now, uint8_t data[8])
{
	uint32_t lane = offset % sizeof(struct lapic_slot);
	uint64_t value = UINT64_MAX; /* R11 */

	if (lapic_enabled(a) && !lapic_x2apic(a)) {
		(void)lapic_read(a, offset - lane, now, &value);
		value = lane < REGISTER_BYTES ? value >> 8 * lane : 0; /* R34 */
	}
	for (uint32_t i = 0; i < len && i < 8; i++)
		data[i] = (uint8_t)(value >> 8 * i);
}

/* Is writing a register its own value no action? Then a part of it can be written. */
static bool can_merge(uint32_t offset)
{
	return offset != LAPIC_EOI && offset != LAPIC_ESR && offset != LAPIC_ICR &&
	       offset != LAPIC_TIMER_ICR;
}

void lapic_mmio_write(struct lapic *a, uint32_t offset, uint32_t len, const uint8_t data[8],
		      uint64_t now, struct lapic_effect *effect)
{
	uint32_t lane = offset % sizeof(struct lapic_slot);
	uint32_t base = offset - lane;
	uint32_t value = 0;

	*effect = (struct lapic_effect){ .kind = LAPIC_EFFECT_NONE };
	if (!lapic_enabled(a) || lapic_x2apic(a))
		return; /* R11 */
	if (lane >= REGISTER_BYTES || len == 0 || len > REGISTER_BYTES - lane)
		return; /* R33, D3 */
	if (len < REGISTER_BYTES && lapic_ext_has(a, base))
		return; /* D3 */
	if (len < REGISTER_BYTES && lapic_row(a, base)) {
		if (!can_merge(base))
			return;
		value = lapic_reg_value(a, base); /* R36, D3 */
	}
	for (uint32_t i = 0; i < len; i++) {
		uint32_t shift = 8 * (lane + i);

		value = (value & ~(UINT32_C(0xff) << shift)) | (uint32_t)data[i] << shift;
	}
	(void)lapic_write(a, base, value, now, effect);
}

/* ---- MSR ------------------------------------------------------------------------------------- */

/* The register's offset, or one that is no register: every index up to 8ffh is decoded (R32). */
static uint32_t msr_offset(uint32_t msr)
{
	if (msr < LAPIC_X2APIC_MSR_FIRST || msr > LAPIC_X2APIC_MSR_LAST)
		return LAPIC_PAGE_SIZE;
	return (msr - LAPIC_X2APIC_MSR_FIRST) * (uint32_t)sizeof(struct lapic_slot);
}

enum lapic_result lapic_msr_read(struct lapic *a, uint32_t msr, uint64_t now, uint64_t *value)
{
	*value = 0;
	if (!lapic_x2apic(a)) {
		a->counters.illegal_access++;
		return LAPIC_ILLEGAL;
	}
	return lapic_read(a, msr_offset(msr), now, value);
}

enum lapic_result lapic_msr_write(struct lapic *a, uint32_t msr, uint64_t value, uint64_t now,
				  struct lapic_effect *effect)
{
	*effect = (struct lapic_effect){ .kind = LAPIC_EFFECT_NONE };
	if (!lapic_x2apic(a)) {
		a->counters.illegal_access++;
		return LAPIC_ILLEGAL;
	}
	return lapic_write(a, msr_offset(msr), value, now, effect);
}
