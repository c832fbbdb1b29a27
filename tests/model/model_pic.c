/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification of the 8259 pair.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet; 82371 datasheets, "ELCR".
 */
#include "tests/model/model_pic.h"

#define CASCADE 2
#define NOBODY  (-1)

void model_pic_reset(struct model_pic *m)
{
	*m = (struct model_pic){ .chip[0].top = 0 };
	for (int i = 0; i < 8; i++) {
		m->chip[0].in[i].masked = true; /* D34 */
		m->chip[1].in[i].masked = true;
		m->chip[0].in[i].may_level = i >= 3;
		m->chip[1].in[i].may_level = i != 0 && i != 5;
	}
}

/* ---- priorities ------------------------------------------------------------------------------ */

/* A request is withdrawn when its line falls before it is acknowledged. */
static bool requests(const struct model_chip *c, int i)
{
	return c->in[i].latched && c->in[i].line;
}

/* "Special Mask Mode": what is masked blocks nobody. */
static bool blocks(const struct model_chip *c, int i)
{
	return c->in[i].in_service && !(c->special_mask && c->in[i].masked);
}

/* The input that INT is about; the slave's request may be remembered after it has gone. */
static int winner(const struct model_chip *c, bool remember_cascade)
{
	if (c->next_icw != 0)
		return NOBODY;
	for (int n = 0; n < 8; n++) {
		int i = (c->top + n) % 8;
		bool asks = requests(c, i) ||
			    (remember_cascade && i == CASCADE && c->in[i].latched);
		bool nests = c->special_nested && i == CASCADE;

		if (asks && !c->in[i].masked && (!blocks(c, i) || nests))
			return i;
		if (blocks(c, i))
			return NOBODY;
	}
	return NOBODY;
}

bool model_pic_intr(const struct model_pic *m)
{
	return winner(&m->chip[0], false) != NOBODY;
}

/* The slave's INT is the master's IR2. It pulses at each INTA, so that every request is an edge. */
static void cascade(struct model_pic *m)
{
	struct model_input *in = &m->chip[0].in[CASCADE];

	in->line = winner(&m->chip[1], false) != NOBODY;
	if (in->line)
		in->latched = true;
}

void model_pic_line(struct model_pic *m, uint32_t irq, bool level)
{
	struct model_input *in = &m->chip[irq / 8 % 2].in[irq % 8];

	if (irq >= 16 || irq == CASCADE)
		return;
	if (level && !in->line)
		in->latched = true;
	if (!level)
		in->latched = false;
	in->line = level;
	cascade(m);
}

/* ---- acknowledging --------------------------------------------------------------------------- */

static void rotate(struct model_chip *c, int lowest)
{
	c->top = (lowest + 1) % 8;
}

static void accept(struct model_chip *c, int i)
{
	if (!c->in[i].level)
		c->in[i].latched = false;
	if (!c->auto_eoi)
		c->in[i].in_service = true;
	else if (c->rotates)
		rotate(c, i);
}

/* A chip whose request has gone gives the vector of its IR7 and is in no service (R139). */
static uint8_t vector(struct model_chip *c, int i)
{
	if (i == NOBODY)
		return (uint8_t)(c->base + 7);
	accept(c, i);
	return (uint8_t)(c->base + i);
}

uint8_t model_pic_ack(struct model_pic *m)
{
	int i = winner(&m->chip[0], false);
	uint8_t result;

	if (i == NOBODY && winner(&m->chip[0], true) == CASCADE)
		i = CASCADE;
	result = vector(&m->chip[0], i);
	if (i == CASCADE)
		result = vector(&m->chip[1], winner(&m->chip[1], false));
	cascade(m);
	return result;
}

/* "Poll Command" */
static uint8_t poll(struct model_chip *c)
{
	int i = winner(c, false);

	c->poll = false;
	if (i == NOBODY)
		return 0;
	accept(c, i);
	return (uint8_t)(0x80 + i);
}

/* ---- command words --------------------------------------------------------------------------- */

/* "Initialization Command Words 1 and 2"; D32, D33. */
static void icw1(struct model_chip *c, uint8_t value)
{
	for (int i = 0; i < 8; i++) {
		c->in[i].latched = c->in[i].line && c->in[i].level;
		c->in[i].in_service = false;
		c->in[i].masked = false;
	}
	c->next_icw = 2;
	c->needs_icw4 = (value & 1) != 0;
	c->single = (value & 2) != 0;
	c->top = 0;
	c->reads_isr = false;
	c->poll = false;
	c->special_mask = false;
	c->auto_eoi = false;
	c->rotates = false;
	c->special_nested = false;
}

