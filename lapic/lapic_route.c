/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing: which CPUs does a message name, by what each of them last published.
 *
 * SDM vol. 3, "Determining IPI Destination": "Physical Destination Mode", "Logical Destination
 * Mode", "Broadcast/Self Delivery Mode", "Lowest Priority Delivery Mode"; "Logical Destination Mode
 * in x2APIC Mode".
 */
#include "lapic/lapic_index.h"
#include "lapic/lapic_priv.h"
#include "lapic/lapic_route.h"

/* ---- the published word ---------------------------------------------------------------------- */

#define WORD_ID             UINT64_C(0xffffffff) /* of the present mode: 8 or 32 bits wide */
#define WORD_LDR_SHIFT      32                   /* xAPIC mode: LDR[31:24] */
#define WORD_DFR_SHIFT      40                   /* xAPIC mode: DFR[31:28] */
#define WORD_PRIORITY_SHIFT 44
#define WORD_SOFT_ENABLED   (UINT64_C(1) << 52)
#define WORD_EXTINT         (UINT64_C(1) << 53)
#define WORD_XAPIC          (UINT64_C(1) << 54)
#define WORD_X2APIC         (UINT64_C(1) << 55)
#define WORD_PRESENT        (WORD_XAPIC | WORD_X2APIC)

#define DFR_MODEL_FLAT    0xfu
#define DFR_MODEL_CLUSTER 0x0u

#define XAPIC_BROADCAST  0xffu
#define X2APIC_BROADCAST 0xffffffffu
#define CLUSTER_CPUS     16u

static uint32_t word_id(uint64_t word)
{
	return (uint32_t)(word & WORD_ID);
}

static uint32_t word_byte(uint64_t word, unsigned int shift)
{
	return (uint32_t)(word >> shift) & 0xff;
}

/* Present in a mode in which its id is not the one that the directory derives from its number. */
static bool is_renamed(const struct lapic_directory *dir, uint32_t cpu, uint64_t word)
{
	return word & WORD_PRESENT && word_id(word) != dir->first_id + cpu;
}

static bool is_xapic(uint64_t word)
{
	return (word & WORD_XAPIC) != 0;
}

/*
 * The sets of the index: the two digits of a physical id up to 0xff, and of a logical one the bits
 * of the flat model, cluster, and bits in the cluster. That is all a destination up to 0xff can
 * name.
 */
#define SET_FLAT(bit)        (UINT64_C(1) << (bit))
#define SET_FLAT_ALL(bits)   ((uint64_t)(bits))
#define SET_CLUSTER(cluster) (UINT64_C(1) << (8 + (cluster)))
#define SET_IN_CLUSTER(bits) ((uint64_t)(bits) << 24)
#define SET_ID_HIGH(digit)   (UINT64_C(1) << (28 + (digit)))
#define SET_ID_LOW(digit)    (UINT64_C(1) << (44 + (digit)))

/* The bits of a word that sets_of() looks at. */
#define WORD_NAMES (WORD_PRESENT | (UINT64_C(0xfff) << WORD_LDR_SHIFT) | WORD_ID)

static uint64_t logical_sets_of(uint64_t word)
{
	uint32_t ldr = word_byte(word, WORD_LDR_SHIFT);
	uint32_t model = word_byte(word, WORD_DFR_SHIFT) & 0xf;
	uint32_t id = word_id(word);

	if (!is_xapic(word)) /* the first eight CPUs of cluster 0 (R92) */
		return (id >> 4 & 0xffff) == 0 && (id & 15) < 8 ? SET_FLAT(id & 15) : 0;
	if (model == DFR_MODEL_FLAT)
		return SET_FLAT_ALL(ldr);
	if (model == DFR_MODEL_CLUSTER)
		return SET_CLUSTER(ldr >> 4) | SET_IN_CLUSTER(ldr & 0xf);
	return 0;
}

