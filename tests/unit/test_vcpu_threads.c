/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kick protocol with real threads: a vCPU that is running, sleeping or on its way from one to
 * the other hears of every post, of its timer, and of the end. vmm/vcpu.c, "The kick protocol", on
 * a KVM_RUN that keeps KVM's promise about immediate_exit and signals and does nothing else.
 *
 * Each sender posts one vector and waits until the guest has taken it: a wake-up that is lost ends
 * the round in silence, and is noticed. SDM vol. 3, "Interrupt Acceptance for Fixed Interrupts".
 */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "tests/unit/fake_kvm.h"

#define SENDERS      3u
#define FIRST_VECTOR 0x40u
#define TIMER_VECTOR 0x90u
#define PERIOD_NS    100000u
#define TICKS        50u
#define POSTS        20000u
#define RUN_NS       UINT64_C(300000000) /* fewer posts where the host is slow */
#define PATIENCE_NS  UINT64_C(10000000000)

struct sender {
	struct fake_board *board;
	pthread_t thread;
	uint8_t vector;
	bool mixes; /* changes what the guest does when it is idle */
	uint32_t posted;
	bool lost;
};

/* The modes of a guest that has nothing to do. */
enum idle {
	IDLE_STAYS,
	IDLE_HALTS,
	IDLE_MIXED,
	IDLE_MODES,
};

/* False: count did not get beyond value although there was time enough. */
static bool wait_beyond(_Atomic uint32_t *count, uint32_t value)
{
	uint64_t end = kick_clock_ns() + PATIENCE_NS;

	while (atomic_load(count) <= value) {
		if (kick_clock_ns() > end)
			return false;
		sched_yield();
	}
	return true;
}

static void post(struct fake_board *board, uint8_t vector)
{
	const struct apic_msg msg = { .vector = vector, .asserted = true };
	struct vcpu *vcpu = &board->machine.vcpus[0];

	if (lapic_post(&vcpu->inbox, &msg))
		vcpu_kick(vcpu, NULL);
}

static void *sender_main(void *argument)
{
	struct sender *s = argument;
	struct fake_vcpu *fake = &s->board->vcpu[0];
	uint64_t end = kick_clock_ns() + RUN_NS;

	while (!s->lost && s->posted < POSTS && kick_clock_ns() < end) {
		post(s->board, s->vector);
		s->lost = !wait_beyond(&fake->taken[s->vector], s->posted);
		s->posted++;
		if (s->mixes)
			atomic_store(&fake->halts, s->posted % 3 == 0);
	}
	return NULL;
}

static struct fake_board *started_board(enum idle idle)
{
	struct fake_board *board = fake_board_new(1, IRQCHIP_NONE, false);

	ck_assert_int_eq(kick_setup(), 0);
	board->vcpu[0].enter = fake_guest_enter;
	atomic_store(&board->vcpu[0].halts, idle != IDLE_STAYS);
	return board;
}

static void stop_board(struct fake_board *board)
{
	machine_stop(&board->machine);
	fake_board_free(board);
}

START_TEST(R168_R177_no_post_is_lost)
{
	struct fake_board *board = started_board((enum idle)_i);
	struct sender sender[SENDERS];

	ck_assert_int_eq(machine_start(&board->machine), 0);
	for (uint32_t i = 0; i < SENDERS; i++) {
		sender[i] = (struct sender){
			.board = board,
			.vector = (uint8_t)(FIRST_VECTOR + 16 * i),
			.mixes = _i == IDLE_MIXED && i == 0,
		};
		ck_assert_int_eq(pthread_create(&sender[i].thread, NULL, sender_main, &sender[i]),
				 0);
	}
	for (uint32_t i = 0; i < SENDERS; i++)
		pthread_join(sender[i].thread, NULL);
	for (uint32_t i = 0; i < SENDERS; i++) {
		ck_assert_msg(!sender[i].lost, "sender %u: post %u", i, sender[i].posted);
		ck_assert_uint_gt(sender[i].posted, 0);
	}
	stop_board(board);
}
END_TEST

/*
 * The only kicks are the timer's own, so one that is lost stops the clock. KVM_RUN dawdles: all
 * signals come before it looks at immediate_exit.
 */
START_TEST(the_timer_goes_on)
{
	struct fake_board *board = started_board((enum idle)_i);
	bool ticked;

	board->vcpu[0].late_ns = 2 * PERIOD_NS;
	fake_apic_write(board, 0, LAPIC_LVT_TIMER,
			TIMER_VECTOR | LAPIC_TIMER_PERIODIC << LAPIC_LVT_TIMER_SHIFT);
	fake_apic_write(board, 0, LAPIC_TIMER_DCR, LAPIC_TIMER_DCR_DIVIDE);
	fake_apic_write(board, 0, LAPIC_TIMER_ICR, PERIOD_NS);
	ck_assert_int_eq(machine_start(&board->machine), 0);
	ticked = wait_beyond(&board->vcpu[0].taken[TIMER_VECTOR], TICKS);
	ck_assert_msg(ticked, "%u ticks", atomic_load(&board->vcpu[0].taken[TIMER_VECTOR]));
	stop_board(board);
}
END_TEST

/* The end reaches a thread wherever it is; that the joins return is what is tested. */
START_TEST(everybody_hears_of_the_end)
{
	for (uint32_t i = 0; i < 200; i++) {
		struct fake_board *board = started_board((enum idle)_i);
		uint64_t until = kick_clock_ns() + i * 2000;

		ck_assert_int_eq(machine_start(&board->machine), 0);
		while (kick_clock_ns() < until)
			sched_yield();
		stop_board(board);
	}
}
END_TEST

START_TEST(a_cpu_that_waits_for_sipi_hears_of_the_end)
{
	struct fake_board *board = fake_board_new(FAKE_MAX_CPUS, IRQCHIP_NONE, true);

	ck_assert_int_eq(kick_setup(), 0);
	for (uint32_t i = 0; i < FAKE_MAX_CPUS; i++)
		board->vcpu[i].enter = fake_guest_enter;
	ck_assert_int_eq(machine_start(&board->machine), 0);
	while (atomic_load(&board->machine.vcpus[FAKE_MAX_CPUS - 1].state) != VCPU_SLEEP)
		sched_yield();
	machine_stop(&board->machine);
	for (uint32_t i = 1; i < FAKE_MAX_CPUS; i++)
		ck_assert_uint_eq(board->vcpu[i].runs, 0);
	fake_board_free(board);
}
END_TEST

/* Posts that come before the thread exists are found by it. */
START_TEST(a_post_before_the_start)
{
	struct fake_board *board = started_board(IDLE_STAYS);

	post(board, FIRST_VECTOR);
	ck_assert_int_eq(machine_start(&board->machine), 0);
	ck_assert(wait_beyond(&board->vcpu[0].taken[FIRST_VECTOR], 0));
	stop_board(board);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vcpu_threads");
	TCase *tc = tcase_create("threads");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 25);
	tcase_add_loop_test(tc, R168_R177_no_post_is_lost, 0, IDLE_MODES);
	tcase_add_loop_test(tc, the_timer_goes_on, 0, IDLE_MIXED);
	tcase_add_loop_test(tc, everybody_hears_of_the_end, 0, IDLE_MIXED);
	tcase_add_test(tc, a_cpu_that_waits_for_sipi_hears_of_the_end);
	tcase_add_test(tc, a_post_before_the_start);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
