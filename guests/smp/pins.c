/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to the test device, and whether there is one. PCI Local Bus Specification, "Message
 * Signaled Interrupts", for the address and data pair.
 */
#include "smp/pins.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cmdline.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "smp/test.h"

#define TEST_PORT             0x2000u
#define TEST_MSI_ADDRESS      0x2040u
#define TEST_MSI_ADDRESS_HIGH 0x2044u
#define TEST_MSI_DATA         0x2048u
#define TEST_SAVE             0x2060u

#define PIN_ISA  10u
#define PIN_HIGH 20u

#define PROBE_US 20000u

#define LOGICAL_ID_BITS 8u

/* QEMU's pc-testdev, which sends no MSIs, has the ISA lines only. */
uint32_t pin_main(const struct kernel *kernel)
{
	return test_env(kernel)->has_msi ? PIN_HIGH : PIN_ISA;
}

void pin_set(uint32_t pin, bool level)
{
	outb(level, (uint16_t)(TEST_PORT + pin));
}

void msi_send(uint64_t address, uint32_t data)
{
	outl((uint32_t)address, TEST_MSI_ADDRESS);
	outl((uint32_t)(address >> 32), TEST_MSI_ADDRESS_HIGH);
	outl(data, TEST_MSI_DATA);
}

bool machine_save(void)
{
	if (inl(TEST_SAVE) != 1)
		return false;
	outl(1, TEST_SAVE);
	return true;
}

/* Without read-back registers (pc-testdev has none) only an interrupt can tell. */
static bool pin_works(struct kernel *kernel)
{
	struct cpu *self = kernel_cpu(kernel, 0);
	uint64_t end = rdtsc() + clock_us_to_tsc(kernel, PROBE_US);

	if (kernel->ioapic.pins <= PIN_ISA)
		return false;
	ioapic_route(&kernel->ioapic, PIN_ISA, VECTOR_FIRST, self->apic_id);
	pin_set(PIN_ISA, true);
	while (!test_load(&self->count[VECTOR_FIRST]) && rdtsc() < end)
		cpu_relax();
	pin_set(PIN_ISA, false);
	ioapic_set_low(&kernel->ioapic, PIN_ISA, IOAPIC_MASKED);
	return test_load(&self->count[VECTOR_FIRST]) != 0;
}

void pins_probe(struct kernel *kernel)
{
	struct environment *env = test_env(kernel);

	if (cmdline_has(kernel->cmdline, "notestdev"))
		return;
	outl(APIC_MMIO, TEST_MSI_ADDRESS);
	env->has_msi = inl(TEST_MSI_ADDRESS) == APIC_MMIO;
	env->has_pins = env->has_msi || cmdline_has(kernel->cmdline, "testdev") ||
			pin_works(kernel);
}

const char *unfit_pins(const struct kernel *kernel)
{
	if (!kernel->ioapic.address)
		return "no I/O APIC";
	return test_env(kernel)->has_pins ? NULL : "no test device";
}

const char *unfit_msi(const struct kernel *kernel)
{
	return test_env(kernel)->has_msi ? NULL : "no test device that sends MSIs";
}

/* CPU 0 has the lowest id. */
static const char *unfit_reach(const struct kernel *kernel)
{
	return ioapic_reaches(&kernel->ioapic, kernel->apic_ids[0]) ? NULL : "no CPU is reached";
}

const char *unfit_pins_physical(const struct kernel *kernel)
{
	return unfit_pins(kernel) ? unfit_pins(kernel) : unfit_reach(kernel);
}

const char *unfit_msi_physical(const struct kernel *kernel)
{
	return unfit_msi(kernel) ? unfit_msi(kernel) : unfit_reach(kernel);
}

uint32_t logical_id8(const struct kernel *kernel, uint32_t index)
{
	uint32_t bit = in_x2apic(kernel) ? kernel->apic_ids[index] : index;

	return bit < LOGICAL_ID_BITS ? 1u << bit : 0;
}

static const char *unfit_logical(const struct kernel *kernel)
{
	return logical_id8(kernel, 0) ? NULL : "no CPU has a logical id of 8 bits";
}

const char *unfit_pins_logical(const struct kernel *kernel)
{
	return unfit_pins(kernel) ? unfit_pins(kernel) : unfit_logical(kernel);
}

const char *unfit_msi_logical(const struct kernel *kernel)
{
	return unfit_msi(kernel) ? unfit_msi(kernel) : unfit_logical(kernel);
}
