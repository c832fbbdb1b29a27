/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be seen of an APIC, and what of it has changed. SDM vol. 3, "Local APIC Register Address
 * Map", "x2APIC Register Address Space".
 */
#include "diff/diff.h"

#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/print.h"

/* Readable everywhere and meant to be the same everywhere, in runs of first..last. */
static const struct {
	uint16_t first, last;
} registers[] = {
	{ APIC_ID, APIC_ID },
	{ APIC_TPR, APIC_TPR },
	{ APIC_PPR, APIC_PPR },
	{ APIC_LDR, APIC_LDR },
	{ APIC_DFR, APIC_DFR },
	{ APIC_SVR, APIC_SVR },
	{ APIC_ISR, APIC_IRR + 0x70 },
	{ APIC_ICR, APIC_ICR_HIGH },
	{ APIC_LVT_TIMER, APIC_TIMER_CCR },
	{ APIC_TIMER_DCR, APIC_TIMER_DCR },
};

static void read_slot(const struct diff *diff, struct observed *now, uint32_t reg)
{
	uint32_t slot = reg / 16;
	uint64_t value = 0;

	now->readable[slot] = true;
	if (diff->x2apic)
		now->readable[slot] = rdmsr_safe(APIC_X2_MSR + slot, &value);
	else
		value = mmio_read(APIC_MMIO + reg);
	now->reg[slot] = (uint32_t)value;
	if (diff->x2apic && reg == APIC_ICR)
		now->reg[slot + 1] = (uint32_t)(value >> 32);
}

void observe_cpu(struct kernel *kernel, struct cpu *cpu)
{
	struct diff *diff = diff_of(kernel);
	struct observed *now = &diff->now[cpu->index];

	for (uint32_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
		for (uint32_t reg = registers[i].first; reg <= registers[i].last; reg += 16) {
			if (!(diff->x2apic && (reg == APIC_ICR_HIGH || reg == APIC_DFR)))
				read_slot(diff, now, reg);
		}
	}
	now->cr8 = (uint32_t)read_cr8();
}

void observe_print(struct diff *diff, uint32_t index, const struct observed *seen)
{
	struct observed *before = &diff->before[index];

	print(" |%u", index);
	for (uint32_t i = before->logged; i < seen->logged; i++)
		print(" <%x>", seen->log[i]);
	if (seen->cr8 != before->cr8)
		print(" cr8=%x", seen->cr8);
	for (uint32_t i = 0; i < DIFF_SLOTS; i++) {
		if (seen->readable[i] != before->readable[i])
			print(" %x=%s", i * 16, seen->readable[i] ? "readable" : "#GP");
		if (seen->reg[i] != before->reg[i])
			print(" %x=%x", i * 16, seen->reg[i]);
	}
	*before = *seen;
}
