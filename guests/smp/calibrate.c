/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All clocks of the machine are one: whichever of them the APIC timer is calibrated against, the result
 * is the same within a thousandth. SDM vol. 3, "APIC Timer"; ACPI, "Power Management Timer"; Intel 8254
 * and Motorola MC146818 data sheets.
 *
 * The argument, which no pause of the host can upset: a clock is read between two readings a and a' of
 * the APIC timer; so when it was sampled, the APIC timer stood between a and a'. After a second such
 * reading the APIC timer has counted at least a2 - a1' and at most a2' - a1 while the clock counted what
 * its readings say, give or take one tick. That is an interval which holds the APIC timer's frequency
 * for sure. It is made small by taking the narrowest of several readings and by waiting long enough in
 * between; then the clocks agree if their intervals do, and if they do not, some clock is wrong.
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/pit.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define TOLERANCE    1000u /* one part in */
#define NARROW       1000u /* intervals that are waited for, one part in */
#define WIDE         50u   /* and those that say nothing any more */
#define TRIES        12u
#define EVENTS       12u
#define FIRST_WAIT   60u  /* ms */
#define LONGEST_WAIT 960u /* ms */

#define PM_MASK      0xffffffu
#define CRYSTAL_HZ   UINT64_C(315000000) /* over 88: the PM timer; a third of it: the 8254 */
#define CRYSTAL_DIV  88u
#define PIT_PER_PM   3u
#define PIT_RANGE    0x10000u
#define RTC_HZ       1024u
#define OUT_MS       20u
#define SPIN_LOOKS   1000000u
#define IRQ_COUNT    PIT_TICKS_PER_MS(2u)
#define VECTOR_CLOCK 0x70u

/* Frequencies of the APIC timer in Hz, between which it is. */
struct range {
	uint64_t low, high;
};

/* A clock's value, and how far the APIC timer had counted before and after it was taken. */
struct sample {
	uint32_t before, after;
	uint64_t value;
};

struct points {
	struct sample pm, pit, rtc, irq;
};

/* ---- reading ------------------------------------------------------------------------------------- */

static uint32_t apic_ticks(void)
{
	return UINT32_MAX - apic_read(APIC_TIMER_CCR);
}

static uint32_t width_of(const struct sample *sample)
{
	return sample->after - sample->before;
}

static void keep_narrower(struct sample *best, struct sample sample)
{
	if (width_of(&sample) < width_of(best))
		*best = sample;
}

static struct sample read_pm(const struct kernel *kernel)
{
	struct sample best = { .before = 0, .after = UINT32_MAX };

	for (uint32_t i = 0; i < TRIES; i++) {
		struct sample sample = { .before = apic_ticks() };

		sample.value = inl((uint16_t)kernel->pm_timer_port) & PM_MASK;
		sample.after = apic_ticks();
		keep_narrower(&best, sample);
	}
	return best;
}

/* The latch command takes the sample; reading it can wait. Upwards like the others. */
static struct sample read_pit(void)
{
	struct sample best = { .before = 0, .after = UINT32_MAX };

	for (uint32_t i = 0; i < TRIES; i++) {
		struct sample sample = { .before = apic_ticks() };

		pit_latch(2);
		sample.after = apic_ticks();
		sample.value = (PIT_RANGE - pit_latched(2)) % PIT_RANGE;
		keep_narrower(&best, sample);
	}
	return best;
}

static void forget_period(void)
{
	rtc_read(RTC_C);
}

static bool period_began(void)
{
	return rtc_read_again() & RTC_C_PF;
}

/* Interrupts are off but for this. What was due when it began, has come when it ends. */
static void take_interrupt(void)
{
	pit_poke();
	irq_enable();
	for (uint32_t looks = 0; looks < SPIN_LOOKS && apic_test_bit(APIC_IRR, VECTOR_CLOCK);
	     looks++)
		cpu_relax();
	irq_disable();
}

/* Whoever looks at the timer sees what was due, and so does the APIC, which is looked at after it. */
static bool interrupt_came(void)
{
	pit_poke();
	return apic_test_bit(APIC_IRR, VECTOR_CLOCK);
}

