/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inbox by several threads: nothing posted is lost or doubled, and no kick is missed.
 *
 * SDM vol. 3, "Issuing Interprocessor Interrupts", "MP Initialization Protocol Algorithm for MP
 * Systems".
 *
 * The posters work in rounds: each posts its share and then waits until the drainer has had
 * everything. The drainer drains once a kick and never of its own accord, so that a post which
 * returned false although nobody was about to drain ends the round in silence, and is noticed.
 */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#include "tests/unit/lapic_fixture.h"

#define POSTERS      3u
#define LONG_BURST   40u
#define FIRST_VECTOR 0x3au
#define ROUNDS       40000u
#define RUN_NS       UINT64_C(350000000) /* fewer rounds where the host is slow */
#define PATIENCE_NS  UINT64_C(20000000000)

struct race {
	struct lapic a; /* the drainer's */
	struct lapic_inbox inbox;
	pthread_t threads[POSTERS];
	uint32_t handled; /* kicks that the drainer has answered */
	_Atomic uint32_t kicks;
	_Atomic uint32_t round; /* posters do their share of rounds below this one */
	_Atomic bool stop;
	uint32_t seen[256]; /* the round in which the drainer took each vector, plus one */
	uint32_t taken;
	_Atomic uint32_t posted;
	uint32_t nmis;
	uint32_t boots; /* SIPIs that started the CPU */
};

struct poster {
	struct race *race;
	uint32_t number;
};

static uint64_t host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void kick_if(struct race *r, bool first)
{
	if (first)
		atomic_fetch_add(&r->kicks, 1);
}

/* Spin until a kick, so that drains and posts meet as closely as two CPUs can. */
static void wait_for_kick(struct race *r)
{
	uint64_t start = host_ns();

	for (uint32_t spin = 1; atomic_load(&r->kicks) == r->handled; spin++) {
		if (spin % 256 != 0)
			continue;
		sched_yield();
		if (host_ns() - start > PATIENCE_NS)
			ck_abort_msg("round %u: posted, but nobody kicked",
				     (unsigned int)atomic_load(&r->round));
	}
	r->handled++;
}

/* A poster's turn; false: the race is over. */
static bool wait_for_round(struct race *r, uint32_t round)
{
	for (uint32_t spin = 1; atomic_load(&r->round) <= round; spin++) {
		if (spin % 256 == 0)
			sched_yield();
	}
	return !atomic_load(&r->stop);
}

/* Between two posts: differs from round to round, lest everybody keeps in step. */
static void dawdle(struct race *r, uint32_t round, uint32_t number)
{
	for (uint32_t i = (round * 37 + number * 11) % 128; i > 0; i--)
		(void)atomic_load_explicit(&r->stop, memory_order_relaxed);
}

static void post(struct race *r, enum apic_delivery_mode mode, uint32_t vector, bool level)
{
	const struct apic_msg msg = {
		.vector = (uint8_t)vector,
		.mode = mode,
		.level_trigger = level,
		.asserted = true,
	};

	kick_if(r, lapic_post(&r->inbox, &msg));
}

/* Run rounds for a while; drain_round() returns when the drainer has all that the round posts. */
static uint32_t run(struct race *r, void *(*const share[])(void *), uint32_t nr_posters,
		    void (*drain_round)(struct race *r, uint32_t round))
{
	struct poster posters[POSTERS];
	uint64_t start = host_ns();
	uint32_t round;

	for (uint32_t i = 0; i < nr_posters; i++) {
		posters[i] = (struct poster){ .race = r, .number = i };
		ck_assert_int_eq(pthread_create(&r->threads[i], NULL, share[i], &posters[i]), 0);
	}
	for (round = 0; round < ROUNDS && host_ns() - start < RUN_NS; round++) {
		atomic_store(&r->round, round + 1);
		drain_round(r, round);
	}
	atomic_store(&r->stop, true);
	atomic_store(&r->round, UINT32_MAX);
	for (uint32_t i = 0; i < nr_posters; i++)
		pthread_join(r->threads[i], NULL);
	return round;
}

static void race_begin(struct race *r, struct lapic a)
{
	memset(r, 0, sizeof(*r));
	r->a = a;
	lapic_inbox_reset(&r->inbox);
}

