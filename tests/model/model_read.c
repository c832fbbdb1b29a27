/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's remote read: the ICR's mode 3 asks another APIC for a register, whose number
 * is the vector and whose value comes into RRD (D59).
 *
 * Intel 82489DX datasheet, "Remote Read"; SDM vol. 3, "Interrupt Command Register (ICR)".
 */
#include "tests/model/model_lapic.h"

bool model_is_read(const struct model_apic *m, const struct apic_msg *msg)
{
	return msg->mode == APIC_MODE_REMOTE_READ && m->config.remote_read &&
	       m->mode == MODEL_XAPIC;
}

void model_read_begins(struct model_apic *m, const struct apic_msg *msg)
{
	m->read_status = MODEL_READ_IN_PROGRESS;
	m->read_command = *msg;
}

void model_read_failed(struct model_apic *m)
{
	m->read_status = MODEL_READ_INVALID;
}

bool model_post_read(struct model_inbox *target, uint32_t from, const struct apic_msg *msg,
		     bool *first)
{
	*first = target->empty;
	if (target->asked)
		return false;
	target->asked = true;
	target->reader = from;
	target->question = *msg;
	target->empty = false;
	return true;
}

/*
 * The target answers by itself, and nothing happens to it. What it does not let be read is invalid.
 */
struct model_answer model_answer_read(struct model_apic *m, struct model_inbox *own, uint64_t now)
{
	struct model_answer answer = { .there = true, .command = own->question };
	uint32_t offset = own->question.vector * 16u;
	struct model_apic copy = *m;
	uint64_t value = 0;

	own->asked = false;
	answer.valid = !model_is_ext(m, offset) && model_is_readable(&copy, offset);
	if (answer.valid)
		model_load(&copy, offset, now, &value);
	answer.value = (uint32_t)value;
	return answer;
}

bool model_post_answer(struct model_inbox *reader, const struct model_answer *answer)
{
	bool first = reader->empty;

	reader->answer = *answer;
	reader->empty = false;
	return first;
}

static bool is_same_read(const struct apic_msg *x, const struct apic_msg *y)
{
	return x->vector == y->vector && x->dest == y->dest && x->logical == y->logical;
}

/* An answer to anything but the last read is nobody's. */
void model_take_answer(struct model_apic *m, const struct model_answer *answer)
{
	if (!answer->there || m->read_status != MODEL_READ_IN_PROGRESS ||
	    !is_same_read(&answer->command, &m->read_command))
		return;
	m->read_status = answer->valid ? MODEL_READ_VALID : MODEL_READ_INVALID;
	if (answer->valid)
		m->rrd = answer->value;
}
