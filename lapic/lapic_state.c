/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saving and restoring a local APIC.
 *
 * SDM vol. 3, "Local APIC State", "Local APIC State After It Has Been Software Disabled".
 *
 * Restoring starts from the power-up state and takes over one register after the other, each cut to
 * what it can hold: what is not taken over cannot be wrong.
 */
#include "lapic/lapic_inbox.h"
#include "lapic/lapic_page.h"
#include "lapic/lapic_priv.h"
#include "lapic/lapic_state.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a state is used as it lies in memory");

#define VERSION_1      1u
#define VERSION_1_SIZE offsetof(struct lapic_state, extended)

#define FLAGS (LAPIC_STATE_WAIT_FOR_SIPI | LAPIC_STATE_LINT0 | LAPIC_STATE_LINT1)

#define EVENTS (LAPIC_EVENT_NMI | LAPIC_EVENT_SMI | LAPIC_EVENT_INIT)

#define ERRORS                                                                          \
	(LAPIC_ESR_REDIRECTABLE_IPI | LAPIC_ESR_SEND_ILLEGAL | LAPIC_ESR_RECV_ILLEGAL | \
	 LAPIC_ESR_ILLEGAL_REGISTER)

const char *lapic_state_strerror(enum lapic_state_error error)
{
	switch (error) {
	case LAPIC_STATE_OK:
		return "no error";
	case LAPIC_STATE_TRUNCATED:
		return "the local APIC's state is truncated";
	case LAPIC_STATE_BAD_MAGIC:
		return "this is no state of a local APIC";
	case LAPIC_STATE_BAD_VERSION:
		return "the local APIC's state is of another version";
	case LAPIC_STATE_BAD_SIZE:
		return "the local APIC's state has another size than its version says";
	case LAPIC_STATE_BAD_RESERVED:
		return "a reserved field of the local APIC's state is not 0";
	case LAPIC_STATE_BAD_BASE:
		return "IA32_APIC_BASE has a value that it cannot have on this CPU";
	case LAPIC_STATE_BAD_ID:
		return "the local APIC's state belongs to a CPU with another id";
	case LAPIC_STATE_NO_X2APIC:
		return "the local APIC is in x2APIC mode, which this CPU does not offer";
	case LAPIC_STATE_NO_TSC_DEADLINE:
		return "the timer is in TSC-deadline mode, which this CPU does not offer";
	case LAPIC_STATE_NO_EXTENDED:
		return "AMD's extended registers are in use, which this CPU does not offer";
	case LAPIC_STATE_LOST_EXTENDED:
		return "the state is of version 1, which has lost AMD's extended registers";
	case LAPIC_STATE_ID_TOO_LARGE:
		return "the APIC id does not fit in 8 bits, and 32-bit ids are off";
	}
	return "unknown error";
}

/* ---- saving ---------------------------------------------------------------------------------- */

static bool in_deadline_mode(uint32_t lvt_timer)
{
	return (lvt_timer & LAPIC_LVT_TIMER_MODE) == (uint32_t)LAPIC_TIMER_TSC_DEADLINE
							     << LAPIC_LVT_TIMER_SHIFT;
}

void lapic_state_save(const struct lapic *a, uint64_t now, struct lapic_state *state)
{
	struct lapic then = *a;
	bool deadline_mode = in_deadline_mode(a->regs.lvt_timer.reg);

	if (!deadline_mode)
		lapic_expire(&then, now);
	then.regs.timer_ccr.reg = lapic_timer_count(&then, now);
	*state = (struct lapic_state){
		.magic = LAPIC_STATE_MAGIC,
		.version = LAPIC_STATE_VERSION,
		.size = sizeof(*state),
		.flags = (a->wait_for_sipi ? LAPIC_STATE_WAIT_FOR_SIPI : 0) |
			 (a->lint_level[LAPIC_LINT0] ? LAPIC_STATE_LINT0 : 0) |
			 (a->lint_level[LAPIC_LINT1] ? LAPIC_STATE_LINT1 : 0),
		.base = a->base,
		.timer_remaining = LAPIC_NEVER,
		.tsc_deadline = a->timer.tsc_deadline,
		.id = a->config.id,
		.esr_pending = then.esr_pending,
		.events = a->events,
		.extended = a->extended,
	};
	if (a->regs.lvt_lint0.reg & LAPIC_LVT_REMOTE_IRR)
		state->lint0_vector = a->lint0_vector;
	if (!deadline_mode && then.timer.deadline != LAPIC_NEVER)
		state->timer_remaining = then.timer.deadline - now;
	__builtin_memcpy(state->page, &then.regs, sizeof(state->page));
}

