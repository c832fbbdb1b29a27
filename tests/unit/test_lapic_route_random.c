/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing against a matcher of the test's own: random CPUs in random modes, random messages.
 *
 * SDM vol. 3, "Determining IPI Destination", "Logical Destination Mode in x2APIC Mode". The matcher
 * asks every CPU's registers for every message and knows nothing of directories. Where manuals and
 * hardware disagree it says so and accepts both answers.
 *
 * VMM_TEST_SEED in the environment repeats a run.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <time.h>

#include "tests/unit/lapic_cpus.h"

#define ROUNDS   300
#define MESSAGES 150
#define MAX_CPUS 48 /* but in a few worlds */

enum match {
	NO,
	YES,
	EITHER,
};

struct world {
	struct cpus m;
	bool present[LAPIC_MAX_CPUS];
	uint16_t scanned[LAPIC_MAX_CPUS];
	uint64_t random; /* xorshift state, never 0 */
	uint64_t seed;
};

static uint32_t draw(struct world *w, uint32_t bound)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random >> 16) % bound);
}

static uint32_t draw_of(struct world *w, const uint32_t *values, uint32_t count)
{
	return values[draw(w, count)];
}

/* ---- the matcher ----------------------------------------------------------------------------- */

/* Without fx_read()'s check, which is slow when done a million times. */
static uint32_t peek(struct lapic *a, uint32_t offset)
{
	uint64_t value;

	lapic_read(a, offset, FX_NOW, &value);
	return (uint32_t)value;
}

static enum match match_xapic_physical(struct lapic *a, bool from_x2apic, uint32_t dest)
{
	if (dest == peek(a, LAPIC_ID) >> 24)
		return YES;
	if (dest == 0xff)
		return from_x2apic ? EITHER : YES; /* R89 */
	if (dest == 0xffffffff)
		return EITHER; /* a broadcast of the other mode */
	/* An xAPIC whose initial id needs more than 8 bits may be known by that id as well. */
	return dest > 0xff && dest == a->config.id ? EITHER : NO;
}

static enum match match_xapic_logical(struct lapic *a, bool from_x2apic, uint32_t dest)
{
	uint32_t ldr = peek(a, LAPIC_LDR) >> 24;
	uint32_t model = peek(a, LAPIC_DFR) >> 28;
	bool named;

	if (dest == 0xffffffff)
		return EITHER;
	if (dest > 0xff)
		return NO; /* R94 */
	if (model != 0xf && model != 0)
		return dest == 0xff ? EITHER : NO; /* R38 */
	if (model == 0xf)
		named = (ldr & dest) != 0;
	else
		named = (dest >> 4 == 0xf || dest >> 4 == ldr >> 4) && (ldr & dest & 0xf) != 0;
	if (named)
		return YES;
	if (dest == 0xff)
		return from_x2apic ? EITHER : YES; /* R89 */
	return NO;
}

static enum match match_x2apic(struct lapic *a, bool from_x2apic, bool logical, uint32_t dest)
{
	uint32_t ldr = peek(a, LAPIC_LDR);
	bool named;

	if (dest == 0xffffffff)
		return YES; /* R90 */
	if (logical)
		named = dest >> 16 == ldr >> 16 && (dest & ldr & 0xffff) != 0;
	else
		named = dest == peek(a, LAPIC_ID);
	if (named)
		return YES;
	return dest == 0xff && !from_x2apic ? EITHER : NO; /* R92 */
}

static enum match match(struct world *w, int from, const struct apic_msg *msg, uint32_t cpu)
{
	struct lapic *a = &w->m.cpu[cpu];
	bool from_x2apic = from >= 0 && lapic_is_x2apic(&w->m.cpu[from]);

	if (!w->present[cpu] || !lapic_is_enabled(a))
		return NO;
	switch (msg->shorthand) {
	case APIC_SHORTHAND_SELF:
		return (int)cpu == from ? YES : NO;
	case APIC_SHORTHAND_ALL:
		return YES;
	case APIC_SHORTHAND_OTHERS:
		return (int)cpu == from ? NO : YES;
	case APIC_SHORTHAND_NONE:
		break;
	}
	if (lapic_is_x2apic(a))
		return match_x2apic(a, from_x2apic, msg->logical, msg->dest);
	if (msg->logical)
		return match_xapic_logical(a, from_x2apic, msg->dest);
	return match_xapic_physical(a, from_x2apic, msg->dest);
}

/* ---- random worlds --------------------------------------------------------------------------- */

