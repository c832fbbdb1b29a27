/* SPDX-License-Identifier: BSD-2-Clause */
/* The operations of lapic-bench: what they work on, and one row for each. */
#ifndef TESTS_BENCH_LAPIC_OPS_H
#define TESTS_BENCH_LAPIC_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "lapic/lapic.h"
#include "lapic/lapic_inbox.h"
#include "lapic/lapic_route.h"

#define NR_CPUS       64
#define NR_XAPIC_CPUS 255
#define NR_OPS        15

struct rig {
	struct lapic apic[NR_CPUS]; /* in x2APIC mode but for the last one; ours is the first */
	struct lapic *xapic;
	struct lapic_inbox inbox;
	struct lapic_directory directory;
	struct lapic_directory large; /* of LAPIC_MAX_CPUS CPUs in x2APIC mode */
	/* Of NR_XAPIC_CPUS CPUs in xAPIC mode, one with a logical id. */
	struct lapic_directory small;
	uint16_t targets[LAPIC_MAX_CPUS];
	uint64_t sum; /* of results, so that nothing is optimised away */
};

typedef void (*rig_fn)(struct rig *rig);

struct op {
	const char *name;
	rig_fn set_up;  /* once, after a reset of the rig */
	rig_fn prepare; /* before each run */
	rig_fn run;
	uint64_t result; /* what one run adds to the sum */
};

extern const struct op ops[NR_OPS];

void reset_rig(struct rig *rig);
void nothing(struct rig *rig);

#endif
