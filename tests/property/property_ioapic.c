/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libioapic's I/O APIC against its specification: random programs, all state compared.
 *
 * Intel 82093AA I/O APIC datasheet.
 */
#include "tests/property/ioapic_world.h"

int main(int argc, char **argv)
{
	return property_main(&ioapic_subject, argc, argv);
}
