/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What other threads hand to a CPU: the posted-interrupt descriptor in software.
 *
 * Any thread posts, without a lock; the CPU's own thread drains. Each post returns whether it was
 * the first since the last drain: only then does the target need a kick, because an earlier poster
 * has already given one.
 *
 * Order. For a vector the trigger mode is written first, then the vector's bit, then
 * LAPIC_EVENT_VECTORS, each with release semantics or stronger; the drain takes the event word
 * first and the vectors after. So a drain that sees the event sees the vector, and one that sees
 * the vector sees its trigger mode (R71). A vector bit that a drain takes early, before its event
 * is set, costs the next drain a look at empty words and nothing else.
 * All events live in one word and are changed together: a SIPI, NMI, SMI or ExtINT posted before an
 * INIT is discarded by it, one posted after it survives (R127, R132), and the SIPI's vector is
 * published by the same store as the SIPI (R128).
 */
#ifndef LAPIC_LAPIC_INBOX_H
#define LAPIC_LAPIC_INBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lapic/apic_msg.h"

struct lapic;

/* Bits of the event word. The caller may use LAPIC_EVENT_USER0 and up for purposes of its own. */
#define LAPIC_EVENT_VECTORS    (1u << 0) /* look at the vectors; consumed by the drain itself */
#define LAPIC_EVENT_NMI        (1u << 1)
#define LAPIC_EVENT_SMI        (1u << 2)
#define LAPIC_EVENT_INIT       (1u << 3)
#define LAPIC_EVENT_SIPI       (1u << 4)
#define LAPIC_EVENT_EXTINT     (1u << 5) /* an ExtINT message: the 8259 has the vector */
#define LAPIC_EVENT_READ       (1u << 6) /* somebody reads a register: lapic_answer_read() */
#define LAPIC_EVENT_ANSWER     (1u << 7) /* consumed by the drain itself */
#define LAPIC_EVENT_SIPI_SHIFT 8
#define LAPIC_EVENT_SIPI_MASK  (0xffu << LAPIC_EVENT_SIPI_SHIFT)
#define LAPIC_EVENT_NMI2       (1u << 16) /* with LAPIC_EVENT_NMI: a second one */
#define LAPIC_EVENT_USER0      (1u << 17)

/*
 * Events that come on top of those in old. Of NMIs a CPU has one in service and one latched: two
 * are told apart, and further ones are the second (R134).
 */
static inline uint32_t lapic_add_events(uint32_t old, uint32_t events)
{
	return old | events | ((old & events & LAPIC_EVENT_NMI) ? LAPIC_EVENT_NMI2 : 0);
}

struct lapic_inbox {
	_Atomic uint32_t events;
	_Atomic uint32_t irr[8];
	_Atomic uint32_t level[8]; /* trigger mode of the bits in irr: 1 = level */
	_Atomic uint64_t read;     /* a remote read that waits for its answer; 0: none */
	_Atomic uint64_t answer;   /* to this CPU's own remote read; 0: none */
};

void lapic_inbox_reset(struct lapic_inbox *inbox);

/*
 * Post a message for this CPU, whose destination is not looked at again: fixed and lowest priority
 * as vectors, the others as events. Messages with no effect (an INIT level de-assert, a reserved
 * mode) post nothing and return false. True: the inbox was empty before, so kick.
 */
bool lapic_post(struct lapic_inbox *inbox, const struct apic_msg *msg);

/*
 * Remote read, the ICR's mode 3 (D59). The sender's thread posts its message, CPU number from being
 * its own, to the one target and kicks it if *kick; false: the target is busy with another one, or
 * there is no single target: lapic_read_failed(). The target's thread drains LAPIC_EVENT_READ and
 * takes the answer for CPU number *from, which it posts there (true: kick that one). The sender's
 * drain puts it into RRD.
 */
bool lapic_post_read(struct lapic_inbox *target, uint32_t from, const struct apic_msg *msg,
		     bool *kick);
void lapic_read_failed(struct lapic *a);
bool lapic_answer_read(const struct lapic *a, struct lapic_inbox *own, uint64_t now, uint32_t *from,
		       uint64_t *answer);
bool lapic_post_answer(struct lapic_inbox *sender, uint64_t answer);

/*
 * Post event bits; VECTORS, INIT, SIPI, READ and ANSWER, which need more than a bit, are left out.
 * True: the inbox was empty before, so kick.
 */
bool lapic_post_event(struct lapic_inbox *inbox, uint32_t events);

/*
 * Is there anything to drain? A sequentially consistent load, for the kick protocol's second look.
 */
static inline bool lapic_inbox_pending(const struct lapic_inbox *inbox)
{
	return atomic_load(&inbox->events) != 0;
}

/*
 * Take everything posted, and the events that *a latched from its local sources: vectors are
 * accepted, the rest comes back as event bits for the caller to act on in this order: INIT, SIPI
 * (its vector in LAPIC_EVENT_SIPI_MASK), NMI (a second one with LAPIC_EVENT_NMI2), SMI, ExtINT,
 * READ (lapic_answer_read(), at any time), its own. An INIT wipes vectors that were posted with it
 * (R2). The CPU's own thread only.
 *
 * Call it before every register access of the guest, so that what was sent to the APIC before the
 * access is in its state by then (R4, R5).
 */
uint32_t lapic_drain(struct lapic *a, struct lapic_inbox *inbox);

#endif
