/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The APIC timer: one-shot, periodic and TSC-deadline, with time as a parameter.
 *
 * SDM vol. 3, "APIC Timer" and "TSC-Deadline Mode".
 *
 * The counter is not stepped. A running timer is the moment of its next expiry; the current count
 * is what is left until then, in ticks, rounded up.
 */
#include "lapic/lapic_priv.h"

#define NS_PER_MS UINT64_C(1000000)

static enum lapic_timer_mode mode_of(uint32_t lvt)
{
	return (enum lapic_timer_mode)((lvt & LAPIC_LVT_TIMER_MODE) >> LAPIC_LVT_TIMER_SHIFT);
}

static enum lapic_timer_mode timer_mode(const struct lapic *a)
{
	return mode_of(a->regs.lvt_timer.reg);
}

static bool counts(enum lapic_timer_mode mode)
{
	return mode == LAPIC_TIMER_ONE_SHOT || mode == LAPIC_TIMER_PERIODIC;
}

static bool is_armed(const struct lapic *a)
{
	return a->timer.deadline != LAPIC_NEVER;
}

/* A moment in the far future is still a moment, and not LAPIC_NEVER. */
static uint64_t later(uint64_t now, uint64_t ns)
{
	return ns < LAPIC_NEVER - now ? now + ns : LAPIC_NEVER - 1;
}

/* Bits 3, 1 and 0 of TIMER_DCR: 000b divides by 2, 001b by 4, ... 111b by 1 (R109). */
static uint32_t divide_shift(uint32_t dcr)
{
	return (((dcr >> 1 & 4) | (dcr & 3)) + 1) & 7;
}

/* At most 1000 ns * 128, so that a whole count of 32 bits needs 49 bits (R111). */
uint64_t lapic_timer_tick_ns(uint32_t bus_cycle_ns, uint32_t dcr)
{
	uint64_t cycle = bus_cycle_ns > LAPIC_BUS_CYCLE_NS_MAX ? LAPIC_BUS_CYCLE_NS_MAX
							       : bus_cycle_ns;

	return (cycle == 0 ? 1 : cycle) << divide_shift(dcr);
}

static uint64_t tick_ns(const struct lapic *a)
{
	return lapic_timer_tick_ns(a->config.bus_cycle_ns, a->regs.timer_dcr.reg);
}

/* R108: exactly count times divisor; R116: unless that is too short for the host (D22). */
static uint64_t whole_period(const struct lapic *a, enum lapic_timer_mode mode)
{
	uint64_t period = a->regs.timer_icr.reg * tick_ns(a);

	if (mode == LAPIC_TIMER_PERIODIC && period < a->config.min_period_ns)
		return a->config.min_period_ns;
	return period;
}

void lapic_timer_stop(struct lapic *a)
{
	a->timer = (struct lapic_timer){ .deadline = LAPIC_NEVER };
}

uint32_t lapic_timer_count(const struct lapic *a, uint64_t now)
{
	uint64_t tick = tick_ns(a);
	uint64_t count;

	if (!is_armed(a) || !counts(timer_mode(a)) || now >= a->timer.deadline)
		return 0;
	count = (a->timer.deadline - now - 1) / tick + 1;
	/* More than the whole where the period has been raised to its floor (R114, R116). */
	return count < a->regs.timer_icr.reg ? (uint32_t)count : a->regs.timer_icr.reg;
}

void lapic_timer_initial_write(struct lapic *a, uint32_t count, uint64_t now)
{
	enum lapic_timer_mode mode = timer_mode(a);

	if (mode == LAPIC_TIMER_TSC_DEADLINE)
		return; /* R117, D20 */
	lapic_timer_stop(a);
	a->regs.timer_icr.reg = count;
	if (count == 0 || !counts(mode))
		return; /* R106, R121, D21 */
	a->timer.period = whole_period(a, mode);
	a->timer.deadline = later(now, a->timer.period);
}

/* The remaining ticks stay; each takes as long as the new divisor says, from now on (R110). */
void lapic_timer_divide_write(struct lapic *a, uint32_t divide, uint64_t now)
{
	uint32_t old_shift = divide_shift(a->regs.timer_dcr.reg);
	uint32_t new_shift = divide_shift(divide);
	uint64_t rest;

	a->regs.timer_dcr.reg = divide;
	if (!is_armed(a) || !counts(timer_mode(a)) || old_shift == new_shift)
		return;
	rest = a->timer.deadline > now ? a->timer.deadline - now : 0;
	if (rest > a->timer.period)
		rest = a->timer.period;
	rest = rest << new_shift >> old_shift;
	a->timer.period = whole_period(a, timer_mode(a));
	if (rest > a->timer.period)
		rest = a->timer.period;
	a->timer.deadline = later(now, rest);
}

/*
 * Between one-shot and periodic the count goes on, and what the mode is when it expires decides
 * (R112); an expired one-shot stays at 0 (R113). Every other change disarms (R118, R121, D20).
 */
