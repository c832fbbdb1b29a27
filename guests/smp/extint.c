/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ExtINT: the 8259 pair through CPU 0's LINT0, past TPR, with no in-service bit in the APIC (R138).
 * SDM vol. 3, "Local Vector Table"; 8259A datasheet, "Interrupt Sequence".
 */
#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/pic.h"
#include "smp/pins.h"
#include "smp/tests.h"

#define MASTER_INPUT 5u
#define SLAVE_INPUT  11u
#define PULSES       3u
#define ALL_MASKED   0xffffu

static void extint_handler(struct cpu *cpu, struct frame *frame)
{
	uint32_t vector = (uint32_t)frame->vector, irq = vector - VECTOR_PIC;

	irq_count(cpu, frame);
	if (!(pic_in_service() >> irq & 1))
		test_fail(cpu->kernel, "input %u is not in service in the 8259", irq);
	if (apic_test_bit(APIC_ISR, vector))
		test_fail(cpu->kernel, "vector 0x%x is in service in the APIC", vector);
	pic_eoi(irq);
}

static void pulse(struct kernel *kernel, uint32_t input, uint32_t times)
{
	struct cpu *self = kernel_cpu(kernel, 0);
	uint32_t vector = VECTOR_PIC + input;
	uint32_t before = test_load(&self->count[vector]);

	irq_set_handler(kernel, vector, extint_handler);
	pic_mask((uint16_t) ~(1u << input));
	for (uint32_t i = 1; i <= times && !test_failed(kernel); i++) {
		pin_set(input, true);
		if (!test_spin(self, &self->count[vector], before + i))
			test_fail(kernel, "input %u: %u came, not %u", input,
				  test_load(&self->count[vector]), before + i);
		pin_set(input, false);
	}
	pic_mask(ALL_MASKED);
}

void test_extint(struct kernel *kernel)
{
	struct cpu *self = kernel_cpu(kernel, 0);

	pic_init();
	apic_write(APIC_LVT_LINT0, APIC_MODE_EXTINT);
	pulse(kernel, MASTER_INPUT, PULSES);
	pulse(kernel, SLAVE_INPUT, PULSES);
	write_cr8(15);
	pulse(kernel, MASTER_INPUT, 1);
	write_cr8(0);
	apic_write(APIC_LVT_LINT0, APIC_LVT_MASKED);
	if (!test_failed(kernel) && test_load(&self->irqs) != 2 * PULSES + 1)
		test_fail(kernel, "%u interrupts, not %u", test_load(&self->irqs), 2 * PULSES + 1);
}
