/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on a function's MSI-X, decoded from the words of a program, carried out and compared.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".
 */
#include "tests/property/msix_world.h"

#include "ioapic/msix.h"
#include "tests/model/model_msix.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum op_kind {
	OP_CONTROL,
	OP_STORE, /* to the table, anywhere, of any width */
	OP_LOAD,
	OP_LOAD_PENDING,
	OP_RAISE,
	OP_CLEAR,
	OP_HOLD,
};

struct op {
	enum op_kind kind;
	uint64_t place; /* offset or vector */
	uint32_t len;
	uint64_t value;
};

struct world {
	struct msix core;
	struct model_msix model;
	bool differs;
	char *mismatch;
};

/* Few vectors mostly; the last two are clamped by libioapic. */
static uint32_t vectors_of(uint64_t word)
{
	static const uint8_t usual[] = { 1, 2, 2, 3, 3, 4, 4, 5, 8, 9, 17, 33, 63, 64, 65, 0 };

	return usual[word_byte(word, 0) % COUNT(usual)];
}

static uint32_t clamped(uint32_t vectors)
{
	if (vectors == 0)
		return 1;
	return vectors > MODEL_MSIX_VECTORS ? MODEL_MSIX_VECTORS : vectors;
}

static enum op_kind kind_of(uint8_t byte)
{
	static const enum op_kind shares[] = { OP_CONTROL, OP_STORE, OP_STORE,   OP_STORE,
					       OP_STORE,   OP_RAISE, OP_RAISE,   OP_RAISE,
					       OP_RAISE,   OP_CLEAR, OP_STORE,   OP_HOLD,
					       OP_LOAD,    OP_RAISE, OP_CONTROL, OP_LOAD_PENDING };

	return shares[byte % COUNT(shares)];
}

/* Mostly a whole field of an entry that exists, often its mask. */
static void fill_store(struct op *op, uint8_t place, uint8_t salt, uint32_t value, uint32_t vectors)
{
	uint32_t field = salt % 2 == 0 ? 12 : salt / 2 % 4 * 4u;

	op->place = place % (vectors + 1) * 16 + field;
	op->len = 4;
	op->value = field == 12 && salt % 4 == 0 ? value % 2 : value;
	if (salt >= 192) {
		op->len = 8;
		op->place -= op->place % 8;
		op->value = (uint64_t)(value % 3) << 32 | value;
	} else if (salt >= 176) {
		op->len = 1u << salt % 4;
		op->place = (place * 256u + salt) % (vectors * 16 + 24);
	}
}

static struct op op_of(uint64_t word, uint32_t vectors)
{
	uint8_t place = word_byte(word, 1);
	uint8_t salt = word_byte(word, 2);
	uint32_t value = word_value(word);
	struct op op = { .kind = kind_of(word_byte(word, 0)) };

	op.place = salt == 0 ? value : place % (vectors + 1);
	switch (op.kind) {
	case OP_CONTROL: /* mostly enabled */
		op.value = (value & 0x7fff) | (salt % 8 ? 0x8000 : 0);
		if (salt % 4 != 0)
			op.value &= ~UINT64_C(0x4000);
		break;
	case OP_STORE:
		fill_store(&op, place, salt, value, vectors);
		break;
	case OP_LOAD:
		op.len = 1 + salt % 8;
		op.place = value % (vectors * 16 + 32);
		break;
	case OP_LOAD_PENDING:
		op.len = 1 + salt % 8;
		op.place = value % 12;
		break;
	case OP_HOLD:
		op.value = salt % 4 == 0;
		break;
	case OP_RAISE:
	case OP_CLEAR:
		break;
	}
	return op;
}

static void same(struct world *w, const char *what, uint64_t core, uint64_t model)
{
	if (core == model || w->differs)
		return;
	w->differs = true;
	snprintf(w->mismatch, MISMATCH_SIZE, "%s: libioapic 0x%llx, specification 0x%llx", what,
		 (unsigned long long)core, (unsigned long long)model);
}

/* Those messages and no others, as the entries have them now. */
static void compare_sent(struct world *w, const struct msix_out *out,
			 const struct model_msix_sent *sent)
{
	same(w, "messages", out->count, sent->count);
	for (uint32_t i = 0; i < sent->count && !w->differs; i++) {
		const struct model_msix_entry *e = &w->model.entry[sent->vector[i]];

		same(w, "address of a message", out->msg[i].address, e->address);
		same(w, "data of a message", out->msg[i].data, e->data);
	}
}

