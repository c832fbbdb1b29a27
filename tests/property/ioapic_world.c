/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on an I/O APIC, decoded from the words of a program, carried out and compared.
 *
 * Intel 82093AA I/O APIC datasheet.
 */
#include "tests/property/ioapic_world.h"

#include "ioapic/ioapic_state.h"
#include "tests/model/model_ioapic.h"

enum op_kind {
	OP_REGISTER, /* IOREGSEL and IOWIN, as software does it */
	OP_STORE,    /* anywhere, of any width */
	OP_LOAD,
	OP_LINE,
	OP_EOI,
	OP_RESTORE, /* the state is saved and restored */
	OP_RELEASE, /* the end of the pause that a storm gets */
};

struct op {
	enum op_kind kind;
	uint32_t place; /* register, offset, pin or vector */
	uint32_t len;   /* of an access; of a line: its source */
	uint64_t value;
};

struct world {
	struct ioapic core;
	struct model_ioapic model;
	bool differs;
	char *mismatch;
};

/* Few vectors and few pins, so that they are shared. */
static uint8_t vector_of(uint32_t value)
{
	static const uint8_t usual[] = { 0x20, 0x31, 0x41, 0x42, 0x51, 0xef, 0xff, 0x05 };

	return usual[value % 8];
}

static uint32_t entry_of(uint32_t value)
{
	uint32_t fields = value & 0x1ff00;

	if ((value & 0x60000) != 0)
		fields &= ~0x10000u; /* seldom masked */
	if ((value & 0x180000) != 0)
		fields &= ~0x700u; /* often fixed */
	return fields | vector_of(value);
}

static uint32_t register_of(uint8_t place)
{
	if (place % 16 == 0)
		return place / 16;
	if (place % 16 == 1)
		return 0x10 + place / 4; /* some of them are beyond the last one */
	return 0x10 + place % 8;         /* the first four pins */
}

static struct op op_of(uint64_t word)
{
	static const enum op_kind kinds[16] = {
		OP_REGISTER, OP_REGISTER, OP_REGISTER, OP_REGISTER, OP_REGISTER, OP_STORE,
		OP_LOAD,     OP_LINE,     OP_LINE,     OP_LINE,     OP_LINE,     OP_LINE,
		OP_EOI,      OP_EOI,      OP_EOI,      OP_RESTORE,
	};
	static const uint32_t offsets[8] = { 0x00, 0x10, 0x40, 0x40, 0x12, 0x20, 0x01, 0x3e };
	uint8_t place = word_byte(word, 1);
	uint8_t salt = word_byte(word, 2);
	uint32_t value = word_value(word);
	struct op op = { .kind = kinds[word_byte(word, 0) % 16], .value = value };

	switch (op.kind) {
	case OP_REGISTER:
		op.place = register_of(place);
		if (op.place % 2 == 0 && op.place >= 0x10 && salt % 8 != 0)
			op.value = entry_of(value);
		break;
	case OP_STORE:
	case OP_LOAD:
		op.place = salt % 4 == 0 ? place : offsets[place % 8];
		op.len = salt % 4 == 1 ? 1u << place / 8 % 4 : 4;
		op.value = op.place == 0x40 ? vector_of(value) : value;
		break;
	case OP_LINE:
		op.place = place % 16 == 0 ? place / 8 : place % 4;
		op.len = salt % 32 == 0 ? salt : salt % 3;
		op.value = value % 2;
		break;
	case OP_EOI:
		op.place = salt % 8 == 0 ? place : vector_of(value);
		break;
	case OP_RESTORE:
	case OP_RELEASE:
		op.kind = salt % 2 == 0 ? OP_RESTORE : OP_RELEASE;
		break;
	}
	return op;
}

static struct ioapic_config config_of(uint64_t word)
{
	return (struct ioapic_config){
		.id = word_byte(word, 0) % 16,
		.version = word_byte(word, 1) % 4 == 0 ? IOAPIC_VERSION_82093AA
						       : IOAPIC_VERSION_EOI,
		.ext_dest = word_byte(word, 2) % 2 != 0,
		.storm_limit = word_byte(word, 3) % 4,
	};
}

/* ---- comparing ------------------------------------------------------------------------------- */

static void same(struct world *w, const char *what, uint32_t which, uint64_t core, uint64_t model)
{
	if (w->differs || core == model)
		return;
	w->differs = true;
	snprintf(w->mismatch, MISMATCH_SIZE, "%s 0x%x: libioapic 0x%llx, specification 0x%llx",
		 what, which, (unsigned long long)core, (unsigned long long)model);
}

static void compare_sent(struct world *w, const struct ioapic_out *out,
			 const struct model_sent *sent)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < IOAPIC_PINS && !w->differs; i++) {
		bool by = next < out->count && out->pin[next] == i;
		const struct apic_msg *want = &sent->msg[i];
		const struct apic_msg *got = &out->msg[next];

		same(w, "pin that sends", i, by, sent->by[i]);
		if (!by || w->differs)
			continue;
		same(w, "vector of pin", i, got->vector, want->vector);
		same(w, "mode of pin", i, got->mode, want->mode);
		same(w, "destination of pin", i, got->dest, want->dest);
		same(w, "destination mode of pin", i, got->logical, want->logical);
		same(w, "trigger mode of pin", i, got->level_trigger, want->level_trigger);
		same(w, "level of pin", i, got->asserted, want->asserted);
		same(w, "shorthand of pin", i, got->shorthand, want->shorthand);
		next++;
	}
	same(w, "messages", 0, out->count, next);
}

