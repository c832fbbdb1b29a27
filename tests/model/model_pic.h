/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An executable specification of the 8259 pair: what libioapic's is compared with.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet; the edge/level control registers are
 * those of the 82371 (PIIX). One boolean for each input and fact, no code of ioapic/.
 */
#ifndef TESTS_MODEL_PIC_H
#define TESTS_MODEL_PIC_H

#include <stdbool.h>
#include <stdint.h>

struct model_input {
	bool line;
	bool latched; /* its rise has not been acknowledged */
	bool in_service;
	bool masked;
	bool level;     /* ELCR */
	bool may_level; /* ELCR has a bit for it */
};

struct model_chip {
	struct model_input in[8];
	uint8_t base;    /* ICW2 */
	int next_icw;    /* 2, 3, 4; 0: initialized */
	int top;         /* input of the highest priority */
	bool needs_icw4; /* IC4 */
	bool single;     /* SNGL */
	bool reads_isr;
	bool poll;
	bool special_mask;
	bool auto_eoi;
	bool rotates; /* in automatic EOI mode */
	bool special_nested;
};

struct model_pic {
	struct model_chip chip[2]; /* master, slave */
};

void model_pic_reset(struct model_pic *m);
void model_pic_line(struct model_pic *m, uint32_t irq, bool level);
bool model_pic_intr(const struct model_pic *m);
uint8_t model_pic_ack(struct model_pic *m);
uint8_t model_pic_read(struct model_pic *m, uint16_t port);
void model_pic_write(struct model_pic *m, uint16_t port, uint8_t value);

/* IRR as OCW3 lets software read it. */
uint8_t model_pic_irr(const struct model_chip *c);
uint8_t model_pic_isr(const struct model_chip *c);
uint8_t model_pic_imr(const struct model_chip *c);

#endif
