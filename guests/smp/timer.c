/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The APIC timer of every CPU in its three modes: never early, never doubled, silent when masked
 * or stopped. How late it is, is the host's affair. SDM vol. 3, "APIC Timer".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define VECTOR_TIMER 0x80u
#define ONE_SHOT_US  2000u
#define PERIOD_US    1000u
#define PERIODS      5u
#define CANCELLED_US 1500u
#define QUIET_US     2500u
#define DEADLINE_US  2000u
#define ROUNDING_US  2u

static const uint32_t dividers[] = { APIC_TIMER_DIVIDE_1, APIC_TIMER_DIVIDE_2,
				     APIC_TIMER_DIVIDE_16 };

#define NR_DIVIDERS (sizeof(dividers) / sizeof(dividers[0]))

/* TIMER_DCR's bits 3, 1 and 0: 000 is 2, 001 is 4, ... 110 is 128, 111 is 1 (R109). */
static uint32_t divide_of(uint32_t dcr)
{
	uint32_t power = ((dcr & 3) | (dcr >> 1 & 4)) + 1;

	return 1u << power % 8;
}

static void timer_handler(struct cpu *cpu, struct frame *frame)
{
	atomic_store_explicit(&cpu->stamp, rdtsc(), memory_order_relaxed);
	irq_plain(cpu, frame);
}

/* CPU 0's waits rest on the timer that is being tested, so it spins here. */
static bool wait_for(struct cpu *cpu, uint32_t count)
{
	const _Atomic uint32_t *counter = &cpu->count[VECTOR_TIMER];

	return cpu->index == 0 ? test_spin(cpu, counter, count) : smp_wait(counter, count);
}

static uint32_t ticks_of(const struct kernel *kernel, uint32_t us, uint32_t divide)
{
	return (uint32_t)((uint64_t)us * kernel->clock.bus_khz / 1000 / divide);
}

/* Two clocks of one host may differ by 500 ppm; one that was measured here differs by more. */
static void expect_not_early(struct kernel *kernel, const struct cpu *cpu, uint64_t start,
			     uint32_t us)
{
	uint64_t stamp = atomic_load_explicit(&cpu->stamp, memory_order_relaxed);
	uint64_t passed = clock_tsc_to_us(kernel, stamp - start);
	uint64_t slack = us / (kernel->clock.exact ? 1000 : 20) + ROUNDING_US;

	if (passed + slack < us)
		test_fail(kernel, "cpu %u: fired after %lu us, not %u", cpu->index, passed, us);
}

static void expect_count(struct kernel *kernel, const struct cpu *cpu, uint32_t count,
			 uint32_t spare)
{
	uint32_t fired = test_load(&cpu->count[VECTOR_TIMER]);

	if (fired < count || fired > count + spare)
		test_fail(kernel, "cpu %u: fired %u times, not %u", cpu->index, fired, count);
}

/* What was armed at start and is stopped now may have fired if the host let so much time pass. */
static uint32_t spare_since(const struct kernel *kernel, uint64_t start)
{
	return rdtsc() - start >= clock_us_to_tsc(kernel, CANCELLED_US);
}

static void begin(const struct kernel *kernel, const struct cpu *cpu)
{
	if (cpu->index == 0)
		smp_tick(kernel, false);
}

static void end(const struct kernel *kernel, const struct cpu *cpu)
{
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	if (cpu->index == 0)
		smp_tick(kernel, true);
}

static void run(struct kernel *kernel, job_fn job)
{
	irq_set_handler(kernel, VECTOR_TIMER, timer_handler);
	test_run(kernel, job);
}

static void one_shot(struct kernel *kernel, struct cpu *cpu, uint32_t dcr, uint32_t count)
{
	uint32_t ticks = ticks_of(kernel, ONE_SHOT_US, divide_of(dcr));
	uint64_t start;
	uint32_t now;

	/* KVM's own APIC fires once more if the divider is changed after expiry: stop it first. */
	apic_write(APIC_TIMER_ICR, 0);
	apic_write(APIC_TIMER_DCR, dcr);
	start = rdtsc();
	apic_write(APIC_TIMER_ICR, ticks);
	now = apic_read(APIC_TIMER_CCR);
	if (now > ticks)
		test_fail(kernel, "cpu %u: count %u of %u", cpu->index, now, ticks);
	if (!wait_for(cpu, count)) {
		test_fail(kernel, "cpu %u: one-shot did not fire, %u left", cpu->index,
			  apic_read(APIC_TIMER_CCR));
		return;
	}
	expect_not_early(kernel, cpu, start, ONE_SHOT_US);
	if (apic_read(APIC_TIMER_CCR))
		test_fail(kernel, "cpu %u: count is %u after expiry", cpu->index,
			  apic_read(APIC_TIMER_CCR));
}

static void one_shot_job(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t start;
	uint32_t spare;

	begin(kernel, cpu);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	for (uint32_t i = 0; i < NR_DIVIDERS && !test_failed(kernel); i++)
		one_shot(kernel, cpu, dividers[i], i + 1);
	/* Stopped before its time (R106). */
	start = rdtsc();
	apic_write(APIC_TIMER_ICR, ticks_of(kernel, CANCELLED_US, 16));
	apic_write(APIC_TIMER_ICR, 0);
	spare = spare_since(kernel, start);
	clock_delay_us(kernel, QUIET_US);
	if (!test_failed(kernel))
		expect_count(kernel, cpu, NR_DIVIDERS, spare);
	end(kernel, cpu);
}