/* ---- vectors --------------------------------------------------------------------------------- */

/* The trigger mode of a vector in a round; it changes from round to round. */
static bool is_level(uint32_t vector, uint32_t round)
{
	return (vector + round) % 2 != 0;
}

/*
 * Vectors of each poster. A long burst goes on while the drainer drains; but its later posts kick
 * for an earlier one whose kick was lost, so that most bursts are short.
 */
static uint32_t burst(uint32_t round)
{
	return round % 4 == 0 ? LONG_BURST : 1 + round % 2;
}

static void *post_vectors(void *context)
{
	const struct poster *p = context;

	for (uint32_t round = 0; wait_for_round(p->race, round); round++) {
		dawdle(p->race, round, p->number);
		for (uint32_t i = 0; i < burst(round); i++) {
			uint32_t vector = FIRST_VECTOR + i * POSTERS + p->number;

			post(p->race, APIC_MODE_FIXED, vector, is_level(vector, round));
			atomic_fetch_add(&p->race->posted, 1);
		}
	}
	return NULL;
}

/* Take everything that is in IRR; how many that was. */
static uint32_t take_all(struct race *r, uint32_t round)
{
	struct lapic_effect effect;
	uint32_t taken = 0;
	int vector;

	while ((vector = lapic_pending(&r->a)) != LAPIC_NO_VECTOR) {
		bool level = (r->a.regs.tmr[vector / 32].reg >> (vector % 32) & 1) != 0;

		if (level != is_level((uint32_t)vector, round)) /* R71 */
			ck_abort_msg("vector %d with another post's trigger mode", vector);
		if (r->seen[vector] == round + 1)
			ck_abort_msg("vector %d twice in one round", vector);
		r->seen[vector] = round + 1;
		lapic_ack(&r->a, (uint8_t)vector);
		lapic_write(&r->a, LAPIC_EOI, 0, FX_NOW, &effect);
		taken++;
	}
	return taken;
}

static void drain_vectors(struct race *r, uint32_t round)
{
	uint32_t taken = 0;

	while (taken < POSTERS * burst(round)) {
		wait_for_kick(r);
		if (lapic_drain(&r->a, &r->inbox) != 0)
			ck_abort_msg("events that nobody posted");
		taken += take_all(r, round);
	}
	r->taken += taken;
}

START_TEST(R4_R71_R177_every_vector_arrives_once)
{
	void *(*const share[])(void *) = { post_vectors, post_vectors, post_vectors };
	struct race r;
	uint32_t rounds;

	race_begin(&r, fx_enabled());
	rounds = run(&r, share, POSTERS, drain_vectors);
	ck_assert_uint_gt(rounds, 0);
	ck_assert_uint_eq(r.taken, atomic_load(&r.posted));
	ck_assert_uint_eq(lapic_drain(&r.a, &r.inbox), 0);
	ck_assert_int_eq(lapic_pending(&r.a), LAPIC_NO_VECTOR);
	ck_assert_uint_eq(r.a.counters.collapsed, 0);
}
END_TEST

/* ---- INIT and SIPI --------------------------------------------------------------------------- */

/* The page that a round's boot starts at; what a stale SIPI carries is its complement. */
static uint8_t start_page(uint32_t round)
{
	return (uint8_t)(round * 7 + 1);
}

static void *post_boots(void *context)
{
	const struct poster *p = context;

	for (uint32_t round = 0; wait_for_round(p->race, round); round++) {
		post(p->race, APIC_MODE_SIPI, (uint8_t)~start_page(round), false);
		post(p->race, APIC_MODE_INIT, 0, false);
		dawdle(p->race, round, p->number);
		post(p->race, APIC_MODE_SIPI, start_page(round), false);
	}
	return NULL;
}

static void *post_nmis(void *context)
{
	const struct poster *p = context;

	for (uint32_t round = 0; wait_for_round(p->race, round); round++) {
		dawdle(p->race, round * 3, p->number);
		kick_if(p->race, lapic_post_event(&p->race->inbox, LAPIC_EVENT_NMI));
	}
	return NULL;
}

