/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running operations in turn, and what is said of their times. SDM vol. 3, "Time-Stamp Counter".
 */
#include "bench/bench.h"

#include "lib/clock.h"
#include "lib/print.h"

#define MAX_BATCH 16u

static const struct bench_op exit_op = { "exit", bench_exit, 7 };

static uint64_t median(uint64_t *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		uint32_t at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
	return values[count / 2];
}

static void run_batch(struct bench *bench, const struct bench_op *op, struct bench_series *series,
		      uint32_t round)
{
	uint64_t ticks[MAX_BATCH];
	uint64_t slowest;

	for (uint32_t i = 0; i < op->batch; i++)
		ticks[i] = op->run(bench);
	series->median[round] = median(ticks, op->batch);
	series->low[round] = ticks[0];
	slowest = ticks[op->batch - 1];
	if (round == 0 || slowest > series->max)
		series->max = slowest;
}

static uint64_t to_ns(const struct bench *bench, uint64_t ticks)
{
	return ticks * 1000000 / bench->kernel->clock.tsc_khz;
}

static void report(struct bench *bench, const struct bench_op *op, struct bench_series *series)
{
	const uint64_t *exits = bench->series[BENCH_MAX_OPS].low;
	uint32_t rounds = bench->rounds;
	uint64_t permille, low;

	for (uint32_t i = 0; i < rounds; i++)
		bench->ratio[i] = series->low[i] * 1000 / exits[i];
	permille = median(bench->ratio, rounds);
	low = median(series->low, rounds);
	print("bench name=%s mode=%s n=%u ns_min=%lu ns_low=%lu ns_median=%lu ns_max=%lu ",
	      op->name, bench->x2apic ? "x2apic" : "xapic", op->batch * rounds,
	      to_ns(bench, series->low[0]), to_ns(bench, low),
	      to_ns(bench, median(series->median, rounds)), to_ns(bench, series->max));
	print("exit_permille=%lu\n", permille);
}

void bench_group(struct bench *bench, const struct bench_op *ops, uint32_t count)
{
	for (uint32_t round = 0; round < bench->rounds; round++) {
		run_batch(bench, &exit_op, &bench->series[BENCH_MAX_OPS], round);
		for (uint32_t i = 0; i < count; i++)
			run_batch(bench, &ops[i], &bench->series[i], round);
	}
	for (uint32_t i = 0; i < count; i++)
		report(bench, &ops[i], &bench->series[i]);
}

void bench_settle(const struct bench *bench)
{
	uint64_t end = rdtsc() + bench->settle;

	while (rdtsc() < end)
		bench_spin();
}

void bench_await(const struct bench *bench, const _Atomic uint32_t *counter, uint32_t before)
{
	if (!bench->halted) {
		while (atomic_load(counter) == before)
			bench_spin();
		return;
	}
	irq_disable();
	while (atomic_load(counter) == before)
		irq_halt();
	irq_enable();
}
