/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the delivery modes of an RTE and of an MSI have in common. Private to libioapic.
 *
 * 82093AA, "I/O Redirection Table Registers"; SDM vol. 3, "Message Data Register Format".
 */
#ifndef IOAPIC_DELIVERY_MODE_H
#define IOAPIC_DELIVERY_MODE_H

#include <stdbool.h>

#include "lapic/apic_msg.h"

/* Only these can be level-triggered; others are edges whatever the trigger bit says (R151, D27). */
static inline bool delivery_mode_has_level(enum apic_delivery_mode mode)
{
	return mode == APIC_MODE_FIXED || mode == APIC_MODE_LOWEST_PRIORITY;
}

/* A start-up IPI comes from an ICR only. */
static inline bool delivery_mode_is_reserved(enum apic_delivery_mode mode)
{
	return mode == APIC_MODE_RESERVED || mode == APIC_MODE_SIPI;
}

#endif
