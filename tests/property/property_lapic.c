/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * liblapic against its specification: random programs, all state compared after each step.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "tests/property/lapic_world.h"

int main(int argc, char **argv)
{
	return property_main(&lapic_subject, argc, argv);
}