static uint64_t model_load(const struct world *w, const struct op *op)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < op->len; i++) {
		uint64_t byte = op->kind == OP_LOAD
					? model_msix_table_byte(&w->model, op->place + i)
					: model_msix_pba_byte(&w->model, op->place + i);

		value += byte << 8 * i;
	}
	return value;
}

static void step(struct world *w, const struct op *op)
{
	struct msix_out out = { .count = 0 };
	struct model_msix_sent sent = { .count = 0 };

	switch (op->kind) {
	case OP_CONTROL:
		msix_control_write(&w->core, (uint16_t)op->value, &out);
		sent = model_msix_control_write(&w->model, (uint16_t)op->value);
		break;
	case OP_STORE:
		msix_table_write(&w->core, op->place, op->len, op->value, &out);
		sent = model_msix_table_write(&w->model, op->place, op->len, op->value);
		break;
	case OP_LOAD:
		same(w, "value", msix_table_read(&w->core, op->place, op->len), model_load(w, op));
		break;
	case OP_LOAD_PENDING:
		same(w, "value", msix_pba_read(&w->core, op->place, op->len), model_load(w, op));
		break;
	case OP_RAISE:
		msix_raise(&w->core, (uint32_t)op->place, &out);
		sent = model_msix_raise(&w->model, (uint32_t)op->place);
		break;
	case OP_CLEAR:
		msix_clear(&w->core, (uint32_t)op->place);
		model_msix_clear(&w->model, (uint32_t)op->place);
		break;
	case OP_HOLD:
		msix_hold(&w->core, op->value != 0, &out);
		sent = model_msix_hold(&w->model, op->value != 0);
		break;
	}
	compare_sent(w, &out, &sent);
}

static void compare_state(struct world *w)
{
	struct op load = { .kind = OP_LOAD_PENDING, .len = MSIX_PBA_SIZE };

	same(w, "Message Control", msix_control_read(&w->core), model_msix_control(&w->model));
	same(w, "pending bits", msix_pba_read(&w->core, 0, MSIX_PBA_SIZE), model_load(w, &load));
	load.kind = OP_LOAD;
	for (; load.place < w->model.vectors * 16 && !w->differs; load.place += 8)
		same(w, load.place % 16 ? "data and control" : "address",
		     msix_table_read(&w->core, load.place, 8), model_load(w, &load));
}

static size_t run(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	uint32_t vectors = vectors_of(count > 0 ? words[0] : 0);
	struct world w = { .mismatch = mismatch };
	size_t done;

	msix_reset(&w.core, vectors);
	model_msix_reset(&w.model, clamped(vectors));
	compare_state(&w);
	for (done = 1; done < count && !w.differs; done++) {
		struct op op = op_of(words[done], w.model.vectors);

		step(&w, &op);
		compare_state(&w);
	}
	return w.differs ? done : 0;
}

static void print(FILE *out, const uint64_t *words, size_t i)
{
	static const char *const verbs[] = {
		[OP_CONTROL] = "Message Control =",
		[OP_STORE] = "store",
		[OP_LOAD] = "load",
		[OP_LOAD_PENDING] = "load of the pending bits,",
		[OP_RAISE] = "cause for vector",
		[OP_CLEAR] = "no more cause for vector",
		[OP_HOLD] = "held =",
	};
	struct op op = op_of(words[i], clamped(vectors_of(words[0])));
	unsigned long long place = op.place;
	unsigned long long value = op.value;

	if (i == 0)
		fprintf(out, "MSI-X of %u vectors", vectors_of(words[0]));
	else if (op.kind == OP_CONTROL || op.kind == OP_HOLD)
		fprintf(out, "%s 0x%llx", verbs[op.kind], value);
	else if (op.kind == OP_RAISE || op.kind == OP_CLEAR)
		fprintf(out, "%s %llu", verbs[op.kind], place);
	else
		fprintf(out, "%s %u bytes at 0x%llx (value 0x%llx)", verbs[op.kind], op.len, place,
			value);
}

const struct subject msix_subject = {
	.name = "property_msix",
	.run = run,
	.print = print,
};
