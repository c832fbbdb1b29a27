/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Results and waits of the tests. SDM vol. 3, "Interrupt Acceptance for Fixed Interrupts": of one
 * vector only one more is remembered while one is pending, so exact counts need a vector for each
 * message in flight.
 */
#include "smp/test.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/print.h"
#include "lib/smp.h"

#define SPIN_US  10000000u
#define QUIET_US 1000u /* in which one too many would show */

void test_fail(struct kernel *kernel, const char *fmt, ...)
{
	struct environment *env = test_env(kernel);
	va_list args;

	if (atomic_exchange(&env->failed, true))
		return;
	va_start(args, fmt);
	vformat(env->why, sizeof(env->why), fmt, args);
	va_end(args);
}

void test_skip(struct kernel *kernel, const char *fmt, ...)
{
	struct environment *env = test_env(kernel);
	va_list args;

	if (test_failed(kernel))
		return;
	env->declined = true;
	va_start(args, fmt);
	vformat(env->why, sizeof(env->why), fmt, args);
	va_end(args);
}

bool test_failed(const struct kernel *kernel)
{
	return atomic_load(&test_env(kernel)->failed);
}

void test_run_on(struct kernel *kernel, job_fn job, uint32_t first, uint32_t last)
{
	uint32_t total = 0;

	if (smp_run(kernel, job, first, last))
		return;
	for (uint32_t i = first; i <= last; i++)
		total += test_load(&kernel_cpu(kernel, i)->irqs);
	test_fail(kernel, "out of time, %u interrupts came to %u CPUs", total, last - first + 1);
}

void test_run(struct kernel *kernel, job_fn job)
{
	test_run_on(kernel, job, 0, kernel->nr_cpus - 1);
}

bool test_spin(struct cpu *cpu, const _Atomic uint32_t *counter, uint32_t value)
{
	struct jobs *jobs = &cpu->kernel->jobs;
	uint64_t end = rdtsc() + clock_us_to_tsc(cpu->kernel, SPIN_US);

	while (atomic_load(counter) < value) {
		if (rdtsc() > end || atomic_load(&jobs->aborting))
			return false;
		cpu_relax();
	}
	return true;
}

uint32_t test_load(const _Atomic uint32_t *counter)
{
	return atomic_load_explicit(counter, memory_order_acquire);
}

void test_store(_Atomic uint32_t *counter, uint32_t value)
{
	atomic_store_explicit(counter, value, memory_order_release);
}

static bool is_stray(const struct kernel *kernel, uint32_t vector)
{
	return kernel->handler[vector] == irq_stray;
}

void test_expect_no_strays(struct kernel *kernel, const struct cpu *cpu)
{
	if (!test_load(&cpu->strays))
		return;
	for (uint32_t vector = 0; vector < 256; vector++) {
		if (is_stray(kernel, vector) && test_load(&cpu->count[vector]))
			test_fail(kernel, "cpu %u: vector 0x%x, which nobody sent, came %u times",
				  cpu->index, vector, test_load(&cpu->count[vector]));
	}
}

void test_expect_each_once(struct kernel *kernel, const struct cpu *cpu, uint32_t vectors)
{
	for (uint32_t i = 0; i < vectors; i++) {
		uint32_t count = test_load(&cpu->count[VECTOR_FIRST + i]);

		if (count != 1)
			test_fail(kernel, "cpu %u: vector 0x%x came %u times, not once", cpu->index,
				  VECTOR_FIRST + i, count);
	}
	if (test_load(&cpu->irqs) != vectors)
		test_fail(kernel, "cpu %u: %u interrupts, not %u", cpu->index,
			  test_load(&cpu->irqs), vectors);
}

void test_expect_totals(struct kernel *kernel, uint32_t members, uint32_t count)
{
	for (uint32_t i = 0; i < members; i++) {
		const struct cpu *cpu = kernel_cpu(kernel, i);

		if (test_load(&cpu->irqs) != count)
			test_fail(kernel, "cpu %u: %u interrupts, not %u", i, test_load(&cpu->irqs),
				  count);
	}
}

void test_note(const struct cpu *cpu)
{
	atomic_fetch_add(&kernel_cpu(cpu->kernel, 0)->scratch[0], 1);
}

void test_handler(struct cpu *cpu, struct frame *frame)
{
	test_note(cpu);
	irq_notify(cpu, frame);
}

void test_expect_at(struct kernel *kernel, uint32_t index, uint32_t vector, uint32_t count)
{
	const _Atomic uint32_t *counter = &kernel_cpu(kernel, index)->count[vector];

	if (!smp_wait(counter, count) || test_load(counter) != count)
		test_fail(kernel, "cpu %u: vector 0x%x came %u times, not %u", index, vector,
			  test_load(counter), count);
}

void test_expect_sum(struct kernel *kernel, uint32_t count)
{
	const _Atomic uint32_t *sum = &kernel_cpu(kernel, 0)->scratch[0];

	if (smp_wait(sum, count))
		clock_delay_us(kernel, QUIET_US);
	if (test_load(sum) != count)
		test_fail(kernel, "%u interrupts on all CPUs together, not %u", test_load(sum),
			  count);
}

bool in_x2apic(const struct kernel *kernel)
{
	return atomic_load(&kernel->x2apic);
}

const char *unfit_single(const struct kernel *kernel)
{
	return kernel->nr_cpus < 2 ? TEST_SINGLE : NULL;
}
