/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of the interval timer and the real-time clock on every way that a PC has for them:
 * pins of the I/O APIC, the 8259 pair at LINT0, at pin 0, and past an APIC that is switched off.
 * Intel 8254 data sheet, "Mode Definitions"; SDM vol. 3, "Local APIC Status and Location",
 * "Presence of the Local APIC", "Local Vector Table".
 */
#include "lib/pit.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/pic.h"
#include "lib/smp.h"
#include "smp/pins.h"
#include "smp/tests.h"

#define VECTOR_CLOCK 0x70u
#define TICKS        4u
#define PERIOD_MS    2u
#define QUIET_US     (3 * PERIOD_MS * 1000u) /* in which one too many would show */
#define SETTLE_US    200u

#define PIC_MASKED    0xffffu
#define INTR_PIN      0u
#define SPURIOUS_IR   7u
#define WITHDRAWN_IR  5u
#define SPURIOUS_WAIT 300u

#define CPUID1_EDX_APIC (1u << 9)

/* ---- pins of the I/O APIC (R149) ------------------------------------------------------------- */

/*
 * Whatever was sent to a CPU before it does this, it has handled afterwards: an access to its APIC
 * comes after what is in the APIC.
 */
static void settle_job(struct kernel *kernel, struct cpu *cpu)
{
	(void)cpu;
	for (uint32_t i = 0; i < 2; i++) {
		apic_read(APIC_PPR);
		clock_delay_us(kernel, SETTLE_US);
	}
}

static uint32_t settled_count(struct kernel *kernel, uint32_t index)
{
	test_run_on(kernel, settle_job, index, index);
	return test_load(&kernel_cpu(kernel, index)->count[VECTOR_CLOCK]);
}

static void expect_came(struct kernel *kernel, uint32_t index, uint32_t count)
{
	const _Atomic uint32_t *counter = &kernel_cpu(kernel, index)->count[VECTOR_CLOCK];

	if (!smp_wait(counter, count))
		test_fail(kernel, "cpu %u: %u interrupts, not %u", index, test_load(counter),
			  count);
}

/* One more comes, and none follows. */
static void expect_one(struct kernel *kernel, uint32_t index, uint32_t before)
{
	expect_came(kernel, index, before + 1);
	clock_delay_us(kernel, QUIET_US);
	if (settled_count(kernel, index) != before + 1)
		test_fail(kernel, "cpu %u: %u interrupts, not %u", index,
			  settled_count(kernel, index), before + 1);
}

static void pit_periodic(struct kernel *kernel, uint32_t index, enum pit_mode mode)
{
	uint32_t before = settled_count(kernel, index);

	pit_start(0, mode, PIT_TICKS_PER_MS(PERIOD_MS));
	expect_came(kernel, index, before + TICKS);
	pit_stop();
}

/* Mode 4's OUT is high at once, which after mode 0 is an edge of its own: that one is masked. */
static void pit_once(struct kernel *kernel, uint32_t index, enum pit_mode mode)
{
	uint32_t before = settled_count(kernel, index);

	ioapic_set_low(&kernel->ioapic, PIT_PIN, IOAPIC_MASKED | VECTOR_CLOCK);
	pit_control(0, mode);
	ioapic_set_low(&kernel->ioapic, PIT_PIN, VECTOR_CLOCK);
	pit_load(0, PIT_TICKS_PER_MS(PERIOD_MS));
	expect_one(kernel, index, before);
	pit_stop();
}

static void pit_to(struct kernel *kernel, uint32_t index)
{
	ioapic_route(&kernel->ioapic, PIT_PIN, VECTOR_CLOCK, kernel->apic_ids[index]);
	pit_periodic(kernel, index, PIT_RATE);
	pit_periodic(kernel, index, PIT_SQUARE);
	pit_once(kernel, index, PIT_TERMINAL_COUNT);
	pit_once(kernel, index, PIT_STROBE);
	ioapic_set_low(&kernel->ioapic, PIT_PIN, IOAPIC_MASKED);
}

