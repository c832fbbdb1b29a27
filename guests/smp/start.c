/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting the APs, and what their APICs say of themselves. SDM vol. 3, "MP Initialization Protocol
 * Algorithm for MP Systems", "Local APIC State After It Has Been Software Disabled", "Logical
 * Destination Mode in x2APIC Mode".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define SECOND_SIPI_US  1000u
#define VERSION_LOWEST  0x10u /* integrated APIC */
#define VERSION_MIN_LVT 3u

/*
 * All CPUs have to answer once: the second SIPI finds an AP that waits no more, and is ignored
 * (R126). In a later pass the APs come from running state, through INIT.
 */
void test_ap_start(struct kernel *kernel)
{
	uint32_t here = 0;

	if (kernel->nr_cpus == 1)
		return;
	if (!smp_start(kernel, 1, kernel->nr_cpus - 1)) {
		for (uint32_t i = 1; i < kernel->nr_cpus; i++) {
			const struct cpu *cpu = kernel_cpu(kernel, i);

			here += test_load(&cpu->starts) == cpu->expected_starts;
		}
		test_fail(kernel, "%u of %u APs came up", here, kernel->nr_cpus - 1);
		return;
	}
	clock_delay_us(kernel, SECOND_SIPI_US);
	for (uint32_t i = 1; i < kernel->nr_cpus; i++) {
		const struct cpu *cpu = kernel_cpu(kernel, i);

		if (test_load(&cpu->starts) != cpu->expected_starts)
			test_fail(kernel, "cpu %u started %u times, not %u", i,
				  test_load(&cpu->starts), cpu->expected_starts);
	}
}

static void identity_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t version = apic_read(APIC_VERSION);
	uint32_t id = cpu->apic_id;
	uint32_t ldr = (id >> 4) << 16 | 1u << (id & 15);

	if (apic_id() != id)
		test_fail(kernel, "cpu %u: APIC id %u, MADT says %u", cpu->index, apic_id(), id);
	if ((version & 0xff) < VERSION_LOWEST || (version >> 16 & 0xff) < VERSION_MIN_LVT)
		test_fail(kernel, "cpu %u: version register 0x%x", cpu->index, version);
	if (in_x2apic(kernel) && apic_read(APIC_LDR) != ldr)
		test_fail(kernel, "cpu %u: LDR 0x%x, not 0x%x", cpu->index, apic_read(APIC_LDR),
			  ldr);
	for (uint32_t word = 0; word < 8; word++) {
		if (apic_read(APIC_ISR + word * 16))
			test_fail(kernel, "cpu %u: ISR word %u is 0x%x in no handler", cpu->index,
				  word, apic_read(APIC_ISR + word * 16));
	}
}

void test_identity(struct kernel *kernel)
{
	test_run(kernel, identity_job);
}
