/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests of the I/O APIC share: registers, lines and EOIs in one call each.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description".
 */
#ifndef TESTS_IOAPIC_FIXTURE_H
#define TESTS_IOAPIC_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ioapic/ioapic.h"

#define IO_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define IO_ID     9u
#define IO_PIN    5u
#define IO_VECTOR 0x51u

#define IO_IOREGSEL 0x00u
#define IO_IOWIN    0x10u
#define IO_EOI      0x40u

#define IO_EDGE  UINT64_C(0)
#define IO_LEVEL UINT64_C(0x8000)

static inline struct ioapic io_new_with(uint8_t version, bool ext_dest)
{
	const struct ioapic_config config = {
		.id = IO_ID,
		.version = version,
		.ext_dest = ext_dest,
	};
	struct ioapic io;

	memset(&io, 0xa5, sizeof(io));
	ioapic_reset(&io, &config);
	return io;
}

static inline struct ioapic io_new(void)
{
	return io_new_with(IOAPIC_VERSION_EOI, false);
}

/* A result that no call has assigned yet is seen to be none. */
static inline struct ioapic_out io_poison(void)
{
	struct ioapic_out out;

	memset(&out, 0xa5, sizeof(out));
	return out;
}

static inline struct ioapic_out io_store(struct ioapic *io, uint64_t offset, uint32_t len,
					 uint64_t value)
{
	struct ioapic_out out = io_poison();

	ioapic_write(io, offset, len, value, &out);
	return out;
}

static inline void io_select(struct ioapic *io, uint32_t index)
{
	struct ioapic_out out = io_store(io, IO_IOREGSEL, 4, index);

	ck_assert_uint_eq(out.count, 0);
}

static inline uint32_t io_get(struct ioapic *io, uint32_t index)
{
	io_select(io, index);
	return (uint32_t)ioapic_read(io, IO_IOWIN, 4);
}

static inline struct ioapic_out io_set(struct ioapic *io, uint32_t index, uint32_t value)
{
	io_select(io, index);
	return io_store(io, IO_IOWIN, 4, value);
}

static inline uint64_t io_get_rte(struct ioapic *io, uint32_t pin)
{
	return io_get(io, 0x10 + 2 * pin) | (uint64_t)io_get(io, 0x11 + 2 * pin) << 32;
}

/* As software does it: high half, then low half. */
static inline struct ioapic_out io_set_rte(struct ioapic *io, uint32_t pin, uint64_t rte)
{
	struct ioapic_out out = io_set(io, 0x11 + 2 * pin, (uint32_t)(rte >> 32));

	ck_assert_uint_eq(out.count, 0);
	return io_set(io, 0x10 + 2 * pin, (uint32_t)rte);
}

static inline struct ioapic_out io_source(struct ioapic *io, uint32_t pin, uint32_t source,
					  bool level)
{
	struct ioapic_out out = io_poison();

	ioapic_set_irq(io, pin, source, level, &out);
	return out;
}

static inline struct ioapic_out io_line(struct ioapic *io, uint32_t pin, bool level)
{
	return io_source(io, pin, 0, level);
}

static inline struct ioapic_out io_end(struct ioapic *io, uint8_t vector)
{
	struct ioapic_out out = io_poison();

	ioapic_eoi(io, vector, &out);
	return out;
}

static inline bool io_remote_irr(struct ioapic *io, uint32_t pin)
{
	return (io_get_rte(io, pin) & IOAPIC_RTE_REMOTE_IRR) != 0;
}

static inline void io_expect_none(struct ioapic_out out)
{
	ck_assert_uint_eq(out.count, 0);
}

static inline void io_expect_one(struct ioapic_out out, uint32_t pin, uint32_t vector)
{
	ck_assert_uint_eq(out.count, 1);
	ck_assert_uint_eq(out.pin[0], pin);
	ck_assert_uint_eq(out.msg[0].vector, vector);
	ck_assert(out.msg[0].asserted);
	ck_assert_int_eq(out.msg[0].shorthand, APIC_SHORTHAND_NONE);
}

/* A level pin whose interrupt is in service: sent, no EOI yet, line still asserted. */
static inline struct ioapic io_new_in_service(uint8_t version)
{
	struct ioapic io = io_new_with(version, false);

	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR));
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
	ck_assert(io_remote_irr(&io, IO_PIN));
	return io;
}

#endif
