/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libioapic's 8259 pair against its specification: random programs, all state compared.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet.
 */
#include "tests/property/pic_world.h"

int main(int argc, char **argv)
{
	return property_main(&pic_subject, argc, argv);
}
