/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on the 8259 pair, decoded from the words of a program, carried out and compared.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet.
 */
#include "tests/property/pic_world.h"

#include "ioapic/ioapic_state.h"
#include "ioapic/pic.h"
#include "tests/model/model_pic.h"

enum op_kind {
	OP_WRITE,
	OP_READ,
	OP_LINE,
	OP_ACK,
	OP_SET_UP, /* ICW1 to ICW4 of both chips, as an OS does it */
	OP_RESTORE,
};

struct op {
	enum op_kind kind;
	uint16_t place; /* port or input */
	uint8_t value;
};

struct world {
	struct pic core;
	struct model_pic model;
	bool differs;
	char *mismatch;
};

/* A command that an OS might give; one in eight is any. */
static uint8_t command_of(uint8_t value, uint8_t salt)
{
	static const uint8_t usual[] = { 0x20, 0x20, 0x20, 0x60, 0x61, 0x62, 0xa0, 0xe2, 0xc5, 0x80,
					 0x00, 0x0a, 0x0b, 0x0c, 0x68, 0x48, 0x11, 0x13, 0x10 };

	return salt % 8 == 0 ? value : usual[value % sizeof(usual)];
}

static struct op op_of(uint64_t word)
{
	static const enum op_kind kinds[16] = {
		OP_WRITE, OP_WRITE, OP_WRITE, OP_WRITE, OP_READ, OP_LINE, OP_LINE,   OP_LINE,
		OP_LINE,  OP_LINE,  OP_LINE,  OP_ACK,   OP_ACK,  OP_ACK,  OP_SET_UP, OP_RESTORE,
	};
	static const uint16_t ports[] = { 0x20, 0x21,  0xa0,  0xa1, 0x20,
					  0xa0, 0x4d0, 0x4d1, 0x22, 0xa2 };
	uint8_t place = word_byte(word, 1);
	uint8_t salt = word_byte(word, 2);
	uint8_t value = word_byte(word, 3);
	struct op op = { .kind = kinds[word_byte(word, 0) % 16], .value = value };

	if (op.kind == OP_LINE) {
		op.place = place % 17;
		op.value = value % 2;
		return op;
	}
	op.place = ports[place % (sizeof(ports) / sizeof(ports[0]))];
	if (op.place == 0x20 || op.place == 0xa0)
		op.value = command_of(value, salt);
	else if (op.place < 0x100 && salt % 4 != 0)
		op.value = value & word_byte(word, 4); /* masks with few bits */
	return op;
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void same(struct world *w, const char *what, uint32_t core, uint32_t model)
{
	if (w->differs || core == model)
		return;
	w->differs = true;
	snprintf(w->mismatch, MISMATCH_SIZE, "%s: libioapic 0x%x, specification 0x%x", what, core,
		 model);
}

/* By command words on a copy, as software would look. */
static void compare_chip(struct world *w, int n, uint16_t port)
{
	const struct model_chip *c = &w->model.chip[n];
	struct pic copy = w->core;

	pic_write(&copy, port, 0x0a);
	same(w, n ? "slave's IRR" : "master's IRR", pic_read(&copy, port), model_pic_irr(c));
	pic_write(&copy, port, 0x0b);
	same(w, n ? "slave's ISR" : "master's ISR", pic_read(&copy, port), model_pic_isr(c));
	same(w, n ? "slave's IMR" : "master's IMR", pic_read(&copy, port + 1), model_pic_imr(c));
	same(w, n ? "slave's ELCR" : "master's ELCR", pic_read(&copy, (uint16_t)(0x4d0 + n)),
	     model_pic_read(&w->model, (uint16_t)(0x4d0 + n)));
}

/* ---- doing ----------------------------------------------------------------------------------- */

static void write_both(struct world *w, uint16_t port, uint8_t value)
{
	pic_write(&w->core, port, value);
	model_pic_write(&w->model, port, value);
}

/* The slave's vectors follow the master's. value: bits of ICW1 and ICW4. */
static void set_up(struct world *w, uint8_t value)
{
	uint8_t icw1 = 0x11;
	uint8_t icw4 = 1 + (value % 4 == 0 ? 2 : 0) + (value / 4 % 4 == 0 ? 0x10 : 0);

	write_both(w, 0x20, icw1);
	write_both(w, 0x21, 0x20);
	write_both(w, 0x21, 0x04);
	write_both(w, 0x21, icw4);
	write_both(w, 0xa0, icw1);
	write_both(w, 0xa1, 0x28);
	write_both(w, 0xa1, 0x02);
	write_both(w, 0xa1, icw4);
}

static void restore(struct world *w)
{
	struct pic_state state;

	pic_state_save(&w->core, &state);
	pic_reset(&w->core);
	same(w, "restore", (uint32_t)pic_state_restore(&w->core, &state), 0);
}

static void step(struct world *w, const struct op *op)
{
	switch (op->kind) {
	case OP_WRITE:
		write_both(w, op->place, op->value);
		break;
	case OP_READ:
		same(w, "value", pic_read(&w->core, op->place),
		     model_pic_read(&w->model, op->place));
		break;
	case OP_LINE:
		pic_set_irq(&w->core, op->place, op->value != 0);
		model_pic_line(&w->model, op->place, op->value != 0);
		break;
	case OP_ACK:
		same(w, "vector", pic_ack(&w->core), model_pic_ack(&w->model));
		break;
	case OP_SET_UP:
		set_up(w, op->value);
		break;
	case OP_RESTORE:
		restore(w);
		break;
	}
}

static size_t run(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	struct world w = { .mismatch = mismatch };

	pic_reset(&w.core);
	model_pic_reset(&w.model);
	for (size_t i = 1; i < count; i++) {
		struct op op = op_of(words[i]);

		step(&w, &op);
		same(&w, "INTR", pic_intr(&w.core), model_pic_intr(&w.model));
		compare_chip(&w, 0, 0x20);
		compare_chip(&w, 1, 0xa0);
		if (w.differs)
			return i + 1;
	}
	return 0;
}

static void print(FILE *out, const uint64_t *words, size_t i)
{
	struct op op = op_of(words[i]);

	if (i == 0) {
		fprintf(out, "an 8259 pair after reset");
		return;
	}
	switch (op.kind) {
	case OP_WRITE:
		fprintf(out, "write 0x%x to port 0x%x", op.value, op.place);
		break;
	case OP_READ:
		fprintf(out, "read port 0x%x", op.place);
		break;
	case OP_LINE:
		fprintf(out, "IRQ%u %s", op.place, op.value ? "rises" : "falls");
		break;
	case OP_ACK:
		fprintf(out, "the CPU acknowledges");
		break;
	case OP_SET_UP:
		fprintf(out, "both chips are initialized, variant 0x%x", op.value);
		break;
	case OP_RESTORE:
		fprintf(out, "the state is saved and restored");
		break;
	}
}

const struct subject pic_subject = {
	.name = "property_pic",
	.run = run,
	.print = print,
};
