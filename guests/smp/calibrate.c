/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All clocks of the machine are one: whichever of them the APIC timer is calibrated against, the
 * result is the same within a thousandth. SDM vol. 3, "APIC Timer"; ACPI, "Power Management Timer";
 * Intel 8254 and Motorola MC146818 data sheets.
 *
 * The argument, which no pause of the host can upset: a clock is read between two readings a and a'
 * of the APIC timer; so when it was sampled, the APIC timer stood between a and a'. After a second
 * such reading the APIC timer has counted at least a2 - a1' and at most a2' - a1 while the clock
 * counted what its readings say, give or take one tick: an interval that holds the APIC timer's
 * frequency for sure. The narrowest of several readings and a long wait make it small. If all
 * intervals together span less than a thousandth, the clocks agree; if two of them are further
 * apart than that, some clock is wrong; and else the host was too busy to tell.
 */
#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/pit.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define TOLERANCE 1000u /* one part in */
#define TRIES     12u
#define ATTEMPTS  3u
#define FIRSTS    12u            /* events, of which the narrowest begins a measurement */
#define LASTS     40u            /* and those of which one as narrow ends it */
#define WAIT      UINT64_C(5000) /* from one to the other, times the first one's width */
#define LONGEST_S 2u

#define APIC_DIVIDER 16u
#define PM_RANGE     0x1000000u
#define CRYSTAL_HZ   UINT64_C(315000000) /* over 88: the PM timer; a third of it: the 8254 */
#define CRYSTAL_DIV  88u
#define PIT_DIV      (3 * CRYSTAL_DIV)
#define PIT_RANGE    0x10000u
#define RTC_HZ       128u
#define IRQ_COUNT    PIT_TICKS_PER_MS(8u)
#define PATIENCE     16u /* periods in which an event has to come */
#define NARROW_EVENT 4u /* parts of a period, between which it is beyond doubt which event it was */
#define OUT_MS       20u
#define SPIN_LOOKS   1000000u
#define VECTOR_CLOCK 0x70u

/* Frequencies of the APIC timer in Hz, between which it is. */
struct range {
	uint64_t low, high;
};

enum clock_id {
	CLOCK_PM,
	CLOCK_PIT,
	CLOCK_RTC,
	CLOCK_IRQ,
	CLOCK_CPUID, /* where it tells of one */
	NR_CLOCKS,
};

static const char *const names[NR_CLOCKS] = { "PM timer", "8254", "RTC", "IRQ 0", "CPUID" };

enum verdict {
	AGREE,
	DIFFER,
	UNCLEAR,
};

/* A clock's value, and how far the APIC timer had counted before and after it was taken. */
struct sample {
	uint32_t before, after;
	uint64_t value;
};

/* What a clock does by itself again and again: first and last are numbered by their values. */
struct events {
	void (*forget)(void);
	bool (*came)(void);
	uint32_t period; /* in ticks of the APIC timer, about */
	bool any;
	struct sample newest;
	struct sample first, last;
};

/* ---- reading --------------------------------------------------------------------------------- */

static uint32_t apic_ticks(void)
{
	return UINT32_MAX - apic_read(APIC_TIMER_CCR);
}

/* By what the machine says of itself: for whole periods, whose number it cannot change. */
static uint64_t nominal_hz(const struct kernel *kernel)
{
	return kernel->clock.bus_khz * UINT64_C(1000) / APIC_DIVIDER;
}

static uint32_t width_of(const struct sample *sample)
{
	return sample->after - sample->before;
}

static const struct sample widest = { .before = 0, .after = UINT32_MAX };

static void keep_narrower(struct sample *best, struct sample sample)
{
	if (width_of(&sample) < width_of(best))
		*best = sample;
}

static struct sample read_pm(const struct kernel *kernel)
{
	struct sample best = widest;

	for (uint32_t i = 0; i < TRIES; i++) {
		struct sample sample = { .before = apic_ticks() };

		sample.value = inl((uint16_t)kernel->pm_timer_port) % PM_RANGE;
		sample.after = apic_ticks();
		keep_narrower(&best, sample);
	}
	return best;
}

