/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O APIC pins to chosen CPUs: edge, level with re-trigger, masks, destinations, directed EOI.
 * 82093AA datasheet, "I/O Redirection Table Registers"; SDM vol. 3, "Signaling Interrupt Servicing
 * Completion", "Directed EOI".
 */
#include "lib/ioapic.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/pins.h"
#include "smp/tests.h"

#define VECTOR_PIN 0x70u
#define PULSES     3u
#define RETRIGGERS 3u

#define STORM_LIMIT    1000u /* interrupts before a pause */
#define STORM_SLACK    2u    /* an EOI may be seen before its handler begins */
#define STORM_PAUSES   1u
#define STORM_PAUSE_US 9000u

void test_ioapic_edge(struct kernel *kernel)
{
	uint32_t sent = 0;

	irq_set_handler(kernel, VECTOR_PIN, test_handler);
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		uint32_t pin = i % 2 ? PIN_LOW : pin_main(kernel);

		if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[i]))
			continue;
		ioapic_route(&kernel->ioapic, pin, VECTOR_PIN, kernel->apic_ids[i]);
		for (uint32_t pulse = 1; pulse <= PULSES && !test_failed(kernel); pulse++) {
			pin_set(pin, true);
			pin_set(pin, false);
			test_expect_at(kernel, i, VECTOR_PIN, pulse);
			sent++;
		}
		ioapic_set_low(&kernel->ioapic, pin, IOAPIC_MASKED);
	}
	if (!test_failed(kernel))
		test_expect_sum(kernel, sent);
}

/* The line stays up, so each EOI brings the next one, until the device is served. */
static void level_handler(struct cpu *cpu, struct frame *frame)
{
	struct kernel *kernel = cpu->kernel;
	uint32_t pin = pin_main(kernel);

	if (!(ioapic_low(&kernel->ioapic, pin) & IOAPIC_REMOTE_IRR))
		test_fail(kernel, "cpu %u: remote IRR is clear in the handler", cpu->index);
	if (!apic_test_bit(APIC_TMR, VECTOR_PIN))
		test_fail(kernel, "cpu %u: TMR bit is clear in the handler", cpu->index);
	if (test_load(&cpu->count[VECTOR_PIN]) + 1 >= RETRIGGERS)
		pin_set(pin, false);
	apic_eoi();
	/* Only now: CPU 0 looks at the pin as soon as the count is right. */
	test_note(cpu);
	irq_count(cpu, frame);
	if (cpu->index != 0)
		apic_kick(kernel->apic_ids[0]);
}

void test_ioapic_level(struct kernel *kernel)
{
	uint32_t pin = pin_main(kernel);
	uint32_t sent = 0;

	irq_set_handler(kernel, VECTOR_PIN, level_handler);
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[i]))
			continue;
		ioapic_route(&kernel->ioapic, pin, IOAPIC_LEVEL | VECTOR_PIN, kernel->apic_ids[i]);
		pin_set(pin, true);
		test_expect_at(kernel, i, VECTOR_PIN, RETRIGGERS);
		sent += RETRIGGERS;
		if (ioapic_low(&kernel->ioapic, pin) & IOAPIC_REMOTE_IRR)
			test_fail(kernel, "cpu %u: remote IRR is set after the last EOI", i);
		pin_set(pin, false);
		ioapic_set_low(&kernel->ioapic, pin, IOAPIC_MASKED);
	}
	if (!test_failed(kernel))
		test_expect_sum(kernel, sent);
}

/* An edge at a masked pin is lost, a level is still there at unmask (R142). */
void test_ioapic_mask(struct kernel *kernel)
{
	uint32_t pin = pin_main(kernel);
	uint32_t last = kernel->nr_cpus - 1;
	uint32_t target = ioapic_reaches(&kernel->ioapic, kernel->apic_ids[last]) ? last : 0;
	uint32_t dest = kernel->apic_ids[target];

	irq_set_handler(kernel, VECTOR_PIN, test_handler);
	ioapic_route(&kernel->ioapic, pin, IOAPIC_MASKED | VECTOR_PIN, dest);
	pin_set(pin, true);
	pin_set(pin, false);
	ioapic_set_low(&kernel->ioapic, pin, VECTOR_PIN);
	test_expect_sum(kernel, 0);

	irq_set_handler(kernel, VECTOR_PIN, level_handler);
	ioapic_route(&kernel->ioapic, pin, IOAPIC_MASKED | IOAPIC_LEVEL | VECTOR_PIN, dest);
	pin_set(pin, true);
	test_expect_sum(kernel, 0);
	if (!test_failed(kernel)) {
		ioapic_set_low(&kernel->ioapic, pin, IOAPIC_LEVEL | VECTOR_PIN);
		test_expect_at(kernel, target, VECTOR_PIN, RETRIGGERS);
	}
	pin_set(pin, false);
	ioapic_set_low(&kernel->ioapic, pin, IOAPIC_MASKED);
}

