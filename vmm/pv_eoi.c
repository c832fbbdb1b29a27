/* SPDX-License-Identifier: BSD-2-Clause */
/* Paravirtual EOI. Linux documentation, "KVM-specific MSRs", MSR_KVM_PV_EOI_EN. */
#include "vmm/pv_eoi.h"

#include <stddef.h>

#define PV_EOI_ENABLE   UINT64_C(1)
#define PV_EOI_RESERVED UINT64_C(2)
#define PV_EOI_FLAG     1u

enum lapic_result pv_eoi_write(struct pv_eoi *pv, const struct memory *memory, uint64_t value)
{
	uint8_t *flag = NULL;

	if (value & PV_EOI_RESERVED)
		return LAPIC_ILLEGAL;
	if (value & PV_EOI_ENABLE) {
		/* Four bytes, as the interface has it, though only one of them is used. */
		flag = memory_at(memory, value & ~PV_EOI_ENABLE, 4);
		if (!flag)
			return LAPIC_ILLEGAL;
	}
	*pv = (struct pv_eoi){ .msr = value, .flag = flag };
	return LAPIC_OK;
}

void pv_eoi_before_run(struct pv_eoi *pv, const struct lapic *lapic)
{
	if (!pv->flag || lapic_silent_eoi(lapic) == LAPIC_NO_VECTOR)
		return;
	__atomic_fetch_or(pv->flag, PV_EOI_FLAG, __ATOMIC_RELAXED);
	pv->offered = true;
}

/*
 * The guest tests and clears the bit with an instruction of its own CPU, which is not running now:
 * no one can end the vector between the look and the taking back.
 */
bool pv_eoi_after_run(struct pv_eoi *pv, struct lapic *lapic)
{
	struct lapic_effect none = { .kind = LAPIC_EFFECT_NONE };

	if (!pv->offered)
		return false;
	pv->offered = false;
	if (__atomic_fetch_and(pv->flag, (uint8_t)~PV_EOI_FLAG, __ATOMIC_RELAXED) & PV_EOI_FLAG)
		return false;
	/* Silent vectors have no effect, and EOI does not look at the time. */
	lapic_write(lapic, LAPIC_EOI, 0, 0, &none);
	return true;
}
