/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Are these bytes the registers of a local APIC? Most mistakes are told by size or by VERSION.
 *
 * SDM vol. 3, "Local APIC Version Register", table "Local APIC Register Address Map"; AMD APM
 * vol. 2, "Local APIC Version Register" for the bit that announces the extended space.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lapic/lapic_names.h"
#include "lapic/lapic_page.h"
#include "vmm/lapicdump/lapicdump.h"

#define VERSION_FIRST 0x10u /* an APIC inside a processor, not the 82489DX */
#define VERSION_LAST  0x15u
#define MAX_LVT_FIRST 3u /* the Pentium's */
#define MAX_LVT_LAST  8u

#define EXPECTED                                                                      \
	"expected a register page of 1024 or 4096 bytes, as KVM_GET_LAPIC or a copy " \
	"of the page gives, or a saved state of 1120"

_Static_assert(sizeof(struct lapic_state) == 1120, "the message says so");

/* Where the message goes. */
struct complaint {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct complaint *to, const char *format,
							 ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(to->text, to->size, format, args);
	va_end(args);
	return false;
}

static bool is_text(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!isprint(bytes[i]) && !isspace(bytes[i]))
			return false;
	return size > 0;
}

static bool all_are(const uint8_t *bytes, size_t size, uint8_t value)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* Bits that may be set; more than the registers hold where a true page can have them. */
static uint32_t plausible_bits(const struct lapic_reg_desc *desc, bool x2apic)
{
	bool bitmap = desc->offset >= LAPIC_ISR && desc->offset < LAPIC_ESR;

	if (bitmap || desc->offset == LAPIC_EOI) /* KVM puts illegal vectors into IRR (R48) */
		return UINT32_MAX;
	if (desc->offset == LAPIC_SELF_IPI) /* a virtualized page keeps what was written */
		return 0xff;
	return lapic_reg_bits(desc, x2apic);
}

static bool judge_register(const struct lapicdump_input *input, const struct lapic_reg_desc *desc,
			   struct complaint *to)
{
	uint32_t value = lapic_page_load(input->state.page, desc->offset);
	uint32_t reserved = value & ~plausible_bits(desc, input->x2apic);
	bool by_mode = desc->offset == LAPIC_ID || desc->offset == LAPIC_LDR ||
		       desc->offset == LAPIC_ICR_HIGH;

	if (reserved)
		return refuse(to, "found %s 0x%08x, whose bits 0x%08x are reserved; expected 0%s",
			      desc->name, value, reserved,
			      by_mode ? ", or --x2apic for a page in x2APIC mode" : "");
	return true;
}

static bool judge_version(uint32_t value, struct complaint *to)
{
	const struct lapic_reg_desc *desc = lapic_reg_desc(LAPIC_VERSION);
	uint32_t version = value & 0xff;
	uint32_t max_lvt = value >> LAPIC_VERSION_MAX_LVT_SHIFT & 0xff;

	if (value & ~lapic_reg_bits(desc, false) || version < VERSION_FIRST ||
	    version > VERSION_LAST || max_lvt < MAX_LVT_FIRST || max_lvt > MAX_LVT_LAST)
		return refuse(
			to,
			"found VERSION 0x%08x, which no local APIC has; expected 0x10 to 0x15 "
			"in the low byte and the last LVT's number, 3 to 8, in bits 23:16",
			value);
	return true;
}

/* LDR follows from the id in x2APIC mode: a page of the other mode is told by it (R91). */
static bool judge_x2apic(const struct lapicdump_input *input, struct complaint *to)
{
	uint32_t ldr = lapic_page_load(input->state.page, LAPIC_LDR);
	uint32_t id = lapicdump_id(input);
	uint32_t wanted = lapic_x2apic_ldr(id);

	if (ldr != wanted)
		return refuse(to,
			      "found ID 0x%08x with LDR 0x%08x; expected 0x%08x in x2APIC mode: "
			      "is this page in xAPIC mode?",
			      lapic_page_load(input->state.page, LAPIC_ID), ldr, wanted);
	return true;
}

static bool judge_registers(const struct lapicdump_input *input, struct complaint *to)
{
	const uint8_t *page = input->state.page;
	uint32_t dfr = lapic_page_load(page, LAPIC_DFR);

	if (all_are(page, LAPIC_REGS_SIZE, 0))
		return refuse(
			to,
			"found zeros only, as a dump has where a monitor does not reach the device; "
			"expected registers");
	if (all_are(page, LAPIC_REGS_SIZE, UINT8_MAX))
		return refuse(to,
			      "found ones only, which is what a load from a page without an APIC "
			      "gives; expected registers");
	if (!judge_version(lapic_page_load(page, LAPIC_VERSION), to))
		return false;
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += sizeof(struct lapic_slot)) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

		if (desc && !judge_register(input, desc, to))
			return false;
	}
	if (input->x2apic)
		return judge_x2apic(input, to);
	if (~dfr & LAPIC_DFR_CLUSTER)
		return refuse(to, "found DFR 0x%08x; expected ones in bits 27:0", dfr);
	return true;
}

/* A state is checked by those who wrote it, and its page like any other. */
static bool judge_state(struct lapicdump_input *input, const uint8_t *bytes, size_t size,
			struct complaint *to)
{
	enum lapic_state_error error = lapic_state_from_bytes(&input->state, bytes, size);

	if (error != LAPIC_STATE_OK)
		return refuse(to, "found a damaged state: %s; expected version %d, %zu bytes",
			      lapic_state_strerror(error), LAPIC_STATE_VERSION,
			      sizeof(input->state));
	input->is_state = true;
	input->x2apic = (input->state.base & LAPIC_BASE_EXTD) != 0;
	return true;
}

bool lapicdump_judge(struct lapicdump_input *input, const uint8_t *bytes, size_t size, bool force,
		     char *error, size_t error_size)
{
	static const uint32_t magic = LAPIC_STATE_MAGIC;
	struct complaint to = { error, error_size };

	if (is_text(bytes, size))
		return refuse(&to, "found text; " EXPECTED);
	if (size >= sizeof(magic) && memcmp(bytes, &magic, sizeof(magic)) == 0) {
		if (!judge_state(input, bytes, size, &to))
			return false;
	} else if (size == LAPIC_REGS_SIZE || size == LAPIC_PAGE_SIZE) {
		memcpy(input->state.page, bytes, LAPIC_REGS_SIZE);
	} else if (size > LAPICDUMP_MAX_SIZE) {
		return refuse(&to, "found more than %u bytes; " EXPECTED, LAPICDUMP_MAX_SIZE);
	} else {
		return refuse(&to, "found %zu bytes; " EXPECTED, size);
	}
	return force || judge_registers(input, &to);
}