static uint64_t sets_of(uint64_t word)
{
	uint32_t id = word_id(word);
	uint64_t sets;

	if (!(word & WORD_PRESENT))
		return 0;
	sets = logical_sets_of(word);
	return id > 0xff ? sets : sets | SET_ID_HIGH(id >> 4) | SET_ID_LOW(id & 15);
}

static uint64_t make_word(const struct lapic *a)
{
	uint64_t word = (uint64_t)(a->regs.ppr.reg & 0xff) << WORD_PRIORITY_SHIFT;

	if (lapic_accepts_extint(a))
		word |= WORD_EXTINT;
	if (!lapic_enabled(a))
		return word & WORD_EXTINT;
	if (lapic_software_enabled(a))
		word |= WORD_SOFT_ENABLED;
	if (lapic_x2apic(a))
		return word | WORD_X2APIC | a->regs.id.reg;
	return word | WORD_XAPIC | a->regs.id.reg >> 24 |
	       (uint64_t)(a->regs.ldr.reg >> 24) << WORD_LDR_SHIFT |
	       (uint64_t)(a->regs.dfr.reg >> 28) << WORD_DFR_SHIFT;
}

void lapic_directory_reset(struct lapic_directory *dir, uint32_t nr_cpus, uint32_t first_id)
{
	if (nr_cpus < 1)
		nr_cpus = 1;
	dir->nr_cpus = nr_cpus < LAPIC_MAX_CPUS ? nr_cpus : LAPIC_MAX_CPUS;
	dir->first_id = first_id;
	atomic_init(&dir->nr_renamed, 0);
	atomic_init(&dir->nr_xapic, 0);
	lapic_index_reset(&dir->index);
	for (uint32_t cpu = 0; cpu < LAPIC_MAX_CPUS; cpu++)
		atomic_init(&dir->slot[cpu], 0);
}

/*
 * The counts are never too low for the words that can be seen, so that nobody takes a short cut
 * past a CPU: a CPU is counted before the word that makes it count, and the count is given back
 * after the word that ends it. Let a sender know, by whatever way, that this CPU has its new id.
 * Then the increment happened before the send; the sender reads it or a later value, and a later
 * value can be 0 only after a decrement whose release made the word visible with which the CPU is
 * found by arithmetic again. A sender that does not know yet sends before or after the change, and
 * either order is right. A word is replaced as a whole: at no moment is the CPU without an id. The
 * index is kept in the same way, set by set (lapic_index.h).
 */
void lapic_publish(struct lapic_directory *dir, uint32_t cpu, const struct lapic *a)
{
	uint64_t word = make_word(a);
	uint64_t new_sets = 0;
	uint64_t old_sets = 0;
	uint64_t old;
	int renamed, xapic;

	if (cpu >= dir->nr_cpus)
		return;
	old = atomic_load_explicit(&dir->slot[cpu], memory_order_relaxed);
	if (old == word)
		return;
	if ((old ^ word) & WORD_NAMES) {
		old_sets = sets_of(old);
		new_sets = sets_of(word);
	}
	renamed = is_renamed(dir, cpu, word) - is_renamed(dir, cpu, old);
	xapic = is_xapic(word) - is_xapic(old);
	if (renamed > 0)
		atomic_fetch_add(&dir->nr_renamed, 1);
	if (xapic > 0)
		atomic_fetch_add(&dir->nr_xapic, 1);
	lapic_index_add(&dir->index, cpu, new_sets & ~old_sets);
	atomic_store_explicit(&dir->slot[cpu], word, memory_order_release);
	lapic_index_remove(&dir->index, cpu, old_sets & ~new_sets);
	if (renamed < 0)
		atomic_fetch_sub(&dir->nr_renamed, 1);
	if (xapic < 0)
		atomic_fetch_sub(&dir->nr_xapic, 1);
}

bool lapic_published_extint(const struct lapic_directory *dir, uint32_t cpu)
{
	return cpu < dir->nr_cpus && (atomic_load(&dir->slot[cpu]) & WORD_EXTINT) != 0;
}

