/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of registers and of LVT fields, and checked access to them in a raw page.
 *
 * SDM vol. 3, table "Local APIC Register Address Map", figure "Local Vector Table (LVT)".
 */
#include "lapic/lapic_names.h"

#include "lapic/lapic_page.h"
#include "lapic/lapic_priv.h"

#define VERSION_BITS                                                                 \
	(0xffu | 0xffu << LAPIC_VERSION_MAX_LVT_SHIFT | LAPIC_VERSION_DIRECTED_EOI | \
	 LAPIC_VERSION_EXTENDED)

#define SLOT_SIZE ((uint32_t)sizeof(struct lapic_slot))

const char *lapic_page_strerror(enum lapic_page_error error)
{
	switch (error) {
	case LAPIC_PAGE_OK:
		return "no error";
	case LAPIC_PAGE_NO_REGISTER:
		return "a local APIC has no such register";
	case LAPIC_PAGE_NO_LVT:
		return "the register is no entry of the local vector table";
	case LAPIC_PAGE_NO_FIELD:
		return "this entry of the local vector table has no such field";
	case LAPIC_PAGE_RESERVED_BITS:
		return "the value has bits that the register cannot hold";
	case LAPIC_PAGE_RESERVED_VALUE:
		return "the field cannot have this value";
	}
	return "unknown error";
}

/* ---- registers by name ----------------------------------------------------------------------- */

/* What the registers are called elsewhere: the SDM's text, Linux, KVM. */
static const struct {
	const char *name;
	uint16_t offset;
} aliases[] = {
	{ "LVR", LAPIC_VERSION },
	{ "TASKPRI", LAPIC_TPR },
	{ "ARBPRI", LAPIC_APR },
	{ "PROCPRI", LAPIC_PPR },
	{ "REMOTEREAD", LAPIC_RRD },
	{ "SPIV", LAPIC_SVR },
	{ "ISR", LAPIC_ISR },
	{ "TMR", LAPIC_TMR },
	{ "IRR", LAPIC_IRR },
	{ "CMCI", LAPIC_LVT_CMCI },
	{ "LVTCMCI", LAPIC_LVT_CMCI },
	{ "ICRLOW", LAPIC_ICR },
	{ "ICR0", LAPIC_ICR },
	{ "ICR1", LAPIC_ICR_HIGH },
	{ "ICR2", LAPIC_ICR_HIGH },
	{ "LVTT", LAPIC_LVT_TIMER },
	{ "LVTTHMR", LAPIC_LVT_THERMAL },
	{ "LVTPC", LAPIC_LVT_PMC },
	{ "LVT0", LAPIC_LVT_LINT0 },
	{ "LINT0", LAPIC_LVT_LINT0 },
	{ "LVT1", LAPIC_LVT_LINT1 },
	{ "LINT1", LAPIC_LVT_LINT1 },
	{ "LVTERR", LAPIC_LVT_ERROR },
	{ "TMICT", LAPIC_TIMER_ICR },
	{ "INITIALCOUNT", LAPIC_TIMER_ICR },
	{ "TMCCT", LAPIC_TIMER_CCR },
	{ "CURRENTCOUNT", LAPIC_TIMER_CCR },
	{ "TDCR", LAPIC_TIMER_DCR },
	{ "DIVIDECONFIGURATION", LAPIC_TIMER_DCR },
};

/* The next letter or digit that counts, in upper case, or 0. */
static char next_char(const char **name)
{
	while (**name == '_' || **name == '-' || **name == ' ')
		(*name)++;
	if (**name == '\0')
		return '\0';
	if (**name >= 'a' && **name <= 'z')
		return (char)(*(*name)++ - 'a' + 'A');
	return *(*name)++;
}

static bool same_name(const char *x, const char *y)
{
	char c;

	do {
		c = next_char(&x);
		if (c != next_char(&y))
			return false;
	} while (c != '\0');
	return true;
}

static const struct lapic_reg_desc *find(const char *name)
{
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += SLOT_SIZE) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

		if (desc && same_name(desc->name, name))
			return desc;
	}
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (same_name(aliases[i].name, name))
			return lapic_reg_desc(aliases[i].offset);
	return NULL;
}

const struct lapic_reg_desc *lapic_reg_by_name(const char *name)
{
	static const char prefix[] = "APIC";
	const struct lapic_reg_desc *desc = name ? find(name) : NULL;

	if (desc || !name)
		return desc;
	for (size_t i = 0; i < sizeof(prefix) - 1; i++)
		if (next_char(&name) != prefix[i])
			return NULL;
	return find(name);
}

/* ---- registers ------------------------------------------------------------------------------- */

static bool is_lvt(uint32_t offset)
{
	return offset == LAPIC_LVT_CMCI || (offset >= LAPIC_LVT_TIMER && offset <= LAPIC_LVT_ERROR);
}

static bool is_lint(uint32_t offset)
{
	return offset == LAPIC_LVT_LINT0 || offset == LAPIC_LVT_LINT1;
}