/* The latch command takes the sample; reading it can wait. Upwards like the others. */
static struct sample read_pit(void)
{
	struct sample best = widest;

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

/* Whoever looks at the timer sees what was due, and so does the APIC, looked at after it. */
static bool interrupt_came(void)
{
	pit_poke();
	return apic_test_bit(APIC_IRR, VECTOR_CLOCK);
}

/* Since the last look without it, before the first one with it. */
static struct sample next_event(const struct events *e)
{
	uint32_t start = apic_ticks();
	uint32_t middle = start;
	struct sample sample;

	e->forget();
	do {
		sample.before = middle;
		middle = apic_ticks();
		if (e->came()) {
			sample.after = apic_ticks();
			return sample;
		}
	} while (middle - start < PATIENCE * e->period);
	return widest;
}

/* Wait for one. False: it came in a pause of the host, and another one may have come with it. */
static bool follow(struct events *e)
{
	struct sample sample = next_event(e);
	uint32_t since = sample.before - e->newest.before;

	if (width_of(&sample) > e->period / NARROW_EVENT)
		return false;
	sample.value = e->any ? e->newest.value + (since + e->period / 2) / e->period : 0;
	e->newest = sample;
	e->any = true;
	return true;
}

static struct sample narrowest_event(struct events *e, uint32_t most, uint32_t enough)
{
	struct sample best = widest;

	for (uint32_t i = 0; i < most && width_of(&best) > enough; i++)
		if (follow(e))
			keep_narrower(&best, e->newest);
	return best;
}

/* The slower the host is in looking, the longer. */
static void follow_for_long(struct events *e, uint64_t hz)
{
	uint64_t wait;
	uint32_t width, start;

	e->first = narrowest_event(e, FIRSTS, 0);
	e->last = widest;
	if (!e->any)
		return;
	width = width_of(&e->first);
	wait = width * WAIT < hz * LONGEST_S ? width * WAIT : hz * LONGEST_S;
	start = apic_ticks();
	while (apic_ticks() - start < wait)
		follow(e);
	e->last = narrowest_event(e, LASTS, width + width / 4);
}

/* ---- intervals ------------------------------------------------------------------------------- */

/* While the APIC timer counted low..high, a clock of hz / div counted elapsed, within slack. */
static struct range range_of(const struct sample *first, const struct sample *last,
			     uint64_t elapsed, uint32_t slack, uint64_t hz, uint32_t div)
{
	uint64_t low = last->before - first->after;
	uint64_t high = last->after - first->before;

	if (width_of(first) == UINT32_MAX || width_of(last) == UINT32_MAX || elapsed <= slack)
		return (struct range){ .low = 0, .high = UINT64_MAX };
	return (struct range){
		.low = low * hz / ((elapsed + slack) * div),
		.high = high * hz / ((elapsed - slack) * div) + 1,
	};
}

/* What a clock with wrap-around counted, given about how much that was. */
static uint64_t unwrap(uint64_t difference, uint64_t range, uint64_t about)
{
	uint64_t below = about / range * range + difference % range;

	if (below > about + range / 2 && below >= range)
		return below - range;
	return below + range / 2 < about ? below + range : below;
}

/* By a counter of hz / div that wraps around. */
static struct range range_of_counter(const struct kernel *kernel, const struct sample *first,
				     const struct sample *last, uint64_t wrap, uint32_t div)
{
	uint64_t ticks = last->before - first->before;
	uint64_t about = ticks * CRYSTAL_HZ / (nominal_hz(kernel) * div);

	return range_of(first, last, unwrap(last->value + wrap - first->value, wrap, about), 1,
			CRYSTAL_HZ, div);
}

static struct range range_of_events(const struct events *e, uint64_t hz, uint32_t div)
{
	return range_of(&e->first, &e->last, e->last.value - e->first.value, 0, hz, div);
}

static void measure(struct kernel *kernel, struct range *ranges)
{
	uint64_t hz = nominal_hz(kernel);
	struct events rtc = { forget_period, period_began, .period = (uint32_t)(hz / RTC_HZ) };
	struct events irq = {
		take_interrupt,
		interrupt_came,
		.period = (uint32_t)(hz * PIT_DIV * IRQ_COUNT / CRYSTAL_HZ),
	};
	struct sample pm[2], pit[2];

	apic_write(APIC_TIMER_ICR, UINT32_MAX);
	pm[0] = read_pm(kernel);
	pit[0] = read_pit();
	follow_for_long(&rtc, hz);
	follow_for_long(&irq, hz);
	pm[1] = read_pm(kernel);
	pit[1] = read_pit();
	ranges[CLOCK_PM] = range_of_counter(kernel, &pm[0], &pm[1], PM_RANGE, CRYSTAL_DIV);
	ranges[CLOCK_PIT] = range_of_counter(kernel, &pit[0], &pit[1], PIT_RANGE, PIT_DIV);
	ranges[CLOCK_RTC] = range_of_events(&rtc, RTC_HZ, 1);
	ranges[CLOCK_IRQ] = range_of_events(&irq, CRYSTAL_HZ, PIT_DIV * IRQ_COUNT);
	ranges[CLOCK_CPUID] = (struct range){ .low = hz, .high = hz + 1 };
}

/* Of two clocks that differ, the test's reason has both. */
static enum verdict judge(struct kernel *kernel, const struct range *ranges)
{
	uint32_t clocks = kernel->clock.exact ? NR_CLOCKS : CLOCK_CPUID;
	uint32_t fast = 0, slow = 0;
	uint64_t low = UINT64_MAX, high = 0;