/* ---- checking -------------------------------------------------------------------------------- */

enum lapic_state_error lapic_state_check(const struct lapic_state *state)
{
	if (state->magic != LAPIC_STATE_MAGIC)
		return LAPIC_STATE_BAD_MAGIC;
	if (state->version != LAPIC_STATE_VERSION)
		return LAPIC_STATE_BAD_VERSION;
	if (state->size != sizeof(*state))
		return LAPIC_STATE_BAD_SIZE;
	if (state->flags & ~FLAGS || state->events & ~EVENTS || state->esr_pending & ~ERRORS ||
	    state->lint0_vector > UINT8_MAX || state->extended.control & ~LAPIC_EXT_CONTROL_BITS ||
	    state->reserved != 0)
		return LAPIC_STATE_BAD_RESERVED;
	if ((state->base & LAPIC_BASE_EXTD) && !(state->base & LAPIC_BASE_EN))
		return LAPIC_STATE_BAD_BASE; /* R14 */
	return LAPIC_STATE_OK;
}

/* It ended with the page, and what is lint0_vector now was reserved. */
static enum lapic_state_error from_version_1(struct lapic_state *state)
{
	if (state->size != VERSION_1_SIZE)
		return LAPIC_STATE_BAD_SIZE;
	if (state->lint0_vector != 0)
		return LAPIC_STATE_BAD_RESERVED;
	if (lapic_page_load(state->page, LAPIC_VERSION) & LAPIC_VERSION_EXTENDED)
		return LAPIC_STATE_LOST_EXTENDED;
	state->version = LAPIC_STATE_VERSION;
	state->size = sizeof(*state);
	lapic_ext_reset(&state->extended);
	state->reserved = 0;
	return LAPIC_STATE_OK;
}

enum lapic_state_error lapic_state_from_bytes(struct lapic_state *state, const void *bytes,
					      size_t size)
{
	struct lapic_state copy = { .magic = 0 };
	enum lapic_state_error error = LAPIC_STATE_OK;
	size_t whole = sizeof(copy);

	if (size < VERSION_1_SIZE)
		return LAPIC_STATE_TRUNCATED;
	__builtin_memcpy(&copy, bytes, size < sizeof(copy) ? size : sizeof(copy));
	if (copy.magic == LAPIC_STATE_MAGIC && copy.version == VERSION_1) {
		whole = VERSION_1_SIZE;
		error = from_version_1(&copy);
	}
	if (size < whole)
		return LAPIC_STATE_TRUNCATED;
	if (error == LAPIC_STATE_OK)
		error = lapic_state_check(&copy);
	if (error == LAPIC_STATE_OK && size > whole)
		error = LAPIC_STATE_BAD_SIZE;
	if (error == LAPIC_STATE_OK)
		*state = copy;
	return error;
}

/* Can the CPU of *config have this state? */
static enum lapic_state_error check_config(const struct lapic_state *state,
					   const struct lapic_config *config)
{
	uint64_t address = ((UINT64_C(1) << config->maxphyaddr) - 1) & ~UINT64_C(0xfff);
	uint64_t modes = LAPIC_BASE_BSP | LAPIC_BASE_EN | LAPIC_BASE_EXTD;
	bool x2apic = (state->base & LAPIC_BASE_EXTD) != 0;

	if (state->base & ~(address | modes))
		return LAPIC_STATE_BAD_BASE; /* R17 */
	if (state->id != config->id)
		return LAPIC_STATE_BAD_ID;
	if (x2apic && !config->x2apic)
		return LAPIC_STATE_NO_X2APIC;
	if (x2apic && lapic_page_load(state->page, LAPIC_ID) != config->id)
		return LAPIC_STATE_BAD_ID;
	if (!config->tsc_deadline &&
	    in_deadline_mode(lapic_page_load(state->page, LAPIC_LVT_TIMER)))
		return LAPIC_STATE_NO_TSC_DEADLINE;
	if (!config->extended && !lapic_ext_is_reset(&state->extended))
		return LAPIC_STATE_NO_EXTENDED;
	return LAPIC_STATE_OK;
}

/* ---- restoring ------------------------------------------------------------------------------- */

