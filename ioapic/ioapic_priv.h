/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the I/O APIC share among themselves; nothing outside of ioapic/ includes it.
 *
 * Intel 82093AA I/O APIC datasheet, "I/O Redirection Table Registers".
 */
#ifndef IOAPIC_IOAPIC_PRIV_H
#define IOAPIC_IOAPIC_PRIV_H

#include "ioapic/ioapic.h"

#define IOAPIC_ID_SHIFT 24
#define IOAPIC_ID_MAX   15

/* The bits of an entry that software can write. */
uint64_t ioapic_rte_writable(const struct ioapic *io);

/*
 * Appends to *out what an unmasked level pin owes: an asserted line without remote IRR. Called
 * whenever one of the three may have changed.
 */
void ioapic_service_level(struct ioapic *io, uint32_t pin, struct ioapic_out *out);

#endif
