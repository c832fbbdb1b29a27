/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fixed interrupts inside the APIC: acceptance, priority, acknowledgement, end of interrupt.
 *
 * SDM vol. 3, "Handling Interrupts": "Interrupt, Task, and Processor Priority", "Interrupt
 * Acceptance for Fixed Interrupts", "Signaling Interrupt Servicing Completion".
 */
#include "lapic/lapic_priv.h"

#define CLASS 0xf0u

/* The highest vector in a bitmap, or LAPIC_NO_VECTOR. Unrolled, because every exit asks for it. */
static inline int highest(const struct lapic_slot words[8])
{
#pragma GCC unroll 8
	for (int i = 7; i >= 0; i--)
		if (words[i].reg != 0)
			return 32 * i + 31 - __builtin_clz(words[i].reg);
	return LAPIC_NO_VECTOR;
}

static inline uint32_t *word(struct lapic_slot words[8], uint32_t vector)
{
	return &words[vector / 32].reg;
}

static inline uint32_t bit(uint32_t vector)
{
	return 1u << vector % 32;
}

/* The vector, or class 0 where there is none. */
static inline uint32_t priority(int vector)
{
	return vector == LAPIC_NO_VECTOR ? 0 : (uint32_t)vector;
}

/* Where TPR and ISR are of one class, either value is allowed; TPR's it is (R55, D9). */
static inline uint32_t ppr_with(const struct lapic *a, int in_service)
{
	uint32_t tpr = a->regs.tpr.reg & 0xff;
	uint32_t isr = priority(in_service) & CLASS;

	return (tpr & CLASS) >= isr ? tpr : isr;
}

uint8_t lapic_ppr(const struct lapic *a)
{
	return (uint8_t)ppr_with(a, highest(a->regs.isr));
}

/* The page shows the PPR of the moment, so that a dump of it is true. */
static inline void show_ppr(struct lapic *a)
{
	a->regs.ppr.reg = ppr_with(a, highest(a->regs.isr));
}

/* SDM figure "Arbitration Priority Register (APR)" (R67, D5). */
uint8_t lapic_apr(const struct lapic *a)
{
	uint32_t tpr = a->regs.tpr.reg & 0xff;
	uint32_t irr = priority(highest(a->regs.irr)) & CLASS;
	uint32_t isr = priority(highest(a->regs.isr)) & CLASS;
	uint32_t common = tpr & isr & CLASS;

	if ((tpr & CLASS) >= irr && (tpr & CLASS) > isr)
		return (uint8_t)tpr;
	return (uint8_t)(common > irr ? common : irr);
}

void lapic_tpr_write(struct lapic *a, uint32_t tpr)
{
	a->regs.tpr.reg = tpr & 0xff;
	show_ppr(a);
}

void lapic_request(struct lapic *a, uint32_t vector, bool level)
{
	uint32_t *tmr = word(a->regs.tmr, vector);
	uint32_t *irr = word(a->regs.irr, vector);

	/* The last acceptance decides the trigger mode (R70, R72). */
	if (level)
		*tmr |= bit(vector);
	else
		*tmr &= ~bit(vector);
	if (*irr & bit(vector))
		a->counters.collapsed++; /* R58 */
	*irr |= bit(vector);
}

void lapic_accept(struct lapic *a, uint8_t vector, bool level)
{
	if (!lapic_enabled(a) || !lapic_software_enabled(a)) {
		a->counters.dropped_disabled++; /* R5 */
		return;
	}
	if (vector < LAPIC_FIRST_VECTOR) {
		lapic_error(a, LAPIC_ESR_RECV_ILLEGAL); /* R47, R48 */
		return;
	}
	lapic_request(a, vector, level);
}

/* The highest vector in IRR that AMD's IER lets through. */
static int highest_enabled(const struct lapic *a)
{
	for (int i = 7; i >= 0; i--) {
		uint32_t enabled = a->regs.irr[i].reg & a->extended.ier[i];

		if (enabled)
			return 32 * i + 31 - __builtin_clz(enabled);
	}
	return LAPIC_NO_VECTOR;
}

static inline int highest_request(const struct lapic *a)
{
	return a->config.extended ? highest_enabled(a) : highest(a->regs.irr);
}

/* Classes decide, not vectors (R56). Software disable does not matter here (R4). */
int lapic_pending(const struct lapic *a)
{
	int irr = highest_request(a);

	if (irr == LAPIC_NO_VECTOR || (priority(irr) & CLASS) <= (a->regs.ppr.reg & CLASS))
		return LAPIC_NO_VECTOR;
	return irr;
}

int lapic_held_by_tpr(const struct lapic *a)
{
	uint32_t tpr = a->regs.tpr.reg & CLASS;
	uint32_t class;
	int irr;

	if (tpr == 0)
		return LAPIC_NO_VECTOR; /* nearly always, and this is asked at every entry */
	irr = highest_request(a);
	class = priority(irr) & CLASS;
	if (class > tpr || class <= (priority(highest(a->regs.isr)) & CLASS))
		return LAPIC_NO_VECTOR;
	return irr;
}

void lapic_ack(struct lapic *a, uint8_t vector)
{
	uint32_t *irr = word(a->regs.irr, vector);

	if (!(*irr & bit(vector)))
		return;
	*irr &= ~bit(vector);
	*word(a->regs.isr, vector) |= bit(vector);
	show_ppr(a);
}

/*
 * With an empty IRR the EOI releases nothing; with TMR clear it is broadcast to nobody (R69, R179).
 */
int lapic_silent_eoi(const struct lapic *a)
{
	int isr = highest(a->regs.isr);

	if (isr == LAPIC_NO_VECTOR || highest(a->regs.irr) != LAPIC_NO_VECTOR)
		return LAPIC_NO_VECTOR;
	if (a->regs.tmr[isr / 32].reg & bit(priority(isr)))
		return LAPIC_NO_VECTOR;
	return isr;
}

static inline void end_vector(struct lapic *a, uint32_t vector, struct lapic_effect *effect)
{
	*word(a->regs.isr, vector) &= ~bit(vector);
	show_ppr(a);
	if (*word(a->regs.tmr, vector) & bit(vector) &&
	    !(a->regs.svr.reg & LAPIC_SVR_DIRECTED_EOI)) { /* R69, R74 */
		effect->kind = LAPIC_EFFECT_EOI;
		effect->eoi_vector = (uint8_t)vector;
		a->counters.eoi_level++;
	}
	lapic_lint0_eoi(a, vector);
}

/* R68: whatever handler runs, the highest bit in ISR ends. */
void lapic_eoi(struct lapic *a, struct lapic_effect *effect)
{
	int isr = highest(a->regs.isr);

	if (isr == LAPIC_NO_VECTOR)
		a->counters.eoi_spurious++;
	else
		end_vector(a, priority(isr), effect);
}

void lapic_specific_eoi(struct lapic *a, uint8_t vector, struct lapic_effect *effect)
{
	if (*word(a->regs.isr, vector) & bit(vector))
		end_vector(a, vector, effect);
	else
		a->counters.eoi_spurious++;
}
