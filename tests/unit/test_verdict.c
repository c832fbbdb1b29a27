/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the machine ends: the first reason wins, the exit status, and the one line about it. The odd
 * statuses are those of QEMU's isa-debug-exit; the others are in the manual page, "EXIT STATUS".
 */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/machine.h"

#define ASKERS 4u

/* A machine without KVM: what ends it, and a log that can be read back. */
struct board {
	struct machine machine;
	struct log log;
	int log_read;
};

static struct board *board_new(void)
{
	struct board *b = calloc(1, sizeof(*b));
	int fds[2];

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(pipe(fds), 0);
	b->log_read = fds[0];
	b->log = (struct log){ .fd = fds[1], .level = LOG_WARN };
	b->machine.log = &b->log;
	b->machine.verdict.vcpu = -1;
	b->machine.end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ck_assert_int_ge(b->machine.end_fd, 0);
	return b;
}

static void board_free(struct board *b)
{
	close(b->log.fd);
	close(b->log_read);
	close(b->machine.end_fd);
	free(b);
}

static bool is_told(const struct board *b)
{
	struct pollfd fd = { .fd = b->machine.end_fd, .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

START_TEST(exit_codes)
{
	static const struct {
		enum machine_end end;
		uint32_t value;
		int code;
	} cases[] = {
		{ MACHINE_POWER_OFF, 7, 0 },      { MACHINE_QUIT, 7, 0 },
		{ MACHINE_RESET, 7, 32 },         { MACHINE_TRIPLE_FAULT, 7, 38 },
		{ MACHINE_SAVE, 7, 40 },          { MACHINE_INTERNAL_ERROR, 7, 70 },
		{ MACHINE_RUNNING, 7, 70 },       { MACHINE_KVM_ERROR, 7, 72 },
		{ MACHINE_TIMEOUT, 7, 124 },      { MACHINE_SIGNAL, SIGINT, 130 },
		{ MACHINE_SIGNAL, SIGTERM, 143 }, { MACHINE_DEBUG_EXIT, 0, 1 },
		{ MACHINE_DEBUG_EXIT, 1, 3 },     { MACHINE_DEBUG_EXIT, 0x7f, 0xff },
		{ MACHINE_DEBUG_EXIT, 0x80, 1 },  { MACHINE_DEBUG_EXIT, 0xffffffff, 0xff },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct machine_verdict verdict = {
			.end = cases[i].end,
			.value = cases[i].value,
		};

		ck_assert_int_eq(machine_exit_code(&verdict), cases[i].code);
	}
}
END_TEST

START_TEST(the_first_reason_wins)
{
	struct board *b = board_new();
	struct machine *m = &b->machine;
	const struct vcpu vcpu = { .index = 3, .fd = -1 };

	ck_assert(!machine_has_ended(m));
	ck_assert(!is_told(b));
	machine_request_end(m, MACHINE_DEBUG_EXIT, &vcpu, 5);
	machine_request_end(m, MACHINE_POWER_OFF, NULL, 0);
	machine_request_end(m, MACHINE_KVM_ERROR, &vcpu, 9);
	ck_assert(machine_has_ended(m));
	ck_assert(is_told(b));
	ck_assert_int_eq(m->verdict.end, MACHINE_DEBUG_EXIT);
	ck_assert_int_eq(m->verdict.vcpu, 3);
	ck_assert_uint_eq(m->verdict.value, 5);
	ck_assert_uint_eq(m->verdict.rip, 0); /* its registers cannot be read */
	board_free(b);
}
END_TEST

/* A guest that powers off in the moment in which it is to be saved has powered off. */
START_TEST(to_be_saved_gives_way)
{
	struct board *b = board_new();
	struct machine *m = &b->machine;

	machine_request_end(m, MACHINE_SAVE, NULL, 0);
	ck_assert(machine_has_ended(m));
	ck_assert(machine_is_saving(m));
	ck_assert(is_told(b));
	machine_request_end(m, MACHINE_SAVE, NULL, 1);
	ck_assert_uint_eq(m->verdict.value, 0);
	machine_request_end(m, MACHINE_POWER_OFF, NULL, 0);
	ck_assert(!machine_is_saving(m));
	ck_assert_int_eq(m->verdict.end, MACHINE_POWER_OFF);
	machine_request_end(m, MACHINE_SAVE, NULL, 0);
	machine_request_end(m, MACHINE_RESET, NULL, 0);
	ck_assert_int_eq(m->verdict.end, MACHINE_POWER_OFF);
	board_free(b);
}
END_TEST

static void *ask_for_end(void *machine)
{
	struct machine *m = machine;

	machine_request_end(m, MACHINE_SIGNAL, NULL, SIGTERM);
	return NULL;
}

/* However many ask at once, one of them decides and the loop is told once. */
START_TEST(many_ask_at_once)
{
	struct board *b = board_new();
	pthread_t asker[ASKERS];
	uint64_t told;

	for (size_t i = 0; i < ASKERS; i++)
		ck_assert_int_eq(pthread_create(&asker[i], NULL, ask_for_end, &b->machine), 0);
	for (size_t i = 0; i < ASKERS; i++)
		pthread_join(asker[i], NULL);
	ck_assert_int_eq(b->machine.verdict.end, MACHINE_SIGNAL);
	ck_assert_int_eq(read(b->machine.end_fd, &told, sizeof(told)), sizeof(told));
	ck_assert_uint_eq(told, 1);
	board_free(b);
}
END_TEST

START_TEST(the_line_for_programs)
{
	static const struct {
		struct machine_verdict verdict;
		const char *line;
	} cases[] = {
		{ { .end = MACHINE_POWER_OFF, .vcpu = 0, .rip = 0x1234 },
		  "vmm: exit reason=power-off vcpu=0 rip=0x1234 code=0\n" },
		{ { .end = MACHINE_TIMEOUT, .vcpu = -1 },
		  "vmm: exit reason=timeout vcpu=-1 rip=0x0 code=124\n" },
		{ { .end = MACHINE_TRIPLE_FAULT, .vcpu = 2, .rip = UINT64_MAX },
		  "vmm: exit reason=triple-fault vcpu=2 rip=0xffffffffffffffff code=38\n" },
		{ { .end = MACHINE_DEBUG_EXIT, .vcpu = 1, .value = 16 },
		  "vmm: exit reason=debug-exit vcpu=1 rip=0x0 code=33\n" },
		{ { .end = MACHINE_SIGNAL, .vcpu = -1, .value = SIGHUP },
		  "vmm: exit reason=signal vcpu=-1 rip=0x0 code=129\n" },
	};
	struct board *b = board_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[256] = "";

		b->machine.verdict = cases[i].verdict;
		machine_log_verdict(&b->machine);
		ck_assert_int_gt(read(b->log_read, line, sizeof(line) - 1), 0);
		ck_assert_str_eq(line, cases[i].line);
	}
	board_free(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("verdict");
	TCase *tc = tcase_create("verdict");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, exit_codes);
	tcase_add_test(tc, the_first_reason_wins);
	tcase_add_test(tc, to_be_saved_gives_way);
	tcase_add_test(tc, many_ask_at_once);
	tcase_add_test(tc, the_line_for_programs);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
