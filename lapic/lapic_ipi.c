/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending: ICR and SELF_IPI become a message, an interrupt for this CPU, an error, or nothing.
 *
 * SDM vol. 3, "Issuing Interprocessor Interrupts", table "Valid Combinations for the Pentium 4 and
 * Intel Xeon Processors' Local xAPIC Interrupt Command Register", "Error Handling".
 */
#include "lapic/lapic_priv.h"

struct apic_msg lapic_icr_message(const struct lapic *a)
{
	uint32_t icr = a->regs.icr.reg;
	uint32_t high = a->regs.icr_high.reg;

	return (struct apic_msg){
		.dest = lapic_x2apic(a) ? high : high >> 24,
		.vector = (uint8_t)(icr & LAPIC_ICR_VECTOR),
		.mode = (enum apic_delivery_mode)((icr & LAPIC_ICR_MODE) >> LAPIC_ICR_MODE_SHIFT),
		.shorthand = (enum apic_shorthand)((icr & LAPIC_ICR_SHORTHAND) >>
						   LAPIC_ICR_SHORTHAND_SHIFT),
		.logical = (icr & LAPIC_ICR_LOGICAL) != 0,
		.level_trigger = (icr & LAPIC_ICR_LEVEL) != 0,
		.asserted = (icr & LAPIC_ICR_ASSERT) != 0,
	};
}

/* The error that sending msg is, or 0. Modes other than these two do not use a vector (R49). */
static uint32_t send_error(const struct lapic *a, const struct apic_msg *msg)
{
	if (msg->mode == APIC_MODE_LOWEST_PRIORITY && !a->config.lowest_priority)
		return LAPIC_ESR_REDIRECTABLE_IPI; /* in place of the vector's (R51, D12) */
	if ((msg->mode == APIC_MODE_FIXED || msg->mode == APIC_MODE_LOWEST_PRIORITY) &&
	    msg->vector < LAPIC_FIRST_VECTOR)
		return LAPIC_ESR_SEND_ILLEGAL; /* R46 */
	return 0;
}

static bool is_remote_read(const struct lapic *a, const struct apic_msg *msg)
{
	return msg->mode == APIC_MODE_REMOTE_READ && a->config.remote_read && !lapic_x2apic(a);
}

static bool is_valid(const struct lapic *a, const struct apic_msg *msg)
{
	if (msg->mode == APIC_MODE_REMOTE_READ)
		return is_remote_read(a, msg) && msg->shorthand == APIC_SHORTHAND_NONE; /* R85 */
	if (msg->mode == APIC_MODE_EXTINT)
		return false; /* R85 */
	if (msg->shorthand == APIC_SHORTHAND_SELF || msg->shorthand == APIC_SHORTHAND_ALL)
		return msg->mode == APIC_MODE_FIXED; /* R81 */
	return true;
}

void lapic_icr_command(struct lapic *a, struct lapic_effect *effect)
{
	struct apic_msg msg = lapic_icr_message(a);
	uint32_t error;

	/* A de-assert is the INIT level de-assert of old or means nothing (R83, R84, D13). */
	if (msg.level_trigger && !msg.asserted)
		return;
	error = send_error(a, &msg);
	if (error) {
		lapic_error(a, error);
		return;
	}
	if (is_remote_read(a, &msg))
		a->regs.icr.reg &= ~LAPIC_ICR_READ_STATUS;
	if (!is_valid(a, &msg))
		return;
	if (msg.mode == APIC_MODE_REMOTE_READ)
		lapic_read_begins(a, &msg);
	if (msg.shorthand == APIC_SHORTHAND_SELF) {
		lapic_accept(a, msg.vector, false);
		return;
	}
	/* What is sent is an edge, whatever the trigger and level bits say (R83, R84, D13). */
	msg.level_trigger = false;
	msg.asserted = true;
	effect->kind = LAPIC_EFFECT_MSG;
	effect->msg = msg;
}

/* SDM "SELF IPI Register". */
void lapic_self_ipi(struct lapic *a, uint8_t vector)
{
	if (vector < LAPIC_FIRST_VECTOR)
		lapic_error(a, LAPIC_ESR_SEND_ILLEGAL);
	else
		lapic_accept(a, vector, false);
}
