/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI address and data to an interrupt message and back.
 *
 * SDM vol. 3, "Message Address Register Format" and "Message Data Register Format"; the 15-bit
 * destination is the one that KVM, Hyper-V and Xen announce in CPUID (R156).
 */
#ifndef IOAPIC_MSI_H
#define IOAPIC_MSI_H

#include <stdbool.h>
#include <stdint.h>

#include "lapic/apic_msg.h"

#define MSI_ADDRESS_BASE UINT64_C(0xfee00000)

/*
 * False: address is not an MSI that this machine routes - outside 0xFEExxxxx, or in the remappable
 * format - or the delivery mode is reserved; *msg is untouched. With ext_dest, address bits 11:5
 * are destination bits 14:8. The destination mode counts whatever the redirection hint is (R157,
 * D30). A level-triggered de-assert is decoded with asserted false, for the caller to drop (R158).
 */
bool msi_decode(uint64_t address, uint32_t data, bool ext_dest, struct apic_msg *msg);

/*
 * The reverse. False: the message has a shorthand or a mode that an MSI cannot have, or a
 * destination too large for the format; *address and *data are untouched.
 */
bool msi_encode(const struct apic_msg *msg, bool ext_dest, uint64_t *address, uint32_t *data);

#endif
