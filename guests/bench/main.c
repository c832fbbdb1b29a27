/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The benchmark guest: what interrupts cost, in xAPIC mode and then in x2APIC mode. SDM vol. 3,
 * "Advanced Programmable Interrupt Controller (APIC)". bench.h says what the lines mean.
 *
 * Command line: xapic or x2apic (only that mode), rounds=N, only=STAGE,STAGE of exits, timer, pair,
 * broadcast.
 */
#include "bench/bench.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cmdline.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "lib/power.h"
#include "lib/print.h"
#include "lib/smp.h"

#define DEFAULT_ROUNDS 31u
#define SETTLE_EXITS   20u
#define PROBE_EXITS    50u

/* So many times the cheapest exit, which is what halting takes at the most. */
static uint64_t settle_ticks(struct bench *bench)
{
	uint64_t cheapest = UINT64_MAX;

	for (uint32_t i = 0; i < PROBE_EXITS; i++) {
		uint64_t ticks = bench_exit(bench);

		if (ticks < cheapest)
			cheapest = ticks;
	}
	return cheapest * SETTLE_EXITS;
}

/* only=NAME,NAME on the command line: just these stages. */
static bool selected(const struct bench *bench, const char *stage)
{
	uint32_t length = 0;
	const char *only = cmdline_value(bench->kernel->cmdline, "only", &length);

	return !only || cmdline_list_has(only, length, stage);
}

/* The other CPUs start one stage at a time: none runs beside measurements that do without it. */
static bool run_shared_stages(struct bench *bench)
{
	struct kernel *kernel = bench->kernel;

	if (kernel->nr_cpus < 2)
		return true;
	smp_tick(kernel, true);
	if (!smp_start(kernel, 1, 1))
		return false;
	if (selected(bench, "pair"))
		bench_pair(bench);
	if (kernel->nr_cpus > 2 && !smp_start(kernel, 2, kernel->nr_cpus - 1))
		return false;
	if (selected(bench, "broadcast"))
		bench_broadcast(bench);
	smp_tick(kernel, false);
	return true;
}

static bool run_mode(struct bench *bench, bool x2apic)
{
	struct kernel *kernel = bench->kernel;

	bench->x2apic = x2apic;
	atomic_store(&kernel->x2apic, x2apic);
	apic_enable(kernel);
	irq_reset_counts(kernel);
	bench->settle = settle_ticks(bench);
	if (selected(bench, "exits"))
		bench_exits(bench);
	if (selected(bench, "timer"))
		bench_timer(bench);
	return run_shared_stages(bench);
}

static int run_modes(struct bench *bench)
{
	const char *cmdline = bench->kernel->cmdline;
	bool only_xapic = cmdline_has(cmdline, "xapic");
	bool only_x2apic = cmdline_has(cmdline, "x2apic");
	bool ok = true;

	if (!only_x2apic && !atomic_load(&bench->kernel->x2apic))
		ok = run_mode(bench, false);
	if (ok && !only_xapic && apic_has_x2apic())
		ok = run_mode(bench, true);
	if (!ok)
		print("bench: the other CPUs do not start\n");
	return ok ? 0 : (int)POWER_FAILED;
}

static void bench_main(struct kernel *kernel)
{
	struct bench *bench = kernel_alloc(kernel, sizeof(*bench), 64);
	uint64_t rounds = cmdline_number(kernel->cmdline, "rounds", DEFAULT_ROUNDS);

	kernel->application = bench;
	bench->kernel = kernel;
	bench->rounds = rounds < 1                  ? 1
			: rounds < BENCH_MAX_ROUNDS ? (uint32_t)rounds
						    : BENCH_MAX_ROUNDS;
	print("bench: %u CPUs, %u rounds, TSC %u kHz, APIC timer %u kHz, %s\n", kernel->nr_cpus,
	      bench->rounds, kernel->clock.tsc_khz, kernel->clock.bus_khz,
	      kernel->clock.exact ? "told" : "measured");
	irq_enable();
	kernel_finish(run_modes(bench));
}

int guest_main(struct kernel *kernel)
{
	platform_init(kernel);
	smp_init(kernel, bench_main);
}
