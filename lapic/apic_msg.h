/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interrupt message: what an ICR write, an I/O APIC pin and an MSI all become before routing.
 * It is the one vocabulary that lapic/ and ioapic/ share; it has no code and no state.
 *
 * SDM vol. 3, "Interrupt Command Register (ICR)", "Message Address Register Format",
 * "Message Data Register Format"; 82093AA, "I/O Redirection Table Registers".
 */
#ifndef LAPIC_APIC_MSG_H
#define LAPIC_APIC_MSG_H

#include <stdbool.h>
#include <stdint.h>

/* The three-bit delivery mode field; the numbers are the hardware's. */
enum apic_delivery_mode {
	APIC_MODE_FIXED = 0,
	APIC_MODE_LOWEST_PRIORITY = 1,
	APIC_MODE_SMI = 2,
	APIC_MODE_RESERVED = 3, /* remote read on parts older than the Pentium 4: */
	APIC_MODE_REMOTE_READ = APIC_MODE_RESERVED, /* the vector is the register, offset / 16 */
	APIC_MODE_NMI = 4,
	APIC_MODE_INIT = 5,
	APIC_MODE_SIPI = 6,   /* ICR only; reserved in an RTE and an MSI */
	APIC_MODE_EXTINT = 7, /* RTE, MSI and LVT only; reserved in the ICR */
};

/* The ICR's destination shorthand; messages from the I/O APIC and MSIs have none. */
enum apic_shorthand {
	APIC_SHORTHAND_NONE = 0,
	APIC_SHORTHAND_SELF = 1,
	APIC_SHORTHAND_ALL = 2,
	APIC_SHORTHAND_OTHERS = 3,
};

struct apic_msg {
	uint32_t dest;  /* APIC id, or logical destination; meaningless with a shorthand (R80) */
	uint8_t vector; /* 0..255; SIPI: the page number of the start address */
	enum apic_delivery_mode mode;
	enum apic_shorthand shorthand;
	bool logical;       /* destination mode: false physical, true logical */
	bool level_trigger; /* trigger mode: false edge, true level */
	bool asserted;      /* level bit: false only for a de-assert */
};

#endif
