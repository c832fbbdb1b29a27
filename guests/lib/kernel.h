/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest knows about itself: one struct kernel for all, one struct cpu for each processor.
 * There are no global variables: a CPU finds its block by its stack pointer (SDM vol. 3,
 * "Stack Switching in IA-32e Mode": without an IST every handler stays on the stack it interrupts).
 */
#ifndef GUESTS_LIB_KERNEL_H
#define GUESTS_LIB_KERNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/layout.h"

#define KERNEL_MAX_CPUS 1024u
#define KERNEL_CMDLINE  512u
#define KERNEL_SCRATCH  8u

/* Vectors of the library; everything from VECTOR_FIRST up to VECTOR_LAST is the application's. */
#define VECTOR_NMI      2u
#define VECTOR_PIC      0x20u /* 16 of them */
#define VECTOR_FIRST    0x30u
#define VECTOR_LAST     0xefu
#define VECTOR_KICK     0xf0u /* ends a HLT, nothing else */
#define VECTOR_TICK     0xf1u /* CPU 0's timer: makes waits end in time */
#define VECTOR_SPURIOUS 0xffu

struct kernel;
struct cpu;

/* What isr.S leaves on the stack. */
struct frame {
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

typedef void (*irq_handler)(struct cpu *cpu, struct frame *frame);
typedef void (*job_fn)(struct kernel *kernel, struct cpu *cpu);

struct cpu {
	struct kernel *kernel;
	uint32_t index; /* 0: the bootstrap processor */
	uint32_t apic_id;
	_Atomic bool x2apic;      /* the mode this CPU is in */
	uint32_t expected_starts; /* CPU 0 counts */
	_Atomic uint32_t starts;  /* how often ap_entry was reached */
	_Atomic uint32_t strays;  /* spurious and other vectors nobody asked for */
	_Atomic uint32_t nmis;
	_Atomic uint32_t irqs;       /* application vectors, all together */
	_Atomic uint32_t count[256]; /* each vector */
	_Atomic uint64_t stamp;      /* TSC at the last interrupt that a test has timed */
	_Atomic uint32_t scratch[KERNEL_SCRATCH]; /* the running test's */
};

struct clock {
	uint32_t tsc_khz;
	uint32_t bus_khz; /* APIC timer input, before the divider */
	bool exact;       /* frequencies were told, not measured */
};

struct ioapic {
	uintptr_t address; /* 0: none */
	uint32_t pins;
	uint32_t version;
	bool ext_dest; /* 15-bit destination ids */
};

/* Work that CPU 0 gives to the CPUs first..last, itself included if it is one of them. */
struct jobs {
	job_fn run;
	uint32_t first, last;
	_Atomic uint32_t generation;
	_Atomic uint32_t done;
	_Atomic bool aborting; /* every wait ends at once */
	uint64_t timeout;      /* TSC ticks */
};

struct kernel {
	uint32_t nr_cpus;
	uint32_t max_apic_id;
	uint8_t *blocks; /* nr_cpus CPU blocks */
	uintptr_t heap;  /* first free byte */
	const void *idt;
	_Atomic bool x2apic; /* the mode all CPUs are in, or are to enter when they start */
	struct clock clock;
	struct ioapic ioapic;
	uint64_t rsdp;          /* 0: to be searched for */
	uint32_t pm_timer_port; /* 0: none */
	struct jobs jobs;
	void (*ap_main)(struct cpu *cpu); /* NULL, or what APs do instead of waiting for jobs */
	void *application;
	void (*at_panic)(struct kernel *kernel, const char *why); /* may be NULL */
	irq_handler handler[256];
	uint32_t apic_ids[KERNEL_MAX_CPUS]; /* by index */
	char cmdline[KERNEL_CMDLINE];
};

static inline struct cpu *this_cpu(void)
{
	uintptr_t sp;

	__asm__ volatile("movq %%rsp, %0" : "=r"(sp));
	return (struct cpu *)((sp - 1) & ~(uintptr_t)(LAYOUT_CPU_BLOCK - 1));
}

static inline struct cpu *kernel_cpu(const struct kernel *kernel, uint32_t index)
{
	return (struct cpu *)(void *)(kernel->blocks + (size_t)index * LAYOUT_CPU_BLOCK);
}

/* Zeroed memory, never given back. */
void *kernel_alloc(struct kernel *kernel, size_t size, size_t align);

/*
 * The application, on the boot CPU with interrupts off. Its result ends the machine: 0 is
 * power-off, anything else goes to debug-exit.
 */
int guest_main(struct kernel *kernel);
void kernel_finish(int result) __attribute__((noreturn));

#endif
