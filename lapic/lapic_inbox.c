/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbox: interrupts and events from any thread to one CPU, without a lock.
 *
 * SDM vol. 3, "Multiple-Processor (MP) Initialization Protocol" for INIT and SIPI;
 * "Posted-Interrupt Processing" for the shape.
 */
#include "lapic/lapic_inbox.h"
#include "lapic/lapic_priv.h"

#define SIPI_BITS (LAPIC_EVENT_SIPI | LAPIC_EVENT_SIPI_MASK)
/* What INIT wipes of the events that came before it. */
#define INIT_WIPES \
	(SIPI_BITS | LAPIC_EVENT_NMI | LAPIC_EVENT_NMI2 | LAPIC_EVENT_SMI | LAPIC_EVENT_EXTINT)

void lapic_inbox_reset(struct lapic_inbox *inbox)
{
	atomic_init(&inbox->events, 0);
	for (int i = 0; i < 8; i++) {
		atomic_init(&inbox->irr[i], 0);
		atomic_init(&inbox->level[i], 0);
	}
	atomic_init(&inbox->read, 0);
	atomic_init(&inbox->answer, 0);
}

/* Sequentially consistent: the poster looks at the target's running state next (R177). */
bool lapic_set_events(struct lapic_inbox *inbox, uint32_t events)
{
	return atomic_fetch_or(&inbox->events, events) == 0;
}

static void set_level(_Atomic uint32_t *level, uint32_t bit, bool on)
{
	bool is_on = (atomic_load_explicit(level, memory_order_relaxed) & bit) != 0;

	if (on == is_on)
		return; /* nearly always: a vector has one kind of source */
	if (on)
		atomic_fetch_or_explicit(level, bit, memory_order_release);
	else
		atomic_fetch_and_explicit(level, ~bit, memory_order_release);
}

static bool post_vector(struct lapic_inbox *inbox, uint8_t vector, bool level)
{
	uint32_t bit = 1u << vector % 32;

	set_level(&inbox->level[vector / 32], bit, level); /* before the vector (R71) */
	atomic_fetch_or_explicit(&inbox->irr[vector / 32], bit, memory_order_release);
	return lapic_set_events(inbox, LAPIC_EVENT_VECTORS);
}

/*
 * What a post expects to find. Mostly it is right; where it is not, the first exchange fails and
 * brings what is there, for one more turn.
 */
#define EMPTY 0u

/* A SIPI, NMI, SMI or ExtINT that was sent before this INIT is void (R127, R132). */
static bool post_init(struct lapic_inbox *inbox)
{
	uint32_t old = EMPTY;

	while (!atomic_compare_exchange_weak(&inbox->events, &old,
					     (old & ~INIT_WIPES) | LAPIC_EVENT_INIT))
		;
	return old == 0;
}

/* Of two SIPIs the first one counts (R126, D16); the flag and its vector are one store (R128). */
static bool post_sipi(struct lapic_inbox *inbox, uint8_t vector)
{
	uint32_t sipi = LAPIC_EVENT_SIPI | (uint32_t)vector << LAPIC_EVENT_SIPI_SHIFT;
	uint32_t old = EMPTY;
	uint32_t new;

	do {
		new = (old & LAPIC_EVENT_SIPI) ? old : old | sipi;
	} while (!atomic_compare_exchange_weak(&inbox->events, &old, new));
	return old == 0;
}

static bool add_events(struct lapic_inbox *inbox, uint32_t events)
{
	uint32_t old = EMPTY;

	while (!atomic_compare_exchange_weak(&inbox->events, &old, lapic_add_events(old, events)))
		;
	return old == 0;
}

bool lapic_post(struct lapic_inbox *inbox, const struct apic_msg *msg)
{
	if (msg->level_trigger && !msg->asserted)
		return false; /* R83, R84, R158, D13 */
	switch (msg->mode) {
	case APIC_MODE_FIXED:
	case APIC_MODE_LOWEST_PRIORITY:
		return post_vector(inbox, msg->vector, msg->level_trigger);
	case APIC_MODE_SMI:
		return lapic_set_events(inbox, LAPIC_EVENT_SMI);
	case APIC_MODE_NMI:
		return add_events(inbox, LAPIC_EVENT_NMI);
	case APIC_MODE_INIT:
		return post_init(inbox);
	case APIC_MODE_SIPI:
		return post_sipi(inbox, msg->vector);
	case APIC_MODE_EXTINT:
		return lapic_set_events(inbox, LAPIC_EVENT_EXTINT);
	case APIC_MODE_RESERVED:
	default:
		return false;
	}
}

bool lapic_post_event(struct lapic_inbox *inbox, uint32_t events)
{
	events &= ~(LAPIC_EVENT_VECTORS | LAPIC_EVENT_INIT | LAPIC_EVENT_READ | LAPIC_EVENT_ANSWER |
		    SIPI_BITS);
	return events != 0 && add_events(inbox, events);
}

static void accept_word(struct lapic *a, uint32_t first, uint32_t bits, uint32_t level)
{
	while (bits != 0) {
		uint32_t n = (uint32_t)__builtin_ctz(bits);

		bits &= bits - 1;
		lapic_accept(a, (uint8_t)(first + n), (level >> n & 1) != 0);
	}
}

static void drain_vectors(struct lapic *a, struct lapic_inbox *inbox, bool discard)
{
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t bits;

		/* A bit that is missed here has its event still to come. */
		if (atomic_load_explicit(&inbox->irr[i], memory_order_relaxed) == 0)
			continue;
		bits = atomic_exchange_explicit(&inbox->irr[i], 0, memory_order_acquire);
		if (!discard)
			accept_word(a, 32 * i, bits,
				    atomic_load_explicit(&inbox->level[i], memory_order_relaxed));
	}
}

uint32_t lapic_drain(struct lapic *a, struct lapic_inbox *inbox)
{
	uint32_t local = a->events;
	uint32_t events = 0;

	a->events = 0;
	if (lapic_inbox_pending(inbox))
		events = atomic_exchange(&inbox->events, 0);
	if (events & LAPIC_EVENT_VECTORS)
		drain_vectors(a, inbox, (events & LAPIC_EVENT_INIT) != 0);
	if (events & LAPIC_EVENT_ANSWER)
		lapic_take_answer(a, atomic_exchange(&inbox->answer, 0));
	return lapic_add_events(events & ~(LAPIC_EVENT_VECTORS | LAPIC_EVENT_ANSWER), local);
}
