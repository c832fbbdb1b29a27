/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's extended APIC register space: a feature and a control register, an EOI that names its
 * vector, and an enable bit for each vector (R78).
 *
 * APM vol. 2, "Extended APIC Registers", "Specific End of Interrupt Register", "Interrupt Enable
 * Registers". There are no extended LVTs, as there is no hardware that would use them (D58).
 */
#include "lapic/lapic_priv.h"

static bool is_ier(uint32_t offset)
{
	return offset >= LAPIC_IER && offset < LAPIC_IER + 8 * sizeof(struct lapic_slot) &&
	       offset % sizeof(struct lapic_slot) == 0;
}

bool lapic_ext_has(const struct lapic *a, uint32_t offset)
{
	return a->config.extended && (offset == LAPIC_EXT_FEATURE || offset == LAPIC_EXT_CONTROL ||
				      offset == LAPIC_SEOI || is_ier(offset));
}

void lapic_ext_reset(struct lapic_extended *extended)
{
	extended->control = 0;
	for (int i = 0; i < 8; i++)
		extended->ier[i] = UINT32_MAX;
}

/* Word by word: a compiler may make bcmp() of memcmp(), which not everybody has. */
bool lapic_ext_is_reset(const struct lapic_extended *extended)
{
	uint32_t enabled = UINT32_MAX;

	for (int i = 0; i < 8; i++)
		enabled &= extended->ier[i];
	return (extended->control | ~enabled) == 0;
}

/* SEOI is written only: as for EOI, that is a #GP by RDMSR and reads 0 in xAPIC mode (D1). */
enum lapic_result lapic_ext_read(const struct lapic *a, uint32_t offset, uint64_t *value)
{
	if (offset == LAPIC_SEOI)
		return lapic_x2apic(a) ? LAPIC_ILLEGAL : LAPIC_OK;
	if (offset == LAPIC_EXT_FEATURE)
		*value = LAPIC_EXT_CONTROL_BITS;
	else if (offset == LAPIC_EXT_CONTROL)
		*value = a->extended.control;
	else
		*value = a->extended.ier[(offset - LAPIC_IER) / sizeof(struct lapic_slot)];
	return LAPIC_OK;
}

static bool x2apic_value_is_legal(uint32_t offset, uint64_t value)
{
	if (offset == LAPIC_EXT_FEATURE)
		return false;
	if (offset == LAPIC_EXT_CONTROL)
		return (value & ~(uint64_t)LAPIC_EXT_CONTROL_BITS) == 0;
	return value <= (offset == LAPIC_SEOI ? LAPIC_SEOI_VECTOR : UINT32_MAX);
}

/* What the control register has not enabled takes no notice. */
enum lapic_result lapic_ext_write(struct lapic *a, uint32_t offset, uint64_t value,
				  struct lapic_effect *effect)
{
	if (lapic_x2apic(a) && !x2apic_value_is_legal(offset, value))
		return LAPIC_ILLEGAL;
	if (offset == LAPIC_EXT_CONTROL)
		a->extended.control = (uint32_t)value & LAPIC_EXT_CONTROL_BITS;
	else if (offset == LAPIC_SEOI && a->extended.control & LAPIC_EXT_SEOI)
		lapic_specific_eoi(a, (uint8_t)(value & LAPIC_SEOI_VECTOR), effect);
	else if (is_ier(offset) && a->extended.control & LAPIC_EXT_IER)
		a->extended.ier[(offset - LAPIC_IER) / sizeof(struct lapic_slot)] = (uint32_t)value;
	return LAPIC_OK;
}
