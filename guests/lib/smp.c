/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AP start-up, jobs and waits. SDM vol. 3, "MP Initialization Protocol Algorithm for MP Systems",
 * "Typical AP Initialization Sequence".
 */
#include "lib/smp.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/string.h"

#define INIT_DELAY_US 10000u /* MP specification 1.4, "Universal Start-up Algorithm" */
#define SIPI_DELAY_US 200u
#define TIMEOUT_US    10000000u
#define TICK_US       100000u
#define RESCUE_US     5000000u
#define KICK_SINGLY   4u

_Static_assert(sizeof(struct cpu) <= LAYOUT_CPU_BLOCK / 4, "the rest of the block is the stack");

struct trampoline_data {
	uint64_t apic_ids;
	uint64_t blocks;
	uint64_t nr_cpus;
};

extern const uint8_t trampoline_start[], trampoline_end[], trampoline_data[];

void ap_entry(void) __attribute__((noreturn));
void stack_switch(void *top, void (*next)(struct kernel *), struct kernel *kernel)
	__attribute__((noreturn));

void smp_init(struct kernel *kernel, void (*next)(struct kernel *kernel))
{
	size_t size = (size_t)(trampoline_end - trampoline_start);
	size_t data = (size_t)(trampoline_data - trampoline_start);
	uint8_t *page = (uint8_t *)(uintptr_t)LAYOUT_TRAMPOLINE;
	struct trampoline_data trampoline;

	kernel->jobs.timeout = clock_us_to_tsc(kernel, TIMEOUT_US);
	kernel->blocks = kernel_alloc(kernel, (size_t)kernel->nr_cpus * LAYOUT_CPU_BLOCK,
				      LAYOUT_CPU_BLOCK);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++) {
		struct cpu *cpu = kernel_cpu(kernel, i);

		cpu->kernel = kernel;
		cpu->index = i;
		cpu->apic_id = kernel->apic_ids[i];
	}
	atomic_store(&kernel_cpu(kernel, 0)->x2apic, atomic_load(&this_cpu()->x2apic));

	trampoline = (struct trampoline_data){
		.apic_ids = (uintptr_t)kernel->apic_ids,
		.blocks = (uintptr_t)kernel->blocks,
		.nr_cpus = kernel->nr_cpus,
	};
	memcpy(page, trampoline_start, size);
	memcpy(page + data, &trampoline, sizeof(trampoline));
	stack_switch(kernel->blocks + LAYOUT_CPU_BLOCK, next, kernel);
}

void smp_tick(const struct kernel *kernel, bool on)
{
	uint64_t count = (uint64_t)kernel->clock.bus_khz * TICK_US / 1000 / 16;

	apic_write(APIC_TIMER_ICR, 0);
	if (!on) {
		apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
		return;
	}
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_16);
	apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR_TICK);
	apic_write(APIC_TIMER_ICR, count ? (uint32_t)count : 1);
}

void smp_send_init(const struct kernel *kernel, uint32_t index)
{
	apic_icr(kernel->apic_ids[index], APIC_ICR_ASSERT | APIC_MODE_INIT);
}

void smp_send_sipi(const struct kernel *kernel, uint32_t index)
{
	apic_icr(kernel->apic_ids[index],
		 APIC_ICR_ASSERT | APIC_MODE_SIPI | LAYOUT_TRAMPOLINE_VECTOR);
}

static void run_job(struct kernel *kernel, struct cpu *cpu)
{
	struct jobs *jobs = &kernel->jobs;

	if (cpu->index < jobs->first || cpu->index > jobs->last)
		return;
	jobs->run(kernel, cpu);
	if (atomic_fetch_add(&jobs->done, 1) == jobs->last - jobs->first && cpu->index != 0)
		apic_kick(kernel->apic_ids[0]);
}

