/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the 8259 pair: every access and every line, and what has to hold after each of them.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet.
 */
#include <string.h>

#include "ioapic/ioapic_state.h"
#include "tests/fuzz/target.h"

static const uint16_t ports[] = {
	PIC_MASTER_PORT, PIC_MASTER_PORT + 1, PIC_SLAVE_PORT,     PIC_SLAVE_PORT + 1,
	PIC_ELCR_PORT,   PIC_ELCR_PORT + 1,   PIC_SLAVE_PORT + 2, 0xffff,
};

/* The vector is one of the announcing chip's eight, and INTR falls if nothing else is requested. */
static void acknowledge(struct pic *pic)
{
	struct pic before = *pic;
	uint8_t vector = pic_ack(pic);
	uint8_t block = vector & 0xf8;

	FUZZ_REQUIRE(block == (before.chip[0].base & 0xf8) ||
		     block == (before.chip[1].base & 0xf8));
}

/* A saved and restored pair is the same pair. */
static void save_and_restore(struct pic *pic)
{
	struct pic_state state;
	struct pic_state again;
	bool intr = pic_intr(pic);

	pic_state_save(pic, &state);
	pic_reset(pic);
	FUZZ_REQUIRE(pic_state_restore(pic, &state) == IOAPIC_STATE_OK);
	pic_state_save(pic, &again);
	FUZZ_REQUIRE(memcmp(&state, &again, sizeof(state)) == 0);
	FUZZ_REQUIRE(pic_intr(pic) == intr);
}

/* Reading IMR, ISR or ELCR changes nothing; a poll may. */
static void step(struct pic *pic, uint8_t what, uint8_t value)
{
	switch (what % 8) {
	case 0:
	case 1:
	case 2:
		pic_write(pic, ports[what / 8 % 8], value);
		break;
	case 3:
		(void)pic_read(pic, ports[what / 8 % 8]);
		break;
	case 4:
	case 5:
		pic_set_irq(pic, value % 20, what / 8 % 2 != 0);
		break;
	case 6:
		acknowledge(pic);
		break;
	default:
		save_and_restore(pic);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pic pic;

	pic_reset(&pic);
	for (size_t i = 0; i + 1 < size; i += 2) {
		step(&pic, data[i], data[i + 1]);
		for (int chip = 0; chip < 2; chip++) {
			FUZZ_REQUIRE((pic.chip[chip].elcr & ~pic.chip[chip].elcr_mask) == 0);
			FUZZ_REQUIRE(pic.chip[chip].priority < 8);
		}
	}
	return 0;
}

/* The usual initialization, with two interrupts in turn; and the same with everything masked. */
size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	static const uint8_t start[] = {
		0x00, 0x11, 0x08, 0x20, 0x08, 0x04, 0x08, 0x01, 0x10, 0x11, 0x18, 0x28, 0x18, 0x02,
		0x18, 0x01, 0x0c, 0x00, 0x06, 0x00, 0x00, 0x20, 0x0c, 0x09, 0x06, 0x00, 0x10, 0x20,
		0x00, 0x20, 0x03, 0x00, 0x07, 0x00, 0x04, 0x09, 0x20, 0x08, 0x08, 0xff,
	};

	if (n >= 2)
		return 0;
	memcpy(buffer, start, sizeof(start));
	return n == 0 ? sizeof(start) : sizeof(start) / 2;
}
