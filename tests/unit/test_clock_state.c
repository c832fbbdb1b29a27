/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interval timer and real-time clock saved in one machine and restored in another whose clock is a
 * different one: both go on alike from there. docs/architecture.md, "Saving and restoring".
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/device_state.h"
#include "vmm/devices/i8254.h"
#include "vmm/devices/mc146818.h"
#include "vmm/devices/port61.h"

#define PIT_LINE  0
#define RTC_LINE  8
#define MS        UINT64_C(1000000)
#define NR_ROUNDS 200

struct machine {
	struct fake_board board;
	struct i8254 pit;
	struct port61 port61;
	struct mc146818 rtc;
};

static struct machine *machine_create(uint64_t now, uint64_t utc_ns)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct board_clock clock;
	struct bus *ports;

	ck_assert_ptr_nonnull(m);
	m->board.now = now;
	clock = fake_clock(&m->board);
	ports = &m->board.ports;
	ck_assert_int_eq(i8254_init(&m->pit, ports, fake_line(&m->board, PIT_LINE), &clock), 0);
	ck_assert_int_eq(port61_init(&m->port61, ports, &m->pit, &clock), 0);
	ck_assert_int_eq(
		mc146818_init(&m->rtc, ports, fake_line(&m->board, RTC_LINE), &clock, utc_ns), 0);
	return m;
}

static void save(struct machine *m, struct state_writer *out)
{
	i8254_save(&m->pit, out);
	port61_save(&m->port61, out);
	mc146818_save(&m->rtc, out);
	ck_assert(!out->failed);
}

static bool restore(struct machine *m, const uint8_t *data, size_t size)
{
	struct state_reader in = { .data = data, .size = size };

	i8254_restore(&m->pit, &in);
	port61_restore(&m->port61, &in);
	mc146818_restore(&m->rtc, &in);
	return state_reader_done(&in);
}

/* A multiple of 88000 ns apart, so that both count in step. */
static struct machine *carried(struct machine *old)
{
	struct machine *new = machine_create(old->board.now + UINT64_C(88000) * 123456789, 5);
	struct state_writer out = { .data = NULL };

	save(old, &out);
	for (size_t cut = 0; cut < out.size; cut++)
		ck_assert(!restore(new, out.data, cut));
	free(new);
	new = machine_create(old->board.now + UINT64_C(88000) * 123456789, 5);
	ck_assert(restore(new, out.data, out.size));
	state_writer_free(&out);
	return new;
}

/* Ports that do something, with values that often make sense. */
static uint32_t random_access(struct machine *m, uint32_t choice, uint32_t value)
{
	static const uint16_t ports[] = { 0x40, 0x41, 0x42, 0x43, 0x43, 0x61, 0x70, 0x71 };
	uint16_t port = ports[choice % 8];

	if (choice & 8)
		return fake_in(&m->board, port, 1);
	fake_out(&m->board, port, 1, value);
	return 0;
}

static void in_step(struct machine *old, struct machine *new, uint32_t *random)
{
	uint32_t rises[2] = { new->board.rises[PIT_LINE] - old->board.rises[PIT_LINE],
			      new->board.rises[RTC_LINE] - old->board.rises[RTC_LINE] };

	for (uint32_t i = 0; i < 300; i++) {
		uint32_t choice = fake_random(random);
		uint32_t value = fake_random(random);
		uint64_t ns = fake_random(random) % (10 * MS);

		/* The phase of the refresh bit is not kept. */
		ck_assert_uint_eq(random_access(old, choice, value) & ~0x10u,
				  random_access(new, choice, value) & ~0x10u);
		fake_pass(&old->board, ns);
		fake_pass(&new->board, ns);
		ck_assert_uint_eq(new->board.rises[PIT_LINE] - old->board.rises[PIT_LINE],
				  rises[0]);
		ck_assert_uint_eq(new->board.rises[RTC_LINE] - old->board.rises[RTC_LINE],
				  rises[1]);
	}
}

START_TEST(both_go_on_alike)
{
	struct machine *old = machine_create(1000 * MS, UINT64_C(1728773937250000000));
	uint32_t random = 1 + (uint32_t)_i;
	struct machine *new;

	for (uint32_t i = 0; i < 500; i++) {
		uint32_t choice = fake_random(&random);

		random_access(old, choice, fake_random(&random));
		fake_pass(&old->board, fake_random(&random) % (10 * MS));
	}
	new = carried(old);
	in_step(old, new, &random);
	free(old);
	free(new);
}
END_TEST

START_TEST(a_periodic_timer_keeps_its_phase)
{
	struct machine *old = machine_create(1000 * MS, 0);
	struct machine *new;

	fake_out(&old->board, 0x43, 1, 0x34);
	fake_out(&old->board, 0x40, 1, 0);
	fake_out(&old->board, 0x40, 1, 0);
	fake_pass(&old->board, 30 * MS);
	new = carried(old);
	fake_pass(&new->board, 24 * MS);
	ck_assert_uint_eq(new->board.rises[PIT_LINE], 0);
	fake_pass(&new->board, 1 * MS);
	ck_assert_uint_eq(new->board.rises[PIT_LINE], 1);
	free(old);
	free(new);
}
END_TEST

