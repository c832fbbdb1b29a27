/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's extended registers of AMD's APICs.
 *
 * APM vol. 2, "Extended APIC Registers": "Extended APIC Feature Register", "Extended APIC Control
 * Register", "Specific End of Interrupt Register", "Interrupt Enable Registers". There are no
 * extended LVTs and no extended id (D58).
 */
#include "tests/model/model_lapic.h"

#define IER_BIT  1u
#define SEOI_BIT 2u

bool model_is_ier(uint32_t offset)
{
	return offset >= 0x480 && offset < 0x500 && offset % 16 == 0;
}

bool model_is_ext(const struct model_apic *m, uint32_t offset)
{
	if (!m->config.extended)
		return false;
	return offset == LAPIC_EXT_FEATURE || offset == LAPIC_EXT_CONTROL || offset == LAPIC_SEOI ||
	       model_is_ier(offset);
}

void model_ext_reset(struct model_apic *m)
{
	m->seoi_enabled = false;
	m->ier_enabled = false;
	for (int v = 0; v < 256; v++)
		m->ier[v] = true;
}

static uint32_t ier_word(const struct model_apic *m, uint32_t first)
{
	uint32_t word = 0;

	for (uint32_t i = 0; i < 32; i++)
		word += m->ier[first + i] ? UINT32_C(1) << i : 0;
	return word;
}

uint64_t model_ext_value(const struct model_apic *m, uint32_t offset)
{
	if (offset == LAPIC_EXT_FEATURE)
		return IER_BIT + SEOI_BIT;
	if (offset == LAPIC_EXT_CONTROL)
		return (m->ier_enabled ? IER_BIT : 0) + (m->seoi_enabled ? SEOI_BIT : 0);
	return model_is_ier(offset) ? ier_word(m, (offset - LAPIC_IER) * 2) : 0;
}

uint64_t model_ext_reserved(uint32_t offset)
{
	if (offset == LAPIC_EXT_CONTROL)
		return ~(uint64_t)(IER_BIT + SEOI_BIT);
	return offset == LAPIC_SEOI ? ~UINT64_C(0xff) : ~UINT64_C(0xffffffff);
}

/*
 * The control register enables writes of the others; a vector that is in service nowhere does not
 * end.
 */
void model_ext_store(struct model_apic *m, uint32_t offset, uint32_t value,
		     struct model_result *result)
{
	if (offset == LAPIC_EXT_CONTROL) {
		m->ier_enabled = (value & IER_BIT) != 0;
		m->seoi_enabled = (value & SEOI_BIT) != 0;
	} else if (offset == LAPIC_SEOI && m->seoi_enabled && m->isr[value % 256]) {
		model_end_vector(m, (int)(value % 256), result);
	}
	for (uint32_t i = 0; model_is_ier(offset) && m->ier_enabled && i < 32; i++)
		m->ier[(offset - LAPIC_IER) * 2 + i] = (value >> i & 1) != 0;
}
