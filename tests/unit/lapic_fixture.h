/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests of liblapic share: APICs in the usual states, register access in one line.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef TESTS_LAPIC_FIXTURE_H
#define TESTS_LAPIC_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lapic/lapic.h"
#include "lapic/lapic_inbox.h"

#define FX_NOW UINT64_C(1000000000) /* the fake time of everything that does not care about time */
#define FX_ID  5u

#define FX_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define FX_SVR_ENABLED 0x1ffu
#define FX_MSR(offset) (LAPIC_X2APIC_MSR_FIRST + (offset) / 16)

/* Everything that can be there is there. */
static inline struct lapic_config fx_config(void)
{
	return (struct lapic_config){
		.id = FX_ID,
		.bsp = true,
		.x2apic = true,
		.tsc_deadline = true,
		.cmci = true,
		.directed_eoi = true,
		.lowest_priority = true,
		.maxphyaddr = 46,
		.bus_cycle_ns = 10,
		.tsc_khz = 1000000,
	};
}

/* As after power-up: xAPIC mode, software-disabled. */
static inline struct lapic fx_reset(void)
{
	const struct lapic_config config = fx_config();
	struct lapic a;

	lapic_power_up(&a, &config);
	return a;
}

/* The same for a CPU that is not the bootstrap processor: it waits for SIPI. */
static inline struct lapic fx_reset_ap(void)
{
	struct lapic_config config = fx_config();
	struct lapic a;

	config.bsp = false;
	lapic_power_up(&a, &config);
	return a;
}

/* A write that has to be legal; the effect is poisoned first, so that it is known to be written. */
static inline struct lapic_effect fx_write_at(struct lapic *a, uint32_t offset, uint64_t value,
					      uint64_t now)
{
	struct lapic_effect effect;
	enum lapic_result result;

	memset(&effect, 0xa5, sizeof(effect));
	result = lapic_write(a, offset, value, now, &effect);
	ck_assert_msg(result == LAPIC_OK, "write of %#llx to %#x is illegal",
		      (unsigned long long)value, (unsigned int)offset);
	return effect;
}

static inline struct lapic_effect fx_write(struct lapic *a, uint32_t offset, uint64_t value)
{
	return fx_write_at(a, offset, value, FX_NOW);
}

static inline uint64_t fx_read_at(struct lapic *a, uint32_t offset, uint64_t now)
{
	uint64_t value = UINT64_C(0xdeadbeefdeadbeef);
	enum lapic_result result = lapic_read(a, offset, now, &value);

	ck_assert_msg(result == LAPIC_OK, "read of %#x is illegal", (unsigned int)offset);
	return value;
}

static inline uint64_t fx_read(struct lapic *a, uint32_t offset)
{
	return fx_read_at(a, offset, FX_NOW);
}

/* Software-enabled, in xAPIC mode, with the configuration of the caller. */
static inline struct lapic fx_enabled_with(struct lapic_config config)
{
	struct lapic a;

	lapic_power_up(&a, &config);
	fx_write(&a, LAPIC_SVR, FX_SVR_ENABLED);
	return a;
}

static inline struct lapic fx_enabled(void)
{
	return fx_enabled_with(fx_config());
}

static inline void fx_enter_x2apic(struct lapic *a)
{
	ck_assert_int_eq(lapic_base_write(a, a->base | LAPIC_BASE_EXTD), LAPIC_OK);
}

/* Software-enabled, in x2APIC mode. */
static inline struct lapic fx_x2apic_with(struct lapic_config config)
{
	struct lapic a = fx_enabled_with(config);

	fx_enter_x2apic(&a);
	return a;
}

static inline struct lapic fx_x2apic(void)
{
	return fx_x2apic_with(fx_config());
}

static inline void fx_disable_hardware(struct lapic *a)
{
	ck_assert_int_eq(lapic_base_write(a, a->base & ~(LAPIC_BASE_EN | LAPIC_BASE_EXTD)),
			 LAPIC_OK);
}

/* The errors since the last call: the write latches them, the read shows them (R45). */
static inline uint32_t fx_errors(struct lapic *a)
{
	fx_write(a, LAPIC_ESR, 0);
	return (uint32_t)fx_read(a, LAPIC_ESR);
}

