/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Remote read: one APIC reads a register of another one into RRD, as those older than the Pentium 4
 * could. Intel 82489DX datasheet, "Remote Read"; SDM vol. 3, "Interrupt Command Register (ICR)".
 *
 * The target answers when it drains its inbox, so the sender sees "in progress" until then, and
 * "valid" or "invalid" after the answer has come back through its own inbox (D59).
 */
#include "lapic/lapic_inbox.h"
#include "lapic/lapic_priv.h"

#define IN_USE            (UINT64_C(1) << 63)
#define VALID             (UINT64_C(1) << 62)
#define KEY_SHIFT         32 /* of both; below are the sender, and the value */
#define KEY_LOGICAL_SHIFT 8
#define KEY_DEST_SHIFT    9
#define KEY_BITS          0x1ffffu

/* What a read is known by: the register, and the destination as it was written. */
static uint32_t key_of(const struct apic_msg *msg)
{
	return msg->vector | (uint32_t)msg->logical << KEY_LOGICAL_SHIFT |
	       (msg->dest & 0xff) << KEY_DEST_SHIFT;
}

static uint32_t key_in(uint64_t word)
{
	return (uint32_t)(word >> KEY_SHIFT) & KEY_BITS;
}

void lapic_read_begins(struct lapic *a, const struct apic_msg *msg)
{
	a->regs.icr.reg |= LAPIC_ICR_READ_PENDING;
	a->reading = key_of(msg);
}

bool lapic_post_read(struct lapic_inbox *target, uint32_t from, const struct apic_msg *msg,
		     bool *kick)
{
	uint64_t request = IN_USE | (uint64_t)key_of(msg) << KEY_SHIFT | from;
	uint64_t none = 0;

	*kick = false;
	if (!atomic_compare_exchange_strong(&target->read, &none, request))
		return false;
	*kick = lapic_set_events(target, LAPIC_EVENT_READ);
	return true;
}

void lapic_read_failed(struct lapic *a)
{
	a->regs.icr.reg &= ~LAPIC_ICR_READ_STATUS;
}

bool lapic_answer_read(const struct lapic *a, struct lapic_inbox *own, uint64_t now, uint32_t *from,
		       uint64_t *answer)
{
	uint64_t request = atomic_exchange(&own->read, 0);
	uint32_t key = key_in(request);
	const struct lapic_row *row = lapic_row(a, (key & UINT8_MAX) * sizeof(struct lapic_slot));

	if (!(request & IN_USE))
		return false;
	*from = (uint32_t)request;
	*answer = IN_USE | (uint64_t)key << KEY_SHIFT;
	if (lapic_enabled(a) && row && row->desc.access & LAPIC_ACCESS_XAPIC_READ)
		*answer |= VALID | (uint32_t)lapic_load(a, row, now);
	return true;
}

bool lapic_post_answer(struct lapic_inbox *sender, uint64_t answer)
{
	atomic_store(&sender->answer, answer);
	return lapic_set_events(sender, LAPIC_EVENT_ANSWER);
}

/*
 * An answer that nobody waits for any more, because of an INIT or a newer read, is dropped.
 * Commands of other kinds leave a read in progress: delivery status never holds software up (D24).
 */
void lapic_take_answer(struct lapic *a, uint64_t answer)
{
	uint32_t *icr = &a->regs.icr.reg;

	if (!(*icr & LAPIC_ICR_READ_PENDING) || a->reading != key_in(answer))
		return;
	*icr &= ~LAPIC_ICR_READ_STATUS;
	if (!(answer & VALID))
		return;
	*icr |= LAPIC_ICR_READ_VALID;
	a->regs.rrd.reg = (uint32_t)answer;
}

/*
 * The command that is under way is the ICR's; where that is another one by now, nobody will answer.
 */
void lapic_read_restore(struct lapic *a)
{
	struct apic_msg msg = lapic_icr_message(a);

	if (!(a->regs.icr.reg & LAPIC_ICR_READ_PENDING))
		return;
	a->reading = key_of(&msg);
	if (msg.mode != APIC_MODE_REMOTE_READ)
		lapic_read_failed(a);
}
