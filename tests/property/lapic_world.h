/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few CPUs, each with a local APIC of liblapic and one of the specification, that do the same.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef TESTS_PROPERTY_LAPIC_WORLD_H
#define TESTS_PROPERTY_LAPIC_WORLD_H

#include <stdarg.h>

#include "lapic/lapic_inbox.h"
#include "lapic/lapic_route.h"
#include "lapic/lapic_state.h"
#include "tests/model/model_lapic.h"
#include "tests/property/lapic_ops.h"
#include "tests/property/program.h"

struct world {
	uint32_t nr_cpus;
	uint64_t now;       /* ns */
	uint64_t tsc_jumps; /* by how much the TSC is ahead of what now makes of it */
	struct lapic core[WORLD_MAX_CPUS];
	struct lapic_inbox inbox[WORLD_MAX_CPUS];
	struct lapic_directory directory;
	struct model_apic model[WORLD_MAX_CPUS];
	struct model_inbox model_inbox[WORLD_MAX_CPUS];
	bool differs;
	char mismatch[MISMATCH_SIZE];
};

/* Record the first difference; printf-like, without a newline. */
__attribute__((format(printf, 2, 3))) void world_differs(struct world *w, const char *format, ...);

/* Complain unless two numbers are equal. */
void world_same(struct world *w, uint32_t cpu, const char *what, uint64_t core, uint64_t model);

void world_power_up(struct world *w, const struct lapic_setup *setup);
/*
 * Message from CPU number from, or a device, to all that it names; what was sent to a CPU arrives.
 */
void world_send(struct world *w, int from, const struct apic_msg *msg);
void world_arrive(struct world *w, uint32_t cpu);
/* Both do the same, and answer the same. */
void world_step(struct world *w, const struct lapic_op *op);
/* Everything that can be seen of every CPU is the same on both sides. */
void world_compare(struct world *w);

/* local APICs as a subject of random programs. */
extern const struct subject lapic_subject;

#endif
