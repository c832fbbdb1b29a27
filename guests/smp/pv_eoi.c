/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paravirtual EOI: a vector ends by a flag in memory where nothing else depends on it, and by a
 * write of EOI where something does (R170, R179). Linux documentation, "KVM-specific MSRs",
 * MSR_KVM_PV_EOI_EN.
 */
#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define MSR_PV_EOI    0x4b564d04u
#define PV_EOI_ENABLE 1u
#define PV_EOI_ODD    2u /* a reserved bit */
#define NO_MEMORY     UINT64_C(0xfe000000)

#define VECTOR_ALONE 0x60u
#define VECTOR_HIGH  0x91u /* while it is served, VECTOR_LOW becomes pending */
#define VECTOR_LOW   0x51u
#define ROUNDS       16u

/* Of each CPU's scratch. */
enum {
	FLAG,    /* the byte that KVM_PV_EOI is about, in four */
	SILENT,  /* vectors that it has ended */
	WRITTEN, /* vectors that a write of EOI has ended */
};

/*
 * One instruction of this CPU, as the interface wants it: KVM takes the flag back between any two.
 */
static bool flag_taken(struct cpu *cpu)
{
	bool taken;

	__asm__ volatile("btrl $0, %1" : "=@ccc"(taken), "+m"(cpu->scratch[FLAG]) : : "memory");
	return taken;
}

static void end_of_interrupt(struct cpu *cpu)
{
	bool silent = flag_taken(cpu);
	uint32_t counter = silent ? SILENT : WRITTEN;

	test_store(&cpu->scratch[counter], test_load(&cpu->scratch[counter]) + 1);
	if (!silent)
		apic_eoi();
}

static void alone_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	end_of_interrupt(cpu);
}

static void high_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | VECTOR_LOW);
	end_of_interrupt(cpu);
}

static void expect_ended(struct kernel *kernel, struct cpu *cpu, uint32_t vector)
{
	if (apic_test_bit(APIC_ISR, vector))
		test_fail(kernel, "cpu %u: %x is still in service", cpu->index, vector);
}

static void refusals(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t flag = (uintptr_t)&cpu->scratch[FLAG];

	if (wrmsr_safe(MSR_PV_EOI, flag | PV_EOI_ENABLE | PV_EOI_ODD))
		test_fail(kernel, "cpu %u: a reserved bit was taken", cpu->index);
	if (wrmsr_safe(MSR_PV_EOI, NO_MEMORY | PV_EOI_ENABLE))
		test_fail(kernel, "cpu %u: an address without memory was taken", cpu->index);
	if (!wrmsr_safe(MSR_PV_EOI, flag | PV_EOI_ENABLE))
		test_fail(kernel, "cpu %u: the MSR was refused", cpu->index);
	else if (rdmsr(MSR_PV_EOI) != (flag | PV_EOI_ENABLE))
		test_fail(kernel, "cpu %u: the MSR reads %lx", cpu->index, rdmsr(MSR_PV_EOI));
}

/* Send vector to itself; wait for last, which comes because of it. */
static void send_rounds(struct kernel *kernel, struct cpu *cpu, uint32_t vector, uint32_t last)
{
	uint32_t before = test_load(&cpu->count[last]);

	for (uint32_t i = 1; i <= ROUNDS && !test_failed(kernel); i++) {
		apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
		if (!test_spin(cpu, &cpu->count[last], before + i))
			test_fail(kernel, "cpu %u: %x came %u times, not %u", cpu->index, last,
				  test_load(&cpu->count[last]) - before, i);
	}
	expect_ended(kernel, cpu, vector);
	expect_ended(kernel, cpu, last);
}

static void pv_eoi_job(struct kernel *kernel, struct cpu *cpu)
{
	refusals(kernel, cpu);
	send_rounds(kernel, cpu, VECTOR_ALONE, VECTOR_ALONE);
	if (!test_load(&cpu->scratch[SILENT]))
		test_fail(kernel, "cpu %u: none of %u EOIs was saved", cpu->index, ROUNDS);
	/* VECTOR_LOW waits for the EOI: only an exit can let it in. */
	test_store(&cpu->scratch[SILENT], 0);
	send_rounds(kernel, cpu, VECTOR_HIGH, VECTOR_LOW);
	if (test_load(&cpu->scratch[SILENT]))
		test_fail(kernel, "cpu %u: an EOI was saved that a vector waited for", cpu->index);
	wrmsr(MSR_PV_EOI, 0);
	test_store(&cpu->scratch[WRITTEN], 0);
	send_rounds(kernel, cpu, VECTOR_ALONE, VECTOR_ALONE);
	if (test_load(&cpu->scratch[WRITTEN]) != ROUNDS)
		test_fail(kernel, "cpu %u: the flag was set after it was disabled", cpu->index);
}

void test_pv_eoi(struct kernel *kernel)
{
	irq_set_handler(kernel, VECTOR_ALONE, alone_handler);
	irq_set_handler(kernel, VECTOR_HIGH, high_handler);
	test_run(kernel, pv_eoi_job);
}

const char *unfit_pv_eoi(const struct kernel *kernel)
{
	(void)kernel;
	return platform_kvm_features() & KVM_FEATURE_PV_EOI ? NULL : "CPUID has no PV EOI";
}