/* What happens by itself now and then: since the last look without it, before the first one with it. */
static struct sample next_event(void (*forget)(void), bool (*came)(void))
{
	struct sample sample;
	uint32_t middle = apic_ticks();

	forget();
	for (uint32_t looks = 0; looks < SPIN_LOOKS; looks++) {
		sample.before = middle;
		middle = apic_ticks();
		if (came())
			break;
	}
	sample.after = apic_ticks();
	sample.value = 0;
	return sample;
}

static struct sample read_event(void (*forget)(void), bool (*came)(void))
{
	struct sample best = { .before = 0, .after = UINT32_MAX };

	for (uint32_t i = 0; i < EVENTS; i++)
		keep_narrower(&best, next_event(forget, came));
	return best;
}

static struct points read_all(const struct kernel *kernel)
{
	struct points points;

	points.rtc = read_event(forget_period, period_began);
	points.irq = read_event(take_interrupt, interrupt_came);
	points.pm = read_pm(kernel);
	points.pit = read_pit();
	return points;
}

/* ---- intervals ----------------------------------------------------------------------------------- */

/* While the APIC timer counted low..high, a clock of hz / div counted elapsed, give or take slack. */
static struct range range_of(const struct sample *first, const struct sample *last,
			     uint64_t elapsed, uint32_t slack, uint64_t hz, uint32_t div)
{
	uint64_t low = last->before - first->after;
	uint64_t high = last->after - first->before;

	return (struct range){
		.low = low * hz / ((elapsed + slack) * div),
		.high = high * hz / ((elapsed - slack) * div) + 1,
	};
}

static uint64_t width(struct range range)
{
	return range.high - range.low;
}

static bool is_narrow(struct range range, uint32_t parts)
{
	return width(range) <= range.low / parts;
}

static bool agree(struct range a, struct range b)
{
	uint64_t slack = a.low / TOLERANCE;

	return a.low <= b.high + slack && b.low <= a.high + slack;
}

static void expect_agreement(struct kernel *kernel, const char *name, struct range pm,
			     struct range other)
{
	if (!agree(pm, other))
		test_fail(kernel, "%s: %lu..%lu Hz, PM timer: %lu..%lu", name, other.low,
			  other.high, pm.low, pm.high);
}

/* ---- PM timer, counter 2, RTC -------------------------------------------------------------------- */

/* What a clock with wrap-around counted, given about how much that was. */
static uint64_t unwrap(uint64_t difference, uint64_t range, uint64_t about)
{
	uint64_t below = about / range * range + difference % range;

	if (below > about + range / 2 && below >= range)
		return below - range;
	return below + range / 2 < about ? below + range : below;
}

struct ranges {
	struct range pm, pit, rtc, irq;
};

/* What a clock of hz / div has counted between two samples, by another one's frequency. */
static uint64_t expected(const struct sample *first, const struct sample *last, struct range about,
			 uint64_t hz, uint32_t div)
{
	uint64_t ticks = last->before - first->before;
	uint64_t period = about.low * div;

	return (ticks * hz + period / 2) / period;
}

/* By events that come hz / div times a second: whole periods, and their number is beyond doubt. */
static struct range range_of_events(const struct sample *first, const struct sample *last,
				    struct range about, uint64_t hz, uint32_t div)
{
	return range_of(first, last, expected(first, last, about, hz, div), 0, hz, div);
}

static struct ranges compare(const struct points *first, const struct points *last)
{
	uint64_t pm = (last->pm.value - first->pm.value) & PM_MASK;
	uint64_t pit = (last->pit.value - first->pit.value) & (PIT_RANGE - 1);
	struct ranges ranges;

	ranges.pm = range_of(&first->pm, &last->pm, pm, 1, CRYSTAL_HZ, CRYSTAL_DIV);
	pit = unwrap(
		pit, PIT_RANGE,
		expected(&first->pit, &last->pit, ranges.pm, CRYSTAL_HZ, CRYSTAL_DIV * PIT_PER_PM));
	ranges.pit = range_of(&first->pit, &last->pit, pit, 1, CRYSTAL_HZ,
			      CRYSTAL_DIV * PIT_PER_PM);
	ranges.rtc = range_of_events(&first->rtc, &last->rtc, ranges.pm, RTC_HZ, 1);
	ranges.irq = range_of_events(&first->irq, &last->irq, ranges.pm, CRYSTAL_HZ,
				     CRYSTAL_DIV * PIT_PER_PM * IRQ_COUNT);
	return ranges;
}

