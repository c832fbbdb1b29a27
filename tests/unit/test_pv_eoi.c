/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paravirtual EOI: when the flag is offered, what its state means afterwards. Linux documentation,
 * "KVM-specific MSRs", MSR_KVM_PV_EOI_EN.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/lapic_fixture.h"
#include "vmm/pv_eoi.h"

#define RAM_SIZE 0x2000u
#define FLAG_GPA 0x1004u

static uint8_t *new_ram(struct memory *memory)
{
	uint8_t *ram = calloc(1, RAM_SIZE);

	ck_assert_ptr_nonnull(ram);
	*memory = (struct memory){ .host = ram, .size = RAM_SIZE, .low_size = RAM_SIZE };
	return ram;
}

static void serve(struct lapic *a, uint8_t vector, bool level)
{
	lapic_accept(a, vector, level);
	ck_assert_int_eq(lapic_pending(a), vector);
	lapic_ack(a, vector);
}

static bool in_service(const struct lapic *a, uint8_t vector)
{
	return (a->regs.isr[vector / 32].reg >> vector % 32 & 1) != 0;
}

START_TEST(R170_the_msr_takes_aligned_ram_only)
{
	struct memory memory;
	uint8_t *ram = new_ram(&memory);
	struct pv_eoi pv = { 0 };

	ck_assert_int_eq(pv_eoi_write(&pv, &memory, FLAG_GPA | 1), LAPIC_OK);
	ck_assert_uint_eq(pv.msr, FLAG_GPA | 1);
	ck_assert_ptr_eq(pv.flag, ram + FLAG_GPA);
	ck_assert_int_eq(pv_eoi_write(&pv, &memory, FLAG_GPA | 3), LAPIC_ILLEGAL);
	ck_assert_int_eq(pv_eoi_write(&pv, &memory, RAM_SIZE | 1), LAPIC_ILLEGAL);
	ck_assert_int_eq(pv_eoi_write(&pv, &memory, UINT64_MAX - 6), LAPIC_ILLEGAL);
	ck_assert_uint_eq(pv.msr, FLAG_GPA | 1);
	/* Disabled: any address will do. */
	ck_assert_int_eq(pv_eoi_write(&pv, &memory, RAM_SIZE), LAPIC_OK);
	ck_assert_ptr_null(pv.flag);
	free(ram);
}
END_TEST

START_TEST(R170_a_cleared_flag_ends_the_vector)
{
	struct lapic a = fx_enabled();
	struct memory memory;
	uint8_t *ram = new_ram(&memory);
	struct pv_eoi pv = { 0 };

	serve(&a, 0x41, false);
	serve(&a, 0x81, false);
	pv_eoi_before_run(&pv, &a); /* not enabled */
	ck_assert(!pv.offered);
	pv_eoi_write(&pv, &memory, FLAG_GPA | 1);
	ram[FLAG_GPA] = 0x80; /* the guest's other bits are its own */
	pv_eoi_before_run(&pv, &a);
	ck_assert_uint_eq(ram[FLAG_GPA], 0x81);
	ram[FLAG_GPA] &= (uint8_t)~1u;
	ck_assert(pv_eoi_after_run(&pv, &a));
	ck_assert(!in_service(&a, 0x81) && in_service(&a, 0x41));
	ck_assert_uint_eq(lapic_ppr(&a), 0x40);
	/* Once. */
	ck_assert(!pv_eoi_after_run(&pv, &a));
	ck_assert(in_service(&a, 0x41));
	free(ram);
}
END_TEST

START_TEST(R180_an_unused_flag_is_taken_back)
{
	struct lapic a = fx_enabled();
	struct memory memory;
	uint8_t *ram = new_ram(&memory);
	struct pv_eoi pv = { 0 };

	pv_eoi_write(&pv, &memory, FLAG_GPA | 1);
	serve(&a, 0x41, false);
	pv_eoi_before_run(&pv, &a);
	ck_assert(!pv_eoi_after_run(&pv, &a));
	ck_assert_uint_eq(ram[FLAG_GPA], 0);
	ck_assert(in_service(&a, 0x41));
	/* Now something waits for the EOI: the flag stays away. */
	lapic_accept(&a, 0x42, false);
	pv_eoi_before_run(&pv, &a);
	ck_assert_uint_eq(ram[FLAG_GPA], 0);
	ck_assert(!pv.offered);
	free(ram);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R170_the_msr_takes_aligned_ram_only,
		R170_a_cleared_flag_ends_the_vector,
		R180_an_unused_flag_is_taken_back,
	};

	return fx_run("pv_eoi", tests, sizeof(tests) / sizeof(tests[0]));
}
