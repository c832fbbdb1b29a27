/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A pair with its edge/level control registers, as a pure model.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet; ELCR as in the 82371 (PIIX) and ICH.
 * The slave's output is the master's IR2. Same promises as ioapic.h: total, no lock, no call-outs.
 */
#ifndef IOAPIC_PIC_H
#define IOAPIC_PIC_H

#include <stdbool.h>
#include <stdint.h>

#define PIC_MASTER_PORT 0x20  /* and 0x21 */
#define PIC_SLAVE_PORT  0xa0  /* and 0xa1 */
#define PIC_ELCR_PORT   0x4d0 /* and 0x4d1 */
#define PIC_IRQS        16

/* One 8259A. Readable for dumps. */
struct pic_chip {
	uint8_t irr;       /* interrupt request */
	uint8_t isr;       /* in service */
	uint8_t imr;       /* interrupt mask */
	uint8_t lines;     /* levels of the inputs */
	uint8_t elcr;      /* 1 = level-triggered, per input */
	uint8_t elcr_mask; /* bits of elcr that software can set */
	uint8_t base;      /* ICW2: vector of IR0 */
	uint8_t icw_step;  /* which ICW comes next; 0: none is expected */
	uint8_t priority;  /* IR of the highest priority, changed by rotation */
	bool icw4_needed;
	bool single;   /* ICW1: no ICW3 follows */
	bool read_isr; /* OCW3: a read of the command port gives ISR, else IRR */
	bool poll;     /* OCW3: the next read is a poll */
	bool special_mask;
	bool auto_eoi;
	bool rotate_on_auto_eoi;
	bool special_fully_nested;
};

struct pic {
	struct pic_chip chip[2]; /* master, slave */
};

/* All inputs low and masked, as firmware leaves them: nothing interrupts before the ICWs (D34). */
void pic_reset(struct pic *pic);

/* One byte at one of the six ports; other ports read 0xff and ignore writes. */
uint8_t pic_read(struct pic *pic, uint16_t port);
void pic_write(struct pic *pic, uint16_t port, uint8_t value);

/*
 * An input, 0..15; 2 and numbers out of range are ignored. An edge-triggered input too has to stay
 * high until it is acknowledged: a request whose line falls is withdrawn, so a device that pulses
 * must leave the line high and go low just before the next rise.
 */
void pic_set_irq(struct pic *pic, uint32_t irq, bool level);

/* The level of the pair's INTR output. */
bool pic_intr(const struct pic *pic);

/*
 * The INTA cycle: the vector. Spuriously IR7 if the request has gone, or the slave's IR15 if it was
 * the slave's request: then the master's IR2 is in service, as on hardware (R139).
 */
uint8_t pic_ack(struct pic *pic);

#endif