void lapic_timer_mode_write(struct lapic *a, uint32_t lvt)
{
	enum lapic_timer_mode from = timer_mode(a);
	enum lapic_timer_mode to = mode_of(lvt);

	if (from == to)
		return;
	if (counts(from) && counts(to)) {
		if (is_armed(a))
			a->timer.period = whole_period(a, to);
		return;
	}
	lapic_timer_stop(a);
	if (from == LAPIC_TIMER_TSC_DEADLINE || to == LAPIC_TIMER_TSC_DEADLINE)
		a->regs.timer_icr.reg = 0;
}

/* The next point of the grid after now; periods that have passed by then are merged (R115, D22). */
static void next_period(struct lapic *a, uint64_t now)
{
	uint64_t late = now - a->timer.deadline;
	uint64_t missed = late < a->timer.period ? 0 : late / a->timer.period;

	a->counters.timer_merged += missed;
	a->timer.deadline = later(a->timer.deadline + missed * a->timer.period, a->timer.period);
}

void lapic_expire(struct lapic *a, uint64_t now)
{
	uint32_t lvt = a->regs.lvt_timer.reg;

	if (!is_armed(a) || now < a->timer.deadline)
		return;
	a->counters.timer_expired++;
	a->counters.timer_lateness_ns += now - a->timer.deadline;
	if (mode_of(lvt) == LAPIC_TIMER_PERIODIC && a->timer.period != 0)
		next_period(a, now);
	else
		lapic_timer_stop(a);   /* IA32_TSC_DEADLINE reads 0 from now on (R119) */
	if (!(lvt & LAPIC_LVT_MASKED)) /* looked at now, not when it was armed (R107) */
		lapic_accept(a, (uint8_t)(lvt & LAPIC_LVT_VECTOR), false);
}

/* Ticks of the guest's TSC as ns, rounded up: never early. Saturates. */
static uint64_t tsc_to_ns(const struct lapic *a, uint64_t ticks)
{
	uint64_t ms = ticks / a->config.tsc_khz;
	uint64_t rest = ticks % a->config.tsc_khz;

	if (ms >= LAPIC_NEVER / NS_PER_MS)
		return LAPIC_NEVER;
	return ms * NS_PER_MS + (rest * NS_PER_MS + a->config.tsc_khz - 1) / a->config.tsc_khz;
}

enum lapic_result lapic_tsc_deadline_read(const struct lapic *a, uint64_t *value)
{
	*value = a->timer.tsc_deadline;
	return a->config.tsc_deadline ? LAPIC_OK : LAPIC_ILLEGAL;
}

enum lapic_result lapic_tsc_deadline_write(struct lapic *a, uint64_t value, uint64_t guest_tsc,
					   uint64_t now)
{
	if (!a->config.tsc_deadline)
		return LAPIC_ILLEGAL;
	if (timer_mode(a) != LAPIC_TIMER_TSC_DEADLINE)
		return LAPIC_OK; /* R118 */
	lapic_expire(a, now);
	lapic_timer_stop(a);
	a->timer.tsc_deadline = value;
	lapic_tsc_adjusted(a, guest_tsc, now);
	return LAPIC_OK;
}

void lapic_tsc_adjusted(struct lapic *a, uint64_t guest_tsc, uint64_t now)
{
	uint64_t target = a->timer.tsc_deadline;
	uint64_t rest = target > guest_tsc ? tsc_to_ns(a, target - guest_tsc) : 0;

	if (target == 0)
		return; /* disarmed */
	a->timer.deadline = later(now, rest);
	lapic_expire(a, now); /* at once if it has passed (R119) */
}

/* R65: no count is above the whole; with a floor under the period the rest may be up to that. */
static uint64_t clamp_remaining(const struct lapic *a, uint64_t remaining)
{
	uint64_t limit = a->timer.period;

	if (limit < a->config.min_period_ns)
		limit = a->config.min_period_ns; /* it was periodic when it was started (R112) */
	return remaining < limit ? remaining : limit;
}

void lapic_timer_restore(struct lapic *a, uint64_t remaining, uint64_t tsc_deadline,
			 uint64_t guest_tsc, uint64_t now)
{
	enum lapic_timer_mode mode = timer_mode(a);

	lapic_timer_stop(a);
	if (mode == LAPIC_TIMER_TSC_DEADLINE) {
		a->regs.timer_icr.reg = 0; /* R117 */
		a->timer.tsc_deadline = tsc_deadline;
		lapic_tsc_adjusted(a, guest_tsc, now);
	} else if (counts(mode) && a->regs.timer_icr.reg != 0 && remaining != LAPIC_NEVER) {
		a->timer.period = whole_period(a, mode);
		a->timer.deadline = later(now, clamp_remaining(a, remaining)); /* R123 */
	}
}
