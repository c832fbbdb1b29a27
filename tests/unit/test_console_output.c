/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's output: complete through a slow pipe, and what happens when it cannot go on.
 * POSIX.1-2017, "write", "poll".
 */
#define _XOPEN_SOURCE 700

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "vmm/console.h"

#define PIPE_BYTES 300000

struct lost {
	atomic_int calls;
	atomic_int error;
};

static void note_lost(void *ctx, int error)
{
	struct lost *lost = ctx;

	lost->calls++;
	lost->error = error;
}

struct reader {
	int fd;
	size_t count;
	bool in_order;
};

/* Reads after a pause, so that the writer finds the pipe full. */
static void *read_slowly(void *arg)
{
	struct reader *reader = arg;
	struct timespec pause = { .tv_nsec = 50000000 };
	uint8_t data[5000];
	ssize_t len;

	nanosleep(&pause, NULL);
	reader->in_order = true;
	while ((len = read(reader->fd, data, sizeof(data))) > 0) {
		for (ssize_t i = 0; i < len; i++)
			reader->in_order &= data[i] == (uint8_t)(reader->count++ % 251);
	}
	return NULL;
}

/* Into a pipe that takes nothing for 50 ms, non-blocking in the second round. */
START_TEST(output_is_complete)
{
	static uint8_t data[PIPE_BYTES];
	struct lost lost = { 0 };
	struct console console;
	struct reader reader = { 0 };
	pthread_t thread;
	int fd[2];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 251);
	ck_assert_int_eq(pipe(fd), 0);
	if (_i)
		ck_assert_int_eq(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	reader.fd = fd[0];
	ck_assert_int_eq(console_init(&console, CONSOLE_NO_FD,
				      (struct console_output){
					      .fd = fd[1], .lost = note_lost, .ctx = &lost }),
			 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_slowly, &reader), 0);
	console_write(&console, data, sizeof(data));
	close(fd[1]);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(reader.count, sizeof(data));
	ck_assert(reader.in_order);
	ck_assert_int_eq(lost.calls, 0);
	console_destroy(&console);
	close(fd[0]);
}
END_TEST

START_TEST(failed_output_is_told_once)
{
	struct lost lost = { 0 };
	struct console_output out = { .lost = note_lost, .ctx = &lost };
	struct console console;
	int error = _i ? ENOSPC : EPIPE;
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(pipe(fd), 0);
	close(fd[0]);
	out.fd = _i ? open("/dev/full", O_WRONLY) : fd[1];
	ck_assert_int_eq(console_init(&console, CONSOLE_NO_FD, out), 0);
	for (int i = 0; i < 3; i++)
		console_write(&console, (const uint8_t *)"text", 4);
	ck_assert_int_eq(lost.calls, 1);
	ck_assert_int_eq(lost.error, error);
	console_destroy(&console);
	close(fd[1]);
}
END_TEST

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct writer {
	struct console *console;
	double seconds; /* of processor time */
};

static void *write_text(void *arg)
{
	struct writer *writer = arg;
	double before = cpu_seconds();

	console_write(writer->console, (const uint8_t *)"text", 4);
	writer->seconds = cpu_seconds() - before;
	return NULL;
}

/* A pipe that is full, its writing end non-blocking if asked for. */
static void full_pipe(int fd[2], bool nonblocking)
{
	char data[512] = { 0 };

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	while (write(fd[1], data, sizeof(data)) > 0)
		;
	ck_assert_int_eq(fcntl(fd[1], F_SETFL, nonblocking ? O_NONBLOCK : 0), 0);
}

/* Nobody reads: without the cut the writer would hang, and it may not spin until then. */
START_TEST(cut_frees_a_writer)
{
	struct timespec pause = { .tv_nsec = 60000000 };
	struct lost lost = { 0 };
	struct console console;
	struct writer writer = { .console = &console };
	pthread_t thread;
	int fd[2];

	full_pipe(fd, _i);
	ck_assert_int_eq(console_init(&console, CONSOLE_NO_FD,
				      (struct console_output){
					      .fd = fd[1], .lost = note_lost, .ctx = &lost }),
			 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_text, &writer), 0);
	nanosleep(&pause, NULL);
	console_cut(&console);
	pthread_join(thread, NULL);
	ck_assert_msg(writer.seconds < 0.02, "busy for %f s", writer.seconds);

	console_cut(&console);
	console_write(&console, (const uint8_t *)"more", 4);
	ck_assert_int_eq(lost.calls, 0);
	console_destroy(&console);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console_output");
	TCase *tcase = tcase_create("console_output");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, output_is_complete, 0, 2);
	tcase_add_loop_test(tcase, failed_output_is_told_once, 0, 2);
	tcase_add_loop_test(tcase, cut_frees_a_writer, 0, 2);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
