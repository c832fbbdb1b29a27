/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests of the 8259A pair share: the pair initialized as an OS does it, its registers
 * and command words in one call each.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet.
 */
#ifndef TESTS_PIC_FIXTURE_H
#define TESTS_PIC_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ioapic/pic.h"

#define FX_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FX_MASTER_BASE 0x20u
#define FX_SLAVE_BASE  0x28u

/* The command port of a chip; its data port is the next one. */
#define FX_MASTER PIC_MASTER_PORT
#define FX_SLAVE  PIC_SLAVE_PORT

/* OCW2 and OCW3 values. */
#define FX_EOI                 0x20
#define FX_SPECIFIC_EOI        0x60
#define FX_ROTATE_EOI          0xa0
#define FX_ROTATE_SPECIFIC_EOI 0xe0
#define FX_SET_PRIORITY        0xc0
#define FX_ROTATE_AEOI_SET     0x80
#define FX_ROTATE_AEOI_CLEAR   0x00
#define FX_NOP                 0x40
#define FX_READ_IRR            0x0a
#define FX_READ_ISR            0x0b
#define FX_POLL                0x0c
#define FX_SMM_SET             0x68
#define FX_SMM_CLEAR           0x48

static inline void fx_init_chip(struct pic *pic, uint16_t port, uint8_t base, uint8_t icw4)
{
	pic_write(pic, port, 0x11);
	pic_write(pic, port + 1, base);
	pic_write(pic, port + 1, port == FX_MASTER ? 0x04 : 0x02);
	pic_write(pic, port + 1, icw4);
}

/* Both chips initialized with the given ICW4s, everything unmasked. */
static inline struct pic fx_pic_with(uint8_t master_icw4, uint8_t slave_icw4)
{
	struct pic pic;

	memset(&pic, 0xa5, sizeof(pic));
	pic_reset(&pic);
	fx_init_chip(&pic, FX_MASTER, FX_MASTER_BASE, master_icw4);
	fx_init_chip(&pic, FX_SLAVE, FX_SLAVE_BASE, slave_icw4);
	return pic;
}

static inline struct pic fx_pic(void)
{
	return fx_pic_with(0x01, 0x01);
}

static inline uint8_t fx_irr(struct pic *pic, uint16_t port)
{
	pic_write(pic, port, FX_READ_IRR);
	return pic_read(pic, port);
}

static inline uint8_t fx_isr(struct pic *pic, uint16_t port)
{
	pic_write(pic, port, FX_READ_ISR);
	return pic_read(pic, port);
}

/* A request that goes away as soon as it is acknowledged. */
static inline void fx_take(struct pic *pic, uint32_t irq)
{
	pic_set_irq(pic, irq, true);
	ck_assert(pic_intr(pic));
	ck_assert_uint_eq(pic_ack(pic), FX_MASTER_BASE + irq);
	pic_set_irq(pic, irq, false);
}

static inline void fx_expect_ack(struct pic *pic, uint32_t irq)
{
	ck_assert(pic_intr(pic));
	ck_assert_uint_eq(pic_ack(pic), FX_MASTER_BASE + irq);
}

#endif
