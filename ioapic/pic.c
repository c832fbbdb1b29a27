/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259A pair: requests, priorities, the INTA cycle and the command words.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet; the edge/level control registers are
 * those of the 82371 (PIIX) datasheets, "ELCR". As on a PIIX, ICW1's level-trigger bit is ignored
 * in favour of ELCR, ICW3 in favour of the cascade's wiring, and vectors are always 8086 mode
 * (D32).
 *
 * An input's IRR bit is set by its rise and cleared by its fall in both trigger modes, as an input
 * has to stay high until the first INTA ("Edge and Level Triggered Modes"). The modes differ in
 * what the INTA cycle does: it consumes an edge, but not a level.
 */
#include "ioapic/pic.h"

#define PIC_INPUTS     8
#define PIC_NONE       PIC_INPUTS /* no input */
#define PIC_SPURIOUS   7          /* the input that stands in for a request that has gone */
#define PIC_CASCADE    2          /* the master's input that is the slave's output */
#define PIC_LEVEL_BITS UINT8_C(7) /* an input's number in OCW2, OCW3's poll and the vector */

#define PIC_MASTER_ELCR UINT8_C(0xf8) /* timer, keyboard and cascade are edges for good */
#define PIC_SLAVE_ELCR  UINT8_C(0xde) /* and so are the RTC and the FPU's error */

/* Port bit 0, the chip's A0 pin. */
#define PIC_PORT_A0 1

#define ICW1_SELECT UINT8_C(0x10)
#define ICW1_SINGLE UINT8_C(0x02)
#define ICW1_ICW4   UINT8_C(0x01)
#define ICW4_SFNM   UINT8_C(0x10)
#define ICW4_AEOI   UINT8_C(0x02)

#define OCW3_SELECT  UINT8_C(0x08)
#define OCW3_ESMM    UINT8_C(0x40)
#define OCW3_SMM     UINT8_C(0x20)
#define OCW3_POLL    UINT8_C(0x04)
#define OCW3_RR      UINT8_C(0x02)
#define OCW3_RIS     UINT8_C(0x01)
#define OCW2_COMMAND 5 /* shift of the rotate, specific and EOI bits */
#define POLL_REQUEST UINT8_C(0x80)

enum icw_step {
	ICW_NONE = 0, /* initialized: A0 = 1 is OCW1 */
	ICW_2 = 2,
	ICW_3 = 3,
	ICW_4 = 4,
};

/* OCW2's R, SL and EOI bits. */
enum ocw2_command {
	OCW2_ROTATE_AUTO_EOI_CLEAR = 0,
	OCW2_EOI = 1,
	OCW2_NOP = 2,
	OCW2_SPECIFIC_EOI = 3,
	OCW2_ROTATE_AUTO_EOI_SET = 4,
	OCW2_ROTATE_EOI = 5,
	OCW2_SET_PRIORITY = 6,
	OCW2_ROTATE_SPECIFIC_EOI = 7,
};

static uint8_t bit(uint32_t ir)
{
	return (uint8_t)(1u << ir);
}

/* 0 is the highest priority; PIC_NONE ranks below all inputs. */
static uint32_t rank(const struct pic_chip *chip, uint32_t ir)
{
	return ir == PIC_NONE ? PIC_INPUTS : (ir - chip->priority) % PIC_INPUTS;
}

static uint32_t highest(const struct pic_chip *chip, uint32_t set)
{
	for (uint32_t n = 0; n < PIC_INPUTS; n++) {
		uint32_t ir = (chip->priority + n) % PIC_INPUTS;

		if (set & bit(ir))
			return ir;
	}
	return PIC_NONE;
}

/* In special mask mode a masked level in service stands in nobody's way ("Special Mask Mode"). */
static uint32_t highest_in_service(const struct pic_chip *chip)
{
	return highest(chip, chip->special_mask ? chip->isr & ~(uint32_t)chip->imr : chip->isr);
}

/* A bit without its line is the master's memory of a slave request that has gone again. */
static uint8_t requests(const struct pic_chip *chip)
{
	return chip->irr & chip->lines;
}

/*
 * Which of the requests in irr the chip's INT output announces, if any ("Fully Nested Mode"). In
 * special fully nested mode the slave's is not locked out by its own service at the master. Nothing
 * is accepted before the last ICW ("Initialization Sequence").
 */
static uint32_t announced(const struct pic_chip *chip, uint32_t irr)
{
	uint32_t ir = highest(chip, irr & ~(uint32_t)chip->imr);
	uint32_t serviced = highest_in_service(chip);

	if (chip->icw_step != ICW_NONE || ir == PIC_NONE)
		return PIC_NONE;
	if (chip->special_fully_nested && ir == PIC_CASCADE && serviced == PIC_CASCADE)
		return ir;
	return rank(chip, ir) < rank(chip, serviced) ? ir : PIC_NONE;
}

