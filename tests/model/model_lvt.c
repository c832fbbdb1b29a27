/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's local sources: LVT entries, LINT pins and the timer.
 *
 * SDM vol. 3, "Local Vector Table", "Valid Interrupt Vectors", "APIC Timer", "TSC-Deadline Mode",
 * "Local APIC Status and Location".
 */
#include <stddef.h>

#include "tests/model/model_lapic.h"

struct model_lvt *model_lvt_at(struct model_apic *m, uint32_t offset)
{
	switch (offset) {
	case LAPIC_LVT_CMCI:
		return m->config.cmci ? &m->cmci : NULL;
	case LAPIC_LVT_TIMER:
		return &m->timer;
	case LAPIC_LVT_THERMAL:
		return &m->thermal;
	case LAPIC_LVT_PMC:
		return &m->pmc;
	case LAPIC_LVT_LINT0:
		return &m->lint0;
	case LAPIC_LVT_LINT1:
		return &m->lint1;
	case LAPIC_LVT_ERROR:
		return &m->error;
	default:
		return NULL;
	}
}

uint32_t model_lvt_read(const struct model_lvt *lvt)
{
	return lvt->vector + (uint32_t)lvt->delivery * 0x100 + (lvt->active_low ? 0x2000 : 0) +
	       (lvt->remote_irr ? 0x4000 : 0) + (lvt->level ? 0x8000 : 0) +
	       (lvt->masked ? 0x10000 : 0) + (uint32_t)lvt->timer_mode * 0x20000;
}

/* Which modes count TIMER_ICR down. */
static bool counts(enum lapic_timer_mode mode)
{
	return mode == LAPIC_TIMER_ONE_SHOT || mode == LAPIC_TIMER_PERIODIC;
}

static void timer_mode_write(struct model_apic *m, uint32_t bits)
{
	enum lapic_timer_mode from = m->timer.timer_mode;
	enum lapic_timer_mode to;

	if (!m->config.tsc_deadline)
		bits = bits % 2; /* D21 */
	to = (enum lapic_timer_mode)bits;
	m->timer.timer_mode = to;
	if (from == to || (counts(from) && counts(to)))
		return;
	m->running = false;
	m->tsc_deadline = 0;
	if (from == LAPIC_TIMER_TSC_DEADLINE || to == LAPIC_TIMER_TSC_DEADLINE)
		m->initial_count = 0; /* D20 */
}

void model_lvt_write(struct model_apic *m, uint32_t offset, uint32_t value)
{
	struct model_lvt *lvt = model_lvt_at(m, offset);
	bool is_lint = lvt == &m->lint0 || lvt == &m->lint1;

	lvt->vector = (uint8_t)(value % 256);
	lvt->masked = (value & 0x10000) != 0 || !m->software_enabled;
	if (lvt != &m->timer && lvt != &m->error)
		lvt->delivery = (enum apic_delivery_mode)((value >> 8) % 8);
	if (is_lint) {
		lvt->active_low = (value & 0x2000) != 0;
		lvt->level = (value & 0x8000) != 0;
	}
	if (lvt == &m->timer)
		timer_mode_write(m, (value >> 17) % 4);
	if (lvt == &m->lint0) {
		if (lvt->delivery != APIC_MODE_FIXED || !lvt->level)
			lvt->remote_irr = false; /* D18 */
		model_sample_lint0(m);
	}
}

/* An edge at an unmasked entry. ExtINT is a wire to the CPU and no event. */
static void deliver(struct model_apic *m, const struct model_lvt *lvt, bool init_works)
{
	if (lvt->masked)
		return;
	if (lvt->delivery == APIC_MODE_FIXED)
		model_accept(m, lvt->vector, false);
	if (lvt->delivery == APIC_MODE_NMI)
		m->events.nmis = 1;
	if (lvt->delivery == APIC_MODE_SMI)
		m->events.smi = true;
	if (lvt->delivery == APIC_MODE_INIT && init_works)
		m->events.init = true;
}

/* A thermal, PMC or CMCI event; INIT does not work there (D19). PMC masks itself (R105). */
void model_lvt_fire(struct model_apic *m, uint32_t offset)
{
	struct model_lvt *lvt = model_lvt_at(m, offset);

	if (m->mode == MODEL_OFF || !lvt)
		return;
	if (lvt != &m->thermal && lvt != &m->pmc && lvt != &m->cmci)
		return;
	deliver(m, lvt, false);
	if (lvt == &m->pmc)
		lvt->masked = true;
}

/* Only fixed interrupts on LINT0 can be level-triggered; while one is accepted it is not again. */
void model_sample_lint0(struct model_apic *m)
{
	struct model_lvt *lvt = &m->lint0;

	if (lvt->delivery != APIC_MODE_FIXED || !lvt->level)
		return;
	if (!m->line[0] || lvt->masked || lvt->remote_irr)
		return;
	model_accept(m, lvt->vector, true);
	lvt->remote_irr = m->irr[lvt->vector];
	m->lint0_accepted = lvt->vector;
}

