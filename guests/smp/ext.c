/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's extended APIC registers: a vector held back by its enable bit, and an EOI by vector. APM
 * vol. 2, "Specific End of Interrupt Register", "Interrupt Enable Registers" (R78).
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "smp/tests.h"

#define VECTOR_HELD  0x71u
#define VECTOR_ENDED 0x72u
#define QUIET_US     300u
#define EXT_LEAF     0x80000000u
#define EXT1_ECX_EXT (1u << 3)
#define VERSION_EXT  (1u << 31)
#define EXT_FEATURE  0x400u
#define EXT_CONTROL  0x410u
#define SEOI         0x420u
#define IER          0x480u
#define IER_AND_SEOI 3u

static void self(uint32_t vector)
{
	apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
}

static void ended_handler(struct cpu *cpu, struct frame *frame)
{
	apic_write(SEOI, (uint32_t)frame->vector);
	if (apic_test_bit(APIC_ISR, (uint32_t)frame->vector))
		test_fail(cpu->kernel, "cpu %u: the specific EOI has not ended it", cpu->index);
	irq_count(cpu, frame);
}

static void ext_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t ier = IER + VECTOR_HELD / 32 * 16;

	if (!(apic_read(APIC_VERSION) & VERSION_EXT) ||
	    (apic_read(EXT_FEATURE) & IER_AND_SEOI) != IER_AND_SEOI)
		test_fail(kernel, "cpu %u: version %x, features %x", cpu->index,
			  apic_read(APIC_VERSION), apic_read(EXT_FEATURE));
	apic_write(EXT_CONTROL, IER_AND_SEOI);
	apic_write(ier, ~(1u << VECTOR_HELD % 32));
	self(VECTOR_HELD);
	clock_delay_us(kernel, QUIET_US);
	if (test_load(&cpu->count[VECTOR_HELD]) || !apic_test_bit(APIC_IRR, VECTOR_HELD))
		test_fail(kernel, "cpu %u: a disabled vector came, or was lost", cpu->index);
	apic_write(ier, UINT32_MAX);
	if (!test_spin(cpu, &cpu->count[VECTOR_HELD], 1))
		test_fail(kernel, "cpu %u: it did not come when it was enabled", cpu->index);
	self(VECTOR_ENDED);
	if (!test_spin(cpu, &cpu->count[VECTOR_ENDED], 1))
		test_fail(kernel, "cpu %u: the next one did not come", cpu->index);
	apic_write(EXT_CONTROL, 0);
}

void test_ext_apic(struct kernel *kernel)
{
	irq_set_handler(kernel, VECTOR_ENDED, ended_handler);
	test_run(kernel, ext_job);
}

const char *unfit_ext_apic(const struct kernel *kernel)
{
	(void)kernel;
	if (cpuid(EXT_LEAF, 0).eax > EXT_LEAF && cpuid(EXT_LEAF + 1, 0).ecx & EXT1_ECX_EXT)
		return NULL;
	return "CPUID has no extended APIC registers";
}
