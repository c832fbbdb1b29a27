/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How late the timer is, on a CPU that runs and on one that sleeps. SDM vol. 3, "APIC Timer".
 *
 * Lateness counts from a TSC read before the timer is armed, to one at the start of the handler. In
 * one-shot mode the way of the store to the APIC is in it, since that is when the count starts; in
 * TSC-deadline mode it is not.
 */
#include "bench/bench.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/irq.h"

#define SHORTEST_US 1000u
#define SPREAD_US   1000u

static void on_timer(struct cpu *cpu, struct frame *frame)
{
	bench_of(cpu->kernel)->fired = rdtsc();
	irq_plain(cpu, frame);
}

/* SHORTEST_US up to SHORTEST_US + SPREAD_US, so that no tick of the host is always met. */
static uint64_t next_interval(struct bench *bench)
{
	bench->random = bench->random * 1103515245u + 12345u;
	return SHORTEST_US + (bench->random >> 16) % SPREAD_US;
}

static uint64_t lateness(struct bench *bench)
{
	const struct kernel *kernel = bench->kernel;
	const _Atomic uint32_t *count = &this_cpu()->count[BENCH_VECTOR_TIMER];
	uint32_t before = atomic_load(count);
	uint64_t us = next_interval(bench);
	uint64_t due = rdtsc() + clock_us_to_tsc(kernel, us);

	if (bench->deadline)
		wrmsr(MSR_TSC_DEADLINE, due);
	else
		bench_apic_write(bench, APIC_TIMER_ICR, us * kernel->clock.bus_khz / 1000);
	bench_await(bench, count, before);
	return bench->fired > due ? bench->fired - due : 0;
}

static uint64_t late_running(struct bench *bench)
{
	bench->halted = false;
	return lateness(bench);
}

static uint64_t late_halted(struct bench *bench)
{
	bench->halted = true;
	return lateness(bench);
}

void bench_timer(struct bench *bench)
{
	static const struct bench_op one_shot[] = {
		{ "oneshot-running", late_running, 5 },
		{ "oneshot-halted", late_halted, 5 },
	};
	static const struct bench_op deadline[] = {
		{ "deadline-running", late_running, 5 },
		{ "deadline-halted", late_halted, 5 },
	};

	irq_set_handler(bench->kernel, BENCH_VECTOR_TIMER, on_timer);
	bench->deadline = false;
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_1);
	apic_write(APIC_LVT_TIMER, BENCH_VECTOR_TIMER);
	bench_group(bench, one_shot, 2);
	if (apic_has_deadline()) {
		bench->deadline = true;
		apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_DEADLINE | BENCH_VECTOR_TIMER);
		bench_group(bench, deadline, 2);
	}
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
}
