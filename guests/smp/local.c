/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's own interrupt sources: LINT1, performance counters, thermal sensor; and what CPUID must
 * not offer where the local APIC is not KVM's. SDM vol. 3, "Local Vector Table"; SDM vol. 2, "CPUID
 * - CPU Identification"; Linux documentation, "KVM CPUID bits".
 */
#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/clock.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "smp/pins.h"
#include "smp/tests.h"

#define VECTOR_LOCAL 0x80u
#define QUIET_US     200u

#define EVENTS_PORT 0x2050u
#define NR_EVENTS   4u

enum event {
	EVENT_LINT1_LOW,
	EVENT_LINT1_HIGH,
	EVENT_PMC,
	EVENT_THERMAL,
};

/* KVM-side features that end in KVM's own local APIC, or in its wake-up. */
#define FEATURES_OF_KVMS_LAPIC (1u << 4 | 1u << 7 | 1u << 10 | 1u << 11 | 1u << 14)

/* DTES64, MONITOR, VMX, PDCM of leaf 1; SVM, IBS and three kinds of counters of leaf 80000001H */
#define HIDDEN_LEAF1_ECX (1u << 2 | 1u << 3 | 1u << 5 | 1u << 15)
#define HIDDEN_LEAF1_EDX (1u << 21) /* DS */
#define HIDDEN_EXT1_ECX  (1u << 2 | 1u << 10 | 1u << 23 | 1u << 24 | 1u << 28)
#define EXTENDED_LEAVES  0x80000000u

/* A counter that is there keeps what is written to it. */
#define COUNTER_VALUE 0x123u

#define HYPERV_LEAF      0x40000001u
#define HYPERV_SIGNATURE 0x31237648u
#define HYPERV_MSR_EOI   0x40000070u

static void raise(enum event event)
{
	outl(event, EVENTS_PORT);
}

/* So many came, and no more follow. */
static void expect(struct kernel *kernel, struct cpu *cpu, const char *what,
		   const _Atomic uint32_t *counter, uint32_t count)
{
	bool came = test_spin(cpu, counter, count);

	clock_delay_us(kernel, QUIET_US);
	if (!came || test_load(counter) != count)
		test_fail(kernel, "cpu %u: %s: %u came, not %u", cpu->index, what,
			  test_load(counter), count);
}

static void pmc_job(struct kernel *kernel, struct cpu *cpu)
{
	const _Atomic uint32_t *fixed = &cpu->count[VECTOR_LOCAL];

	apic_write(APIC_LVT_PMC, VECTOR_LOCAL);
	raise(EVENT_PMC);
	expect(kernel, cpu, "fixed", fixed, 1);
	if (apic_read(APIC_LVT_PMC) != (APIC_LVT_MASKED | VECTOR_LOCAL))
		test_fail(kernel, "cpu %u: LVT_PMC is %x after it fired", cpu->index,
			  apic_read(APIC_LVT_PMC));
	raise(EVENT_PMC);
	expect(kernel, cpu, "masked by itself", fixed, 1);
	apic_write(APIC_LVT_PMC, APIC_MODE_NMI);
	raise(EVENT_PMC);
	expect(kernel, cpu, "NMI", &cpu->nmis, 1);
	raise(EVENT_PMC);
	expect(kernel, cpu, "NMI masked by itself", &cpu->nmis, 1);
	apic_write(APIC_LVT_PMC, APIC_LVT_MASKED);
}

void test_lvt_pmc(struct kernel *kernel)
{
	test_run(kernel, pmc_job);
}

static void thermal_job(struct kernel *kernel, struct cpu *cpu)
{
	const _Atomic uint32_t *fixed = &cpu->count[VECTOR_LOCAL];

	apic_write(APIC_LVT_THERMAL, VECTOR_LOCAL);
	raise(EVENT_THERMAL);
	expect(kernel, cpu, "first", fixed, 1);
	raise(EVENT_THERMAL);
	expect(kernel, cpu, "second", fixed, 2);
	apic_write(APIC_LVT_THERMAL, APIC_LVT_MASKED | VECTOR_LOCAL);
	raise(EVENT_THERMAL);
	expect(kernel, cpu, "masked", fixed, 2);
}