/* ---- matching: always in the target's own mode (R95) ----------------------------------------- */

static bool matches_physical(uint64_t word, uint32_t dest)
{
	if (dest == X2APIC_BROADCAST || dest == word_id(word))
		return true;
	return is_xapic(word) && dest == XAPIC_BROADCAST; /* R89, R92, D15 */
}

/* SDM "Logical Destination Mode": flat, cluster (R87..R89); other models match none (R38, D14). */
static bool matches_xapic_logical(uint64_t word, uint32_t dest)
{
	uint32_t ldr = word_byte(word, WORD_LDR_SHIFT);
	uint32_t model = word_byte(word, WORD_DFR_SHIFT) & 0xf;
	uint32_t cluster = dest >> 4;

	if (model != DFR_MODEL_FLAT && model != DFR_MODEL_CLUSTER)
		return false;
	if (dest == XAPIC_BROADCAST || dest == X2APIC_BROADCAST)
		return true;
	if (dest > XAPIC_BROADCAST)
		return false; /* R94: never by its low byte */
	if (model == DFR_MODEL_FLAT)
		return (ldr & dest) != 0;
	return (cluster == 0xf || cluster == ldr >> 4) && (ldr & dest & 0xf) != 0;
}

/* SDM "Logical Destination Mode in x2APIC Mode": 16 bits of cluster, 16 of CPUs (R91). */
static bool matches_x2apic_logical(uint64_t word, uint32_t dest)
{
	uint32_t id = word_id(word);

	if (dest == X2APIC_BROADCAST)
		return true; /* R90 */
	return dest >> 16 == (id >> 4 & 0xffff) && (dest >> (id & 15) & 1) != 0;
}

static bool matches(uint64_t word, const struct apic_msg *msg)
{
	if (!(word & WORD_PRESENT))
		return false;
	if (msg->shorthand != APIC_SHORTHAND_NONE)
		return true; /* R80 */
	if (!msg->logical)
		return matches_physical(word, msg->dest);
	if (is_xapic(word))
		return matches_xapic_logical(word, msg->dest);
	return matches_x2apic_logical(word, msg->dest);
}

/* ---- collecting the targets ------------------------------------------------------------------ */

struct search {
	const struct lapic_directory *dir;
	const struct apic_msg *msg;
	uint16_t *targets;
	uint32_t count;
	uint32_t lowest; /* priority of the targets so far, lowest priority only */
};

/* Targets so far are of the lowest priority seen; disabled CPUs are no candidates (R97, D11). */
static bool is_candidate(struct search *s, uint64_t word)
{
	uint32_t priority = word_byte(word, WORD_PRIORITY_SHIFT);

	if (!(word & WORD_SOFT_ENABLED) || priority > s->lowest)
		return false;
	if (priority < s->lowest) {
		s->lowest = priority;
		s->count = 0;
	}
	return true;
}

static void consider(struct search *s, uint32_t cpu)
{
	uint64_t word;

	if (cpu >= s->dir->nr_cpus)
		return;
	word = atomic_load_explicit(&s->dir->slot[cpu], memory_order_acquire);
	if (!matches(word, s->msg))
		return;
	if (s->msg->mode == APIC_MODE_LOWEST_PRIORITY && !is_candidate(s, word))
		return;
	s->targets[s->count++] = (uint16_t)cpu;
}

static void consider_all(struct search *s, int except)
{
	for (uint32_t cpu = 0; cpu < s->dir->nr_cpus; cpu++)
		if (except < 0 || cpu != (uint32_t)except)
			consider(s, cpu);
}

/* The CPUs of one x2APIC cluster, in the order of their ids and so of their numbers. */
static void consider_cluster(struct search *s)
{
	uint32_t first = s->dir->first_id;
	/*
	 * LDR has room for the low 16 bits of the cluster: the one that is not below the first
	 * CPU's.
	 */
	uint32_t above = ((s->msg->dest >> 16) - (first >> 4)) & 0xffff;
	uint32_t cluster = (first >> 4) + above;

	for (uint32_t i = 0; i < CLUSTER_CPUS; i++)
		if (s->msg->dest >> i & 1)
			consider(s, (cluster << 4 | i) - first);
}