static bool are_narrow(const struct ranges *ranges, uint32_t parts)
{
	return is_narrow(ranges->pm, parts) && is_narrow(ranges->pit, parts) &&
	       is_narrow(ranges->rtc, parts) && is_narrow(ranges->irq, parts);
}

/*
 * With interrupts off. Longer and longer, until the intervals are narrow; on a host that is too busy for
 * that, what they say is as true, if less.
 */
static struct ranges measure(struct kernel *kernel)
{
	struct ranges ranges;

	for (uint32_t ms = FIRST_WAIT; ms <= LONGEST_WAIT; ms *= 2) {
		struct points first, last;

		apic_write(APIC_TIMER_ICR, UINT32_MAX);
		first = read_all(kernel);
		clock_delay_us(kernel, (uint64_t)ms * 1000);
		last = read_all(kernel);
		ranges = compare(&first, &last);
		if (are_narrow(&ranges, NARROW))
			return ranges;
	}
	if (are_narrow(&ranges, WIDE))
		return ranges;
	test_fail(kernel, "no quiet moment: %lu Hz +%lu, +%lu, +%lu, +%lu", ranges.pm.low,
		  width(ranges.pm), width(ranges.pit), width(ranges.rtc), width(ranges.irq));
	return ranges;
}

/* ---- counter 2 by its output, as kernels do it --------------------------------------------------- */

static struct range measure_out(void)
{
	uint32_t count = PIT_TICKS_PER_MS(OUT_MS);
	struct sample first, last;
	uint32_t middle;

	pit_gate(false);
	pit_start(2, PIT_TERMINAL_COUNT, count);
	first.before = apic_ticks();
	pit_gate(true);
	first.after = apic_ticks();
	middle = first.after;
	for (uint32_t looks = 0; looks < SPIN_LOOKS; looks++) {
		last.before = middle;
		middle = apic_ticks();
		if (pit_out())
			break;
	}
	last.after = apic_ticks();
	return range_of(&first, &last, count, 1, CRYSTAL_HZ, CRYSTAL_DIV * PIT_PER_PM);
}

static void begin(const struct kernel *kernel)
{
	smp_tick(kernel, false);
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_1);
	pit_gate(true);
	pit_start(2, PIT_RATE, 0);
	ioapic_route(&kernel->ioapic, PIT_PIN, VECTOR_CLOCK, kernel->apic_ids[0]);
	pit_start(0, PIT_RATE, IRQ_COUNT);
	rtc_write(RTC_A, RTC_A_1024_HZ);
	rtc_write(RTC_B, RTC_B_24H);
}

static void end(const struct kernel *kernel)
{
	pit_gate(false);
	pit_stop();
	ioapic_set_low(&kernel->ioapic, PIT_PIN, IOAPIC_MASKED);
}

void test_clocks_agree(struct kernel *kernel)
{
	struct ranges ranges;
	uint64_t flags;

	begin(kernel);
	flags = irq_save();
	ranges = measure(kernel);
	expect_agreement(kernel, "8254", ranges.pm, ranges.pit);
	expect_agreement(kernel, "RTC", ranges.pm, ranges.rtc);
	expect_agreement(kernel, "IRQ 0", ranges.pm, ranges.irq);
	apic_write(APIC_TIMER_ICR, UINT32_MAX);
	expect_agreement(kernel, "OUT of counter 2", ranges.pm, measure_out());
	if (kernel->clock.exact)
		expect_agreement(kernel, "CPUID", ranges.pm,
				 (struct range){ kernel->clock.bus_khz * UINT64_C(1000),
						 kernel->clock.bus_khz * UINT64_C(1000) });
	end(kernel);
	irq_restore(flags);
	smp_tick(kernel, true);
}

const char *unfit_clocks(const struct kernel *kernel)
{
	if (!kernel->pm_timer_port)
		return "no PM timer";
	return unfit_pit(kernel) ? unfit_pit(kernel) : unfit_rtc(kernel);
}