/* What was read stays until the next command, as its status does (D59). */
static bool can_read_remotely(const struct lapic *a)
{
	return a->config.remote_read && !lapic_x2apic(a);
}

/* What software can have put into a register, or the APIC itself into one that is not computed. */
static uint32_t held_bits(const struct lapic *a, const struct lapic_reg_desc *desc)
{
	uint32_t writable = lapic_row_writable(a, lapic_row_at(desc->offset));

	if (desc->offset >= LAPIC_ISR && desc->offset < LAPIC_ESR)
		return desc->offset % 0x80 == 0 ? UINT32_MAX << LAPIC_FIRST_VECTOR : UINT32_MAX;
	switch (desc->offset) {
	case LAPIC_ESR:
		return ERRORS;
	case LAPIC_LVT_CMCI:
		return a->config.cmci ? writable : 0;
	case LAPIC_LVT_LINT0:
		return writable | LAPIC_LVT_REMOTE_IRR;
	case LAPIC_ICR:
		return can_read_remotely(a) ? writable | LAPIC_ICR_READ_STATUS : writable;
	case LAPIC_RRD:
		return can_read_remotely(a) ? UINT32_MAX : 0;
	case LAPIC_ICR_HIGH:
		return lapic_x2apic(a) ? UINT32_MAX : writable;
	case LAPIC_ID:
	case LAPIC_LDR:
		return lapic_x2apic(a) ? 0 : writable;
	default:
		return writable;
	}
}

/*
 * LINT0 of the BSP as firmware leaves it: it comes up like that, and stays so until software writes
 * it or sets SVR, so this one entry is unmasked in an APIC that was never software-enabled (R1,
 * D44).
 */
static bool is_firmware_lint0(const struct lapic *a)
{
	return a->config.bsp && a->config.lint0_extint &&
	       a->regs.lvt_lint0.reg == (uint32_t)APIC_MODE_EXTINT << LAPIC_LVT_MODE_SHIFT;
}

/* *a is powered up and in the mode of the state, which is not the hardware-disabled one. */
static void restore_regs(struct lapic *a, const uint8_t page[LAPIC_REGS_SIZE])
{
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += sizeof(struct lapic_slot)) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);
		uint32_t *reg = &lapic_slot(a, offset)->reg;
		uint32_t held = desc ? held_bits(a, desc) : 0;

		*reg = (*reg & ~held) | (lapic_page_load(page, offset) & held);
	}
	lapic_tpr_write(a, a->regs.tpr.reg); /* PPR */
	lapic_read_restore(a);
	if (!lapic_software_enabled(a)) {
		bool extint = is_firmware_lint0(a);

		lapic_lvt_mask_all(a); /* R6 */
		if (extint)
			a->regs.lvt_lint0.reg &= ~LAPIC_LVT_MASKED;
	}
}

enum lapic_state_error lapic_state_restore(struct lapic *a, const struct lapic_state *state,
					   uint64_t guest_tsc, uint64_t now)
{
	enum lapic_state_error error = lapic_state_check(state);
	struct lapic next;

	if (error == LAPIC_STATE_OK)
		error = check_config(state, &a->config);
	if (error != LAPIC_STATE_OK)
		return error;
	lapic_power_up(&next, &a->config);
	next.counters = a->counters;
	next.events = state->events;
	next.wait_for_sipi = !next.config.bsp &&
			     state->flags & LAPIC_STATE_WAIT_FOR_SIPI; /* R131 */
	next.lint_level[LAPIC_LINT0] = (state->flags & LAPIC_STATE_LINT0) != 0;
	next.lint_level[LAPIC_LINT1] = (state->flags & LAPIC_STATE_LINT1) != 0;
	if (state->base & LAPIC_BASE_EXTD)
		lapic_enter_x2apic(&next);
	next.base = state->base;
	if (lapic_enabled(&next)) {
		next.esr_pending = state->esr_pending;
		next.extended = state->extended;
		restore_regs(&next, state->page);
		lapic_lint0_restore(&next, (uint8_t)state->lint0_vector);
		lapic_timer_restore(&next, state->timer_remaining, state->tsc_deadline, guest_tsc,
				    now);
	} else {
		lapic_tpr_write(&next, lapic_page_load(state->page, LAPIC_TPR)); /* R10, R12 */
	}
	*a = next;
	return LAPIC_STATE_OK;
}
