/* SPDX-License-Identifier: BSD-2-Clause */
/* A local APIC in words: LVTs, ICR, timer, and the vectors in ISR and IRR. */
#include "vmm/dump_lapic.h"

#include "lapic/apic_msg.h"

static const char *const mode_names[8] = {
	"Fixed", "LowPri", "SMI", "reserved", "NMI", "INIT", "SIPI", "ExtINT",
};

static const char *const timer_names[4] = { "one-shot", "periodic", "tsc-deadline", "reserved" };

const char *dump_lapic_mode_name(uint32_t mode)
{
	return mode_names[mode % 8];
}

const char *dump_lapic_timer_name(uint32_t mode)
{
	return timer_names[mode % 4];
}

static void print_lvt(FILE *out, const char *name, uint32_t lvt)
{
	unsigned int mode = (lvt & LAPIC_LVT_MODE) >> LAPIC_LVT_MODE_SHIFT;

	fprintf(out, "  %-11s 0x%08x %-9s %-5s %-6s %s", name, lvt,
		lvt & LAPIC_LVT_POLARITY ? "active-lo" : "active-hi",
		lvt & LAPIC_LVT_LEVEL ? "level" : "edge", lvt & LAPIC_LVT_MASKED ? "masked" : "",
		mode_names[mode]);
	if (mode == APIC_MODE_FIXED)
		fprintf(out, " (vec %u)", lvt & LAPIC_LVT_VECTOR);
	if (lvt & LAPIC_LVT_REMOTE_IRR)
		fprintf(out, " remote-irr");
	fputc('\n', out);
}

static void print_vectors(FILE *out, const char *name, const struct lapic_slot *bank,
			  const struct lapic_slot *tmr)
{
	int any = 0;

	fprintf(out, "  %-11s", name);
	for (unsigned int v = 0; v < 256; v++) {
		uint32_t bit = 1u << (v % 32);

		if (!(bank[v / 32].reg & bit))
			continue;
		fprintf(out, " %u%s", v, tmr[v / 32].reg & bit ? "(level)" : "");
		any = 1;
	}
	fprintf(out, "%s\n", any ? "" : " (none)");
}

static void print_icr(FILE *out, const struct lapic_regs *regs, int x2apic)
{
	static const char *const shorthands[4] = { "", " self", " all", " all-but-self" };
	uint32_t icr = regs->icr.reg;
	uint32_t dest = x2apic ? regs->icr_high.reg : regs->icr_high.reg >> 24;

	fprintf(out, "  ICR         0x%08x %s %s %s%s vec %u dest 0x%x\n", icr,
		mode_names[(icr & LAPIC_ICR_MODE) >> LAPIC_ICR_MODE_SHIFT],
		icr & LAPIC_ICR_LOGICAL ? "logical" : "physical",
		icr & LAPIC_ICR_LEVEL ? "level" : "edge",
		shorthands[(icr & LAPIC_ICR_SHORTHAND) >> LAPIC_ICR_SHORTHAND_SHIFT],
		icr & LAPIC_ICR_VECTOR, dest);
}

void dump_lapic_page(FILE *out, const struct lapic_regs *regs,
		     const struct dump_lapic_context *context)
{
	fprintf(out, "LAPIC of CPU %u: base 0x%llx %s%s, software %s\n", context->cpu,
		(unsigned long long)context->base,
		!(context->base & LAPIC_BASE_EN) ? "disabled"
		: context->x2apic                ? "x2APIC"
						 : "xAPIC",
		context->base & LAPIC_BASE_BSP ? " BSP" : "",
		regs->svr.reg & LAPIC_SVR_ENABLE ? "enabled" : "disabled");
	dump_lapic_registers(out, regs, context->x2apic);
}

void dump_lapic_registers(FILE *out, const struct lapic_regs *regs, int x2apic)
{
	uint32_t timer = regs->lvt_timer.reg;

	print_lvt(out, "LVT_LINT0", regs->lvt_lint0.reg);
	print_lvt(out, "LVT_LINT1", regs->lvt_lint1.reg);
	print_lvt(out, "LVT_PMC", regs->lvt_pmc.reg);
	print_lvt(out, "LVT_THERMAL", regs->lvt_thermal.reg);
	print_lvt(out, "LVT_ERROR", regs->lvt_error.reg);
	print_lvt(out, "LVT_CMCI", regs->lvt_cmci.reg);
	print_lvt(out, "LVT_TIMER", timer & ~LAPIC_LVT_TIMER_MODE);
	fprintf(out, "  TIMER       %s DCR 0x%x ICR %u\n",
		timer_names[(timer & LAPIC_LVT_TIMER_MODE) >> LAPIC_LVT_TIMER_SHIFT],
		regs->timer_dcr.reg, regs->timer_icr.reg);
	fprintf(out, "  ID 0x%08x VERSION 0x%08x LDR 0x%08x DFR 0x%08x SVR 0x%08x ESR 0x%08x\n",
		regs->id.reg, regs->version.reg, regs->ldr.reg, regs->dfr.reg, regs->svr.reg,
		regs->esr.reg);
	print_icr(out, regs, x2apic);
	print_vectors(out, "ISR", regs->isr, regs->tmr);
	print_vectors(out, "IRR", regs->irr, regs->tmr);
}