void test_pit_ioapic(struct kernel *kernel)
{
	uint32_t last = kernel->nr_cpus - 1;

	irq_set_handler(kernel, VECTOR_CLOCK, irq_notify);
	pit_to(kernel, 0);
	if (last && ioapic_reaches(&kernel->ioapic, kernel->apic_ids[last]) && !test_failed(kernel))
		pit_to(kernel, last);
}

const char *unfit_pit(const struct kernel *kernel)
{
	if (!kernel->ioapic.address)
		return "no I/O APIC";
	if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[0]))
		return "no pin reaches CPU 0";
	return pit_status(0) == UINT8_MAX ? "no interval timer" : NULL;
}

/* ---- the real-time clock --------------------------------------------------------------------- */

/* Reading register C lowers the line: after the first TICKS. If it is not read, no edge follows. */
static void rtc_handler(struct cpu *cpu, struct frame *frame)
{
	if (test_load(&cpu->count[VECTOR_CLOCK]) < TICKS && !(rtc_read(RTC_C) & RTC_C_PF))
		test_fail(cpu->kernel, "cpu %u: register C knows of no interrupt", cpu->index);
	irq_notify(cpu, frame);
}

static void rtc_to(struct kernel *kernel, uint32_t index)
{
	ioapic_route(&kernel->ioapic, RTC_IRQ, VECTOR_CLOCK, kernel->apic_ids[index]);
	rtc_write(RTC_A, RTC_A_1024_HZ);
	rtc_read(RTC_C);
	/* The handler has index and data port for itself until it stays away from them. */
	rtc_write(RTC_B, RTC_B_24H | RTC_B_PIE);
	expect_one(kernel, index, TICKS);
	rtc_write(RTC_B, RTC_B_24H);
	rtc_read(RTC_C);
	ioapic_set_low(&kernel->ioapic, RTC_IRQ, IOAPIC_MASKED);
}

void test_rtc_ioapic(struct kernel *kernel)
{
	uint32_t last = kernel->nr_cpus - 1;

	irq_set_handler(kernel, VECTOR_CLOCK, rtc_handler);
	rtc_to(kernel, 0);
	if (last && ioapic_reaches(&kernel->ioapic, kernel->apic_ids[last]) && !test_failed(kernel))
		rtc_to(kernel, last);
}

const char *unfit_rtc(const struct kernel *kernel)
{
	if (!kernel->ioapic.address)
		return "no I/O APIC";
	if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[0]))
		return "no pin reaches CPU 0";
	return rtc_read(RTC_D) != RTC_D_VALID ? "no real-time clock" : NULL;
}

/* ---- the 8259 pair (R13, R137) --------------------------------------------------------------- */

static void pic_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	if (!(pic_in_service() & 1))
		test_fail(cpu->kernel, "cpu %u: the timer is not in service in the 8259",
			  cpu->index);
	pic_eoi(PIT_IRQ);
}

static void pic_handler_notify(struct cpu *cpu, struct frame *frame)
{
	pic_handler(cpu, frame);
	if (cpu->index != 0)
		apic_kick(cpu->kernel->apic_ids[0]);
}

static void pic_begin(struct kernel *kernel, irq_handler handler)
{
	pic_init();
	irq_set_handler(kernel, VECTOR_PIC + PIT_IRQ, handler);
	pic_mask((uint16_t) ~(1u << PIT_IRQ));
	pit_start(0, PIT_RATE, PIT_TICKS_PER_MS(PERIOD_MS));
}

static void pic_end(void)
{
	pic_mask(PIC_MASKED);
	pit_stop();
}

void test_pit_lint0(struct kernel *kernel)
{
	struct cpu *self = kernel_cpu(kernel, 0);
	const _Atomic uint32_t *counter = &self->count[VECTOR_PIC + PIT_IRQ];

	apic_write(APIC_LVT_LINT0, APIC_MODE_EXTINT);
	pic_begin(kernel, pic_handler);
	if (!test_spin(self, counter, TICKS))
		test_fail(kernel, "%u interrupts", test_load(counter));
	pic_end();
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
}