static void shape_cpu(struct world *w, uint32_t cpu)
{
	static const uint32_t dfrs[] = { 0xffffffff, 0xffffffff, 0x0fffffff, 0x0fffffff,
					 0x3fffffff };
	struct lapic *a = &w->m.cpu[cpu];

	if (draw(w, 5) != 0)
		fx_write(a, LAPIC_SVR, FX_SVR_ENABLED);
	fx_write(a, LAPIC_LDR, (uint64_t)draw(w, 256) << 24);
	fx_write(a, LAPIC_DFR, draw_of(w, dfrs, FX_COUNT(dfrs)));
	fx_write(a, LAPIC_TPR, draw(w, 4) * 0x40);
	if (draw(w, 8) == 0)
		fx_write(a, LAPIC_ID, (uint64_t)draw(w, 64) << 24);
}

/* How a CPU may change from one message to the next, as its thread would publish it. */
static void disturb(struct world *w, uint32_t cpu, bool x2apic)
{
	struct lapic *a = &w->m.cpu[cpu];

	if (x2apic && lapic_is_enabled(a) && !lapic_is_x2apic(a))
		fx_enter_x2apic(a);
	else if (draw(w, 20) == 0)
		fx_disable_hardware(a);
	else if (!lapic_is_enabled(a))
		ck_assert_int_eq(lapic_base_write(a, a->base | LAPIC_BASE_EN), LAPIC_OK);
	if (lapic_is_enabled(a) && !lapic_is_x2apic(a))
		shape_cpu(w, cpu);
	lapic_publish(w->m.dir, cpu, a);
	w->present[cpu] = true;
}

static void make_world(struct world *w)
{
	static const uint32_t first_ids[] = { 0, 0, 1, 13, 200, 250, 1000, 0x7ffff, 0xfffff000 };
	uint32_t mode = draw(w, 3); /* all xAPIC, all x2APIC, mixed */

	w->m = cpus_new(1 + draw(w, draw(w, 20) == 0 ? LAPIC_MAX_CPUS : MAX_CPUS),
			draw_of(w, first_ids, FX_COUNT(first_ids)));
	memset(w->present, 0, sizeof(w->present));
	for (uint32_t i = 0; i < w->m.nr; i++) {
		if (draw(w, 12) == 0)
			continue;
		shape_cpu(w, i);
		disturb(w, i, mode == 1 || (mode == 2 && draw(w, 2) == 0));
	}
}

static struct apic_msg make_message(struct world *w)
{
	static const enum apic_delivery_mode modes[] = {
		APIC_MODE_FIXED, APIC_MODE_FIXED, APIC_MODE_LOWEST_PRIORITY,
		APIC_MODE_NMI,   APIC_MODE_INIT,  APIC_MODE_SIPI,
	};
	struct lapic *a = &w->m.cpu[draw(w, w->m.nr)];
	const uint32_t dests[] = {
		a->config.id,
		a->config.id & 0xff,
		a->config.id + 1,
		(a->config.id >> 4 << 16) | draw(w, 0x10000),
		draw(w, 0x100),
		draw(w, 0x100),
		draw(w, 0x8000),
		0xff,
		0x1ff,
		0xffffffff,
		0,
		0xf0 | draw(w, 16),
	};

	return (struct apic_msg){
		.dest = draw_of(w, dests, FX_COUNT(dests)),
		.vector = (uint8_t)(16 + draw(w, 240)),
		.mode = modes[draw(w, FX_COUNT(modes))],
		.shorthand = draw(w, 6) == 0 ? (enum apic_shorthand)draw(w, 4)
					     : APIC_SHORTHAND_NONE,
		.logical = draw(w, 2) != 0,
		.asserted = true,
	};
}

/* ---- the comparison -------------------------------------------------------------------------- */

static void require(struct world *w, bool ok, const char *what, const struct apic_msg *msg,
		    int from)
{
	if (!ok)
		ck_abort_msg("%s: dest %#x %s shorthand %d mode %d from %d; VMM_TEST_SEED=%llu",
			     what, (unsigned int)msg->dest, msg->logical ? "logical" : "physical",
			     (int)msg->shorthand, (int)msg->mode, from,
			     (unsigned long long)w->seed);
}

