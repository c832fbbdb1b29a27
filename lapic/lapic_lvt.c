/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local sources: the LINT pins, errors, thermal sensor, performance counters, machine check.
 *
 * SDM vol. 3, "Local Vector Table", "Error Handling".
 */
#include "lapic/lapic_inbox.h"
#include "lapic/lapic_priv.h"

static const uint16_t lvts[] = {
	LAPIC_LVT_CMCI,  LAPIC_LVT_TIMER, LAPIC_LVT_THERMAL, LAPIC_LVT_PMC,
	LAPIC_LVT_LINT0, LAPIC_LVT_LINT1, LAPIC_LVT_ERROR,
};

static enum apic_delivery_mode mode_of(uint32_t lvt)
{
	return (enum apic_delivery_mode)((lvt & LAPIC_LVT_MODE) >> LAPIC_LVT_MODE_SHIFT);
}

static uint8_t vector_of(uint32_t lvt)
{
	return (uint8_t)(lvt & LAPIC_LVT_VECTOR);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/*
 * An error that is new since the last write of ESR raises the interrupt (R52). An illegal vector in
 * LVT_ERROR is one more error, but cannot raise another interrupt with that vector (R53).
 */
void lapic_error(struct lapic *a, uint32_t bits)
{
	uint32_t fresh = bits & ~a->esr_pending;
	uint32_t lvt = a->regs.lvt_error.reg;

	a->esr_pending |= bits;
	if (!fresh || lvt & LAPIC_LVT_MASKED)
		return;
	if (vector_of(lvt) < LAPIC_FIRST_VECTOR)
		a->esr_pending |= LAPIC_ESR_RECV_ILLEGAL;
	else
		lapic_request(a, vector_of(lvt), false);
}

/* The value written does not matter: the write shows the errors and re-arms (R45, D6). */
void lapic_esr_write(struct lapic *a)
{
	a->regs.esr.reg = a->esr_pending;
	a->esr_pending = 0;
}

/* ---- delivery -------------------------------------------------------------------------------- */

static void deliver_edge(struct lapic *a, uint32_t lvt)
{
	switch (mode_of(lvt)) {
	case APIC_MODE_FIXED:
		lapic_accept(a, vector_of(lvt), false);
		break;
	case APIC_MODE_SMI:
		a->events |= LAPIC_EVENT_SMI;
		break;
	case APIC_MODE_NMI:
		a->events |= LAPIC_EVENT_NMI;
		break;
	case APIC_MODE_INIT:
		a->events |= LAPIC_EVENT_INIT;
		break;
	case APIC_MODE_EXTINT: /* a level on INTR, seen by lapic_accepts_extint() (R101) */
	case APIC_MODE_LOWEST_PRIORITY:
	case APIC_MODE_RESERVED:
	case APIC_MODE_SIPI:
	default:
		break;
	}
}

void lapic_lvt_fire(struct lapic *a, enum lapic_reg offset)
{
	bool known = offset == LAPIC_LVT_THERMAL || offset == LAPIC_LVT_PMC ||
		     (offset == LAPIC_LVT_CMCI && a->config.cmci);
	uint32_t lvt;

	if (!known || !lapic_enabled(a))
		return;
	lvt = lapic_reg_value(a, offset);
	if (lvt & LAPIC_LVT_MASKED)
		return;
	if (offset == LAPIC_LVT_PMC)
		a->regs.lvt_pmc.reg |= LAPIC_LVT_MASKED; /* R105 */
	if (mode_of(lvt) != APIC_MODE_INIT)              /* these LVTs do not support it (D19) */
		deliver_edge(a, lvt);
}

/* ---- LINT pins ------------------------------------------------------------------------------- */

bool lapic_lint0_is_level(const struct lapic *a)
{
	uint32_t lvt = a->regs.lvt_lint0.reg;

	return mode_of(lvt) == APIC_MODE_FIXED && lvt & LAPIC_LVT_LEVEL;
}

/* Accept the level once; remote IRR holds it off until the EOI (R102). */
static void lint0_sample(struct lapic *a)
{
	uint32_t lvt = a->regs.lvt_lint0.reg;

	if (!a->lint_level[LAPIC_LINT0] || lvt & (LAPIC_LVT_MASKED | LAPIC_LVT_REMOTE_IRR))
		return;
	lapic_accept(a, vector_of(lvt), true);
	if (vector_of(lvt) < LAPIC_FIRST_VECTOR)
		return;
	a->regs.lvt_lint0.reg |= LAPIC_LVT_REMOTE_IRR;
	a->lint0_vector = vector_of(lvt);
}

/* Of the vector that was accepted: the entry may have been given another one since (D18). */
void lapic_lint0_eoi(struct lapic *a, uint32_t vector)
{
	if (!(a->regs.lvt_lint0.reg & LAPIC_LVT_REMOTE_IRR) || a->lint0_vector != vector)
		return;
	a->regs.lvt_lint0.reg &= ~LAPIC_LVT_REMOTE_IRR;
	lint0_sample(a);
}

static bool is_outstanding(const struct lapic *a, uint32_t vector)
{
	uint32_t bits = a->regs.irr[vector / 32].reg | a->regs.isr[vector / 32].reg;

	return (bits >> vector % 32 & 1) != 0;
}

void lapic_lint0_restore(struct lapic *a, uint8_t vector)
{
	bool level = lapic_lint0_is_level(a);

	if (!(a->regs.lvt_lint0.reg & LAPIC_LVT_REMOTE_IRR))
		return;
	a->lint0_vector = vector ? vector : vector_of(a->regs.lvt_lint0.reg);
	if (level && is_outstanding(a, a->lint0_vector))
		return;
	a->regs.lvt_lint0.reg &= ~LAPIC_LVT_REMOTE_IRR;
	if (level)
		lint0_sample(a);
}

/*
 * The pin's level is remembered in every state, so that an edge is an edge of the pin and never one
 * of a register (R103).
 */
void lapic_lint_set(struct lapic *a, enum lapic_lint pin, bool level)
{
	bool rising;
	uint32_t lvt;

	if (pin != LAPIC_LINT0 && pin != LAPIC_LINT1)
		return;
	rising = level && !a->lint_level[pin];
	a->lint_level[pin] = level;
	if (!lapic_enabled(a)) {
		if (rising && pin == LAPIC_LINT1)
			a->events |= LAPIC_EVENT_NMI; /* R13 */
		return;
	}
	if (pin == LAPIC_LINT0 && lapic_lint0_is_level(a)) {
		lint0_sample(a);
		return;
	}
	lvt = pin == LAPIC_LINT0 ? a->regs.lvt_lint0.reg : a->regs.lvt_lint1.reg;
	if (rising && !(lvt & LAPIC_LVT_MASKED)) /* R104 */
		deliver_edge(a, lvt);
}

/* A CPU that waits for SIPI takes no interrupt at all (R13, R129, R137). */
bool lapic_accepts_extint(const struct lapic *a)
{
	uint32_t lvt = a->regs.lvt_lint0.reg;

	if (a->wait_for_sipi)
		return false;
	if (!lapic_enabled(a))
		return true;
	return !(lvt & LAPIC_LVT_MASKED) && mode_of(lvt) == APIC_MODE_EXTINT;
}

/* ---- registers ------------------------------------------------------------------------------- */

void lapic_lvt_mask_all(struct lapic *a)
{
	for (size_t i = 0; i < sizeof(lvts) / sizeof(lvts[0]); i++)
		lapic_slot(a, lvts[i])->reg |= LAPIC_LVT_MASKED;
}

void lapic_lvt_write(struct lapic *a, uint32_t offset, uint32_t value)
{
	if (!lapic_software_enabled(a))
		value |= LAPIC_LVT_MASKED; /* R7 */
	if (offset == LAPIC_LVT_TIMER)
		lapic_timer_mode_write(a, value);
	lapic_slot(a, offset)->reg = value;
	if (offset != LAPIC_LVT_LINT0)
		return;
	/* Nothing would ever end a remote IRR that has no level to stand for (D18). */
	if (lapic_lint0_is_level(a))
		lint0_sample(a);
	else
		a->regs.lvt_lint0.reg &= ~LAPIC_LVT_REMOTE_IRR;
}
