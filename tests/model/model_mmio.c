/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's ways to the registers: loads and stores of the APIC page, of any width and
 * place (D3), and MSRs.
 *
 * SDM vol. 3, "Local APIC Register Address Map": a register is the first 4 of 16 bytes; "Local APIC
 * Register Address Space Supported by x2APIC".
 */
#include "tests/model/model_lapic.h"

/* The bytes of the register that the load begins in, and 0 for those beyond it. */
void model_mmio_read(struct model_apic *m, uint32_t offset, uint32_t len, uint64_t now,
		     uint8_t data[8])
{
	uint32_t byte = offset % 16;
	uint64_t value = 0;

	if (m->mode == MODEL_XAPIC)
		model_read(m, offset - byte, now, &value);
	for (uint32_t i = 0; i < len; i++) {
		data[i] = byte + i < 4 ? (uint8_t)(value >> (8 * (byte + i))) : 0;
		if (m->mode != MODEL_XAPIC)
			data[i] = 0xff;
	}
}

/* To write back a part of one of these would be an action, or is not offered (D58). */
static bool takes_whole_stores_only(const struct model_apic *m, uint32_t slot)
{
	return model_is_ext(m, slot) || slot == LAPIC_EOI || slot == LAPIC_ESR ||
	       slot == LAPIC_ICR || slot == LAPIC_TIMER_ICR;
}

struct model_result model_mmio_write(struct model_apic *m, uint32_t offset, uint32_t len,
				     const uint8_t data[8], uint64_t now)
{
	const struct model_result nothing = { .kind = LAPIC_EFFECT_NONE };
	uint32_t byte = offset % 16;
	uint32_t slot = offset - byte;
	uint64_t value = 0;

	if (m->mode != MODEL_XAPIC || byte + len > 4)
		return nothing;
	if (len < 4 && takes_whole_stores_only(m, slot))
		return nothing;
	if (len < 4)
		model_read(m, slot, now, &value);
	for (uint32_t i = 0; i < len; i++) {
		value &= ~(UINT64_C(0xff) << (8 * (byte + i)));
		value |= (uint64_t)data[i] << (8 * (byte + i));
	}
	return model_write(m, slot, value, now);
}

/* "Local APIC Register Address Space Supported by x2APIC": 800h + offset / 16 (R32). */
static bool is_msr(struct model_apic *m, uint32_t msr, uint64_t now)
{
	if (m->mode == MODEL_X2APIC)
		model_time(m, now);
	return m->mode == MODEL_X2APIC && msr >= 0x800 && msr <= 0x8ff;
}

bool model_msr_read(struct model_apic *m, uint32_t msr, uint64_t now, uint64_t *value)
{
	*value = 0;
	return is_msr(m, msr, now) && model_read(m, (msr - 0x800) * 16, now, value);
}

struct model_result model_msr_write(struct model_apic *m, uint32_t msr, uint64_t value,
				    uint64_t now)
{
	const struct model_result fault = { .illegal = true };

	return is_msr(m, msr, now) ? model_write(m, (msr - 0x800) * 16, value, now) : fault;
}