/* The 8259's output is on pin 0 too, and an ExtINT message tells the CPU to acknowledge it. */
void test_pit_extint_pin(struct kernel *kernel)
{
	pic_begin(kernel, pic_handler_notify);
	for (uint32_t i = 0; i < kernel->nr_cpus && i < TICKS && !test_failed(kernel); i++) {
		const _Atomic uint32_t *counter =
			&kernel_cpu(kernel, i)->count[VECTOR_PIC + PIT_IRQ];

		if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[i]))
			continue;
		/* No edge while it is open: the one that has been is lost. */
		pic_mask(PIC_MASKED);
		ioapic_route(&kernel->ioapic, INTR_PIN, APIC_MODE_EXTINT, kernel->apic_ids[i]);
		pic_mask((uint16_t) ~(1u << PIT_IRQ));
		if (!smp_wait(counter, TICKS))
			test_fail(kernel, "cpu %u: %u interrupts", i, test_load(counter));
		pic_mask(PIC_MASKED);
		clock_delay_us(kernel, SPURIOUS_WAIT);
		ioapic_set_low(&kernel->ioapic, INTR_PIN, IOAPIC_MASKED);
	}
	pic_end();
}

/* CPUID tells whether there is an APIC just now (R9). */
static void expect_in_cpuid(struct kernel *kernel, bool apic)
{
	if (((cpuid(1, 0).edx & CPUID1_EDX_APIC) != 0) != apic)
		test_fail(kernel, "the APIC is %s, but CPUID says otherwise", apic ? "on" : "off");
}

/* With the APIC switched off LINT0 is the INTR pin that it was before there were APICs. */
void test_pit_apic_off(struct kernel *kernel)
{
	struct cpu *self = kernel_cpu(kernel, 0);
	const _Atomic uint32_t *counter = &self->count[VECTOR_PIC + PIT_IRQ];
	uint64_t flags;

	smp_tick(kernel, false);
	pic_begin(kernel, pic_handler);
	flags = irq_save();
	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) & ~(APIC_BASE_EXTD | APIC_BASE_EN));
	irq_restore(flags);
	expect_in_cpuid(kernel, false);
	if (!test_spin(self, counter, TICKS))
		test_fail(kernel, "%u interrupts", test_load(counter));
	flags = irq_save();
	pic_end();
	apic_enable(kernel);
	irq_restore(flags);
	expect_in_cpuid(kernel, true);
	smp_tick(kernel, true);
}

/* ---- a request that goes away (R139) --------------------------------------------------------- */

static void spurious_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	if (pic_in_service())
		test_fail(cpu->kernel, "in service for a spurious interrupt: %x", pic_in_service());
}

/* Whether the CPU notices at all is a matter of time; if it does, then by IR7. */
void test_pic_spurious(struct kernel *kernel)
{
	const struct cpu *self = kernel_cpu(kernel, 0);
	uint64_t flags;

	pic_init();
	irq_set_handler(kernel, VECTOR_PIC + WITHDRAWN_IR, spurious_handler);
	irq_set_handler(kernel, VECTOR_PIC + SPURIOUS_IR, spurious_handler);
	apic_write(APIC_LVT_LINT0, APIC_MODE_EXTINT);
	pic_mask((uint16_t) ~(1u << WITHDRAWN_IR));
	for (uint32_t i = 0; i < TICKS; i++) {
		flags = irq_save();
		pin_set(WITHDRAWN_IR, true);
		pin_set(WITHDRAWN_IR, false);
		irq_restore(flags);
		clock_delay_us(kernel, SPURIOUS_WAIT);
	}
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	pic_mask(PIC_MASKED);
	if (test_load(&self->count[VECTOR_PIC + WITHDRAWN_IR]))
		test_fail(kernel, "%u interrupts of a line that had fallen",
			  test_load(&self->count[VECTOR_PIC + WITHDRAWN_IR]));
	if (test_load(&self->count[VECTOR_PIC + SPURIOUS_IR]) > TICKS)
		test_fail(kernel, "%u spurious interrupts",
			  test_load(&self->count[VECTOR_PIC + SPURIOUS_IR]));
}
