/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A register page in the words of vmm's own dump, and what a saved state has beside it.
 *
 * SDM vol. 3, "Local APIC State".
 */
#include <string.h>

#include "lapic/lapic.h"
#include "lapic/lapic_page.h"
#include "vmm/dump_lapic.h"
#include "vmm/lapicdump/lapicdump.h"

#define OLD_ID_SHIFT 24

const char *lapicdump_mode(const struct lapicdump_input *input)
{
	if (input->is_state && !(input->state.base & LAPIC_BASE_EN))
		return "disabled";
	return input->x2apic ? "x2APIC" : "xAPIC";
}

/* In x2APIC mode LDR tells the formats apart: it holds the id's low four bits as a mask (R91). */
uint32_t lapicdump_id(const struct lapicdump_input *input)
{
	uint32_t id = lapic_page_load(input->state.page, LAPIC_ID);
	uint32_t ldr = lapic_page_load(input->state.page, LAPIC_LDR);
	uint32_t old = id >> OLD_ID_SHIFT;

	if (!input->x2apic || ldr == lapic_x2apic_ldr(old))
		return old;
	return id;
}

static void extended_words(FILE *out, const struct lapic_extended *extended)
{
	fprintf(out, "  extended control 0x%x IER", extended->control);
	for (int i = 7; i >= 0; i--)
		fprintf(out, " %08x", extended->ier[i]);
	fputc('\n', out);
}

static void state_words(FILE *out, const struct lapic_state *state)
{
	fprintf(out, "  base 0x%llx%s initial id %u%s\n", (unsigned long long)state->base,
		state->base & LAPIC_BASE_BSP ? " BSP" : "", state->id,
		state->flags & LAPIC_STATE_WAIT_FOR_SIPI ? " waits for SIPI" : "");
	if (state->timer_remaining != LAPIC_NEVER)
		fprintf(out, "  timer due in %llu ns\n",
			(unsigned long long)state->timer_remaining);
	if (state->tsc_deadline != 0)
		fprintf(out, "  TSC deadline %llu\n", (unsigned long long)state->tsc_deadline);
	fprintf(out, "  errors not shown yet 0x%x events 0x%x LINT0 %s LINT1 %s\n",
		state->esr_pending, state->events,
		state->flags & LAPIC_STATE_LINT0 ? "asserted" : "low",
		state->flags & LAPIC_STATE_LINT1 ? "asserted" : "low");
	if (state->lint0_vector != 0)
		fprintf(out, "  LINT0 waits for the EOI of %u\n", state->lint0_vector);
	if (lapic_page_load(state->page, LAPIC_VERSION) & LAPIC_VERSION_EXTENDED)
		extended_words(out, &state->extended);
}

bool lapicdump_words(FILE *out, const struct lapicdump_input *input)
{
	struct lapic_regs regs;

	memcpy(&regs, input->state.page, sizeof(regs));
	fprintf(out, "LAPIC %u: %s, software %s\n", lapicdump_id(input), lapicdump_mode(input),
		regs.svr.reg & LAPIC_SVR_ENABLE ? "enabled" : "disabled");
	dump_lapic_registers(out, &regs, input->x2apic);
	fprintf(out, "  TPR 0x%02x PPR 0x%02x CCR %u\n", regs.tpr.reg, regs.ppr.reg,
		regs.timer_ccr.reg);
	if (input->is_state)
		state_words(out, &input->state);
	return fflush(out) == 0 && !ferror(out);
}
