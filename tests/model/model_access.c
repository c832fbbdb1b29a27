/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's register accesses, by MMIO and by MSR.
 *
 * SDM vol. 3, "Local APIC Register Address Map", "Local APIC Register Address Space Supported by
 * x2APIC", "Reserved Bit Checking", "Error Handling" and the figures of the single registers.
 */
#include <stddef.h>

#include "tests/model/model_lapic.h"

/* Is there such a register in the present mode, and which way? EOI, ESR, ICR and the rest alike. */
struct rights {
	bool read;
	bool write;
};

static struct rights rights_of(struct model_apic *m, uint32_t offset)
{
	const struct rights rw = { true, true };
	const struct rights read_only = { true, false };
	const struct rights write_only = { false, true };
	const struct rights none = { false, false };
	bool x2apic = m->mode == MODEL_X2APIC;

	if (model_lvt_at(m, offset))
		return rw;
	if (model_is_ext(m, offset) && offset == LAPIC_EXT_FEATURE)
		return read_only;
	if (model_is_ext(m, offset))
		return offset == LAPIC_SEOI ? write_only : rw;
	if (offset >= LAPIC_ISR && offset < LAPIC_IRR + 0x80)
		return read_only;
	switch (offset) {
	case LAPIC_TPR:
	case LAPIC_SVR:
	case LAPIC_ESR:
	case LAPIC_ICR:
	case LAPIC_TIMER_ICR:
	case LAPIC_TIMER_DCR:
		return rw;
	case LAPIC_VERSION:
	case LAPIC_PPR:
	case LAPIC_TIMER_CCR:
		return read_only;
	case LAPIC_EOI:
		return write_only;
	case LAPIC_ID:
	case LAPIC_LDR:
		return x2apic ? read_only : rw;
	case LAPIC_DFR:
	case LAPIC_ICR_HIGH:
		return x2apic ? none : rw;
	case LAPIC_APR: /* D5 */
	case LAPIC_RRD:
		return x2apic ? none : read_only;
	case LAPIC_SELF_IPI:
		return x2apic ? write_only : none;
	default:
		return none;
	}
}

/* Before anything else, what the timer owes by now happens. */
static void catch_up(struct model_apic *m, uint64_t now)
{
	if (m->mode != MODEL_OFF)
		model_time(m, now);
}

/* In xAPIC mode what is no register is an error; a wrong direction is silent (D1, D2). */
static bool access_is_legal(struct model_apic *m, uint32_t offset, bool write)
{
	struct rights rights = rights_of(m, offset);

	if (m->mode == MODEL_OFF)
		return false;
	if (m->mode == MODEL_X2APIC)
		return write ? rights.write : rights.read;
	if (rights.read || rights.write)
		return true;
	model_error(m, MODEL_ILLEGAL_REGISTER);
	return false;
}

/* 32 of the 256 bits of ISR, TMR or IRR. */
static uint32_t word_of(const bool set[256], uint32_t first)
{
	uint32_t word = 0;

	for (uint32_t i = 0; i < 32; i++) {
		if (set[first + i])
			word += UINT32_C(1) << i;
	}
	return word;
}

static uint64_t ldr(const struct model_apic *m)
{
	uint64_t cluster = m->config.id / 16;

	if (m->mode == MODEL_XAPIC)
		return (uint64_t)m->logical_id << 24;
	return cluster << 16 | UINT64_C(1) << (m->config.id % 16);
}

static uint64_t version(const struct model_apic *m)
{
	uint64_t max_lvt = m->config.cmci ? 6 : 5;

	return 0x14 + (max_lvt << 16) + (m->config.directed_eoi ? 1u << 24 : 0) +
	       (m->config.extended ? 1u << 31 : 0);
}

static uint64_t svr(const struct model_apic *m)
{
	return m->spurious_vector + (m->software_enabled ? 0x100u : 0) +
	       (m->suppress_eoi ? 0x1000u : 0);
}

