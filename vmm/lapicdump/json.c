/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A register page as JSON: every register as a number, and what the fields of some of them say.
 *
 * SDM vol. 3, figures "Local Vector Table (LVT)" and "Interrupt Command Register (ICR)".
 */
#include <jansson.h>

#include "lapic/lapic_names.h"
#include "lapic/lapic_page.h"
#include "vmm/dump_lapic.h"
#include "vmm/lapicdump/lapicdump.h"

/* jansson's functions take a value that is NULL for lack of memory, and say so by their status. */
struct object {
	json_t *json;
	bool failed;
};

static void set(struct object *object, const char *key, json_t *value)
{
	if (json_object_set_new(object->json, key, value))
		object->failed = true;
}

static void set_int(struct object *object, const char *key, uint64_t value)
{
	char text[32];

	if (value <= INT64_MAX) {
		set(object, key, json_integer((json_int_t)value));
		return;
	}
	(void)snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	set(object, key, json_string(text));
}

static void set_bool(struct object *object, const char *key, uint32_t value)
{
	set(object, key, json_boolean(value != 0));
}

static void set_object(struct object *object, const char *key, struct object member)
{
	object->failed |= member.failed;
	set(object, key, member.json);
}

static struct object registers(const uint8_t *page)
{
	struct object all = { .json = json_object() };

	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += sizeof(struct lapic_slot)) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

		if (desc)
			set_int(&all, desc->name, lapic_page_load(page, offset));
	}
	return all;
}

static void set_field(struct object *lvt, enum lapic_lvt_field field, uint32_t value)
{
	const char *key = lapic_lvt_field_name(field);

	switch (field) {
	case LAPIC_FIELD_VECTOR:
		set_int(lvt, key, value);
		break;
	case LAPIC_FIELD_DELIVERY_MODE:
		set(lvt, key, json_string(dump_lapic_mode_name(value)));
		break;
	case LAPIC_FIELD_POLARITY:
		set(lvt, key, json_string(value ? "active-lo" : "active-hi"));
		break;
	case LAPIC_FIELD_TRIGGER_MODE:
		set(lvt, key, json_string(value ? "level" : "edge"));
		break;
	case LAPIC_FIELD_TIMER_MODE:
		set(lvt, key, json_string(dump_lapic_timer_name(value)));
		break;
	case LAPIC_FIELD_DELIVERY_STATUS:
	case LAPIC_FIELD_REMOTE_IRR:
	case LAPIC_FIELD_MASK:
		set_bool(lvt, key, value);
		break;
	}
}

static struct object lvts(const uint8_t *page)
{
	static const uint16_t offsets[] = {
		LAPIC_LVT_CMCI,  LAPIC_LVT_TIMER, LAPIC_LVT_THERMAL, LAPIC_LVT_PMC,
		LAPIC_LVT_LINT0, LAPIC_LVT_LINT1, LAPIC_LVT_ERROR,
	};
	struct object all = { .json = json_object() };

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct object lvt = { .json = json_object() };

		for (uint32_t f = 0; f < LAPIC_LVT_FIELDS; f++) {
			uint32_t value;

			if (lapic_lvt_get(page, offsets[i], (enum lapic_lvt_field)f, &value) ==
			    LAPIC_PAGE_OK)
				set_field(&lvt, (enum lapic_lvt_field)f, value);
		}
		set_object(&all, lapic_reg_desc(offsets[i])->name, lvt);
	}
	return all;
}

static struct object icr(const uint8_t *page, bool x2apic)
{
	static const char *const shorthands[4] = { "none", "self", "all", "all-but-self" };
	uint32_t low = lapic_page_load(page, LAPIC_ICR);
	uint32_t high = lapic_page_load(page, LAPIC_ICR_HIGH);
	uint32_t mode = (low & LAPIC_ICR_MODE) >> LAPIC_ICR_MODE_SHIFT;
	uint32_t shorthand = (low & LAPIC_ICR_SHORTHAND) >> LAPIC_ICR_SHORTHAND_SHIFT;
	struct object all = { .json = json_object() };

