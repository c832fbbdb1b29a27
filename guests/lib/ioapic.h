/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC. 82093AA datasheet, "I/O Redirection Table Registers"; ICH datasheet, "EOI Register"
 * for version 0x20.
 */
#ifndef GUESTS_LIB_IOAPIC_H
#define GUESTS_LIB_IOAPIC_H

#include "lib/kernel.h"

/* RTE bits beside the vector and the delivery mode, which is APIC_MODE_*. */
#define IOAPIC_LOGICAL    (1u << 11)
#define IOAPIC_REMOTE_IRR (1u << 14)
#define IOAPIC_LEVEL      (1u << 15)
#define IOAPIC_MASKED     (1u << 16)

#define IOAPIC_VERSION_EOI 0x20u /* from this version on there is an EOI register */

/* Learn version and size, mask every pin. */
void ioapic_init(struct ioapic *ioapic);
/* Masks first, then both halves, the low one last (R146). */
void ioapic_route(const struct ioapic *ioapic, uint32_t pin, uint32_t low, uint32_t dest);
/* Only the low half: mask and unmask without touching the destination. */
void ioapic_set_low(const struct ioapic *ioapic, uint32_t pin, uint32_t low);
uint32_t ioapic_low(const struct ioapic *ioapic, uint32_t pin);
void ioapic_eoi(const struct ioapic *ioapic, uint32_t vector);
/* Can a pin or an MSI reach this APIC id? */
bool ioapic_reaches(const struct ioapic *ioapic, uint32_t apic_id);

#endif
