/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saving and restoring the 8259 pair.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet, "Initialization Command Words" and
 * "Operation Command Words".
 */
#include "ioapic/ioapic_state.h"

#define CASCADE_BIT  UINT8_C(0x04) /* the master's input that is the slave's output */
#define BASE_BITS    UINT8_C(0xf8)
#define MAX_PRIORITY 7
#define MAX_ICW_STEP 4

static uint8_t flag(bool set, uint8_t bit)
{
	return set ? bit : 0;
}

static void save_chip(const struct pic_chip *chip, struct pic_chip_state *state)
{
	*state = (struct pic_chip_state){
		.irr = chip->irr,
		.isr = chip->isr,
		.imr = chip->imr,
		.lines = chip->lines,
		.elcr = chip->elcr,
		.base = chip->base,
		.icw_step = chip->icw_step,
		.priority = chip->priority,
		.flags = flag(chip->icw4_needed, PIC_STATE_ICW4_NEEDED) |
			 flag(chip->single, PIC_STATE_SINGLE) |
			 flag(chip->read_isr, PIC_STATE_READ_ISR) |
			 flag(chip->poll, PIC_STATE_POLL) |
			 flag(chip->special_mask, PIC_STATE_SPECIAL_MASK) |
			 flag(chip->auto_eoi, PIC_STATE_AUTO_EOI) |
			 flag(chip->rotate_on_auto_eoi, PIC_STATE_ROTATE_ON_AUTO_EOI) |
			 flag(chip->special_fully_nested, PIC_STATE_SPECIAL_FULLY_NESTED),
	};
}

void pic_state_save(const struct pic *pic, struct pic_state *state)
{
	*state = (struct pic_state){
		.magic = PIC_STATE_MAGIC,
		.version = PIC_STATE_VERSION,
		.size = sizeof(*state),
	};
	save_chip(&pic->chip[0], &state->chip[0]);
	save_chip(&pic->chip[1], &state->chip[1]);
}

static enum ioapic_state_error check(const struct pic_state *state)
{
	if (state->magic != PIC_STATE_MAGIC)
		return IOAPIC_STATE_BAD_MAGIC;
	if (state->version != PIC_STATE_VERSION)
		return IOAPIC_STATE_BAD_VERSION;
	if (state->size != sizeof(*state))
		return IOAPIC_STATE_BAD_SIZE;
	for (int i = 0; i < 2; i++) {
		const struct pic_chip_state *chip = &state->chip[i];

		if (chip->icw_step == 1 || chip->icw_step > MAX_ICW_STEP ||
		    chip->priority > MAX_PRIORITY)
			return IOAPIC_STATE_BAD_RESERVED;
		if (chip->reserved[0] || chip->reserved[1] || chip->reserved[2])
			return IOAPIC_STATE_BAD_RESERVED;
	}
	return IOAPIC_STATE_OK;
}

/*
 * A request needs its line, and a level is its line ("Edge and Level Triggered Modes"). The
 * master's cascade input is the exception: its request outlives the slave's, to become spurious.
 */
static void restore_chip(struct pic_chip *chip, const struct pic_chip_state *state, bool is_master)
{
	uint8_t cascade = is_master ? CASCADE_BIT : 0;
	uint8_t elcr = state->elcr & chip->elcr_mask;

	chip->lines = state->lines;
	chip->irr = (uint8_t)((state->irr & (chip->lines | cascade)) | (chip->lines & elcr));
	chip->isr = state->isr;
	chip->imr = state->imr;
	chip->elcr = elcr;
	chip->base = state->base & BASE_BITS;
	chip->icw_step = state->icw_step;
	chip->priority = state->priority;
	chip->icw4_needed = (state->flags & PIC_STATE_ICW4_NEEDED) != 0;
	chip->single = (state->flags & PIC_STATE_SINGLE) != 0;
	chip->read_isr = (state->flags & PIC_STATE_READ_ISR) != 0;
	chip->poll = (state->flags & PIC_STATE_POLL) != 0;
	chip->special_mask = (state->flags & PIC_STATE_SPECIAL_MASK) != 0;
	chip->auto_eoi = (state->flags & PIC_STATE_AUTO_EOI) != 0;
	chip->rotate_on_auto_eoi = (state->flags & PIC_STATE_ROTATE_ON_AUTO_EOI) != 0;
	chip->special_fully_nested = is_master && state->flags & PIC_STATE_SPECIAL_FULLY_NESTED;
}

enum ioapic_state_error pic_state_restore(struct pic *pic, const struct pic_state *state)
{
	enum ioapic_state_error error = check(state);

	if (error != IOAPIC_STATE_OK)
		return error;
	pic_reset(pic);
	restore_chip(&pic->chip[0], &state->chip[0], true);
	restore_chip(&pic->chip[1], &state->chip[1], false);
	/* The cascade's line is computed by every write, also by one that changes nothing else. */
	pic_write(pic, PIC_ELCR_PORT, pic->chip[0].elcr);
	return IOAPIC_STATE_OK;
}

enum ioapic_state_error pic_state_from_bytes(struct pic_state *state, const void *bytes,
					     size_t size)
{
	struct pic_state copy;
	enum ioapic_state_error error;

	if (size < sizeof(copy))
		return IOAPIC_STATE_TRUNCATED;
	__builtin_memcpy(&copy, bytes, sizeof(copy));
	error = check(&copy);
	if (error == IOAPIC_STATE_OK && size > sizeof(copy))
		error = IOAPIC_STATE_BAD_SIZE;
	if (error == IOAPIC_STATE_OK)
		*state = copy;
	return error;
}