/* Saved with the interrupt due and its alarm not yet gone off: it comes after the restore. */
START_TEST(what_is_due_comes_later)
{
	struct machine *old = machine_create(1000 * MS, 0);
	struct machine *new;

	fake_out(&old->board, 0x43, 1, 0x30);
	fake_out(&old->board, 0x40, 1, 10);
	fake_out(&old->board, 0x40, 1, 0);
	fake_out(&old->board, 0x70, 2, 0x120b); /* update-ended */
	old->board.now += 2000 * MS;
	new = carried(old);
	ck_assert_uint_eq(old->board.rises[PIT_LINE], 0);
	ck_assert_uint_eq(old->board.rises[RTC_LINE], 0);
	fake_pass(&new->board, 0);
	ck_assert_uint_eq(new->board.rises[PIT_LINE], 1);
	ck_assert_uint_eq(new->board.rises[RTC_LINE], 1);
	fake_pass(&new->board, 500 * MS);
	ck_assert_uint_eq(new->board.rises[PIT_LINE], 1);
	free(old);
	free(new);
}
END_TEST

START_TEST(the_clock_stands_still_in_between)
{
	struct machine *old = machine_create(1000 * MS, UINT64_C(1728773937250000000));
	struct machine *new;

	fake_out(&old->board, 0x70, 2, 0x120b); /* update-ended */
	fake_out(&old->board, 0x70, 1, 0x00);
	new = carried(old);
	fake_pass(&new->board, 749 * MS);
	ck_assert_uint_eq(fake_in(&new->board, 0x71, 1), 0x57);
	ck_assert(!new->board.level[RTC_LINE]);
	fake_pass(&new->board, 1 * MS);
	ck_assert_uint_eq(fake_in(&new->board, 0x71, 1), 0x58);
	ck_assert(new->board.level[RTC_LINE]);
	free(old);
	free(new);
}
END_TEST

/* Each byte of a good state turned over: refused or taken, and alive either way. */
START_TEST(forged_states_do_no_harm)
{
	struct machine *old = machine_create(1000 * MS, UINT64_C(1728773937250000000));
	struct state_writer out = { .data = NULL };
	uint32_t refused = 0;
	uint32_t random = 1;

	fake_out(&old->board, 0x43, 1, 0x36);
	fake_out(&old->board, 0x40, 2, 0x1234);
	fake_pass(&old->board, 30 * MS);
	save(old, &out);
	for (size_t i = 0; i < out.size; i++) {
		struct machine *new = machine_create(77000 * MS, 5);

		out.data[i] ^= 0xff;
		refused += !restore(new, out.data, out.size);
		for (uint32_t n = 0; n < 50; n++) {
			uint32_t choice = fake_random(&random);

			random_access(new, choice, fake_random(&random));
			fake_pass(&new->board, fake_random(&random) % MS);
		}
		ck_assert_uint_lt(new->board.nr_expired, 50 * (MS / I8254_MIN_PERIOD_NS + 1));
		out.data[i] ^= 0xff;
		free(new);
	}
	ck_assert_uint_gt(refused, 30);
	state_writer_free(&out);
	free(old);
}
END_TEST

/* A count that waits for a trigger, in a mode that has none: the period that runs goes on. */
START_TEST(a_forged_count_that_never_comes)
{
	enum {
		PENDING = 11,
		COUNT = 0x1000,
		PERIODS = 8
	};
	struct machine *old = machine_create(1000 * MS, 5);
	struct machine *new = machine_create(77000 * MS, 5);
	struct state_writer out = { .data = NULL };

	fake_out(&old->board, 0x43, 1, 0x36);
	fake_out(&old->board, 0x40, 1, COUNT & 0xff);
	fake_out(&old->board, 0x40, 1, COUNT >> 8);
	fake_pass(&old->board, 30 * MS);
	save(old, &out);
	ck_assert_uint_eq(out.data[PENDING], 0);
	out.data[PENDING] = 1;
	ck_assert(restore(new, out.data, out.size));
	for (uint32_t i = 0; i < PERIODS; i++)
		fake_pass(&new->board, (uint64_t)COUNT * I8254_TICKS_NS / I8254_TICKS + 1);
	ck_assert_uint_eq(new->pit.nr_rises, PERIODS);
	state_writer_free(&out);
	free(old);
	free(new);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("clock_state");
	TCase *tcase = tcase_create("clock_state");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, both_go_on_alike, 0, NR_ROUNDS);
	tcase_add_test(tcase, a_periodic_timer_keeps_its_phase);
	tcase_add_test(tcase, what_is_due_comes_later);
	tcase_add_test(tcase, the_clock_stands_still_in_between);
	tcase_add_test(tcase, forged_states_do_no_harm);
	tcase_add_test(tcase, a_forged_count_that_never_comes);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