uint32_t lapic_reg_bits(const struct lapic_reg_desc *desc, bool x2apic)
{
	if (desc->offset >= LAPIC_ISR && desc->offset < LAPIC_ESR)
		return desc->offset % (8 * SLOT_SIZE) == 0 ? UINT32_MAX << LAPIC_FIRST_VECTOR
							   : UINT32_MAX; /* R44 */
	if (is_lvt(desc->offset))
		return desc->writable | LAPIC_LVT_DELIVERY_STATUS |
		       (is_lint(desc->offset) ? LAPIC_LVT_REMOTE_IRR : 0);
	switch (desc->offset) {
	case LAPIC_ID:
	case LAPIC_LDR:
	case LAPIC_ICR_HIGH:
		return x2apic ? UINT32_MAX : desc->writable;
	case LAPIC_VERSION:
		return VERSION_BITS;
	case LAPIC_APR:
	case LAPIC_PPR:
	case LAPIC_ESR: /* bits 3:0 are those of the P6 family (R54) */
		return 0xff;
	case LAPIC_SVR:
		return desc->writable | LAPIC_SVR_FOCUS; /* R39: older parts have it */
	case LAPIC_DFR:
	case LAPIC_RRD:
	case LAPIC_TIMER_CCR:
		return UINT32_MAX;
	case LAPIC_ICR:
		return desc->writable | LAPIC_ICR_DELIVERY_STATUS |
		       (x2apic ? 0 : LAPIC_ICR_READ_STATUS); /* R30, D59 */
	default:
		return desc->writable;
	}
}

enum lapic_page_error lapic_page_get(const uint8_t page[LAPIC_REGS_SIZE], uint32_t offset,
				     uint32_t *value)
{
	if (!lapic_reg_desc(offset))
		return LAPIC_PAGE_NO_REGISTER;
	*value = lapic_page_load(page, offset);
	return LAPIC_PAGE_OK;
}

enum lapic_page_error lapic_page_set(uint8_t page[LAPIC_REGS_SIZE], uint32_t offset, bool x2apic,
				     uint32_t value)
{
	const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

	if (!desc)
		return LAPIC_PAGE_NO_REGISTER;
	if (value & ~lapic_reg_bits(desc, x2apic))
		return LAPIC_PAGE_RESERVED_BITS;
	if (offset == LAPIC_DFR && ~value & LAPIC_DFR_CLUSTER)
		return LAPIC_PAGE_RESERVED_BITS; /* R37: they are always 1 */
	lapic_page_store(page, offset, value);
	return LAPIC_PAGE_OK;
}

/* ---- fields of an LVT ------------------------------------------------------------------------ */

static const struct {
	const char *name;
	uint32_t mask;
} fields[LAPIC_LVT_FIELDS] = {
	[LAPIC_FIELD_VECTOR] = { "vector", LAPIC_LVT_VECTOR },
	[LAPIC_FIELD_DELIVERY_MODE] = { "delivery_mode", LAPIC_LVT_MODE },
	[LAPIC_FIELD_DELIVERY_STATUS] = { "delivery_status", LAPIC_LVT_DELIVERY_STATUS },
	[LAPIC_FIELD_POLARITY] = { "polarity", LAPIC_LVT_POLARITY },
	[LAPIC_FIELD_REMOTE_IRR] = { "remote_irr", LAPIC_LVT_REMOTE_IRR },
	[LAPIC_FIELD_TRIGGER_MODE] = { "trigger_mode", LAPIC_LVT_LEVEL },
	[LAPIC_FIELD_MASK] = { "mask", LAPIC_LVT_MASKED },
	[LAPIC_FIELD_TIMER_MODE] = { "timer_mode", LAPIC_LVT_TIMER_MODE },
};

static uint32_t field_mask(enum lapic_lvt_field field)
{
	return (uint32_t)field < LAPIC_LVT_FIELDS ? fields[field].mask : 0;
}

const char *lapic_lvt_field_name(enum lapic_lvt_field field)
{
	return (uint32_t)field < LAPIC_LVT_FIELDS ? fields[field].name : NULL;
}

static enum lapic_page_error check_field(uint32_t offset, enum lapic_lvt_field field)
{
	const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

	if (!desc)
		return LAPIC_PAGE_NO_REGISTER;
	if (!is_lvt(offset))
		return LAPIC_PAGE_NO_LVT;
	return lapic_reg_bits(desc, false) & field_mask(field) ? LAPIC_PAGE_OK
							       : LAPIC_PAGE_NO_FIELD;
}

bool lapic_lvt_has_field(uint32_t offset, enum lapic_lvt_field field)
{
	return check_field(offset, field) == LAPIC_PAGE_OK;
}

enum lapic_page_error lapic_lvt_get(const uint8_t page[LAPIC_REGS_SIZE], uint32_t offset,
				    enum lapic_lvt_field field, uint32_t *value)
{
	enum lapic_page_error error = check_field(offset, field);
	uint32_t mask = field_mask(field);

	if (error != LAPIC_PAGE_OK)
		return error;
	*value = (lapic_page_load(page, offset) & mask) / (mask & -mask);
	return LAPIC_PAGE_OK;
}

static bool is_reserved(enum lapic_lvt_field field, uint32_t value)
{
	if (field == LAPIC_FIELD_TIMER_MODE)
		return value == LAPIC_TIMER_RESERVED; /* R121 */
	return field == LAPIC_FIELD_DELIVERY_MODE &&
	       (value == APIC_MODE_LOWEST_PRIORITY || value == APIC_MODE_RESERVED ||
		value == APIC_MODE_SIPI);
}

enum lapic_page_error lapic_lvt_set(uint8_t page[LAPIC_REGS_SIZE], uint32_t offset,
				    enum lapic_lvt_field field, uint32_t value)
{
	enum lapic_page_error error = check_field(offset, field);
	uint32_t mask = field_mask(field);
	uint32_t lvt;

	if (error != LAPIC_PAGE_OK)
		return error;
	if (value > mask / (mask & -mask) || is_reserved(field, value))
		return LAPIC_PAGE_RESERVED_VALUE;
	lvt = lapic_page_load(page, offset);
	lapic_page_store(page, offset, (lvt & ~mask) | value * (mask & -mask));
	return LAPIC_PAGE_OK;
}
