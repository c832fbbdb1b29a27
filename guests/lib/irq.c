/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IDT and what happens on each vector. SDM vol. 3, "64-Bit Mode IDT", "Exception and Interrupt
 * Reference", "Spurious Interrupt".
 */
#include "lib/irq.h"

#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/power.h"
#include "lib/print.h"
#include "lib/string.h"

#define IDT_VECTORS        256u
#define IDT_INTERRUPT_GATE 0x8e00u
#define ISR_STUB_SIZE      16u

#define VECTOR_PAGE_FAULT 14u

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct __attribute__((packed)) idt_pointer {
	uint16_t limit;
	uint64_t base;
};

struct fixup {
	uint64_t at, resume;
};

extern const char isr_stubs[];
extern const struct fixup fixups_start[], fixups_end[];

void irq_dispatch(struct frame *frame);

static bool fix_up(struct frame *frame)
{
	for (const struct fixup *f = fixups_start; f < fixups_end; f++) {
		if (f->at == frame->rip) {
			frame->rip = f->resume;
			return true;
		}
	}
	return false;
}

static void irq_exception(struct cpu *cpu, struct frame *frame)
{
	uint64_t cr2 = 0;

	if (fix_up(frame))
		return;
	if (frame->vector == VECTOR_PAGE_FAULT)
		__asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
	panic("exception %lu error %lx rip %lx cr2 %lx cpu %u", frame->vector, frame->error,
	      frame->rip, cr2, cpu->index);
}

/* Only the CPU itself writes its counters, so an increment needs no locked instruction. */
static void increment(_Atomic uint32_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_release);
}

static void irq_wake(struct cpu *cpu, struct frame *frame)
{
	increment(&cpu->count[frame->vector]);
	apic_eoi();
}

static void default_handlers(struct kernel *kernel)
{
	for (uint32_t i = 0; i < IDT_VECTORS; i++) {
		kernel->handler[i] = i < VECTOR_PIC ? irq_exception : irq_stray;
		if (i >= VECTOR_FIRST && i <= VECTOR_LAST)
			kernel->handler[i] = irq_plain;
	}
	kernel->handler[VECTOR_NMI] = irq_nmi;
	kernel->handler[VECTOR_KICK] = irq_wake;
	kernel->handler[VECTOR_TICK] = irq_wake;
}

void irq_init(struct kernel *kernel)
{
	struct gate *idt = kernel_alloc(kernel, sizeof(struct gate) * IDT_VECTORS, 16);

	for (uint32_t i = 0; i < IDT_VECTORS; i++) {
		uintptr_t stub = (uintptr_t)isr_stubs + (size_t)i * ISR_STUB_SIZE;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)stub,
			.selector = LAYOUT_CODE64,
			.type = IDT_INTERRUPT_GATE,
			.offset_middle = (uint16_t)(stub >> 16),
		};
	}
	kernel->idt = idt;
	default_handlers(kernel);
	irq_load(kernel);
}

void irq_load(const struct kernel *kernel)
{
	struct idt_pointer pointer = {
		.limit = sizeof(struct gate) * IDT_VECTORS - 1,
		.base = (uintptr_t)kernel->idt,
	};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void irq_set_handler(struct kernel *kernel, uint32_t vector, irq_handler handler)
{
	kernel->handler[vector] = handler;
}

void irq_reset_counts(struct kernel *kernel)
{
	for (uint32_t i = 0; i < kernel->nr_cpus; i++) {
		struct cpu *cpu = kernel_cpu(kernel, i);

		memset(cpu->count, 0, sizeof(cpu->count));
		memset(cpu->scratch, 0, sizeof(cpu->scratch));
		atomic_store_explicit(&cpu->irqs, 0, memory_order_relaxed);
		atomic_store_explicit(&cpu->nmis, 0, memory_order_relaxed);
		atomic_store_explicit(&cpu->strays, 0, memory_order_relaxed);
	}
	default_handlers(kernel);
}

void irq_count(struct cpu *cpu, const struct frame *frame)
{
	increment(&cpu->count[frame->vector]);
	increment(&cpu->irqs);
}

void irq_plain(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	apic_eoi();
}

void irq_notify(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	apic_eoi();
	if (cpu->index != 0)
		apic_kick(cpu->kernel->apic_ids[0]);
}

void irq_nmi(struct cpu *cpu, struct frame *frame)
{
	(void)frame;
	increment(&cpu->nmis);
}

void irq_nmi_notify(struct cpu *cpu, struct frame *frame)
{
	irq_nmi(cpu, frame);
	if (cpu->index != 0)
		apic_kick(cpu->kernel->apic_ids[0]);
}

void irq_stray(struct cpu *cpu, struct frame *frame)
{
	increment(&cpu->count[frame->vector]);
	increment(&cpu->strays);
	/*
	 * A spurious interrupt sets no in-service bit, and neither does one of the 8259 (R66,
	 * R138).
	 */
	if (frame->vector >= VECTOR_FIRST && frame->vector != VECTOR_SPURIOUS)
		apic_eoi();
}

void irq_dispatch(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	cpu->kernel->handler[frame->vector](cpu, frame);
}

void panic(const char *fmt, ...)
{
	char text[120];
	va_list args;

	irq_disable();
	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	print("\nPANIC %s\n", text);
	if (this_cpu()->kernel->at_panic)
		this_cpu()->kernel->at_panic(this_cpu()->kernel, text);
	debug_exit(POWER_PANIC);
}