static void compare_state(struct world *w)
{
	struct ioapic copy = w->core;
	struct ioapic_out out;

	same(w, "IOREGSEL", 0, ioapic_read(&copy, 0, 4), w->model.select);
	for (uint32_t i = 0; i < 0x48; i++) {
		ioapic_write(&copy, 0, 4, i, &out);
		same(w, "register", i, ioapic_read(&copy, 0x10, 4),
		     model_ioapic_register(&w->model, (uint8_t)i));
	}
}

/* ---- doing ----------------------------------------------------------------------------------- */

static void store(struct world *w, uint32_t offset, uint32_t len, uint64_t value)
{
	struct model_sent sent = model_ioapic_store(&w->model, offset, len, value);
	struct ioapic_out out;

	ioapic_write(&w->core, offset, len, value, &out);
	compare_sent(w, &out, &sent);
}

static void line(struct world *w, const struct op *op)
{
	bool asserted = op->value != 0;
	struct model_sent sent = model_ioapic_line(&w->model, op->place, op->len, asserted);
	struct ioapic_out out;

	ioapic_set_irq(&w->core, op->place, op->len, asserted, &out);
	compare_sent(w, &out, &sent);
}

static void eoi(struct world *w, uint8_t vector)
{
	struct model_sent sent = model_ioapic_eoi(&w->model, vector);
	struct ioapic_out out;

	ioapic_eoi(&w->core, vector, &out);
	compare_sent(w, &out, &sent);
}

static void restore(struct world *w)
{
	struct model_sent sent = model_ioapic_restore(&w->model);
	struct ioapic_state state;
	struct ioapic_out out;

	ioapic_state_save(&w->core, &state);
	ioapic_reset(&w->core, &w->model.config);
	same(w, "restore", 0, (uint64_t)ioapic_state_restore(&w->core, &state, &out), 0);
	compare_sent(w, &out, &sent);
}

static void release(struct world *w)
{
	struct model_sent sent = model_ioapic_release(&w->model);
	struct ioapic_out out;

	ioapic_release(&w->core, &out);
	compare_sent(w, &out, &sent);
}

static void step(struct world *w, const struct op *op)
{
	switch (op->kind) {
	case OP_REGISTER:
		store(w, 0, 4, op->place);
		store(w, 0x10, 4, op->value);
		break;
	case OP_STORE:
		store(w, op->place, op->len, op->value);
		break;
	case OP_LOAD:
		same(w, "load at", op->place, ioapic_read(&w->core, op->place, op->len),
		     model_ioapic_load(&w->model, op->place, op->len));
		break;
	case OP_LINE:
		line(w, op);
		break;
	case OP_EOI:
		eoi(w, (uint8_t)op->place);
		break;
	case OP_RESTORE:
		restore(w);
		break;
	case OP_RELEASE:
		release(w);
		break;
	}
}

static size_t run(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	struct ioapic_config config = config_of(count > 0 ? words[0] : 0);
	struct world w = { .mismatch = mismatch };

	ioapic_reset(&w.core, &config);
	model_ioapic_reset(&w.model, &config);
	for (size_t i = 1; i < count; i++) {
		struct op op = op_of(words[i]);

		step(&w, &op);
		compare_state(&w);
		if (w.differs)
			return i + 1;
	}
	return 0;
}

static void print(FILE *out, const uint64_t *words, size_t i)
{
	struct ioapic_config config = config_of(words[0]);
	struct op op = op_of(words[i]);
	unsigned long long value = op.value;

	if (i == 0) {
		fprintf(out, "id %u, version 0x%x, 15-bit destinations %d, storms from %u on",
			config.id, config.version, config.ext_dest, config.storm_limit);
		return;
	}
	switch (op.kind) {
	case OP_REGISTER:
		fprintf(out, "register 0x%x = 0x%llx", op.place, value);
		break;
	case OP_STORE:
		fprintf(out, "store %u bytes of 0x%llx at window + 0x%x", op.len, value, op.place);
		break;
	case OP_LOAD:
		fprintf(out, "load %u bytes at window + 0x%x", op.len, op.place);
		break;
	case OP_LINE:
		fprintf(out, "source %u of pin %u %s", op.len, op.place, value ? "rises" : "falls");
		break;
	case OP_EOI:
		fprintf(out, "EOI of vector 0x%x", op.place);
		break;
	case OP_RESTORE:
		fprintf(out, "the state is saved and restored");
		break;
	case OP_RELEASE:
		fprintf(out, "what is held back is released");
		break;
	}
}

const struct subject ioapic_subject = {
	.name = "property_ioapic",
	.run = run,
	.print = print,
};
