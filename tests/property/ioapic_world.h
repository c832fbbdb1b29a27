/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC of libioapic beside the specification's, as a subject of random programs.
 *
 * Intel 82093AA I/O APIC datasheet.
 */
#ifndef TESTS_PROPERTY_IOAPIC_WORLD_H
#define TESTS_PROPERTY_IOAPIC_WORLD_H

#include "tests/property/program.h"

extern const struct subject ioapic_subject;

#endif
