/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that does what no guest should, from all CPUs at once. SDM vol. 3, "Advanced Programmable
 * Interrupt Controller (APIC)", read for what it forbids.
 *
 * It has to live until its time is over, so some things are left out by construction:
 * - INIT goes to single APs by physical id only, and CPU 0 keeps its id: nothing can INIT CPU 0.
 * - SIPI always names the trampoline's page.
 * - NMI goes to CPUs that are up: one that is still starting has no IDT to take it with.
 * - No byte that could become a delivery mode says NMI, INIT or SIPI, wherever it ends up.
 * - The 8259's vectors stay above the exceptions.
 * - Nothing that ends the machine: debug-exit, reset, power-off, output port of the 8042.
 */
#ifndef GUESTS_HOSTILE_HOSTILE_H
#define GUESTS_HOSTILE_HOSTILE_H

#include "lib/kernel.h"

struct hostile {
	uint64_t seed;
	_Atomic bool hush; /* leave the UART alone: CPU 0 is about to print */
	_Atomic uint32_t restarts;
	/* The holder's index + 1, or 0. Whoever sends INIT or NMI to a CPU holds its lock. */
	_Atomic uint32_t lock[KERNEL_MAX_CPUS];
	_Atomic bool up[KERNEL_MAX_CPUS]; /* has an IDT, and no INIT is on its way */
};

/* Of one CPU, on its stack. */
struct attacker {
	struct kernel *kernel;
	struct cpu *cpu;
	uint64_t state; /* xorshift */
};

static inline struct hostile *hostile_of(const struct kernel *kernel)
{
	return kernel->application;
}

uint64_t random64(struct attacker *attacker);
uint32_t random_below(struct attacker *attacker, uint32_t limit);
/* Often a plain corner case, and in no byte a delivery mode of NMI, INIT or SIPI. */
uint64_t random_value(struct attacker *attacker);

/* apic.c */
void attack_apic_page(struct attacker *attacker);
void attack_apic_msr(struct attacker *attacker);
void attack_apic_base(struct attacker *attacker);
void attack_cpus(struct attacker *attacker);
void hostile_eoi(void);

/* devices.c */
void attack_ioapic(struct attacker *attacker);
void attack_pic(struct attacker *attacker);
void attack_uart(struct attacker *attacker);
void attack_ports(struct attacker *attacker);
void attack_clocks(struct attacker *attacker);
void attack_test_device(struct attacker *attacker);

/* pci.c */
void attack_pci(struct attacker *attacker);

#endif