/* First C code of an AP; started anew by each INIT and SIPI. */
void ap_entry(void)
{
	struct cpu *cpu = this_cpu();
	struct kernel *kernel = cpu->kernel;
	uint32_t seen = atomic_load(&kernel->jobs.generation);

	irq_load(kernel);
	if (kernel->ap_main)
		kernel->ap_main(cpu);
	apic_enable(kernel);
	if (apic_id() != cpu->apic_id)
		panic("cpu %u: APIC id %u, MADT and CPUID say %u", cpu->index, apic_id(),
		      cpu->apic_id);
	atomic_fetch_add(&cpu->starts, 1);
	apic_kick(kernel->apic_ids[0]);
	for (;;) {
		irq_disable();
		while (atomic_load(&kernel->jobs.generation) == seen)
			irq_halt();
		irq_enable();
		seen = atomic_load(&kernel->jobs.generation);
		run_job(kernel, cpu);
	}
}

static bool reached(const _Atomic uint32_t *counter, uint32_t value)
{
	return (int32_t)(atomic_load(counter) - value) >= 0;
}

bool smp_wait(const _Atomic uint32_t *counter, uint32_t value)
{
	struct cpu *cpu = this_cpu();
	struct jobs *jobs = &cpu->kernel->jobs;
	uint64_t deadline = rdtsc() + jobs->timeout;
	bool done;

	irq_disable();
	for (;;) {
		done = reached(counter, value);
		if (done || atomic_load(&jobs->aborting))
			break;
		if (cpu->index == 0 && rdtsc() > deadline) {
			atomic_store(&jobs->aborting, true);
			apic_kick_others();
			break;
		}
		irq_halt();
	}
	irq_enable();
	return done;
}

void smp_clear_abort(struct kernel *kernel)
{
	atomic_store(&kernel->jobs.aborting, false);
}

bool smp_wait_us(const _Atomic uint32_t *counter, uint32_t value, uint64_t us)
{
	uint64_t deadline = rdtsc() + clock_us_to_tsc(this_cpu()->kernel, us);
	bool done;

	irq_disable();
	while (!(done = reached(counter, value)) && rdtsc() < deadline)
		irq_halt();
	irq_enable();
	return done;
}

/* All waits have been told to end: the job has to be over soon. */
static void collect(struct kernel *kernel, uint32_t total)
{
	struct jobs *jobs = &kernel->jobs;

	if (!smp_wait_us(&jobs->done, total, RESCUE_US))
		panic("%u of %u CPUs do not come back", total - atomic_load(&jobs->done), total);
	smp_clear_abort(kernel);
}

static void wake(const struct kernel *kernel, uint32_t first, uint32_t last)
{
	if (last - first >= KICK_SINGLY) {
		apic_kick_others();
		return;
	}
	for (uint32_t i = first; i <= last; i++) {
		if (i != 0)
			apic_kick(kernel->apic_ids[i]);
	}
}

bool smp_run(struct kernel *kernel, job_fn job, uint32_t first, uint32_t last)
{
	struct jobs *jobs = &kernel->jobs;
	uint32_t total = last - first + 1;

	jobs->run = job;
	jobs->first = first;
	jobs->last = last;
	atomic_store(&jobs->done, 0);
	atomic_fetch_add(&jobs->generation, 1);
	wake(kernel, first, last);
	run_job(kernel, this_cpu());
	if (smp_wait(&jobs->done, total) && !atomic_load(&jobs->aborting))
		return true;
	collect(kernel, total);
	return false;
}

bool smp_run_all(struct kernel *kernel, job_fn job)
{
	return smp_run(kernel, job, 0, kernel->nr_cpus - 1);
}

bool smp_start(struct kernel *kernel, uint32_t first, uint32_t last)
{
	bool all = true;

	for (uint32_t i = first; i <= last; i++)
		smp_send_init(kernel, i);
	clock_delay_us(kernel, INIT_DELAY_US);
	for (uint32_t i = first; i <= last; i++)
		kernel_cpu(kernel, i)->expected_starts++;
	for (uint32_t round = 0; round < 2; round++) {
		for (uint32_t i = first; i <= last; i++)
			smp_send_sipi(kernel, i);
		clock_delay_us(kernel, SIPI_DELAY_US);
	}
	for (uint32_t i = first; all && i <= last; i++) {
		struct cpu *cpu = kernel_cpu(kernel, i);

		all = smp_wait(&cpu->starts, cpu->expected_starts);
	}
	smp_clear_abort(kernel);
	return all;
}
