/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A storm among some of the CPUs, for tests that need one in the background. SDM vol. 3, "Issuing
 * Interprocessor Interrupts".
 */
#ifndef GUESTS_SMP_STORM_H
#define GUESTS_SMP_STORM_H

#include "lib/kernel.h"

/* Called on each of the CPUs base..base + members - 1, in one job; rounds is even. */
void storm(struct kernel *kernel, struct cpu *cpu, uint32_t base, uint32_t members,
	   uint32_t rounds);
uint32_t storm_rounds(const struct kernel *kernel, uint32_t members);

#endif