static uint64_t esr(const struct model_apic *m)
{
	return (m->error_shown[MODEL_REDIRECTABLE_IPI] ? 0x10u : 0) +
	       (m->error_shown[MODEL_SEND_ILLEGAL_VECTOR] ? 0x20u : 0) +
	       (m->error_shown[MODEL_RECEIVE_ILLEGAL_VECTOR] ? 0x40u : 0) +
	       (m->error_shown[MODEL_ILLEGAL_REGISTER] ? 0x80u : 0);
}

static uint64_t icr(const struct model_apic *m)
{
	if (m->mode == MODEL_X2APIC)
		return m->icr + ((uint64_t)m->icr_dest << 32);
	return m->icr + (m->read_status == MODEL_READ_IN_PROGRESS ? 0x10000u : 0) +
	       (m->read_status == MODEL_READ_VALID ? 0x20000u : 0);
}

static uint64_t value_of(struct model_apic *m, uint32_t offset, uint64_t now)
{
	bool x2apic = m->mode == MODEL_X2APIC;

	if (model_lvt_at(m, offset))
		return model_lvt_read(model_lvt_at(m, offset));
	if (model_is_ext(m, offset))
		return model_ext_value(m, offset);
	if (offset >= LAPIC_ISR && offset < LAPIC_TMR)
		return word_of(m->isr, (offset - LAPIC_ISR) * 2);
	if (offset >= LAPIC_TMR && offset < LAPIC_IRR)
		return word_of(m->level, (offset - LAPIC_TMR) * 2);
	if (offset >= LAPIC_IRR && offset < LAPIC_ESR)
		return word_of(m->irr, (offset - LAPIC_IRR) * 2);
	switch (offset) {
	case LAPIC_ID:
		return x2apic ? m->config.id : (uint64_t)m->xapic_id << 24;
	case LAPIC_VERSION:
		return version(m);
	case LAPIC_TPR:
		return m->tpr;
	case LAPIC_APR:
		return model_apr(m);
	case LAPIC_PPR:
		return model_ppr(m);
	case LAPIC_LDR:
		return ldr(m);
	case LAPIC_DFR:
		return m->dfr_model * UINT64_C(0x10000000) + 0x0fffffff;
	case LAPIC_SVR:
		return svr(m);
	case LAPIC_ESR:
		return esr(m);
	case LAPIC_ICR:
		return icr(m);
	case LAPIC_ICR_HIGH:
		return (uint64_t)m->icr_dest << 24;
	case LAPIC_TIMER_ICR:
		return m->initial_count;
	case LAPIC_TIMER_CCR:
		return model_current_count(m, now);
	case LAPIC_TIMER_DCR:
		return m->divide;
	case LAPIC_RRD:
		return m->rrd;
	default: /* EOI */
		return 0;
	}
}

bool model_is_readable(struct model_apic *m, uint32_t offset)
{
	return m->mode != MODEL_OFF && rights_of(m, offset).read;
}

void model_load(struct model_apic *m, uint32_t offset, uint64_t now, uint64_t *value)
{
	*value = value_of(m, offset, now);
}

bool model_read(struct model_apic *m, uint32_t offset, uint64_t now, uint64_t *value)
{
	bool legal;

	catch_up(m, now);
	legal = access_is_legal(m, offset, false);
	*value = legal ? value_of(m, offset, now) : 0;
	return legal;
}

/* The bits that WRMSR must not set (R27..R30, R121); read-only bits are no reserved ones (D4). */
static uint64_t reserved_bits(struct model_apic *m, uint32_t offset, uint64_t value)
{
	const uint64_t all = UINT64_MAX;

	if (model_is_ext(m, offset))
		return model_ext_reserved(offset);
	switch (offset) {
	case LAPIC_TPR:
	case LAPIC_SELF_IPI:
		return ~UINT64_C(0xff);
	case LAPIC_SVR:
		return ~UINT64_C(0x1ff) - (m->config.directed_eoi ? 0x1000 : 0);
	case LAPIC_EOI:
	case LAPIC_ESR:
		return all;
	case LAPIC_ICR:
		return 0xfff32000;
	case LAPIC_LVT_TIMER:
		if (!m->config.tsc_deadline)
			return ~UINT64_C(0x310ff);
		return ~UINT64_C(0x710ff) + ((value & 0x60000) == 0x60000 ? 0x60000 : 0);
	case LAPIC_LVT_CMCI:
	case LAPIC_LVT_THERMAL:
	case LAPIC_LVT_PMC:
		return ~UINT64_C(0x117ff);
	case LAPIC_LVT_LINT0:
	case LAPIC_LVT_LINT1:
		return ~UINT64_C(0x1f7ff);
	case LAPIC_LVT_ERROR:
		return ~UINT64_C(0x110ff);
	case LAPIC_TIMER_ICR:
		return ~UINT64_C(0xffffffff);
	case LAPIC_TIMER_DCR:
		return ~UINT64_C(0xb);
	default:
		return 0;
	}
}

