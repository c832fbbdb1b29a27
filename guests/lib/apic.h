/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calling CPU's local APIC, the same in xAPIC and x2APIC mode. SDM vol. 3, "Advanced
 * Programmable Interrupt Controller (APIC)".
 */
#ifndef GUESTS_LIB_APIC_H
#define GUESTS_LIB_APIC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/apic_regs.h"
#include "lib/kernel.h"

#define APIC_BROADCAST_XAPIC  0xffu
#define APIC_BROADCAST_X2APIC 0xffffffffu

uint32_t apic_read(uint32_t reg);
void apic_write(uint32_t reg, uint32_t value);

/* The full id, 8 bits in xAPIC mode. */
uint32_t apic_id(void);
void apic_eoi(void);

/* low: the ICR's bits 31:0. Safe against interrupts between the two halves. */
void apic_icr(uint32_t dest, uint32_t low);
void apic_send(uint32_t dest, uint32_t vector);
void apic_kick(uint32_t dest);
void apic_kick_others(void);

/* Bit vector of the IRR, ISR or TMR. */
bool apic_test_bit(uint32_t bank, uint32_t vector);

bool apic_has_x2apic(void);
bool apic_has_deadline(void);

/*
 * Bring the CPU's APIC into the mode that the kernel says, enabled, TPR 0, every LVT masked. Comes
 * from xAPIC to x2APIC, never back.
 */
void apic_enable(const struct kernel *kernel);

/* xAPIC: the logical id as it stands in the LDR's high byte. */
void apic_set_logical(uint32_t dfr, uint32_t logical_id);

#endif
