/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI-X of libioapic beside the specification's, as a subject of random programs.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".
 */
#ifndef TESTS_PROPERTY_MSIX_WORLD_H
#define TESTS_PROPERTY_MSIX_WORLD_H

#include "tests/property/program.h"

extern const struct subject msix_subject;

#endif