/* At most one, a candidate, and one at all if there was a candidate beyond doubt (R97, R98). */
static void compare_lowest_priority(struct world *w, int from, const struct apic_msg *msg,
				    uint32_t count)
{
	bool broadcast = !msg->logical && msg->shorthand == APIC_SHORTHAND_NONE &&
			 (msg->dest == 0xff || msg->dest == 0xffffffff);
	bool certain = false;

	for (uint32_t cpu = 0; cpu < w->m.nr; cpu++) {
		bool enabled = (w->m.cpu[cpu].regs.svr.reg & LAPIC_SVR_ENABLE) != 0;

		certain = certain || (enabled && match(w, from, msg, cpu) == YES);
	}
	require(w, count <= 1, "several targets", msg, from);
	require(w, count == 1 || !certain || broadcast, "no target", msg, from);
	if (count == 0)
		return;
	require(w, w->m.targets[0] < w->m.nr, "no such CPU", msg, from);
	require(w, match(w, from, msg, w->m.targets[0]) != NO, "wrong target", msg, from);
	require(w, (w->m.cpu[w->m.targets[0]].regs.svr.reg & LAPIC_SVR_ENABLE) != 0,
		"disabled target", msg, from);
}

/*
 * While a CPU is leaving sets of the index nobody relies on it: every CPU is asked. This is how
 * another thread leaves the directory in the middle of lapic_publish().
 */
static void compare_scan(struct world *w, int from, const struct apic_msg *msg, uint32_t count)
{
	uint32_t scanned;

	atomic_fetch_add(&w->m.dir->index.leaving, 1);
	scanned = lapic_route(w->m.dir, from, msg, w->scanned);
	atomic_fetch_sub(&w->m.dir->index.leaving, 1);
	require(w, scanned == count, "a scan finds another number", msg, from);
	require(w, memcmp(w->scanned, w->m.targets, count * sizeof(w->scanned[0])) == 0,
		"a scan finds others", msg, from);
}

static void compare(struct world *w, int from, const struct apic_msg *msg)
{
	uint32_t count = lapic_route(w->m.dir, from, msg, w->m.targets);
	uint32_t next = 0;

	compare_scan(w, from, msg, count);
	if (msg->mode == APIC_MODE_LOWEST_PRIORITY) {
		compare_lowest_priority(w, from, msg, count);
		return;
	}
	for (uint32_t cpu = 0; cpu < w->m.nr; cpu++) {
		enum match want = match(w, from, msg, cpu);
		bool hit = next < count && w->m.targets[next] == cpu;

		require(w, want == EITHER || hit == (want == YES), hit ? "surplus" : "missing", msg,
			from);
		next += hit;
	}
	require(w, next == count, "not ascending, or twice", msg, from);
}

static uint64_t choose_seed(void)
{
	const char *text = getenv("VMM_TEST_SEED");
	struct timespec t = { 0 };

	if (text)
		return strtoull(text, NULL, 0);
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

START_TEST(R87_to_R99_random_messages_find_their_cpus)
{
	struct world w = { .seed = choose_seed() };

	w.random = w.seed | 1;
	printf("VMM_TEST_SEED=%llu\n", (unsigned long long)w.seed);
	fflush(stdout);
	for (int round = 0; round < ROUNDS; round++) {
		make_world(&w);
		for (int i = 0; i < MESSAGES; i++) {
			struct apic_msg msg = make_message(&w);

			compare(&w, (int)draw(&w, w.m.nr + 1) - 1, &msg);
			if (draw(&w, 4) == 0)
				disturb(&w, draw(&w, w.m.nr), draw(&w, 3) == 0);
		}
		cpus_free(&w.m);
	}
}
END_TEST

START_TEST(out_of_range_arguments_are_survived)
{
	static const int senders[] = { -2, 2, 1023, 1024, 100000, INT32_MAX, INT32_MIN };
	struct cpus m = cpus_enabled(2, 0, false);

	lapic_publish(m.dir, 2, &m.cpu[0]);
	lapic_publish(m.dir, UINT32_MAX, &m.cpu[0]);
	for (size_t i = 0; i < FX_COUNT(senders); i++) {
		for (unsigned int shorthand = 0; shorthand < 6; shorthand++) {
			struct apic_msg msg = cpus_message(1, false);

			msg.shorthand = (enum apic_shorthand)shorthand;
			ck_assert_uint_le(lapic_route(m.dir, senders[i], &msg, m.targets),
					  shorthand < 4 ? 2 : 0);
		}
	}
	lapic_directory_reset(m.dir, 0, 0);
	ck_assert_uint_eq(m.dir->nr_cpus, 1);
	lapic_directory_reset(m.dir, UINT32_MAX, 0);
	ck_assert_uint_eq(m.dir->nr_cpus, LAPIC_MAX_CPUS);
	cpus_free(&m);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R87_to_R99_random_messages_find_their_cpus,
		out_of_range_arguments_are_survived,
	};

	return fx_run("lapic_route_random", tests, FX_COUNT(tests));
}