void test_timer_one_shot(struct kernel *kernel)
{
	run(kernel, one_shot_job);
}

static void periodic_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t ticks = ticks_of(kernel, PERIOD_US, 16);
	uint64_t give_up = rdtsc() + kernel->jobs.timeout, start;
	uint32_t fired, now;

	begin(kernel, cpu);
	apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_PERIODIC | VECTOR_TIMER);
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_16);
	start = rdtsc();
	apic_write(APIC_TIMER_ICR, ticks);
	for (uint32_t i = 1; i <= PERIODS && !test_failed(kernel); i++) {
		if (wait_for(cpu, i))
			continue;
		test_fail(kernel, "cpu %u: periodic fired %u times and no more", cpu->index,
			  test_load(&cpu->count[VECTOR_TIMER]));
	}
	now = apic_read(APIC_TIMER_CCR);
	if (now > ticks)
		test_fail(kernel, "cpu %u: count %u is beyond %u", cpu->index, now, ticks);
	/* With interrupts off the count and the time of the last one belong together. */
	irq_disable();
	fired = test_load(&cpu->count[VECTOR_TIMER]);
	expect_not_early(kernel, cpu, start, fired * PERIOD_US);
	apic_write(APIC_TIMER_ICR, 0);
	irq_enable();
	/* One may have been pending when it was stopped. */
	while (apic_test_bit(APIC_IRR, VECTOR_TIMER) && rdtsc() < give_up)
		cpu_relax();
	fired = test_load(&cpu->count[VECTOR_TIMER]);
	clock_delay_us(kernel, QUIET_US);
	if (!test_failed(kernel))
		expect_count(kernel, cpu, fired, 0);
	end(kernel, cpu);
}

void test_timer_periodic(struct kernel *kernel)
{
	run(kernel, periodic_job);
}

static void masked_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t ticks = ticks_of(kernel, ONE_SHOT_US, 1);
	uint64_t give_up = rdtsc() + kernel->jobs.timeout;

	begin(kernel, cpu);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_1);
	apic_write(APIC_TIMER_ICR, ticks);
	/* It counts all the same (R107). */
	clock_delay_us(kernel, ONE_SHOT_US);
	while (apic_read(APIC_TIMER_CCR) && rdtsc() < give_up)
		clock_delay_us(kernel, ONE_SHOT_US / 10);
	if (apic_read(APIC_TIMER_CCR))
		test_fail(kernel, "cpu %u: a masked timer stands at %u", cpu->index,
			  apic_read(APIC_TIMER_CCR));
	/* KVM's own APIC keeps an expiry that was masked and delivers it later: stop it first. */
	clock_delay_us(kernel, QUIET_US);
	apic_write(APIC_TIMER_ICR, 0);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
	clock_delay_us(kernel, QUIET_US);
	expect_count(kernel, cpu, 0, 0);
	end(kernel, cpu);
}

void test_timer_masked(struct kernel *kernel)
{
	run(kernel, masked_job);
}

static void deadline_job(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t deadline, start;
	uint32_t spare;

	begin(kernel, cpu);
	apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_DEADLINE | VECTOR_TIMER);
	deadline = rdtsc() + clock_us_to_tsc(kernel, DEADLINE_US);
	wrmsr(MSR_TSC_DEADLINE, deadline);
	if (!wait_for(cpu, 1))
		test_fail(kernel, "cpu %u: deadline did not fire", cpu->index);
	else if (atomic_load(&cpu->stamp) < deadline)
		test_fail(kernel, "cpu %u: %lu TSC ticks before its deadline", cpu->index,
			  deadline - atomic_load(&cpu->stamp));
	if (rdmsr(MSR_TSC_DEADLINE))
		test_fail(kernel, "cpu %u: the MSR is not 0 after expiry", cpu->index);
	/* A time that is past fires at once, 0 disarms (R119). */
	wrmsr(MSR_TSC_DEADLINE, deadline);
	if (!test_failed(kernel) && !wait_for(cpu, 2))
		test_fail(kernel, "cpu %u: a past deadline did not fire", cpu->index);
	deadline = rdtsc() + clock_us_to_tsc(kernel, kernel->clock.tsc_khz);
	wrmsr(MSR_TSC_DEADLINE, deadline);
	if (rdmsr(MSR_TSC_DEADLINE) != deadline)
		test_fail(kernel, "cpu %u: an armed deadline reads %lx, not %lx", cpu->index,
			  rdmsr(MSR_TSC_DEADLINE), deadline);
	start = rdtsc();
	wrmsr(MSR_TSC_DEADLINE, start + clock_us_to_tsc(kernel, CANCELLED_US));
	wrmsr(MSR_TSC_DEADLINE, 0);
	spare = spare_since(kernel, start);
	clock_delay_us(kernel, QUIET_US);
	if (!test_failed(kernel))
		expect_count(kernel, cpu, 2, spare);
	end(kernel, cpu);
}

void test_timer_deadline(struct kernel *kernel)
{
	run(kernel, deadline_job);
}

const char *unfit_deadline(const struct kernel *kernel)
{
	(void)kernel;
	return apic_has_deadline() ? NULL : "CPUID has no TSC-deadline";
}