static void svr_write(struct model_apic *m, uint32_t value)
{
	struct model_lvt *const lvts[] = { &m->timer, &m->thermal, &m->pmc, &m->lint0,
					   &m->lint1, &m->error,   &m->cmci };

	m->spurious_vector = (uint8_t)(value % 256);
	m->software_enabled = (value & 0x100) != 0;
	m->suppress_eoi = (value & 0x1000) != 0 && m->config.directed_eoi;
	for (size_t i = 0; !m->software_enabled && i < sizeof(lvts) / sizeof(lvts[0]); i++)
		lvts[i]->masked = true;
}

static void esr_write(struct model_apic *m)
{
	for (int e = 0; e < MODEL_ERRORS; e++) {
		m->error_shown[e] = m->error_new[e];
		m->error_new[e] = false;
	}
}

static void icr_write(struct model_apic *m, uint64_t value, struct model_result *result)
{
	m->icr = (uint32_t)(value & 0xccfff); /* without delivery status (D24) */
	if (m->mode == MODEL_X2APIC)
		m->icr_dest = (uint32_t)(value >> 32);
	model_command(m, result);
}

static void store(struct model_apic *m, uint32_t offset, uint64_t value, uint64_t now,
		  struct model_result *result)
{
	uint32_t low = (uint32_t)value;

	if (model_lvt_at(m, offset)) {
		model_lvt_write(m, offset, low);
		if (offset == LAPIC_LVT_TIMER)
			result->kind = LAPIC_EFFECT_TIMER;
		return;
	}
	if (model_is_ext(m, offset)) {
		model_ext_store(m, offset, low, result);
		return;
	}
	switch (offset) {
	case LAPIC_ID:
		m->xapic_id = (uint8_t)(low >> 24);
		break;
	case LAPIC_TPR:
		m->tpr = (uint8_t)(low % 256);
		break;
	case LAPIC_EOI:
		model_end_of_interrupt(m, result);
		break;
	case LAPIC_LDR:
		m->logical_id = (uint8_t)(low >> 24);
		break;
	case LAPIC_DFR:
		m->dfr_model = (uint8_t)(low >> 28);
		break;
	case LAPIC_SVR:
		svr_write(m, low);
		break;
	case LAPIC_ESR:
		esr_write(m);
		break;
	case LAPIC_ICR:
		icr_write(m, value, result);
		break;
	case LAPIC_ICR_HIGH:
		m->icr_dest = low >> 24;
		break;
	case LAPIC_TIMER_ICR:
		model_initial_count(m, low, now);
		result->kind = LAPIC_EFFECT_TIMER;
		break;
	case LAPIC_TIMER_DCR:
		model_divide(m, low, now);
		result->kind = LAPIC_EFFECT_TIMER;
		break;
	case LAPIC_SELF_IPI:
		model_self_ipi(m, (uint8_t)low);
		break;
	default:
		break;
	}
}

struct model_result model_write(struct model_apic *m, uint32_t offset, uint64_t value, uint64_t now)
{
	struct model_result result = { .kind = LAPIC_EFFECT_NONE };

	catch_up(m, now);
	result.illegal = !access_is_legal(m, offset, true);
	if (m->mode == MODEL_X2APIC && (value & reserved_bits(m, offset, value)) != 0)
		result.illegal = true;
	if (!result.illegal && rights_of(m, offset).write)
		store(m, offset, value, now, &result);
	return result;
}
