/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Priority classes: order, TPR, CR8, nesting; on all CPUs at once. SDM vol. 3, "Interrupt, Task,
 * and Processor Priority", "Interrupt Acceptance for Fixed Interrupts", "Interaction of Task
 * Priorities between CR8 and APIC".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "smp/tests.h"

#define QUIET_US 300u /* time in which something that must not come would have */

/* scratch[0]: the classes in order, one hexadecimal digit each. */
static void note(struct cpu *cpu, const struct frame *frame)
{
	uint32_t order = test_load(&cpu->scratch[0]);

	test_store(&cpu->scratch[0], order << 4 | (uint32_t)frame->vector >> 4);
}

static void order_handler(struct cpu *cpu, struct frame *frame)
{
	note(cpu, frame);
	irq_plain(cpu, frame);
}

static void self(uint32_t vector)
{
	apic_icr(0, APIC_ICR_SELF | APIC_ICR_ASSERT | vector);
}

static void expect_order(struct kernel *kernel, const struct cpu *cpu, uint32_t order)
{
	uint32_t seen = test_load(&cpu->scratch[0]);

	if (seen != order)
		test_fail(kernel, "cpu %u: classes came as %x, not %x", cpu->index, seen, order);
}

static void order_job(struct kernel *kernel, struct cpu *cpu)
{
	irq_disable();
	self(0x40);
	self(0x70);
	self(0x50);
	self(0x68);
	irq_enable();
	if (!test_spin(cpu, &cpu->irqs, 4))
		test_fail(kernel, "cpu %u: %u of 4 came", cpu->index, test_load(&cpu->irqs));
	expect_order(kernel, cpu, 0x7654);
}

void test_priority_order(struct kernel *kernel)
{
	for (uint32_t vector = 0x40; vector <= 0x70; vector += 8)
		irq_set_handler(kernel, vector, order_handler);
	test_run(kernel, order_job);
}

static void set_class(const struct kernel *kernel, uint32_t class)
{
	if (test_env(kernel)->parameter[0])
		write_cr8(class);
	else
		apic_write(APIC_TPR, class << 4);
}

/* TPR and CR8 are one register, and with nothing in service PPR is that too (R55, R61). */
static void expect_class(struct kernel *kernel, const struct cpu *cpu, uint32_t class)
{
	uint32_t tpr = apic_read(APIC_TPR), ppr = apic_read(APIC_PPR), cr8 = (uint32_t)read_cr8();

	if (tpr != class << 4 || cr8 != class || ppr != class << 4)
		test_fail(kernel, "cpu %u: TPR %x CR8 %x PPR %x, not class %x", cpu->index, tpr,
			  cr8, ppr, class);
}

static void expect_held(struct kernel *kernel, const struct cpu *cpu, uint32_t vector)
{
	clock_delay_us(kernel, QUIET_US);
	if (test_load(&cpu->count[vector]))
		test_fail(kernel, "cpu %u: 0x%x came through TPR %x", cpu->index, vector,
			  apic_read(APIC_TPR));
	else if (!apic_test_bit(APIC_IRR, vector))
		test_fail(kernel, "cpu %u: 0x%x is not pending", cpu->index, vector);
}

static void expect_come(struct kernel *kernel, struct cpu *cpu, uint32_t vector)
{
	if (!test_spin(cpu, &cpu->count[vector], 1))
		test_fail(kernel, "cpu %u: 0x%x did not come, TPR %x IRR bit %u", cpu->index,
			  vector, apic_read(APIC_TPR), apic_test_bit(APIC_IRR, vector));
}

static void threshold_job(struct kernel *kernel, struct cpu *cpu)
{
	set_class(kernel, 8);
	expect_class(kernel, cpu, 8);
	self(0x40);
	self(0x5f);
	self(0x90);
	expect_come(kernel, cpu, 0x90);
	expect_held(kernel, cpu, 0x40);
	expect_held(kernel, cpu, 0x5f);
	/* The class has to be exceeded: 5 holds 0x5f back, 4 does not, but still holds 0x40. */
	set_class(kernel, 5);
	expect_held(kernel, cpu, 0x5f);
	set_class(kernel, 4);
	expect_come(kernel, cpu, 0x5f);
	expect_held(kernel, cpu, 0x40);
	set_class(kernel, 3);
	expect_come(kernel, cpu, 0x40);
	set_class(kernel, 0);
	expect_class(kernel, cpu, 0);
	if (test_load(&cpu->irqs) != 3)
		test_fail(kernel, "cpu %u: %u interrupts, not 3", cpu->index,
			  test_load(&cpu->irqs));
}

void test_priority_tpr(struct kernel *kernel)
{
	test_env(kernel)->parameter[0] = 0;
	test_run(kernel, threshold_job);
}

void test_priority_cr8(struct kernel *kernel)
{
	test_env(kernel)->parameter[0] = 1;
	test_run(kernel, threshold_job);
}

static void leaf_handler(struct cpu *cpu, struct frame *frame)
{
	note(cpu, frame);
	note(cpu, frame);
	irq_plain(cpu, frame);
}

/* In service with interrupts on: only a higher class may come in between (R56). */
static void nest_handler(struct cpu *cpu, struct frame *frame)
{
	struct kernel *kernel = cpu->kernel;

	note(cpu, frame);
	if (!apic_test_bit(APIC_ISR, (uint32_t)frame->vector))
		test_fail(kernel, "cpu %u: not in service in its handler", cpu->index);
	if (apic_read(APIC_PPR) >> 4 != frame->vector >> 4)
		test_fail(kernel, "cpu %u: PPR %x in the handler of 0x%lx", cpu->index,
			  apic_read(APIC_PPR), frame->vector);
	self(0x58);
	self(0x40);
	self(0x60);
	irq_enable();
	test_spin(cpu, &cpu->count[0x60], 1);
	clock_delay_us(kernel, QUIET_US);
	irq_disable();
	note(cpu, frame);
	irq_plain(cpu, frame);
}

static void nesting_job(struct kernel *kernel, struct cpu *cpu)
{
	self(0x50);
	if (!test_spin(cpu, &cpu->irqs, 4))
		test_fail(kernel, "cpu %u: %u of 4 came", cpu->index, test_load(&cpu->irqs));
	expect_order(kernel, cpu, 0x56655544);
}

void test_priority_nesting(struct kernel *kernel)
{
	irq_set_handler(kernel, 0x50, nest_handler);
	irq_set_handler(kernel, 0x58, leaf_handler);
	irq_set_handler(kernel, 0x40, leaf_handler);
	irq_set_handler(kernel, 0x60, leaf_handler);
	test_run(kernel, nesting_job);
}
