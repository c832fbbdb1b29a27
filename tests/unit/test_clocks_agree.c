/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interval timer, the power management timer, the real-time clock and the APIC timer, on one
 * clock that is moved by hand: over a second they agree within a ten-thousandth. SDM vol. 3, "APIC
 * Timer"; ACPI, "Power Management Timer"; Intel 8254 and Motorola MC146818 data sheets.
 */
#include <check.h>
#include <stdlib.h>

#include "lapic/lapic.h"
#include "tests/unit/device_fakes.h"
#include "vmm/devices/i8254.h"
#include "vmm/devices/mc146818.h"
#include "vmm/devices/port61.h"

#define BOOT_NS   UINT64_C(5000000123)
#define STEP_NS   UINT64_C(9973) /* no clock's period */
#define SECOND_NS UINT64_C(1000000000)
#define TOLERANCE 10000

#define PM_TIMER  0x608
#define RTC_HZ    1024
#define PIT_RANGE 0x10000u
#define IRQ_COUNT 0x4a9u /* of counter 0: a millisecond */

struct machine {
	struct fake_board board;
	struct acpi_pm pm;
	struct i8254 pit;
	struct port61 port61;
	struct mc146818 rtc;
	struct lapic lapic;
};

/* What each clock has counted. */
struct counts {
	uint64_t apic, pm, pit, irq, rtc;
};

static void out(struct machine *m, uint16_t port, uint32_t value)
{
	fake_out(&m->board, port, 1, value);
}

static uint32_t in(struct machine *m, uint16_t port)
{
	return fake_in(&m->board, port, 1);
}

static void program(struct machine *m, uint32_t counter, uint32_t count)
{
	out(m, 0x43, counter << 6 | 0x34); /* mode 2 */
	out(m, (uint16_t)(0x40 + counter), count & 0xff);
	out(m, (uint16_t)(0x40 + counter), count >> 8);
}

static void start_lapic(struct machine *m)
{
	const struct lapic_config config = { .bsp = true, .bus_cycle_ns = 1, .maxphyaddr = 36 };
	struct lapic_effect effect;

	lapic_power_up(&m->lapic, &config);
	lapic_write(&m->lapic, LAPIC_SVR, LAPIC_SVR_ENABLE | 0xff, m->board.now, &effect);
	lapic_write(&m->lapic, LAPIC_TIMER_DCR, 0xb, m->board.now, &effect); /* by 1 */
	lapic_write(&m->lapic, LAPIC_TIMER_ICR, UINT32_MAX, m->board.now, &effect);
}

static struct machine *machine_create(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct board_clock clock;

	ck_assert_ptr_nonnull(m);
	m->board.now = BOOT_NS;
	clock = fake_clock(&m->board);
	ck_assert_int_eq(acpi_pm_init(&m->pm, &m->board.ports, fake_line(&m->board, 9), &clock,
				      fake_end_request(&m->board)),
			 0);
	ck_assert_int_eq(i8254_init(&m->pit, &m->board.ports, fake_line(&m->board, 0), &clock), 0);
	ck_assert_int_eq(port61_init(&m->port61, &m->board.ports, &m->pit, &clock), 0);
	ck_assert_int_eq(mc146818_init(&m->rtc, &m->board.ports, fake_line(&m->board, 8), &clock,
				       SECOND_NS / 3),
			 0);
	out(m, 0x61, 1); /* counter 2's GATE */
	program(m, 2, 0);
	program(m, 0, IRQ_COUNT);
	out(m, 0x70, 0x0a);
	out(m, 0x71, 0x26); /* 1024 Hz */
	out(m, 0x70, 0x0c);
	start_lapic(m);
	return m;
}

static uint64_t read_pit(struct machine *m)
{
	uint32_t low;

	out(m, 0x43, 2 << 6);
	low = in(m, 0x42);
	return PIT_RANGE - (low | in(m, 0x42) << 8);
}

/* One step: all that has been counted since the first one. */
static void step(struct machine *m, struct counts *counts)
{
	uint64_t pit = counts->pit % PIT_RANGE;
	uint64_t apic = 0;

	fake_pass(&m->board, STEP_NS);
	ck_assert_int_eq(lapic_read(&m->lapic, LAPIC_TIMER_CCR, m->board.now, &apic), LAPIC_OK);
	counts->apic = UINT32_MAX - apic;
	counts->pm = fake_in(&m->board, PM_TIMER, 4);
	counts->pit += (read_pit(m) - pit) % PIT_RANGE;
	counts->irq = m->board.rises[0];
	counts->rtc += in(m, 0x71) >> 6 & 1; /* PF */
}

/* Up to the next period of the real-time clock, or, of the interval timer's interrupt. */
static struct counts next(struct machine *m, struct counts *counts, const uint64_t *counter)
{
	uint64_t before = *counter;

	while (*counter == before)
		step(m, counts);
	return *counts;
}

static void expect_time(const char *name, uint64_t ticks, uint64_t hz, uint64_t div,
			uint64_t apic_ns)
{
	uint64_t ns = ticks * SECOND_NS / hz * div;
	uint64_t off = ns > apic_ns ? ns - apic_ns : apic_ns - ns;

	ck_assert_msg(off <= apic_ns / TOLERANCE, "%s: %llu ns, APIC timer: %llu ns", name,
		      (unsigned long long)ns, (unsigned long long)apic_ns);
}

START_TEST(R124_all_clocks_are_one)
{
	struct machine *m = machine_create();
	struct counts now = { .pit = read_pit(m) }, from, to;

	from = next(m, &now, &now.rtc);
	while (now.rtc - from.rtc < RTC_HZ)
		next(m, &now, &now.rtc);
	to = now;
	ck_assert_uint_ge(to.apic - from.apic, SECOND_NS - SECOND_NS / TOLERANCE);
	expect_time("RTC", to.rtc - from.rtc, RTC_HZ, 1, to.apic - from.apic);
	expect_time("PM timer", to.pm - from.pm, 315000000, 88, to.apic - from.apic);
	expect_time("8254", to.pit - from.pit, 105000000, 88, to.apic - from.apic);
	from = next(m, &now, &now.irq);
	while (now.irq - from.irq < 1000)
		next(m, &now, &now.irq);
	to = now;
	expect_time("IRQ 0", (to.irq - from.irq) * IRQ_COUNT, 105000000, 88, to.apic - from.apic);
	free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clocks agree");
	TCase *tcase = tcase_create("clocks agree");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, R124_all_clocks_are_one);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
