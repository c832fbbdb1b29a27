/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers and LVT fields of a raw register page by name, read and written with checks.
 *
 * SDM vol. 3, table "Local APIC Register Address Map" and figure "Local Vector Table (LVT)".
 *
 * A page is what struct lapic_state has and what KVM_GET_LAPIC gives: 64 slots of 16 bytes, of
 * which the first four hold a register, little-endian. These calls edit a page; they are not
 * accesses of a guest, so read-only registers can be set, but nothing that a register cannot hold.
 */
#ifndef LAPIC_LAPIC_NAMES_H
#define LAPIC_LAPIC_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "lapic/lapic.h"

enum lapic_page_error {
	LAPIC_PAGE_OK = 0,
	LAPIC_PAGE_NO_REGISTER,    /* no register at this offset */
	LAPIC_PAGE_NO_LVT,         /* the register is no LVT entry */
	LAPIC_PAGE_NO_FIELD,       /* this LVT does not have the field */
	LAPIC_PAGE_RESERVED_BITS,  /* the value has bits that the register cannot hold */
	LAPIC_PAGE_RESERVED_VALUE, /* the field's value is too large, or a reserved encoding */
};

/* One line for people, without a full stop; never NULL. */
const char *lapic_page_strerror(enum lapic_page_error error);

/*
 * The register with this name, or NULL. Names are those of the map ("LVT_LINT0", "ISR3") and the
 * other usual ones ("SPIV", "TMICT", "ICR2", "LVT0", "APIC_TASKPRI"); upper and lower case, blanks,
 * '-' and '_' make no difference. "ISR", "TMR" and "IRR" are their first words.
 */
const struct lapic_reg_desc *lapic_reg_by_name(const char *name);

/*
 * The bits that the register can hold, as software or the APIC sets them; 0 for a write-only one.
 */
uint32_t lapic_reg_bits(const struct lapic_reg_desc *desc, bool x2apic);

/*
 * The register at offset, a multiple of 16. In x2APIC mode ICR's upper half is at LAPIC_ICR_HIGH.
 * On error *value or the page is untouched.
 */
enum lapic_page_error lapic_page_get(const uint8_t page[LAPIC_REGS_SIZE], uint32_t offset,
				     uint32_t *value);
enum lapic_page_error lapic_page_set(uint8_t page[LAPIC_REGS_SIZE], uint32_t offset, bool x2apic,
				     uint32_t value);

/* ---- fields of an LVT ------------------------------------------------------------------------ */

enum lapic_lvt_field {
	LAPIC_FIELD_VECTOR,          /* 0..255 */
	LAPIC_FIELD_DELIVERY_MODE,   /* enum apic_delivery_mode; no LVT takes 1, 3 and 6 */
	LAPIC_FIELD_DELIVERY_STATUS, /* 1: pending */
	LAPIC_FIELD_POLARITY,        /* 1: active low */
	LAPIC_FIELD_REMOTE_IRR,
	LAPIC_FIELD_TRIGGER_MODE, /* 1: level */
	LAPIC_FIELD_MASK,
	LAPIC_FIELD_TIMER_MODE, /* enum lapic_timer_mode, but LAPIC_TIMER_RESERVED */
};

#define LAPIC_LVT_FIELDS 8

/* The field's name, as "delivery_mode"; NULL where there is none. */
const char *lapic_lvt_field_name(enum lapic_lvt_field field);

/* Does the LVT at offset have the field? False also for what is no LVT. */
bool lapic_lvt_has_field(uint32_t offset, enum lapic_lvt_field field);

/*
 * A field of the LVT at offset, shifted down to bit 0. Getting gives reserved encodings as they
 * are, setting refuses them. On error *value or the page is untouched.
 */
enum lapic_page_error lapic_lvt_get(const uint8_t page[LAPIC_REGS_SIZE], uint32_t offset,
				    enum lapic_lvt_field field, uint32_t *value);
enum lapic_page_error lapic_lvt_set(uint8_t page[LAPIC_REGS_SIZE], uint32_t offset,
				    enum lapic_lvt_field field, uint32_t value);

#endif