void test_lvt_thermal(struct kernel *kernel)
{
	test_run(kernel, thermal_job);
}

/* An edge of the pin, never one of the entry (R103); mask and mode count (R104). */
static void lint1_job(struct kernel *kernel, struct cpu *cpu)
{
	raise(EVENT_LINT1_LOW);
	apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED | APIC_MODE_NMI);
	raise(EVENT_LINT1_HIGH);
	apic_write(APIC_LVT_LINT1, APIC_MODE_NMI);
	expect(kernel, cpu, "unmasked while high", &cpu->nmis, 0);
	raise(EVENT_LINT1_HIGH);
	expect(kernel, cpu, "still high", &cpu->nmis, 0);
	raise(EVENT_LINT1_LOW);
	raise(EVENT_LINT1_HIGH);
	expect(kernel, cpu, "a rise", &cpu->nmis, 1);
	raise(EVENT_LINT1_LOW);
	apic_write(APIC_LVT_LINT1, VECTOR_LOCAL);
	raise(EVENT_LINT1_HIGH);
	expect(kernel, cpu, "a rise as fixed", &cpu->count[VECTOR_LOCAL], 1);
	expect(kernel, cpu, "NMI for a fixed one", &cpu->nmis, 1);
	raise(EVENT_LINT1_LOW);
	apic_write(APIC_LVT_LINT1, APIC_LVT_MASKED);
}

void test_lvt_lint1(struct kernel *kernel)
{
	test_run(kernel, lint1_job);
}

const char *unfit_local(const struct kernel *kernel)
{
	(void)kernel;
	return inl(EVENTS_PORT) == NR_EVENTS ? NULL : "no local events";
}

static void expect_without(struct kernel *kernel, uint32_t leaf, uint32_t bits)
{
	if (bits)
		test_fail(kernel, "leaf %x offers %x", leaf, bits);
}

/* MONITOR, performance counters, nested virtualization (D49). */
static void expect_hidden_leaves(struct kernel *kernel)
{
	static const uint32_t leaves[] = { 5, 0xa, 0x14, 0x1c, 0x8000000a, 0x8000001b, 0x80000022 };

	expect_without(kernel, 1, cpuid(1, 0).ecx & HIDDEN_LEAF1_ECX);
	expect_without(kernel, 1, cpuid(1, 0).edx & HIDDEN_LEAF1_EDX);
	expect_without(kernel, 0x80000001, cpuid(0x80000001, 0).ecx & HIDDEN_EXT1_ECX);
	for (uint32_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
		struct cpuid r = cpuid(leaves[i], 0);

		/* Beyond the last leaf stands anything. */
		if (leaves[i] <= cpuid(leaves[i] & EXTENDED_LEAVES, 0).eax)
			expect_without(kernel, leaves[i], r.eax | r.ebx | r.ecx | r.edx);
	}
}

/*
 * Not even unoffered. AMD's first four, which no CPUID has ever told of, KVM has before Linux 5.18.
 */
static void expect_no_counters(struct kernel *kernel)
{
	static const uint32_t counters[] = { 0xc1, 0x309, 0xc0010201 };
	uint64_t value;

	for (uint32_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (wrmsr_safe(counters[i], COUNTER_VALUE) && rdmsr_safe(counters[i], &value) &&
		    value)
			test_fail(kernel, "there is a performance counter: MSR %x", counters[i]);
}

static void cpuid_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t features = platform_kvm_features() & FEATURES_OF_KVMS_LAPIC;
	uint64_t value;

	if (features)
		test_fail(kernel, "cpu %u: KVM features %x are offered", cpu->index, features);
	if (cpuid(HYPERV_LEAF, 0).eax == HYPERV_SIGNATURE || rdmsr_safe(HYPERV_MSR_EOI, &value))
		test_fail(kernel, "cpu %u: there is a Hyper-V", cpu->index);
	expect_hidden_leaves(kernel);
	expect_no_counters(kernel);
}

void test_hidden_features(struct kernel *kernel)
{
	test_run(kernel, cpuid_job);
}

const char *unfit_hidden_features(const struct kernel *kernel)
{
	if (unfit_msi(kernel))
		return "not this machine";
	return platform_kvm_features() ? NULL : "no KVM";
}