/*
 * Carries the slave's output to the master's IR2. INT pulses low in each INTA cycle, so an output
 * that is high after one is a new edge. When it falls, the IRR bit stays for pic_ack() to find.
 */
static void update_cascade(struct pic *pic)
{
	struct pic_chip *master = &pic->chip[0];

	if (announced(&pic->chip[1], requests(&pic->chip[1])) == PIC_NONE) {
		master->lines &= (uint8_t)~bit(PIC_CASCADE);
		return;
	}
	master->lines |= bit(PIC_CASCADE);
	master->irr |= bit(PIC_CASCADE);
}

void pic_reset(struct pic *pic)
{
	*pic = (struct pic){
		.chip = {
			{ .imr = UINT8_MAX, .elcr_mask = PIC_MASTER_ELCR },
			{ .imr = UINT8_MAX, .elcr_mask = PIC_SLAVE_ELCR },
		},
	};
}

void pic_set_irq(struct pic *pic, uint32_t irq, bool level)
{
	struct pic_chip *chip = &pic->chip[irq / PIC_INPUTS % 2];
	uint8_t line = bit(irq % PIC_INPUTS);

	if (irq >= PIC_IRQS || irq == PIC_CASCADE)
		return;
	if (!level) {
		chip->lines &= (uint8_t)~line;
		chip->irr &= (uint8_t)~line;
	} else if (!(chip->lines & line)) {
		chip->lines |= line;
		chip->irr |= line;
	}
	update_cascade(pic);
}

bool pic_intr(const struct pic *pic)
{
	return announced(&pic->chip[0], requests(&pic->chip[0])) != PIC_NONE;
}

static void rotate_below(struct pic_chip *chip, uint32_t ir)
{
	chip->priority = (uint8_t)((ir + 1) % PIC_INPUTS);
}

/* What the first INTA does to the chip whose input ir wins, and a poll likewise. */
static void accept(struct pic_chip *chip, uint32_t ir)
{
	if (!(chip->elcr & bit(ir)))
		chip->irr &= (uint8_t)~bit(ir);
	if (!chip->auto_eoi)
		chip->isr |= bit(ir);
	else if (chip->rotate_on_auto_eoi)
		rotate_below(chip, ir);
}

/* One chip's part of the INTA cycle: accepts the request and gives its vector, or the spurious. */
static uint8_t accept_vector(struct pic_chip *chip, uint32_t ir)
{
	if (ir == PIC_NONE)
		return chip->base | PIC_SPURIOUS;
	accept(chip, ir);
	return (uint8_t)(chip->base | ir);
}

/* "Interrupt Sequence", "Cascade Mode". */
uint8_t pic_ack(struct pic *pic)
{
	struct pic_chip *master = &pic->chip[0];
	struct pic_chip *slave = &pic->chip[1];
	uint32_t ir = announced(master, requests(master));
	uint8_t vector;

	if (ir == PIC_NONE && announced(master, master->irr) == PIC_CASCADE)
		ir = PIC_CASCADE;
	vector = accept_vector(master, ir);
	if (ir == PIC_CASCADE)
		vector = accept_vector(slave, announced(slave, requests(slave)));
	update_cascade(pic);
	return vector;
}

/* "Poll Command": the read is the INTA cycle of this one chip. */
static uint8_t poll(struct pic_chip *chip)
{
	uint32_t ir = announced(chip, requests(chip));

	chip->poll = false;
	if (ir == PIC_NONE)
		return 0;
	accept(chip, ir);
	return (uint8_t)(POLL_REQUEST | ir);
}

static uint8_t read_chip(struct pic_chip *chip, bool a0)
{
	if (chip->poll)
		return poll(chip);
	if (a0)
		return chip->imr;
	return chip->read_isr ? chip->isr : requests(chip);
}

/*
 * ICW1 ("Initialization Command Words 1 and 2"): the edge sense circuit is reset, so an edge input
 * has to rise anew; the mask is cleared, IR7 has the lowest priority, special mask mode is off and
 * IRR is what reads give; without an ICW4 its functions are off. The datasheet leaves the rest of
 * the state open: what is in service is forgotten, as an OS that takes over expects (D33).
 */
static void write_icw1(struct pic_chip *chip, uint8_t value)
{
	struct pic_chip next = {
		.irr = chip->lines & chip->elcr,
		.lines = chip->lines,
		.elcr = chip->elcr,
		.elcr_mask = chip->elcr_mask,
		.base = chip->base,
		.icw_step = ICW_2,
		.icw4_needed = (value & ICW1_ICW4) != 0,
		.single = (value & ICW1_SINGLE) != 0,
	};

	*chip = next;
}