void model_pin(struct model_apic *m, int pin, bool asserted)
{
	bool edge = asserted && !m->line[pin];
	struct model_lvt *lvt = pin == 0 ? &m->lint0 : &m->lint1;

	m->line[pin] = asserted;
	if (m->mode == MODEL_OFF) {
		if (pin == 1 && edge) /* "Local APIC Status and Location": LINT1 is NMI then */
			m->events.nmis = 1;
		return;
	}
	if (pin == 0 && lvt->delivery == APIC_MODE_FIXED && lvt->level)
		model_sample_lint0(m);
	else if (edge)
		deliver(m, lvt, true);
}

bool model_accepts_extint(const struct model_apic *m)
{
	if (m->wait_for_sipi)
		return false;
	if (m->mode == MODEL_OFF)
		return true;
	return !m->lint0.masked && m->lint0.delivery == APIC_MODE_EXTINT;
}

/* ---- timer ----------------------------------------------------------------------------------- */

uint64_t model_tick(const struct model_apic *m)
{
	/* TIMER_DCR bits 3, 1, 0: "Divide Configuration Register" */
	static const uint64_t divisors[16] = {
		[0x0] = 2,  [0x1] = 4,  [0x2] = 8,   [0x3] = 16,
		[0x8] = 32, [0x9] = 64, [0xa] = 128, [0xb] = 1,
	};

	return divisors[m->divide] * m->config.bus_cycle_ns;
}

static void timer_interrupt(struct model_apic *m)
{
	if (!m->timer.masked)
		model_accept(m, m->timer.vector, false);
}

/* A whole count; a periodic one is no shorter than the floor (D22). */
static uint64_t period(const struct model_apic *m)
{
	uint64_t ns = m->initial_count * model_tick(m);
	bool floored = m->timer.timer_mode == LAPIC_TIMER_PERIODIC && ns < m->config.min_period_ns;

	return floored ? m->config.min_period_ns : ns;
}

void model_initial_count(struct model_apic *m, uint32_t count, uint64_t now)
{
	if (m->timer.timer_mode == LAPIC_TIMER_TSC_DEADLINE)
		return;
	m->initial_count = count;
	m->running = count != 0 && counts(m->timer.timer_mode);
	m->end = now + period(m);
}

/* What is left of the count, its last tick's fraction too, is left at the new speed (R110). */
void model_divide(struct model_apic *m, uint32_t value, uint64_t now)
{
	uint64_t before = model_tick(m);
	uint64_t ticks = (m->end - now) / before;
	uint64_t fraction = (m->end - now) % before;

	m->divide = value & 0xb;
	if (!m->running || !counts(m->timer.timer_mode) || model_tick(m) == before)
		return;
	m->end = now + ticks * model_tick(m) + fraction * model_tick(m) / before;
	if (m->end > now + period(m)) /* it had been raised to the floor */
		m->end = now + period(m);
}

/* TIMER_CCR. Where a short period has been raised to the floor it stays at its top for long. */
uint32_t model_current_count(const struct model_apic *m, uint64_t now)
{
	uint64_t count;

	if (!m->running || !counts(m->timer.timer_mode) || m->end <= now)
		return 0;
	count = (m->end - now + model_tick(m) - 1) / model_tick(m);
	return count > m->initial_count ? m->initial_count : (uint32_t)count;
}

/* Time has come to now. However many periods have passed, there is one interrupt (D22). */
void model_time(struct model_apic *m, uint64_t now)
{
	if (!m->running || now < m->end)
		return;
	if (m->timer.timer_mode == LAPIC_TIMER_PERIODIC) {
		m->end += ((now - m->end) / period(m) + 1) * period(m);
	} else {
		m->running = false;
		m->tsc_deadline = 0;
	}
	timer_interrupt(m);
}

/* Nanoseconds until the TSC has gone on by ticks, rounded up; capped at far beyond any test. */
static uint64_t tsc_to_ns(const struct model_apic *m, uint64_t ticks)
{
	uint64_t khz = m->config.tsc_khz;
	uint64_t ms = ticks / khz;

	if (ms > UINT64_MAX / 2000000)
		return UINT64_MAX / 2;
	return ms * 1000000 + (ticks % khz * 1000000 + khz - 1) / khz;
}

static void arm(struct model_apic *m, uint64_t tsc, uint64_t now)
{
	m->running = true;
	m->end = now;
	if (m->tsc_deadline > tsc)
		m->end += tsc_to_ns(m, m->tsc_deadline - tsc);
	model_time(m, now);
}

void model_tsc_deadline(struct model_apic *m, uint64_t value, uint64_t tsc, uint64_t now)
{
	if (m->timer.timer_mode != LAPIC_TIMER_TSC_DEADLINE)
		return;
	model_time(m, now);
	m->tsc_deadline = value;
	m->running = false;
	if (value != 0)
		arm(m, tsc, now);
}

void model_tsc_adjusted(struct model_apic *m, uint64_t tsc, uint64_t now)
{
	if (m->tsc_deadline != 0)
		arm(m, tsc, now);
}
