/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8259 pair. 8259A datasheet, "Initialization Command Words", "Operation Control Words".
 */
#ifndef GUESTS_LIB_PIC_H
#define GUESTS_LIB_PIC_H

#include <stdint.h>

/* Vectors VECTOR_PIC..+15, everything masked. */
void pic_init(void);
/* Bit n: input n masked. */
void pic_mask(uint16_t mask);
/* Non-specific EOI to the chip(s) that input irq went through. */
void pic_eoi(uint32_t irq);
/* In-service bits of both, the master's in 7:0. */
uint16_t pic_in_service(void);

#endif