/* "Initialization Sequence": which ICW a write with A0 = 1 is, and which comes next. */
static void write_icw(struct pic_chip *chip, bool is_master, uint8_t value)
{
	uint8_t after_icw3 = chip->icw4_needed ? ICW_4 : ICW_NONE;

	switch (chip->icw_step) {
	case ICW_2:
		chip->base = value & (uint8_t)~PIC_LEVEL_BITS;
		chip->icw_step = chip->single ? after_icw3 : ICW_3;
		break;
	case ICW_3:
		chip->icw_step = after_icw3;
		break;
	default:
		chip->auto_eoi = (value & ICW4_AEOI) != 0;
		chip->special_fully_nested = is_master && (value & ICW4_SFNM);
		chip->icw_step = ICW_NONE;
		break;
	}
}

/* In special mask mode a non-specific EOI leaves masked levels in service ("End of Interrupt"). */
static void end_highest(struct pic_chip *chip, bool rotate)
{
	uint32_t ir = highest_in_service(chip);

	if (ir == PIC_NONE)
		return;
	chip->isr &= (uint8_t)~bit(ir);
	if (rotate)
		rotate_below(chip, ir);
}

static void write_ocw2(struct pic_chip *chip, uint8_t value)
{
	uint32_t ir = value & PIC_LEVEL_BITS;

	switch ((enum ocw2_command)(value >> OCW2_COMMAND)) {
	case OCW2_ROTATE_AUTO_EOI_CLEAR:
		chip->rotate_on_auto_eoi = false;
		break;
	case OCW2_ROTATE_AUTO_EOI_SET:
		chip->rotate_on_auto_eoi = true;
		break;
	case OCW2_EOI:
		end_highest(chip, false);
		break;
	case OCW2_ROTATE_EOI:
		end_highest(chip, true);
		break;
	case OCW2_SPECIFIC_EOI:
		chip->isr &= (uint8_t)~bit(ir);
		break;
	case OCW2_ROTATE_SPECIFIC_EOI:
		chip->isr &= (uint8_t)~bit(ir);
		rotate_below(chip, ir);
		break;
	case OCW2_SET_PRIORITY:
		rotate_below(chip, ir);
		break;
	case OCW2_NOP:
	default:
		break;
	}
}

static void write_ocw3(struct pic_chip *chip, uint8_t value)
{
	if (value & OCW3_ESMM)
		chip->special_mask = (value & OCW3_SMM) != 0;
	if (value & OCW3_RR)
		chip->read_isr = (value & OCW3_RIS) != 0;
	chip->poll = (value & OCW3_POLL) != 0;
}

static void write_chip(struct pic_chip *chip, bool is_master, bool a0, uint8_t value)
{
	if (a0 && chip->icw_step != ICW_NONE)
		write_icw(chip, is_master, value);
	else if (a0)
		chip->imr = value; /* OCW1 */
	else if (value & ICW1_SELECT)
		write_icw1(chip, value);
	else if (value & OCW3_SELECT)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
}

/*
 * An input that becomes level-triggered requests by its level; one that ceases to be has no edge.
 */
static void write_elcr(struct pic_chip *chip, uint8_t value)
{
	uint8_t elcr = value & chip->elcr_mask;
	uint8_t changed = chip->elcr ^ elcr;

	chip->elcr = elcr;
	chip->irr = (uint8_t)((chip->irr & ~changed) | (chip->lines & elcr & changed));
}

uint8_t pic_read(struct pic *pic, uint16_t port)
{
	uint8_t value;

	switch (port) {
	case PIC_MASTER_PORT:
	case PIC_MASTER_PORT + PIC_PORT_A0:
		value = read_chip(&pic->chip[0], port & PIC_PORT_A0);
		break;
	case PIC_SLAVE_PORT:
	case PIC_SLAVE_PORT + PIC_PORT_A0:
		value = read_chip(&pic->chip[1], port & PIC_PORT_A0);
		break;
	case PIC_ELCR_PORT:
	case PIC_ELCR_PORT + 1:
		return pic->chip[port - PIC_ELCR_PORT].elcr;
	default:
		return UINT8_MAX;
	}
	update_cascade(pic); /* a poll accepts */
	return value;
}

void pic_write(struct pic *pic, uint16_t port, uint8_t value)
{
	switch (port) {
	case PIC_MASTER_PORT:
	case PIC_MASTER_PORT + PIC_PORT_A0:
		write_chip(&pic->chip[0], true, port & PIC_PORT_A0, value);
		break;
	case PIC_SLAVE_PORT:
	case PIC_SLAVE_PORT + PIC_PORT_A0:
		write_chip(&pic->chip[1], false, port & PIC_PORT_A0, value);
		break;
	case PIC_ELCR_PORT:
	case PIC_ELCR_PORT + 1:
		write_elcr(&pic->chip[port - PIC_ELCR_PORT], value);
		break;
	default:
		return;
	}
	update_cascade(pic);
}
