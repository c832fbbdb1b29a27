/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frequencies told by the hypervisor (CPUID leaf 0x40000010, "timing information") or measured
 * against the ACPI PM timer. ACPI, "Power Management Timer"; SDM vol. 3, "APIC Timer".
 */
#include "lib/clock.h"

#include "lib/apic.h"
#include "lib/cpu.h"

#define CPUID_HYPERVISOR_BASE   0x40000000u
#define CPUID_HYPERVISOR_TIMING 0x40000010u
#define CPUID_HYPERVISOR_LAST   0x400000ffu
#define CPUID1_ECX_HYPERVISOR   (1u << 31)

#define PM_TIMER_HZ    3579545u
#define PM_TIMER_MASK  0xffffffu          /* 24 bits are always there */
#define PM_TIMER_TICKS (PM_TIMER_HZ / 50) /* 20 ms */
#define PM_TIMER_SPIN  1000000u

#define BUS_MEASURE_US 10000u
#define KHZ_UNKNOWN    1000000u

static bool told_by_hypervisor(struct clock *clock)
{
	struct cpuid r;

	if (!(cpuid(1, 0).ecx & CPUID1_ECX_HYPERVISOR))
		return false;
	r = cpuid(CPUID_HYPERVISOR_BASE, 0);
	if (r.eax < CPUID_HYPERVISOR_TIMING || r.eax > CPUID_HYPERVISOR_LAST)
		return false;
	r = cpuid(CPUID_HYPERVISOR_TIMING, 0);
	clock->tsc_khz = r.eax;
	clock->bus_khz = r.ebx;
	return clock->tsc_khz && clock->bus_khz;
}

static uint32_t measure_tsc(uint32_t port)
{
	uint32_t start, spin = 0, passed = 0;
	uint64_t tsc;

	if (!port)
		return KHZ_UNKNOWN;
	start = inl((uint16_t)port);
	tsc = rdtsc();
	while (passed < PM_TIMER_TICKS && spin++ < PM_TIMER_SPIN)
		passed = (inl((uint16_t)port) - start) & PM_TIMER_MASK;
	tsc = rdtsc() - tsc;
	if (passed < PM_TIMER_TICKS)
		return KHZ_UNKNOWN;
	return (uint32_t)(tsc * PM_TIMER_HZ / passed / 1000);
}

/* Two points with an equal access before each, so that the cost of the access falls out. */
static uint32_t measure_bus(const struct kernel *kernel)
{
	uint64_t start, ticks;
	uint32_t from, to;

	apic_write(APIC_TIMER_DCR, APIC_TIMER_DIVIDE_1);
	apic_write(APIC_TIMER_ICR, UINT32_MAX);
	from = apic_read(APIC_TIMER_CCR);
	start = rdtsc();
	clock_delay_us(kernel, BUS_MEASURE_US);
	to = apic_read(APIC_TIMER_CCR);
	ticks = rdtsc() - start;
	apic_write(APIC_TIMER_ICR, 0);
	return (uint32_t)((uint64_t)(from - to) * kernel->clock.tsc_khz / ticks);
}

void clock_init(struct kernel *kernel)
{
	struct clock *clock = &kernel->clock;

	clock->exact = told_by_hypervisor(clock);
	if (clock->exact)
		return;
	clock->tsc_khz = measure_tsc(kernel->pm_timer_port);
	clock->bus_khz = measure_bus(kernel);
}

uint64_t clock_us_to_tsc(const struct kernel *kernel, uint64_t us)
{
	return us * kernel->clock.tsc_khz / 1000;
}

uint64_t clock_tsc_to_us(const struct kernel *kernel, uint64_t ticks)
{
	return ticks * 1000 / kernel->clock.tsc_khz;
}

void clock_delay_us(const struct kernel *kernel, uint64_t us)
{
	uint64_t end = rdtsc() + clock_us_to_tsc(kernel, us);

	while (rdtsc() < end)
		cpu_relax();
}
