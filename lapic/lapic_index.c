/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of CPUs, each with a bit for every CPU and with the number of its CPUs in each group of 64.
 *
 * SDM vol. 3, "Determining IPI Destination". A group's number is counted up before the first of its
 * bits is set and down after it is cleared: groups that have a bit are never taken for empty.
 */
#include "lapic/lapic_index.h"

#define GROUP_CPUS 64u
#define ROW_GROUPS 8u /* numbers of one byte in a word of counts */

#define BYTE_LOW  UINT64_C(0x7f7f7f7f7f7f7f7f)
#define BYTE_HIGH UINT64_C(0x8080808080808080)

void lapic_index_reset(struct lapic_index *index)
{
	atomic_init(&index->leaving, 0);
	atomic_init(&index->left, 0);
	for (uint32_t set = 0; set < LAPIC_INDEX_SETS; set++) {
		for (uint32_t row = 0; row < LAPIC_INDEX_GROUPS / ROW_GROUPS; row++)
			atomic_init(&index->counts[row][set], 0);
		for (uint32_t group = 0; group < LAPIC_INDEX_GROUPS; group++)
			atomic_init(&index->members[group][set], 0);
	}
}

static uint64_t one_of_group(uint32_t group)
{
	return UINT64_C(1) << 8 * (group % ROW_GROUPS);
}

void lapic_index_add(struct lapic_index *index, uint32_t cpu, uint64_t sets)
{
	uint32_t group = cpu / GROUP_CPUS;

	for (; sets != 0; sets &= sets - 1) {
		uint32_t set = (uint32_t)__builtin_ctzll(sets);

		atomic_fetch_add(&index->counts[group / ROW_GROUPS][set], one_of_group(group));
		atomic_fetch_or(&index->members[group][set], UINT64_C(1) << cpu % GROUP_CPUS);
	}
}

void lapic_index_remove(struct lapic_index *index, uint32_t cpu, uint64_t sets)
{
	uint32_t group = cpu / GROUP_CPUS;

	if (sets == 0)
		return;
	atomic_fetch_add(&index->leaving, 1);
	for (; sets != 0; sets &= sets - 1) {
		uint32_t set = (uint32_t)__builtin_ctzll(sets);

		atomic_fetch_and(&index->members[group][set], ~(UINT64_C(1) << cpu % GROUP_CPUS));
		atomic_fetch_sub(&index->counts[group / ROW_GROUPS][set], one_of_group(group));
	}
	atomic_fetch_add(&index->left, 1);
}

static uint64_t any_of(const _Atomic uint64_t row[LAPIC_INDEX_SETS], uint64_t sets)
{
	uint64_t bits = 0;

	for (; sets != 0; sets &= sets - 1)
		bits |= atomic_load_explicit(&row[__builtin_ctzll(sets)], memory_order_acquire);
	return bits;
}

/*
 * The top bit of each byte that is not 0; no number is above 64, nor are several, or-ed, above 127.
 */
static uint64_t not_empty(const _Atomic uint64_t row[LAPIC_INDEX_SETS], uint64_t sets)
{
	return (any_of(row, sets) + BYTE_LOW) & BYTE_HIGH;
}

static void find_in_group(const struct lapic_index *index, const struct lapic_query *query,
			  uint32_t group, struct lapic_candidates *found)
{
	const _Atomic uint64_t *row = index->members[group];

	found->groups |= 1u << group;
	found->members[group] = any_of(row, query->any) |
				(any_of(row, query->both[0]) & any_of(row, query->both[1]));
}

bool lapic_index_find(const struct lapic_index *index, const struct lapic_query *query,
		      struct lapic_candidates *found)
{
	uint64_t left = atomic_load(&index->left);

	found->groups = 0;
	for (uint32_t row = 0; row < LAPIC_INDEX_GROUPS / ROW_GROUPS; row++) {
		const _Atomic uint64_t *counts = index->counts[row];
		uint64_t groups = not_empty(counts, query->any) |
				  (not_empty(counts, query->both[0]) &
				   not_empty(counts, query->both[1]));

		for (; groups != 0; groups &= groups - 1)
			find_in_group(index, query,
				      row * ROW_GROUPS + (uint32_t)__builtin_ctzll(groups) / 8,
				      found);
	}
	return atomic_load(&index->leaving) == left;
}
