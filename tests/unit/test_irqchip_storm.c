/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's part of damping a storm: a pause on the board clock, counted, and the level after it
 * (R155, D29). No thread runs: the alarm is looked at and expires by hand.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

#define PIN       10
#define VECTOR    0x51
#define TOO_MANY  20000
#define PAUSE_MIN UINT64_C(5000000)
#define PAUSE_MAX UINT64_C(20000000)

static void write_ioapic(struct fake_board *board, uint32_t index, uint32_t value)
{
	ck_assert(bus_write(&board->machine.mmio, IOAPIC_BASE, 4, index));
	ck_assert(bus_write(&board->machine.mmio, IOAPIC_BASE + 0x10, 4, value));
}

static bool got(struct fake_board *board)
{
	struct vcpu *vcpu = &board->machine.vcpus[0];
	bool came;

	lapic_drain(&vcpu->lapic, &vcpu->inbox);
	came = fake_irr(board, 0, VECTOR);
	if (came) {
		lapic_ack(&vcpu->lapic, VECTOR);
		fake_apic_write(board, 0, LAPIC_EOI, 0);
	}
	return came;
}

static struct fake_board *storming(void)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	write_ioapic(board, 0x10 + 2 * PIN, IOAPIC_RTE_LEVEL | VECTOR);
	irqchip_set_irq(&board->machine.irqchip, PIN, IRQ_SOURCE_DEVICE, true);
	return board;
}

static uint32_t count_until_pause(struct fake_board *board)
{
	uint32_t count = 0;

	while (count < TOO_MANY && got(board))
		count++;
	return count;
}

START_TEST(R155_a_storm_gets_a_pause)
{
	struct fake_board *board = storming();
	struct irqchip *chip = &board->machine.irqchip;
	struct timers *timers = &board->machine.timers;

	for (uint32_t i = 1; i <= 3; i++) {
		uint64_t before = kick_clock_ns();
		uint32_t count = count_until_pause(board);

		ck_assert_uint_lt(count, TOO_MANY);
		ck_assert_uint_gt(count, 100);
		ck_assert_uint_eq(atomic_load(&chip->stats.storms), i);
		ck_assert_ptr_eq(timers->armed, &chip->pause);
		ck_assert_uint_ge(chip->pause.deadline, before + PAUSE_MIN);
		ck_assert_uint_le(chip->pause.deadline, kick_clock_ns() + PAUSE_MAX);
		timers->armed = NULL;
		chip->pause.expire(chip->pause.device);
	}
	ck_assert(got(board));
	fake_board_free(board);
}
END_TEST

START_TEST(R155_a_level_that_is_served_goes_on)
{
	struct fake_board *board = storming();
	struct irqchip *chip = &board->machine.irqchip;

	for (uint32_t i = 0; i < TOO_MANY; i++) {
		if (i % 100 == 99) {
			irqchip_set_irq(chip, PIN, IRQ_SOURCE_DEVICE, false);
			ck_assert(got(board));
			irqchip_set_irq(chip, PIN, IRQ_SOURCE_DEVICE, true);
		}
		ck_assert(got(board));
	}
	ck_assert_uint_eq(atomic_load(&chip->stats.storms), 0);
	ck_assert_ptr_null(board->machine.timers.armed);
	fake_board_free(board);
}
END_TEST

/* The EOI register counts like an EOI of a CPU. */
START_TEST(R155_storms_by_the_eoi_register)
{
	struct fake_board *board = storming();
	struct irqchip *chip = &board->machine.irqchip;
	uint32_t count = 0;

	while (count < TOO_MANY && !atomic_load(&chip->stats.storms)) {
		ck_assert(bus_write(&board->machine.mmio, IOAPIC_BASE + 0x40, 4, VECTOR));
		count++;
	}
	ck_assert_uint_lt(count, TOO_MANY);
	ck_assert_ptr_eq(board->machine.timers.armed, &chip->pause);
	fake_board_free(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("irqchip_storm");
	TCase *tcase = tcase_create("storm");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, R155_a_storm_gets_a_pause);
	tcase_add_test(tcase, R155_a_level_that_is_served_goes_on);
	tcase_add_test(tcase, R155_storms_by_the_eoi_register);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
