/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPIs between CPUs: to one that runs, to one that sleeps, to all. SDM vol. 3, "Issuing
 * Interprocessor Interrupts".
 */
#include "bench/bench.h"

#include "lib/apic.h"
#include "lib/irq.h"
#include "lib/smp.h"

#define TARGET 1u

/* As a kernel does it: first the EOI, then what the interrupt is for, here the way back. */
static void on_ping(struct cpu *cpu, struct frame *frame)
{
	irq_plain(cpu, frame);
	apic_send(cpu->kernel->apic_ids[0], BENCH_VECTOR_PONG);
}

static void on_broadcast(struct cpu *cpu, struct frame *frame)
{
	irq_plain(cpu, frame);
	atomic_fetch_add(&bench_of(cpu->kernel)->arrived, 1);
}

/* There and back, with both handlers and both EOIs. */
static uint64_t round_trip(struct bench *bench)
{
	const _Atomic uint32_t *count = &this_cpu()->count[BENCH_VECTOR_PONG];
	uint32_t before = atomic_load(count);
	uint64_t start;

	bench_settle(bench);
	start = rdtsc();
	apic_send(bench->kernel->apic_ids[TARGET], BENCH_VECTOR_PING);
	bench_await(bench, count, before);
	return rdtsc() - start;
}

/* What the sender alone pays: one store to the ICR, the destination in place already. */
static uint64_t icr_target(struct bench *bench)
{
	const _Atomic uint32_t *count = &kernel_cpu(bench->kernel, TARGET)->irqs;
	uint32_t before = atomic_load(count);
	uint64_t id = bench->kernel->apic_ids[TARGET];
	uint64_t low = APIC_ICR_ASSERT | BENCH_VECTOR_SELF;
	uint64_t start, ticks;

	bench_settle(bench);
	if (!bench->x2apic)
		mmio_write(APIC_MMIO + APIC_ICR_HIGH, (uint32_t)id << 24);
	start = rdtsc();
	bench_apic_write(bench, APIC_ICR, bench->x2apic ? id << 32 | low : low);
	ticks = rdtsc() - start;
	while (atomic_load(count) == before)
		bench_spin();
	return ticks;
}

/* Until the last of the others has ended its handler. */
static uint64_t broadcast(struct bench *bench)
{
	uint64_t start;

	atomic_store(&bench->arrived, 0);
	bench_settle(bench);
	start = rdtsc();
	apic_icr(0, APIC_ICR_OTHERS | APIC_ICR_ASSERT | BENCH_VECTOR_BROADCAST);
	while (atomic_load(&bench->arrived) < bench->kernel->nr_cpus - 1)
		bench_spin();
	return rdtsc() - start;
}

static void be_target(const struct bench *bench)
{
	if (!bench->halted) {
		while (!atomic_load(&bench->stop))
			bench_spin();
		return;
	}
	irq_disable();
	while (!atomic_load(&bench->stop))
		irq_halt();
	irq_enable();
}

static void pair_job(struct kernel *kernel, struct cpu *cpu)
{
	static const struct bench_op running[] = {
		{ "icr-running", icr_target, 15 },
		{ "ipi-running", round_trip, 15 },
	};
	static const struct bench_op halted[] = {
		{ "icr-halted", icr_target, 15 },
		{ "ipi-halted", round_trip, 15 },
	};
	struct bench *bench = bench_of(kernel);

	if (cpu->index != 0) {
		be_target(bench);
		return;
	}
	smp_tick(kernel, false);
	bench_group(bench, bench->halted ? halted : running, 2);
	smp_tick(kernel, true);
	atomic_store(&bench->stop, 1);
	apic_kick_others();
}

static void broadcast_job(struct kernel *kernel, struct cpu *cpu)
{
	static const struct bench_op ops[] = { { "broadcast", broadcast, 15 } };
	struct bench *bench = bench_of(kernel);

	if (cpu->index != 0) {
		be_target(bench);
		return;
	}
	smp_tick(kernel, false);
	bench_group(bench, ops, 1);
	smp_tick(kernel, true);
	atomic_store(&bench->stop, 1);
	apic_kick_others();
}

void bench_pair(struct bench *bench)
{
	struct kernel *kernel = bench->kernel;

	irq_set_handler(kernel, BENCH_VECTOR_PING, on_ping);
	for (uint32_t i = 0; i < 2; i++) {
		bench->halted = i != 0;
		atomic_store(&bench->stop, 0);
		smp_run(kernel, pair_job, 0, TARGET);
	}
}

void bench_broadcast(struct bench *bench)
{
	struct kernel *kernel = bench->kernel;

	irq_set_handler(kernel, BENCH_VECTOR_BROADCAST, on_broadcast);
	bench->halted = true;
	atomic_store(&bench->stop, 0);
	smp_run_all(kernel, broadcast_job);
}
