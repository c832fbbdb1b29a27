/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What not every local APIC has. AMD's extended registers: a vector held back by its enable bit,
 * and an EOI by vector; APM vol. 2, "Specific End of Interrupt Register", "Interrupt Enable
 * Registers" (R78). Remote read: Intel 82489DX datasheet, "Remote Read".
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

#define RRD             0x0c0u
#define MODE_READ       0x300u
#define READ_STATUS     (3u << 16)
#define READ_PENDING    (1u << 16)
#define READ_VALID      (2u << 16)
#define READ_TIMEOUT_US 1000000u

/* A register of the CPU with that id; false: no answer, or an invalid one. */
static bool read_remote(const struct kernel *kernel, uint32_t id, uint32_t reg)
{
	uint64_t end = rdtsc() + clock_us_to_tsc(kernel, READ_TIMEOUT_US);

	apic_icr(id, MODE_READ | reg / 16);
	while ((apic_read(APIC_ICR) & READ_STATUS) == READ_PENDING && rdtsc() < end)
		cpu_relax();
	return (apic_read(APIC_ICR) & READ_STATUS) == READ_VALID;
}

/* Every CPU, asleep in HLT or this one itself, says its id. */
void test_remote_read(struct kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		uint32_t id = kernel->apic_ids[i];

		if (!read_remote(kernel, id, APIC_ID) || apic_read(RRD) != id << 24)
			test_fail(kernel, "cpu %u: ICR %x, RRD %x", i, apic_read(APIC_ICR),
				  apic_read(RRD));
	}
	if (read_remote(kernel, APIC_BROADCAST_XAPIC, APIC_ID) && kernel->nr_cpus > 1)
		test_fail(kernel, "everybody was read at once");
	if (read_remote(kernel, kernel->apic_ids[0], SEOI))
		test_fail(kernel, "a register that does not exist was read");
}

const char *unfit_remote_read(const struct kernel *kernel)
{
	if (in_x2apic(kernel))
		return "xAPIC only";
	return read_remote(kernel, kernel->apic_ids[0], APIC_VERSION) ? NULL : "no remote read";
}
