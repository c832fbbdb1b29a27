/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts and exceptions: the IDT, dispatch by vector, counting. SDM vol. 3, "Interrupt and
 * Exception Handling".
 */
#ifndef GUESTS_LIB_IRQ_H
#define GUESTS_LIB_IRQ_H

#include "lib/kernel.h"

/* Fill the IDT (heap memory) and load it; irq_load does the second part on an AP. */
void irq_init(struct kernel *kernel);
void irq_load(const struct kernel *kernel);

/* What handlers are made of: count the vector, and end it with the APIC. */
void irq_count(struct cpu *cpu, const struct frame *frame);

/* The default of an application vector: count, EOI. */
void irq_plain(struct cpu *cpu, struct frame *frame);
/* The same, then wake CPU 0, which waits for the count. */
void irq_notify(struct cpu *cpu, struct frame *frame);
/*
 * NMI: count; and the same, then wake CPU 0. The second may only come to a CPU that is not between
 * the two halves of an ICR write.
 */
void irq_nmi(struct cpu *cpu, struct frame *frame);
void irq_nmi_notify(struct cpu *cpu, struct frame *frame);
/* The default of everything else: count it as a stray. */
void irq_stray(struct cpu *cpu, struct frame *frame);

void irq_set_handler(struct kernel *kernel, uint32_t vector, irq_handler handler);
/* Forget all counts of all CPUs and put the default handlers back. */
void irq_reset_counts(struct kernel *kernel);

/* One line with what and why, then debug-exit. */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
