/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of the I/O APIC and of the 8259 pair as data: saved, kept, sent elsewhere, restored.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description"; Intel 8259A datasheet. The other format
 * is struct kvm_ioapic_state of KVM_GET_IRQCHIP (KVM API documentation).
 *
 * Plain data without padding, little-endian. It may come from anywhere: restoring clamps registers
 * to what they can hold and refuses what is no state of this version. The levels of the inputs are
 * part of it; the devices that drive them restore their own idea of them.
 */
#ifndef IOAPIC_IOAPIC_STATE_H
#define IOAPIC_IOAPIC_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "ioapic/ioapic.h"
#include "ioapic/pic.h"

#define IOAPIC_STATE_MAGIC   0x50414f49u /* "IOAP" in memory */
#define IOAPIC_STATE_VERSION 1
#define PIC_STATE_MAGIC      0x39353238u /* "8259" in memory */
#define PIC_STATE_VERSION    1

enum ioapic_state_error {
	IOAPIC_STATE_OK = 0,
	IOAPIC_STATE_TRUNCATED,    /* fewer bytes than a state has */
	IOAPIC_STATE_BAD_MAGIC,    /* no state of such a chip */
	IOAPIC_STATE_BAD_VERSION,  /* of another version */
	IOAPIC_STATE_BAD_SIZE,     /* its size is not that of its version */
	IOAPIC_STATE_BAD_RESERVED, /* a bit is set that its version does not define */
	IOAPIC_STATE_BAD_BASE,     /* KVM's I/O APIC is not at IOAPIC_BASE */
};

/* One line for people, without a full stop; never NULL. */
const char *ioapic_state_strerror(enum ioapic_state_error error);

/* ---- I/O APIC -------------------------------------------------------------------------------- */

struct ioapic_state {
	uint32_t magic;
	uint32_t version;
	uint32_t size; /* of this struct, bytes */
	uint32_t select;
	uint32_t id; /* register 0 */
	uint32_t reserved;
	uint32_t sources[IOAPIC_PINS];
	uint64_t rte[IOAPIC_PINS];
	uint8_t sent_vector[IOAPIC_PINS];
};

_Static_assert(sizeof(struct ioapic_state) == 24 + 13 * IOAPIC_PINS, "a state has no padding");

void ioapic_state_save(const struct ioapic *io, struct ioapic_state *state);

/*
 * *io becomes what *state says, but keeps its configuration, by ioapic_reset(). *out is assigned:
 * what level pins owe, which is nothing if the state was saved by ioapic_state_save(). On error *io
 * is unchanged and *out empty.
 */
enum ioapic_state_error ioapic_state_restore(struct ioapic *io, const struct ioapic_state *state,
					     struct ioapic_out *out);

/* A state from size bytes at any address, its header checked; *state is untouched on error. */
enum ioapic_state_error ioapic_state_from_bytes(struct ioapic_state *state, const void *bytes,
						size_t size);

#define IOAPIC_KVM_STATE_SIZE 216 /* bytes of KVM's struct kvm_ioapic_state */

/*
 * KVM's layout has one level per pin where *state has one per source, and no sent_vector: the
 * vector of the entry stands for it. Coming back, an asserted pin is asserted by source, a number
 * below IOAPIC_SOURCES that is taken modulo that.
 */
enum ioapic_state_error ioapic_state_to_kvm(const struct ioapic_state *state,
					    uint8_t kvm[IOAPIC_KVM_STATE_SIZE]);
enum ioapic_state_error ioapic_state_from_kvm(struct ioapic_state *state,
					      const uint8_t kvm[IOAPIC_KVM_STATE_SIZE],
					      uint32_t source);

/* ---- 8259 pair ------------------------------------------------------------------------------- */

/* Bits of flags. */
#define PIC_STATE_ICW4_NEEDED          (1u << 0)
#define PIC_STATE_SINGLE               (1u << 1)
#define PIC_STATE_READ_ISR             (1u << 2)
#define PIC_STATE_POLL                 (1u << 3)
#define PIC_STATE_SPECIAL_MASK         (1u << 4)
#define PIC_STATE_AUTO_EOI             (1u << 5)
#define PIC_STATE_ROTATE_ON_AUTO_EOI   (1u << 6)
#define PIC_STATE_SPECIAL_FULLY_NESTED (1u << 7)

struct pic_chip_state {
	uint8_t irr;
	uint8_t isr;
	uint8_t imr;
	uint8_t lines;
	uint8_t elcr;
	uint8_t base;
	uint8_t icw_step; /* 0, 2, 3, 4 */
	uint8_t priority;
	uint8_t flags;
	uint8_t reserved[3];
};

struct pic_state {
	uint32_t magic;
	uint32_t version;
	uint32_t size; /* of this struct, bytes */
	struct pic_chip_state chip[2];
};

_Static_assert(sizeof(struct pic_state) == 36, "a state has no padding");

void pic_state_save(const struct pic *pic, struct pic_state *state);

/* *pic need not have been reset. Look at pic_intr() afterwards. On error *pic is unchanged. */
enum ioapic_state_error pic_state_restore(struct pic *pic, const struct pic_state *state);

/* A state from size bytes at any address, its header checked; *state is untouched on error. */
enum ioapic_state_error pic_state_from_bytes(struct pic_state *state, const void *bytes,
					     size_t size);

#endif
