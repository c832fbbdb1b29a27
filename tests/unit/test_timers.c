/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread of the board's alarms, on the real clock: order, changes, nothing early, nothing lost.
 * How late an alarm is, is the host's affair; a test that waits for one would hang, not fail, so
 * check's time limit is the judge.
 */
#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "vmm/timers.h"

#define MS         UINT64_C(1000000)
#define NR_ALARMS  4
#define NR_THREADS 3
#define NR_ARMED   300
#define HOUR_NS    (3600 * BOARD_CLOCK_HZ)

struct bench {
	struct timers timers;
	struct board_clock clock;
	atomic_uint order; /* how many have expired */
};

struct alarm {
	struct bench *bench;
	struct board_timer timer;
	atomic_uint expired;
	atomic_uint rank; /* the how manyth it was, the last time */
	_Atomic uint64_t wanted;
	atomic_uint early;
};

static void expire(void *device)
{
	struct alarm *alarm = device;

	if (board_clock_now(&alarm->bench->clock) < alarm->wanted)
		alarm->early++;
	alarm->rank = ++alarm->bench->order;
	alarm->expired++;
}

static void bench_start(struct bench *bench, struct alarm *alarms, uint32_t nr)
{
	ck_assert_int_eq(timers_init(&bench->timers), 0);
	bench->clock = timers_clock(&bench->timers);
	bench->order = 0;
	for (uint32_t i = 0; i < nr; i++)
		alarms[i] = (struct alarm){
			.bench = bench,
			.timer = { .expire = expire, .device = &alarms[i] },
		};
	ck_assert_int_eq(timers_start(&bench->timers), 0);
}

static void bench_end(struct bench *bench)
{
	timers_stop(&bench->timers);
	timers_destroy(&bench->timers);
}

static void arm(struct alarm *alarm, uint64_t deadline)
{
	alarm->wanted = deadline;
	board_clock_arm(&alarm->bench->clock, &alarm->timer, deadline);
}

static void wait_for(const struct alarm *alarm, uint32_t expired)
{
	while (alarm->expired < expired)
		sched_yield();
}

START_TEST(alarms_expire_in_order_and_not_early)
{
	struct alarm alarms[NR_ALARMS];
	struct bench bench;
	uint64_t now;

	bench_start(&bench, alarms, NR_ALARMS);
	now = board_clock_now(&bench.clock);
	arm(&alarms[2], now + 30 * MS);
	arm(&alarms[0], now + 10 * MS);
	arm(&alarms[3], now + 40 * MS);
	arm(&alarms[1], now + 20 * MS);
	wait_for(&alarms[3], 1);
	for (uint32_t i = 0; i < NR_ALARMS; i++) {
		ck_assert_uint_eq(alarms[i].rank, i + 1);
		ck_assert_uint_eq(alarms[i].expired, 1);
		ck_assert_uint_eq(alarms[i].early, 0);
	}
	bench_end(&bench);
}
END_TEST

START_TEST(the_last_arming_counts)
{
	struct alarm alarms[2];
	struct bench bench;
	uint64_t now;

	bench_start(&bench, alarms, 2);
	now = board_clock_now(&bench.clock);
	/* Sooner than before, later than before, not at all, in the past. */
	arm(&alarms[0], now + HOUR_NS);
	arm(&alarms[0], now + 5 * MS);
	wait_for(&alarms[0], 1);
	now = board_clock_now(&bench.clock);
	arm(&alarms[0], now + 300 * MS);
	arm(&alarms[0], now + HOUR_NS);
	arm(&alarms[1], now + 5 * MS);
	arm(&alarms[1], BOARD_CLOCK_NEVER);
	arm(&alarms[1], now + 320 * MS);
	wait_for(&alarms[1], 1);
	ck_assert_uint_eq(alarms[0].expired, 1);
	arm(&alarms[0], 0);
	wait_for(&alarms[0], 2);
	ck_assert_uint_eq(alarms[1].expired, 1);
	ck_assert_uint_eq(alarms[0].early + alarms[1].early, 0);
	bench_end(&bench);
}
END_TEST

START_TEST(what_is_armed_survives_a_stop)
{
	struct alarm alarm;
	struct bench bench;

	bench_start(&bench, &alarm, 1);
	timers_stop(&bench.timers);
	arm(&alarm, 1);
	ck_assert_uint_eq(alarm.expired, 0);
	ck_assert_int_eq(timers_start(&bench.timers), 0);
	wait_for(&alarm, 1);
	/* A second stop is none. */
	timers_stop(&bench.timers);
	bench_end(&bench);
}
END_TEST

static void *rearm(void *argument)
{
	struct alarm *alarm = argument;

	for (uint32_t i = 1; i <= NR_ARMED; i++) {
		arm(alarm, board_clock_now(&alarm->bench->clock) + (i % 7) * 10000);
		wait_for(alarm, i);
	}
	return NULL;
}

START_TEST(no_alarm_is_lost_among_threads)
{
	struct alarm alarms[NR_THREADS];
	pthread_t threads[NR_THREADS];
	struct bench bench;

	bench_start(&bench, alarms, NR_THREADS);
	for (uint32_t i = 0; i < NR_THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, rearm, &alarms[i]), 0);
	for (uint32_t i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (uint32_t i = 0; i < NR_THREADS; i++)
		ck_assert_uint_eq(alarms[i].expired, NR_ARMED);
	bench_end(&bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timers");
	TCase *tcase = tcase_create("timers");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 50);
	tcase_add_test(tcase, alarms_expire_in_order_and_not_early);
	tcase_add_test(tcase, the_last_arming_counts);
	tcase_add_test(tcase, what_is_armed_survives_a_stop);
	tcase_add_test(tcase, no_alarm_is_lost_among_threads);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
