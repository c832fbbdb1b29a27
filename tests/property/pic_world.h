/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259 pair of libioapic beside the specification's, as a subject of random programs.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet.
 */
#ifndef TESTS_PROPERTY_PIC_WORLD_H
#define TESTS_PROPERTY_PIC_WORLD_H

#include "tests/property/program.h"

extern const struct subject pic_subject;

#endif
