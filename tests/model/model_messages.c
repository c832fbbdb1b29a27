/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's interrupt messages: the ICR's commands, whom a message names, how it arrives.
 *
 * SDM vol. 3, "Interrupt Command Register (ICR)", "Determining IPI Destination", "Logical
 * Destination Mode in x2APIC Mode", "SELF IPI Register", "MP Initialization Protocol Algorithm".
 */
#include "tests/model/model_lapic.h"

static bool has_vector(enum apic_delivery_mode mode)
{
	return mode == APIC_MODE_FIXED || mode == APIC_MODE_LOWEST_PRIORITY;
}

/* ICR has no ExtINT and no reserved modes (R85); the de-assert of a level is not sent (D13). */
static bool is_command(const struct model_apic *m, const struct apic_msg *msg, bool deassert)
{
	bool reserved = msg->mode == APIC_MODE_RESERVED && !model_is_read(m, msg);

	return !reserved && msg->mode != APIC_MODE_EXTINT && !deassert;
}

/*
 * "Valid Combinations for the Pentium 4 and Intel Xeon Processors' Local xAPIC Interrupt Command
 * Register": to itself a CPU sends fixed interrupts only.
 */
static bool is_valid(const struct apic_msg *msg)
{
	bool to_self = msg->shorthand == APIC_SHORTHAND_SELF ||
		       msg->shorthand == APIC_SHORTHAND_ALL;

	return !to_self || msg->mode == APIC_MODE_FIXED;
}

void model_self_ipi(struct model_apic *m, uint8_t vector)
{
	if (vector < 16)
		model_error(m, MODEL_SEND_ILLEGAL_VECTOR);
	else
		model_accept(m, vector, false);
}

/* ICR has been written. Levels are sent as edges (D13). */
void model_command(struct model_apic *m, struct model_result *result)
{
	bool level = (m->icr & 0x8000) != 0;
	bool asserted = (m->icr & 0x4000) != 0;
	struct apic_msg msg = {
		.dest = m->icr_dest,
		.vector = (uint8_t)(m->icr % 256),
		.mode = (enum apic_delivery_mode)((m->icr >> 8) % 8),
		.shorthand = (enum apic_shorthand)((m->icr >> 18) % 4),
		.logical = (m->icr & 0x800) != 0,
		.level_trigger = false,
		.asserted = true,
	};

	if (!is_command(m, &msg, level && !asserted))
		return;
	if (model_is_read(m, &msg)) {
		model_read_failed(m);
		if (msg.shorthand != APIC_SHORTHAND_NONE)
			return;
		model_read_begins(m, &msg);
	}
	if (msg.mode == APIC_MODE_LOWEST_PRIORITY && !m->config.lowest_priority) {
		model_error(m, MODEL_REDIRECTABLE_IPI);
	} else if (has_vector(msg.mode) && msg.vector < 16) {
		model_error(m, MODEL_SEND_ILLEGAL_VECTOR);
	} else if (is_valid(&msg) && msg.shorthand == APIC_SHORTHAND_SELF) {
		model_accept(m, msg.vector, false);
	} else if (is_valid(&msg)) {
		result->kind = LAPIC_EFFECT_MSG;
		result->msg = msg;
	}
}

static bool physical_match(const struct model_apic *m, uint32_t dest)
{
	if (dest == 0xffffffff)
		return true;
	if (m->mode == MODEL_X2APIC)
		return dest == m->config.id; /* D15 */
	return dest == 0xff || dest == m->xapic_id;
}

static bool xapic_logical_match(const struct model_apic *m, uint32_t dest)
{
	bool flat = m->dfr_model == 0xf;
	bool cluster = m->dfr_model == 0;

	if (!flat && !cluster) /* D14 */
		return false;
	if (dest == 0xff || dest == 0xffffffff)
		return true;
	if (dest > 0xff)
		return false;
	if (flat)
		return (dest & m->logical_id) != 0;
	return (dest / 16 == 0xf || dest / 16 == m->logical_id / 16) &&
	       (dest & m->logical_id & 0xf) != 0;
}

static bool x2apic_logical_match(const struct model_apic *m, uint32_t dest)
{
	if (dest == 0xffffffff)
		return true;
	return dest / 0x10000 == m->config.id / 16 && (dest >> m->config.id % 16) % 2 != 0;
}

bool model_named(const struct model_apic *m, int cpu, int from, const struct apic_msg *msg)
{
	if (m->mode == MODEL_OFF)
		return false;
	switch (msg->shorthand) {
	case APIC_SHORTHAND_SELF:
		return cpu == from;
	case APIC_SHORTHAND_ALL:
		return true;
	case APIC_SHORTHAND_OTHERS:
		return cpu != from;
	case APIC_SHORTHAND_NONE:
		break;
	}
	if (!msg->logical)
		return physical_match(m, msg->dest);
	return m->mode == MODEL_X2APIC ? x2apic_logical_match(m, msg->dest)
				       : xapic_logical_match(m, msg->dest);
}

/* One NMI in service and one latched: further ones are lost (R134). */
static uint8_t at_most_two(int nmis)
{
	return (uint8_t)(nmis > 2 ? 2 : nmis);
}

/*
 * An INIT voids the events before it (R127); of two SIPIs the first counts (D16). True: it is the
 * first that is posted since the last drain, so the CPU needs a kick.
 */
bool model_post(struct model_inbox *inbox, const struct apic_msg *msg)
{
	struct model_events *events = &inbox->events;
	bool first = inbox->empty;

	if (msg->level_trigger && !msg->asserted) /* D13 */
		return false;
	switch (msg->mode) {
	case APIC_MODE_FIXED:
	case APIC_MODE_LOWEST_PRIORITY:
		inbox->vector[msg->vector] = true;
		inbox->level[msg->vector] = msg->level_trigger;
		break;
	case APIC_MODE_SMI:
		events->smi = true;
		break;
	case APIC_MODE_NMI:
		events->nmis = at_most_two(events->nmis + 1);
		break;
	case APIC_MODE_INIT:
		*events = (struct model_events){ .init = true };
		break;
	case APIC_MODE_SIPI:
		if (!events->sipi)
			events->sipi_vector = msg->vector;
		events->sipi = true;
		break;
	case APIC_MODE_EXTINT:
		events->extint = true;
		break;
	case APIC_MODE_RESERVED:
		return false;
	}
	inbox->empty = false;
	return first;
}

/* Vectors that come together with an INIT are lost in its reset (R2). */
struct model_events model_drain(struct model_apic *m, struct model_inbox *inbox)
{
	struct model_events events = inbox->events;

	for (int v = 0; v < 256 && !events.init; v++) {
		if (inbox->vector[v])
			model_accept(m, (uint8_t)v, inbox->level[v]);
	}
	events.nmis = at_most_two(events.nmis + m->events.nmis);
	events.smi = events.smi || m->events.smi;
	events.init = events.init || m->events.init;
	m->events = (struct model_events){ 0 };
	model_take_answer(m, &inbox->answer);
	*inbox = (struct model_inbox){
		.empty = true,
		.asked = inbox->asked,
		.reader = inbox->reader,
		.question = inbox->question,
	};
	return events;
}
