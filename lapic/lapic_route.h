/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For whom is a message? Destination matching over what every CPU publishes of itself.
 *
 * SDM vol. 3, "Determining IPI Destination" and "Logical Destination Mode in x2APIC Mode".
 *
 * Each CPU's thread publishes one 64-bit word: mode, id, LDR, DFR, software enable and priority.
 * A reader loads a word as a whole, so it sees that CPU as it was at one moment (R95, R178). Which
 * words it has to load is told by arithmetic on the ids, and where ids or logical ids are
 * software's choice, as in xAPIC mode, by an index of them (lapic_index.h). So what a message costs
 * depends on how many CPUs it may be for, and not on how many there are.
 */
#ifndef LAPIC_LAPIC_ROUTE_H
#define LAPIC_LAPIC_ROUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lapic/apic_msg.h"

#define LAPIC_MAX_CPUS    1024
#define LAPIC_FROM_NO_CPU (-1) /* sender of a message from the I/O APIC, or of an MSI */

struct lapic;

#define LAPIC_INDEX_SETS   64
#define LAPIC_INDEX_GROUPS (LAPIC_MAX_CPUS / 64)

/* Who may be meant by a part of a destination: lapic_index.h. */
struct lapic_index {
	_Atomic uint64_t leaving; /* times that a CPU has begun to leave sets */
	_Atomic uint64_t left;    /* times that it was through with it */
	_Atomic uint64_t counts[LAPIC_INDEX_GROUPS / 8][LAPIC_INDEX_SETS];
	_Atomic uint64_t members[LAPIC_INDEX_GROUPS][LAPIC_INDEX_SETS];
};

/* CPU n has initial APIC id first_id + n. */
struct lapic_directory {
	uint32_t nr_cpus;
	uint32_t first_id;
	/* CPUs whose id in their present mode is not their initial one. */
	_Atomic uint32_t nr_renamed;
	_Atomic uint32_t nr_xapic; /* CPUs in xAPIC mode, whose logical ids can be anything */
	_Atomic uint64_t slot[LAPIC_MAX_CPUS];
	struct lapic_index index;
};

/* All CPUs absent until they publish. nr_cpus is clamped to 1..LAPIC_MAX_CPUS. */
void lapic_directory_reset(struct lapic_directory *dir, uint32_t nr_cpus, uint32_t first_id);

/*
 * Publish what *a is now as CPU number cpu; cheap when nothing changed. That CPU's thread only,
 * after every access that could have changed id, mode, LDR, DFR, SVR or priorities.
 */
void lapic_publish(struct lapic_directory *dir, uint32_t cpu, const struct lapic *a);

/*
 * Who receives msg, sent by CPU number from or LAPIC_FROM_NO_CPU: CPU numbers in ascending order,
 * each once. Returns how many; 0: dropped (R96). Lowest priority is arbitrated here, to at most one
 * software-enabled CPU (R97). Absent and hardware-disabled CPUs never match.
 * targets has room for dir->nr_cpus entries. Any thread.
 */
uint32_t lapic_route(const struct lapic_directory *dir, int from, const struct apic_msg *msg,
		     uint16_t *targets);

/*
 * Would CPU number cpu take an ExtINT from the 8259, by what it last published (R137)? Any thread.
 */
bool lapic_published_extint(const struct lapic_directory *dir, uint32_t cpu);

#endif