/* Candidates in the order of their numbers, each once. */
static void consider_candidates(struct search *s, const struct lapic_query *query)
{
	struct lapic_candidates found;

	if (!lapic_index_find(&s->dir->index, query, &found)) {
		consider_all(s, LAPIC_FROM_NO_CPU);
		return;
	}
	for (; found.groups != 0; found.groups &= found.groups - 1) {
		uint32_t group = (uint32_t)__builtin_ctz(found.groups);
		uint64_t members = found.members[group];

		for (; members != 0; members &= members - 1)
			consider(s, 64 * group + (uint32_t)__builtin_ctzll(members));
	}
}

/*
 * Above 0xff no CPU in xAPIC mode is meant, but for a broadcast; nor is 0xff one where there is
 * none.
 */
static bool is_broadcast(const struct search *s)
{
	return s->msg->dest == X2APIC_BROADCAST ||
	       (s->msg->dest == XAPIC_BROADCAST && atomic_load(&s->dir->nr_xapic) != 0);
}

static void find_physical(struct search *s)
{
	uint32_t dest = s->msg->dest;

	if (is_broadcast(s))
		consider_all(s, LAPIC_FROM_NO_CPU);
	else if (dest > XAPIC_BROADCAST || atomic_load(&s->dir->nr_renamed) == 0)
		consider(s, dest - s->dir->first_id);
	else /* R93: two CPUs may have one id */
		consider_candidates(s, &(struct lapic_query){ .both = { SET_ID_HIGH(dest >> 4),
									SET_ID_LOW(dest & 15) } });
}

static void find_logical(struct search *s)
{
	uint32_t dest = s->msg->dest;
	uint32_t cluster = dest >> 4;
	struct lapic_query query = { .any = SET_FLAT_ALL(dest & 0xff) };

	if (is_broadcast(s)) {
		consider_all(s, LAPIC_FROM_NO_CPU);
		return;
	}
	if (dest > XAPIC_BROADCAST || atomic_load(&s->dir->nr_xapic) == 0) {
		consider_cluster(s);
		return;
	}
	if (cluster == 0xf) {
		query.any |= SET_IN_CLUSTER(dest & 0xf);
	} else {
		query.both[0] = SET_CLUSTER(cluster);
		query.both[1] = SET_IN_CLUSTER(dest & 0xf);
	}
	consider_candidates(s, &query);
}

/*
 * One of several equals, the same one each time for a vector, so that its handler stays in one
 * cache; different vectors spread over all of them. A multiplication scales the hash, not a
 * division.
 */
static uint32_t elect(const struct search *s)
{
	uint32_t hash = s->msg->vector * UINT32_C(0x9e3779b1);

	return (uint32_t)((uint64_t)hash * s->count >> 32);
}

uint32_t lapic_route(const struct lapic_directory *dir, int from, const struct apic_msg *msg,
		     uint16_t *targets)
{
	struct search s = { .dir = dir, .msg = msg, .targets = targets, .lowest = UINT32_MAX };

	switch (msg->shorthand) {
	case APIC_SHORTHAND_NONE:
		if (msg->logical)
			find_logical(&s);
		else
			find_physical(&s);
		break;
	case APIC_SHORTHAND_SELF:
		if (from >= 0)
			consider(&s, (uint32_t)from);
		break;
	case APIC_SHORTHAND_ALL:
		consider_all(&s, LAPIC_FROM_NO_CPU);
		break;
	case APIC_SHORTHAND_OTHERS:
		consider_all(&s, from); /* by number, not by an id that can be shared (R82) */
		break;
	}
	if (msg->mode == APIC_MODE_LOWEST_PRIORITY && s.count > 1) {
		targets[0] = targets[elect(&s)];
		s.count = 1;
	}
	return s.count;
}
