/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libioapic: the 24-pin I/O APIC as a pure model.
 *
 * Intel 82093AA I/O APIC datasheet; version 0x20 adds the EOI register of the ICH family's I/O
 * APIC. Like liblapic it is total over a guest's input, reads no clock, allocates nothing, takes no
 * lock and calls nobody: messages to send come back as values. Nothing in it is thread-safe; the
 * owner of a struct ioapic holds a lock over each call, copies the messages out and delivers them
 * after.
 */
#ifndef IOAPIC_IOAPIC_H
#define IOAPIC_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "lapic/apic_msg.h"

#define IOAPIC_PINS            24
#define IOAPIC_BASE            UINT64_C(0xfec00000)
#define IOAPIC_WINDOW          0x1000 /* bytes of MMIO decoded */
#define IOAPIC_SOURCES         32     /* devices that may share one pin */
#define IOAPIC_VERSION_82093AA 0x11
#define IOAPIC_VERSION_EOI     0x20 /* has the EOI register (R152) */

/* RTE fields */
#define IOAPIC_RTE_VECTOR          UINT64_C(0xff)
#define IOAPIC_RTE_MODE_SHIFT      8
#define IOAPIC_RTE_MODE            (UINT64_C(7) << IOAPIC_RTE_MODE_SHIFT)
#define IOAPIC_RTE_LOGICAL         (UINT64_C(1) << 11)
#define IOAPIC_RTE_DELIVERY_STATUS (UINT64_C(1) << 12)
#define IOAPIC_RTE_ACTIVE_LOW      (UINT64_C(1) << 13)
#define IOAPIC_RTE_REMOTE_IRR      (UINT64_C(1) << 14)
#define IOAPIC_RTE_LEVEL           (UINT64_C(1) << 15)
#define IOAPIC_RTE_MASKED          (UINT64_C(1) << 16)
#define IOAPIC_RTE_EXT_DEST_SHIFT  49 /* bits 55:49 hold destination bits 14:8 (R156) */
#define IOAPIC_RTE_DEST_SHIFT      56

struct ioapic_config {
	uint8_t id;      /* 0..15, as the MADT and the MP table say */
	uint8_t version; /* IOAPIC_VERSION_82093AA or IOAPIC_VERSION_EOI */
	bool ext_dest;   /* 15-bit destinations (R156, D31) */
	/* Re-sends of a pin at its EOI without a pause before one is held back (R155); 0: never. */
	uint16_t storm_limit;
};

/* Private to libioapic, readable for dumps. */
struct ioapic {
	struct ioapic_config config;
	uint8_t select;                /* IOREGSEL */
	uint32_t id;                   /* register 0 */
	uint32_t sources[IOAPIC_PINS]; /* per pin, one bit for each source that asserts it (R148) */
	uint64_t rte[IOAPIC_PINS];
	uint8_t sent_vector[IOAPIC_PINS]; /* vector under which remote IRR was set (R145) */
	uint16_t resends[IOAPIC_PINS];    /* at the pin's EOI, in a row (R155) */
	uint32_t held;                    /* one bit for each pin whose level is held back */
};

/* Messages that a call wants sent, in order. */
struct ioapic_out {
	uint32_t count;
	uint8_t pin[IOAPIC_PINS]; /* pin[i] sent msg[i] */
	struct apic_msg msg[IOAPIC_PINS];
};

/*
 * All pins masked and low. Out-of-range values of *config are clamped: an id above 15 becomes 15,
 * a version from 0x20 on becomes 0x20 and any other 0x11.
 */
void ioapic_reset(struct ioapic *io, const struct ioapic_config *config);

/*
 * A load or store of len bytes at offset into the MMIO window: IOREGSEL 0x00, IOWIN 0x10 and, for
 * version 0x20, EOI 0x40. A load of any width gives the bytes it covers (R154); a store has to be
 * 4 bytes wide, but for IOREGSEL, where only the low byte counts (R153). Anything else reads 0 and
 * ignores writes. *out is assigned.
 */
uint64_t ioapic_read(const struct ioapic *io, uint64_t offset, uint32_t len);
void ioapic_write(struct ioapic *io, uint64_t offset, uint32_t len, uint64_t value,
		  struct ioapic_out *out);

/*
 * Source number source (below IOAPIC_SOURCES) drives pin. A pin is asserted while any of its
 * sources is; an edge is the pin's change from not asserted to asserted. Pins and sources out of
 * range are ignored. *out is assigned.
 */
void ioapic_set_irq(struct ioapic *io, uint32_t pin, uint32_t source, bool level,
		    struct ioapic_out *out);

/*
 * A CPU has ended vector: free every pin waiting for it, then re-send those still asserted (R76).
 * With a storm_limit, the re-send that reaches it is held back (R155, D29), as ioapic_holds()
 * tells; the owner, who has the clock, lets the guest breathe and calls ioapic_release(). *out is
 * assigned.
 */
void ioapic_eoi(struct ioapic *io, uint8_t vector, struct ioapic_out *out);

/* Is a pin's level held back? It ceases to be when its line falls, too. */
static inline bool ioapic_holds(const struct ioapic *io)
{
	return io->held != 0;
}

/* Hold back nothing any more: what is held and still due is sent. *out is assigned. */
void ioapic_release(struct ioapic *io, struct ioapic_out *out);

/*
 * The message an RTE stands for, masked or not. Modes other than fixed and lowest priority are
 * always edge (R151). Polarity has no part in it: a virtual line is asserted or not, whatever
 * voltage would say so (R150, D23). A pin whose mode is reserved (SIPI included) sends nothing.
 */
struct apic_msg ioapic_rte_msg(uint64_t rte, bool ext_dest);

#endif