static void next_icw(struct model_chip *c, bool master, uint8_t value)
{
	int last = c->needs_icw4 ? 4 : 0;

	if (c->next_icw == 2) {
		c->base = value / 8 * 8;
		c->next_icw = c->single ? last : 3;
	} else if (c->next_icw == 3) {
		c->next_icw = last;
	} else {
		c->auto_eoi = (value & 2) != 0;
		c->special_nested = master && (value & 0x10) != 0;
		c->next_icw = 0;
	}
}

/* The highest in service that blocks: what a non-specific EOI ends. */
static int highest_in_service(const struct model_chip *c)
{
	for (int n = 0; n < 8; n++) {
		int i = (c->top + n) % 8;

		if (blocks(c, i))
			return i;
	}
	return NOBODY;
}

/* "Operation Command Words": R, SL, EOI are bits 7 to 5. */
static void ocw2(struct model_chip *c, uint8_t value)
{
	bool rotation = (value & 0x80) != 0;
	bool specific = (value & 0x40) != 0;
	bool eoi = (value & 0x20) != 0;
	int i = specific ? value % 8 : highest_in_service(c);

	if (!specific && !eoi) {
		c->rotates = rotation;
		return;
	}
	if (i == NOBODY)
		return;
	if (eoi)
		c->in[i].in_service = false;
	if (rotation)
		rotate(c, i);
}

static void ocw3(struct model_chip *c, uint8_t value)
{
	if (value & 0x40)
		c->special_mask = (value & 0x20) != 0;
	if (value & 0x02)
		c->reads_isr = (value & 0x01) != 0;
	c->poll = (value & 0x04) != 0;
}

static void elcr(struct model_chip *c, uint8_t value)
{
	for (int i = 0; i < 8; i++) {
		struct model_input *in = &c->in[i];
		bool level = in->may_level && (value >> i) % 2 != 0;

		if (level != in->level)
			in->latched = level && in->line;
		in->level = level;
	}
}

/* ---- ports ----------------------------------------------------------------------------------- */

uint8_t model_pic_irr(const struct model_chip *c)
{
	uint8_t value = 0;

	for (int i = 0; i < 8; i++)
		value = (uint8_t)(value + (requests(c, i) ? 1 << i : 0));
	return value;
}

uint8_t model_pic_isr(const struct model_chip *c)
{
	uint8_t value = 0;

	for (int i = 0; i < 8; i++)
		value = (uint8_t)(value + (c->in[i].in_service ? 1 << i : 0));
	return value;
}

uint8_t model_pic_imr(const struct model_chip *c)
{
	uint8_t value = 0;

	for (int i = 0; i < 8; i++)
		value = (uint8_t)(value + (c->in[i].masked ? 1 << i : 0));
	return value;
}

static uint8_t elcr_value(const struct model_chip *c)
{
	uint8_t value = 0;

	for (int i = 0; i < 8; i++)
		value = (uint8_t)(value + (c->in[i].level ? 1 << i : 0));
	return value;
}

uint8_t model_pic_read(struct model_pic *m, uint16_t port)
{
	struct model_chip *c = &m->chip[port / 0x80 % 2];
	uint8_t value;

	if (port == 0x4d0 || port == 0x4d1)
		return elcr_value(&m->chip[port % 2]);
	if (port != 0x20 && port != 0x21 && port != 0xa0 && port != 0xa1)
		return 0xff;
	if (c->poll)
		value = poll(c);
	else if (port % 2 != 0)
		value = model_pic_imr(c);
	else
		value = c->reads_isr ? model_pic_isr(c) : model_pic_irr(c);
	cascade(m);
	return value;
}

void model_pic_write(struct model_pic *m, uint16_t port, uint8_t value)
{
	struct model_chip *c = &m->chip[port / 0x80 % 2];

	if (port == 0x4d0 || port == 0x4d1) {
		elcr(&m->chip[port % 2], value);
	} else if (port == 0x21 || port == 0xa1) {
		if (c->next_icw != 0)
			next_icw(c, port == 0x21, value);
		else
			for (int i = 0; i < 8; i++)
				c->in[i].masked = (value >> i) % 2 != 0;
	} else if (port == 0x20 || port == 0xa0) {
		if (value & 0x10)
			icw1(c, value);
		else if (value & 0x08)
			ocw3(c, value);
		else
			ocw2(c, value);
	}
	cascade(m);
}