	set_int(&all, "vector", low & LAPIC_ICR_VECTOR);
	set(&all, "delivery_mode", json_string(dump_lapic_mode_name(mode)));
	set(&all, "destination_mode",
	    json_string(low & LAPIC_ICR_LOGICAL ? "logical" : "physical"));
	set_bool(&all, "assert", low & LAPIC_ICR_ASSERT);
	set(&all, "trigger_mode", json_string(low & LAPIC_ICR_LEVEL ? "level" : "edge"));
	set(&all, "shorthand", json_string(shorthands[shorthand]));
	set_int(&all, "destination", x2apic ? high : high >> 24);
	return all;
}

/* The vectors in a bitmap, in ascending order. */
static void set_vectors(struct object *to, const char *key, const uint8_t *page, uint32_t bitmap)
{
	json_t *array = json_array();

	for (uint32_t v = 0; v < 256; v++) {
		if (!(lapic_page_load(page, bitmap + v / 32 * 16) >> v % 32 & 1))
			continue;
		if (json_array_append_new(array, json_integer(v)))
			to->failed = true;
	}
	set(to, key, array);
}

static struct object extended(const struct lapic_extended *from)
{
	struct object all = { .json = json_object() };
	json_t *ier = json_array();

	set_int(&all, "control", from->control);
	for (int i = 0; i < 8; i++)
		if (json_array_append_new(ier, json_integer(from->ier[i])))
			all.failed = true;
	set(&all, "ier", ier);
	return all;
}

static struct object state(const struct lapic_state *from)
{
	struct object all = { .json = json_object() };

	set_int(&all, "version", from->version);
	set_int(&all, "base", from->base);
	set_int(&all, "initial_id", from->id);
	if (from->timer_remaining == LAPIC_NEVER)
		set(&all, "timer_remaining_ns", json_null());
	else
		set_int(&all, "timer_remaining_ns", from->timer_remaining);
	set_int(&all, "tsc_deadline", from->tsc_deadline);
	set_int(&all, "esr_pending", from->esr_pending);
	set_int(&all, "events", from->events);
	set_bool(&all, "wait_for_sipi", from->flags & LAPIC_STATE_WAIT_FOR_SIPI);
	set_bool(&all, "lint0", from->flags & LAPIC_STATE_LINT0);
	set_bool(&all, "lint1", from->flags & LAPIC_STATE_LINT1);
	set_int(&all, "lint0_vector", from->lint0_vector);
	if (lapic_page_load(from->page, LAPIC_VERSION) & LAPIC_VERSION_EXTENDED)
		set_object(&all, "extended", extended(&from->extended));
	return all;
}

bool lapicdump_json(FILE *out, const struct lapicdump_input *input)
{
	const uint8_t *page = input->state.page;
	struct object all = { .json = json_object() };
	bool written;

	set(&all, "mode", json_string(lapicdump_mode(input)));
	set_int(&all, "id", lapicdump_id(input));
	set_bool(&all, "software_enabled", lapic_page_load(page, LAPIC_SVR) & LAPIC_SVR_ENABLE);
	set_object(&all, "registers", registers(page));
	set_object(&all, "lvt", lvts(page));
	set_object(&all, "icr", icr(page, input->x2apic));
	set_vectors(&all, "isr", page, LAPIC_ISR);
	set_vectors(&all, "irr", page, LAPIC_IRR);
	set_vectors(&all, "level", page, LAPIC_TMR);
	if (input->is_state)
		set_object(&all, "state", state(&input->state));
	written = !all.failed && json_dumpf(all.json, out, JSON_INDENT(2)) == 0;
	json_decref(all.json);
	return written && fputc('\n', out) != EOF && fflush(out) == 0;
}