	for (uint32_t i = 0; i < clocks; i++) {
		if (ranges[i].low > ranges[fast].low)
			fast = i;
		if (ranges[i].high < ranges[slow].high)
			slow = i;
		if (ranges[i].low < low)
			low = ranges[i].low;
		if (ranges[i].high > high)
			high = ranges[i].high;
	}
	if (ranges[fast].low > ranges[slow].high &&
	    ranges[fast].low - ranges[slow].high > ranges[slow].high / TOLERANCE) {
		test_fail(kernel, "%s: %lu..%lu Hz, %s: %lu..%lu", names[fast], ranges[fast].low,
			  ranges[fast].high, names[slow], ranges[slow].low, ranges[slow].high);
		return DIFFER;
	}
	return high - low <= low / TOLERANCE ? AGREE : UNCLEAR;
}

/* ---- counter 2 by its output, as kernels do it ----------------------------------------------- */

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
	return range_of(&first, &last, count, 1, CRYSTAL_HZ, PIT_DIV);
}

/* One short wait: no more is known than a percent or so, the counter itself was looked at. */
static void expect_out_agrees(struct kernel *kernel, struct range *ranges)
{
	ranges[CLOCK_PIT] = measure_out();
	judge(kernel, ranges);
}

static void begin(const struct kernel *kernel)
{
	smp_tick(kernel, false);
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_16);
	pit_gate(true);
	pit_start(2, PIT_RATE, 0);
	ioapic_route(&kernel->ioapic, PIT_PIN, VECTOR_CLOCK, kernel->apic_ids[0]);
	pit_start(0, PIT_RATE, IRQ_COUNT);
	rtc_write(RTC_A, RTC_A_128_HZ);
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
	enum verdict verdict = UNCLEAR;
	struct range ranges[NR_CLOCKS];
	uint64_t flags;

	begin(kernel);
	flags = irq_save();
	for (uint32_t i = 0; i < ATTEMPTS && verdict == UNCLEAR; i++) {
		measure(kernel, ranges);
		verdict = judge(kernel, ranges);
	}
	if (verdict == UNCLEAR)
		test_skip(kernel, "no quiet moment: PM timer %lu..%lu Hz, RTC %lu..%lu",
			  ranges[CLOCK_PM].low, ranges[CLOCK_PM].high, ranges[CLOCK_RTC].low,
			  ranges[CLOCK_RTC].high);
	if (verdict == AGREE)
		expect_out_agrees(kernel, ranges);
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
