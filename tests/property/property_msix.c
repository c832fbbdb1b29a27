/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libioapic's MSI-X against its specification: random programs, all state compared.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".
 */
#include "tests/property/msix_world.h"

int main(int argc, char **argv)
{
	return property_main(&msix_subject, argc, argv);
}
