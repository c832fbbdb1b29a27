/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's TSC jumps, by either of the MSRs that move it, while a TSC deadline is armed. SDM vol. 3,
 * "TSC-Deadline Mode", "IA32_TSC_ADJUST Register Support".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define VECTOR_TIMER 0x80u
#define HOUR_US      3600000000u
#define SHORT_US     2000u
#define QUIET_US     4000u

#define CPUID_FEATURES      7u
#define FEATURES_TSC_ADJUST (1u << 1) /* EBX */

static void expect_fired(struct kernel *kernel, struct cpu *cpu, uint32_t count, const char *what)
{
	if (!test_spin(cpu, &cpu->count[VECTOR_TIMER], count))
		test_fail(kernel, "cpu %u: %s an hour ahead: no interrupt", cpu->index, what);
	else if (rdmsr(MSR_TSC_DEADLINE))
		test_fail(kernel, "cpu %u: %s: the deadline is not 0 after expiry", cpu->index,
			  what);
}

/* Onto the deadline by IA32_TSC, and IA32_TSC_ADJUST has to show by how much. */
static void jump_by_tsc(struct kernel *kernel, struct cpu *cpu, uint64_t hour, uint64_t adjust)
{
	uint64_t start = rdtsc(), deadline = start + hour, moved;

	wrmsr(MSR_TSC_DEADLINE, deadline);
	wrmsr(MSR_TSC, deadline);
	moved = rdmsr(MSR_TSC_ADJUST) - adjust;
	if (rdtsc() < deadline)
		test_fail(kernel, "cpu %u: IA32_TSC is not what was written", cpu->index);
	else if (moved > hour || moved < hour / 2)
		test_fail(kernel, "cpu %u: IA32_TSC_ADJUST grew by %lx for at most %lx", cpu->index,
			  moved, hour);
	else
		expect_fired(kernel, cpu, 1, "IA32_TSC");
}

static void jump_by_adjust(struct kernel *kernel, struct cpu *cpu, uint64_t hour)
{
	uint64_t start = rdtsc(), adjust = rdmsr(MSR_TSC_ADJUST) + hour;

	wrmsr(MSR_TSC_DEADLINE, start + hour);
	wrmsr(MSR_TSC_ADJUST, adjust);
	if (rdtsc() - start < hour)
		test_fail(kernel, "cpu %u: IA32_TSC_ADJUST does not move the TSC", cpu->index);
	else if (rdmsr(MSR_TSC_ADJUST) != adjust)
		test_fail(kernel, "cpu %u: IA32_TSC_ADJUST reads %lx, not %lx", cpu->index,
			  rdmsr(MSR_TSC_ADJUST), adjust);
	else
		expect_fired(kernel, cpu, 2, "IA32_TSC_ADJUST");
}

/* A deadline that was near is an hour away, and near again after the jump back. */
static void jump_back(struct kernel *kernel, struct cpu *cpu, uint64_t hour)
{
	uint64_t adjust = rdmsr(MSR_TSC_ADJUST);
	uint64_t deadline = rdtsc() + clock_us_to_tsc(kernel, SHORT_US);

	wrmsr(MSR_TSC_DEADLINE, deadline);
	wrmsr(MSR_TSC_ADJUST, adjust - hour);
	/* It has fired if the host let so much time pass between the two. */
	if (rdtsc() + hour < deadline) {
		clock_delay_us(kernel, QUIET_US);
		if (test_load(&cpu->count[VECTOR_TIMER]) != 2)
			test_fail(kernel, "cpu %u: fired an hour before its time", cpu->index);
	}
	wrmsr(MSR_TSC_ADJUST, adjust);
	expect_fired(kernel, cpu, 3, "back from IA32_TSC_ADJUST");
}

static void tsc_write_job(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t hour = clock_us_to_tsc(kernel, HOUR_US);
	uint64_t adjust = rdmsr(MSR_TSC_ADJUST);

	/* CPU 0's tick is the timer that is being tested. */
	if (cpu->index == 0)
		smp_tick(kernel, false);
	apic_write(APIC_LVT_TIMER, APIC_LVT_TIMER_DEADLINE | VECTOR_TIMER);
	jump_by_tsc(kernel, cpu, hour, adjust);
	if (!test_failed(kernel))
		jump_by_adjust(kernel, cpu, hour);
	if (!test_failed(kernel))
		jump_back(kernel, cpu, hour);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	wrmsr(MSR_TSC_ADJUST, adjust);
	if (cpu->index == 0)
		smp_tick(kernel, true);
}

void test_timer_tsc_write(struct kernel *kernel)
{
	test_run(kernel, tsc_write_job);
}

const char *unfit_tsc_write(const struct kernel *kernel)
{
	if (cpuid(0, 0).eax < CPUID_FEATURES ||
	    !(cpuid(CPUID_FEATURES, 0).ebx & FEATURES_TSC_ADJUST))
		return "CPUID has no IA32_TSC_ADJUST";
	return unfit_deadline(kernel);
}