static inline bool fx_bit(struct lapic *a, enum lapic_reg bitmap, unsigned int vector)
{
	return (fx_read(a, (uint32_t)bitmap + vector / 32 * 16) >> (vector % 32) & 1) != 0;
}

static inline bool fx_bitmap_empty(struct lapic *a, enum lapic_reg bitmap)
{
	uint64_t any = 0;

	for (uint32_t word = 0; word < 8; word++)
		any |= fx_read(a, (uint32_t)bitmap + word * 16);
	return any == 0;
}

/* The CPU takes what is pending, which has to be this vector. */
static inline void fx_take(struct lapic *a, uint8_t vector)
{
	ck_assert_int_eq(lapic_pending(a), vector);
	lapic_ack(a, vector);
}

static inline struct lapic_effect fx_eoi(struct lapic *a)
{
	return fx_write(a, LAPIC_EOI, 0);
}

/* The events of local origin, as the CPU's thread gets to see them. */
static inline uint32_t fx_events(struct lapic *a)
{
	struct lapic_inbox inbox;

	lapic_inbox_reset(&inbox);
	return lapic_drain(a, &inbox);
}

/* Put something into every register that can hold something, in the present mode. */
static inline void fx_dirty(struct lapic *a)
{
	static const struct {
		uint32_t offset;
		uint32_t value;
	} writes[] = {
		{ LAPIC_SVR, 0x1ef },        { LAPIC_TPR, 0x21 },
		{ LAPIC_LVT_CMCI, 0x51 },    { LAPIC_LVT_TIMER, 0x20052 },
		{ LAPIC_LVT_THERMAL, 0x53 }, { LAPIC_LVT_PMC, 0x54 },
		{ LAPIC_LVT_LINT0, 0xa055 }, { LAPIC_LVT_LINT1, 0x400 },
		{ LAPIC_LVT_ERROR, 0x56 },   { LAPIC_TIMER_DCR, 0xb },
		{ LAPIC_TIMER_ICR, 1000 },
	};

	for (size_t i = 0; i < FX_COUNT(writes); i++)
		fx_write(a, writes[i].offset, writes[i].value);
	lapic_accept(a, 0x61, true);
	fx_take(a, 0x61);
	lapic_accept(a, 0x72, false);
	lapic_accept(a, 5, false); /* a pending error */
}

/* Everything but id, LDR and mode as after reset. */
static inline void fx_check_reset_state(struct lapic *a)
{
	ck_assert_uint_eq(fx_read(a, LAPIC_SVR), 0xff);
	ck_assert_uint_eq(fx_read(a, LAPIC_TPR), 0);
	ck_assert_uint_eq(fx_read(a, LAPIC_PPR), 0);
	ck_assert(fx_bitmap_empty(a, LAPIC_IRR));
	ck_assert(fx_bitmap_empty(a, LAPIC_ISR));
	ck_assert(fx_bitmap_empty(a, LAPIC_TMR));
	ck_assert_uint_eq(fx_read(a, LAPIC_ICR), 0);
	ck_assert_uint_eq(fx_read(a, LAPIC_LVT_CMCI), 0x10000);
	for (uint32_t lvt = LAPIC_LVT_TIMER; lvt <= LAPIC_LVT_ERROR; lvt += 16)
		ck_assert_uint_eq(fx_read(a, lvt), 0x10000);
	ck_assert_uint_eq(fx_read(a, LAPIC_TIMER_ICR), 0);
	ck_assert_uint_eq(fx_read(a, LAPIC_TIMER_CCR), 0);
	ck_assert_uint_eq(fx_read(a, LAPIC_TIMER_DCR), 0);
	ck_assert_uint_eq(lapic_deadline(a), LAPIC_NEVER);
	ck_assert_int_eq(lapic_pending(a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(fx_read(a, LAPIC_ESR), 0);
	ck_assert_uint_eq(fx_errors(a), 0);
}

/* One suite of one test case is one executable; its exit status is ctest's verdict. */
static inline int fx_run(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 50); /* a loaded machine is no failure; ctest's own limit is 60 */
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