void test_ioapic_logical(struct kernel *kernel)
{
	uint32_t pin = pin_main(kernel);
	uint32_t sent = 0, all = 0;

	irq_set_handler(kernel, VECTOR_PIN, test_handler);
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		uint32_t dest = logical_id8(kernel, i);

		if (!dest)
			continue;
		all |= dest;
		ioapic_route(&kernel->ioapic, pin, IOAPIC_LOGICAL | VECTOR_PIN, dest);
		pin_set(pin, true);
		pin_set(pin, false);
		test_expect_at(kernel, i, VECTOR_PIN, 1);
		sent++;
	}
	/* 0xff would be a broadcast. */
	all &= 0x7f;
	if (!test_failed(kernel) && all) {
		test_expect_sum(kernel, sent);
		ioapic_route(&kernel->ioapic, pin, IOAPIC_LOGICAL | APIC_MODE_LOWEST | VECTOR_PIN,
			     all);
		pin_set(pin, true);
		pin_set(pin, false);
		test_expect_sum(kernel, sent + 1);
	}
	ioapic_set_low(&kernel->ioapic, pin, IOAPIC_MASKED);
}

/* With the broadcast suppressed, the local EOI leaves remote IRR set: R74. */
void test_ioapic_directed_eoi(struct kernel *kernel)
{
	uint32_t pin = pin_main(kernel);
	struct cpu *self = kernel_cpu(kernel, 0);

	irq_set_handler(kernel, VECTOR_PIN, test_handler);
	apic_write(APIC_SVR, APIC_SVR_DIRECTED_EOI | APIC_SVR_ENABLE | VECTOR_SPURIOUS);
	ioapic_route(&kernel->ioapic, pin, IOAPIC_LEVEL | VECTOR_PIN, self->apic_id);
	pin_set(pin, true);
	test_expect_sum(kernel, 1);
	if (!(ioapic_low(&kernel->ioapic, pin) & IOAPIC_REMOTE_IRR))
		test_fail(kernel, "the local EOI has cleared remote IRR");
	ioapic_eoi(&kernel->ioapic, VECTOR_PIN);
	if (!test_failed(kernel))
		test_expect_sum(kernel, 2);
	pin_set(pin, false);
	ioapic_eoi(&kernel->ioapic, VECTOR_PIN);
	if (ioapic_low(&kernel->ioapic, pin) & IOAPIC_REMOTE_IRR)
		test_fail(kernel, "the EOI register has not cleared remote IRR");
	apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
	ioapic_set_low(&kernel->ioapic, pin, IOAPIC_MASKED);
}

/*
 * A driver that does not serve its device gets a pause now and then, in which its CPU gets on
 * (R155). scratch[n] is the longest time in us between two interrupts around the n-th STORM_LIMIT
 * of them: that the host would take so long a pause just there, on its own account, is not to be
 * expected.
 */
static void storm_handler(struct cpu *cpu, struct frame *frame)
{
	uint32_t count = test_load(&cpu->count[VECTOR_PIN]) + STORM_SLACK;
	uint64_t now = rdtsc();
	uint64_t us = clock_tsc_to_us(cpu->kernel, now - atomic_load(&cpu->stamp));

	atomic_store(&cpu->stamp, now);
	if (count % STORM_LIMIT <= 2 * STORM_SLACK &&
	    us > test_load(&cpu->scratch[count / STORM_LIMIT]))
		test_store(&cpu->scratch[count / STORM_LIMIT], (uint32_t)us);
	if (count / STORM_LIMIT > STORM_PAUSES)
		pin_set(pin_main(cpu->kernel), false);
	irq_plain(cpu, frame);
}

static void storm_job(struct kernel *kernel, struct cpu *cpu)
{
	const _Atomic uint32_t *counter = &cpu->count[VECTOR_PIN];

	atomic_store(&cpu->stamp, rdtsc());
	ioapic_route(&kernel->ioapic, pin_main(kernel), IOAPIC_LEVEL | VECTOR_PIN, cpu->apic_id);
	pin_set(pin_main(kernel), true);
	if (!smp_wait(counter, STORM_PAUSES * STORM_LIMIT + STORM_SLACK))
		test_fail(kernel, "cpu %u: %u interrupts", cpu->index, test_load(counter));
	pin_set(pin_main(kernel), false);
	ioapic_set_low(&kernel->ioapic, pin_main(kernel), IOAPIC_MASKED);
	for (uint32_t i = 1; i <= STORM_PAUSES; i++)
		if (test_load(&cpu->scratch[i]) < STORM_PAUSE_US)
			test_fail(kernel, "cpu %u: %u us of pause after %u interrupts", cpu->index,
				  test_load(&cpu->scratch[i]), i * STORM_LIMIT);
}

void test_ioapic_storm(struct kernel *kernel)
{
	uint32_t last = kernel->nr_cpus - 1;
	uint32_t target = ioapic_reaches(&kernel->ioapic, kernel->apic_ids[last]) ? last : 0;

	irq_set_handler(kernel, VECTOR_PIN, storm_handler);
	test_run_on(kernel, storm_job, target, target);
}

const char *unfit_directed_eoi(const struct kernel *kernel)
{
	if (unfit_pins_physical(kernel))
		return unfit_pins_physical(kernel);
	if (kernel->ioapic.version < IOAPIC_VERSION_EOI)
		return "the I/O APIC has no EOI register";
	if (!(apic_read(APIC_VERSION) & APIC_VERSION_DIRECTED_EOI))
		return "the APIC cannot suppress EOI broadcasts";
	return NULL;
}
