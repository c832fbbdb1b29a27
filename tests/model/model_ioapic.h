/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An executable specification of the I/O APIC: what libioapic is compared with.
 *
 * Intel 82093AA I/O APIC datasheet, and the EOI register of later ones. It is to the datasheet what
 * model_lapic.h is to the SDM: one field for each field, nothing packed, no code of ioapic/.
 */
#ifndef TESTS_MODEL_IOAPIC_H
#define TESTS_MODEL_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "ioapic/ioapic.h"
#include "lapic/apic_msg.h"

/* One entry of the redirection table, and the pin that it is for. */
struct model_pin {
	uint8_t vector;
	enum apic_delivery_mode delivery;
	bool logical;
	bool active_low;
	bool remote_irr;
	bool level;
	bool masked;
	uint8_t ext_dest; /* bits 55:49, D31 */
	uint8_t dest;

	bool source[IOAPIC_SOURCES]; /* who asserts the line */
	uint8_t sent;                /* the vector that set remote IRR (D25) */
	int resends;                 /* how often in a row its EOI has sent it again (D29) */
	bool held;                   /* too often */
};

struct model_ioapic {
	struct ioapic_config config;
	uint8_t select;
	uint8_t id;
	struct model_pin pin[IOAPIC_PINS];
};

/* Which pins send something, and what. */
struct model_sent {
	bool by[IOAPIC_PINS];
	struct apic_msg msg[IOAPIC_PINS];
};

void model_ioapic_reset(struct model_ioapic *m, const struct ioapic_config *config);
/* A register by its index. */
uint32_t model_ioapic_register(const struct model_ioapic *m, uint8_t index);
uint64_t model_ioapic_load(const struct model_ioapic *m, uint64_t offset, uint32_t len);
struct model_sent model_ioapic_store(struct model_ioapic *m, uint64_t offset, uint32_t len,
				     uint64_t value);
struct model_sent model_ioapic_line(struct model_ioapic *m, uint32_t pin, uint32_t source,
				    bool asserted);
struct model_sent model_ioapic_eoi(struct model_ioapic *m, uint8_t vector);
/* The pause of a storm is over; a restore of the state forgets storms altogether. */
struct model_sent model_ioapic_release(struct model_ioapic *m);
struct model_sent model_ioapic_restore(struct model_ioapic *m);

#endif
