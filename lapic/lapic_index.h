/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of CPUs that find a message's candidates without a look at every CPU. Private to liblapic.
 *
 * SDM vol. 3, "Determining IPI Destination". The index is a hint: what it finds is compared with
 * the word that the CPU published (lapic_route.c), so all that it owes is to leave nobody out.
 *
 * A CPU's thread adds it to the sets of its new word, then stores the word, then removes it from
 * those sets that only the old word named. A set of both is never left.
 */
#ifndef LAPIC_LAPIC_INDEX_H
#define LAPIC_LAPIC_INDEX_H

#include "lapic/lapic_route.h"

/*
 * The CPUs of any one of these sets, and those that are in a set of both[0] and in one of both[1].
 */
struct lapic_query {
	uint64_t any;
	uint64_t both[2];
};

/*
 * Bit n of members[g] is CPU number 64 * g + n; only groups whose bit is set have been looked at.
 */
struct lapic_candidates {
	uint32_t groups;
	uint64_t members[LAPIC_INDEX_GROUPS];
};

void lapic_index_reset(struct lapic_index *index);

/* That CPU's thread only; it is in none of the sets before, or in all of them. */
void lapic_index_add(struct lapic_index *index, uint32_t cpu, uint64_t sets);
void lapic_index_remove(struct lapic_index *index, uint32_t cpu, uint64_t sets);

/*
 * False: a CPU is leaving sets, so that one may be missing; ask every CPU instead. True: whoever is
 * named now and was named before is found, however the CPUs change meanwhile.
 *
 * For the search looks at one set after the other, and a CPU that both its old and its new word
 * make a target, by different sets, could be in neither when it is looked for. Then its absence
 * from a set of the old word has been seen, and with it, by release and acquire, that it was
 * leaving before. Either that has also been counted as over when the search began: then the sets of
 * the new word had been entered by then, and the same is asked of the next change. Or the two
 * counts differ.
 */
bool lapic_index_find(const struct lapic_index *index, const struct lapic_query *query,
		      struct lapic_candidates *found);

#endif
