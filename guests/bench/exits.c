/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one CPU does with its own APIC, each next to an exit that does nothing. SDM vol. 3,
 * "Signaling Interrupt Servicing Completion", "Issuing Interprocessor Interrupts".
 */
#include "bench/bench.h"

#include "lib/apic.h"
#include "lib/irq.h"

#define NOTHING_MMIO 0xfed40000u
#define NOTHING_PORT 0xedu

/*
 * xAPIC mode: a store that no device decodes. x2APIC mode: there is no MSR of which a WRMSR leaves
 * KVM and then finds nobody, short of a #GP; clearing an ESR that is clear comes nearest. In
 * rdmsr-base no register of the APIC is looked up at all.
 */
uint64_t bench_exit(struct bench *bench)
{
	uint64_t start = rdtsc();

	if (bench->x2apic)
		wrmsr(APIC_X2_MSR + APIC_ESR / 16, 0);
	else
		mmio_write(NOTHING_MMIO, 0);
	return rdtsc() - start;
}

static uint64_t exit_port(struct bench *bench)
{
	uint64_t start = rdtsc();

	(void)bench;
	outb(0, NOTHING_PORT);
	return rdtsc() - start;
}

static uint64_t rdmsr_base(struct bench *bench)
{
	uint64_t start = rdtsc();

	(void)bench;
	rdmsr(MSR_APIC_BASE);
	return rdtsc() - start;
}

static uint64_t tpr_read(struct bench *bench)
{
	uint64_t start = rdtsc();

	if (bench->x2apic)
		rdmsr(APIC_X2_MSR + APIC_TPR / 16);
	else
		mmio_read(APIC_MMIO + APIC_TPR);
	return rdtsc() - start;
}

/* The vector is in service, edge-triggered, and nothing else waits: the usual EOI. */
static void on_eoi_vector(struct cpu *cpu, struct frame *frame)
{
	struct bench *bench = bench_of(cpu->kernel);
	uint64_t start = rdtsc();

	bench_apic_write(bench, APIC_EOI, 0);
	bench->ticks = rdtsc() - start;
	irq_count(cpu, frame);
}

static uint64_t eoi(struct bench *bench)
{
	const _Atomic uint32_t *count = &this_cpu()->count[BENCH_VECTOR_EOI];
	uint32_t before = atomic_load(count);

	bench_apic_write(bench, APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | BENCH_VECTOR_EOI);
	while (atomic_load(count) == before)
		bench_spin();
	return bench->ticks;
}

/* A destination that no CPU has: decoding and routing, without a delivery. */
static uint64_t icr_nobody(struct bench *bench)
{
	uint64_t nobody = bench->kernel->max_apic_id + 1;
	uint64_t low = APIC_ICR_ASSERT | BENCH_VECTOR_SELF;
	uint64_t start;

	if (!bench->x2apic)
		mmio_write(APIC_MMIO + APIC_ICR_HIGH, (uint32_t)nobody << 24);
	start = rdtsc();
	bench_apic_write(bench, APIC_ICR, bench->x2apic ? nobody << 32 | low : low);
	return rdtsc() - start;
}

/* To itself with interrupts off: the write and nothing that follows from it. */
static uint64_t icr_self(struct bench *bench)
{
	uint64_t start, ticks;

	irq_disable();
	start = rdtsc();
	bench_apic_write(bench, APIC_ICR, APIC_ICR_SELF | APIC_ICR_ASSERT | BENCH_VECTOR_SELF);
	ticks = rdtsc() - start;
	irq_enable();
	return ticks;
}

/* From the write to behind the handler, its EOI included. */
static uint64_t self_ipi(struct bench *bench)
{
	const _Atomic uint32_t *count = &this_cpu()->count[BENCH_VECTOR_SELF];
	uint32_t before = atomic_load(count);
	uint64_t start = rdtsc();

	if (bench->x2apic)
		wrmsr(APIC_X2_MSR + APIC_SELF_IPI / 16, BENCH_VECTOR_SELF);
	else
		mmio_write(APIC_MMIO + APIC_ICR,
			   APIC_ICR_SELF | APIC_ICR_ASSERT | BENCH_VECTOR_SELF);
	while (atomic_load(count) == before)
		bench_spin();
	return rdtsc() - start;
}

void bench_exits(struct bench *bench)
{
	static const struct bench_op ops[] = {
		{ "exit", bench_exit, 7 },
		{ "exit-port", exit_port, 7 },
		{ "rdmsr-base", rdmsr_base, 7 },
		{ "tpr-read", tpr_read, 7 },
		{ "eoi", eoi, 7 },
		{ "icr-nobody", icr_nobody, 7 },
		{ "icr-self", icr_self, 7 },
		{ "self-ipi", self_ipi, 7 },
	};

	irq_set_handler(bench->kernel, BENCH_VECTOR_EOI, on_eoi_vector);
	bench_group(bench, ops, sizeof(ops) / sizeof(ops[0]));
}