/* Act on events as a CPU's thread does, in the order that lapic_drain() gives. */
static void act(struct race *r, uint32_t events, uint32_t round)
{
	uint32_t page = (events & LAPIC_EVENT_SIPI_MASK) >> LAPIC_EVENT_SIPI_SHIFT;

	if (events & LAPIC_EVENT_INIT)
		lapic_init_signal(&r->a);
	if (events & LAPIC_EVENT_SIPI && lapic_sipi(&r->a)) {
		if (page != start_page(round))
			ck_abort_msg("round %u starts at page %#x", (unsigned int)round,
				     (unsigned int)page);
		r->boots++;
	}
	if (events & LAPIC_EVENT_NMI)
		r->nmis++;
}

static void drain_boots(struct race *r, uint32_t round)
{
	while (r->boots == round) {
		wait_for_kick(r);
		act(r, lapic_drain(&r->a, &r->inbox), round);
	}
}

START_TEST(R127_R128_init_and_sipi_keep_their_order)
{
	void *(*const share[])(void *) = { post_boots, post_nmis };
	struct race r;
	uint32_t rounds;

	race_begin(&r, fx_reset_ap());
	ck_assert(lapic_sipi(&r.a)); /* it runs, so that only an INIT makes it wait again */
	rounds = run(&r, share, 2, drain_boots);
	ck_assert_uint_gt(rounds, 0);
	ck_assert_uint_eq(r.boots, rounds);
	/* An NMI may come just before the round's INIT, which wipes it (R132). */
	ck_assert_uint_le(r.nmis, rounds);
}
END_TEST

#define SIGNALS      5000u
#define SIGNAL_NS    60000
#define OWN_PAGE     0x55u
#define SIGNALS_PAGE 0xaau

struct contenders {
	struct lapic_inbox inbox;
	_Atomic uint32_t signals;
};

static void post_start(struct lapic_inbox *inbox, uint32_t page)
{
	const struct apic_msg init = { .mode = APIC_MODE_INIT, .asserted = true };
	const struct apic_msg sipi = { .mode = APIC_MODE_SIPI,
				       .vector = (uint8_t)page,
				       .asserted = true };

	lapic_post(inbox, &init);
	lapic_post(inbox, &sipi);
}

/* Between any two instructions of the other sender. */
static void post_in_signal(int number, siginfo_t *info, void *context)
{
	struct contenders *c = info->si_value.sival_ptr;

	(void)number;
	(void)context;
	post_start(&c->inbox, SIGNALS_PAGE);
	atomic_fetch_add(&c->signals, 1);
}

static timer_t start_signals(struct contenders *c)
{
	struct sigaction action = { .sa_sigaction = post_in_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGUSR1,
				  .sigev_value.sival_ptr = c };
	const struct itimerspec often = { .it_interval.tv_nsec = SIGNAL_NS,
					  .it_value.tv_nsec = SIGNAL_NS };
	timer_t timer;

	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	ck_assert_int_eq(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	ck_assert_int_eq(timer_settime(timer, 0, &often, NULL), 0);
	return timer;
}

/* An exchange that fails because the word has changed is tried again, and neither page is mixed. */
START_TEST(R126_R128_sipis_of_two_senders_never_mix)
{
	struct contenders c = { .signals = 0 };
	struct lapic a = fx_reset_ap();
	uint64_t end = host_ns() + PATIENCE_NS;
	timer_t timer;

	lapic_inbox_reset(&c.inbox);
	timer = start_signals(&c);
	while (atomic_load(&c.signals) < SIGNALS && host_ns() < end) {
		for (uint32_t i = 0; i < 500; i++) {
			uint32_t page;

			post_start(&c.inbox, OWN_PAGE);
			page = (lapic_drain(&a, &c.inbox) & LAPIC_EVENT_SIPI_MASK) >>
			       LAPIC_EVENT_SIPI_SHIFT;
			ck_assert_msg(page == OWN_PAGE || page == SIGNALS_PAGE, "page %#x",
				      (unsigned int)page);
		}
	}
	timer_delete(timer);
	ck_assert_uint_ge(atomic_load(&c.signals), SIGNALS);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		R4_R71_R177_every_vector_arrives_once,
		R127_R128_init_and_sipi_keep_their_order,
		R126_R128_sipis_of_two_senders_never_mix,
	};

	return fx_run("lapic_inbox_threads", tests, FX_COUNT(tests));
}
