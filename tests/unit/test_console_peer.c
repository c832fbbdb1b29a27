/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A console whose other side comes and goes: a pseudo-terminal's, a socket's client.
 * POSIX.1-2017, "shutdown"; Linux, pty(7).
 */
#define _XOPEN_SOURCE 700

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/console.h"

#define MANY 300000

static void never_lost(void *ctx, int error)
{
	ck_abort_msg("output of %p is lost: %d", ctx, error);
}

static void open_console(struct console *console, int fd)
{
	struct console_output out = { .fd = fd, .peer = true, .lost = never_lost };

	ck_assert_int_eq(console_init(console, fd, out), 0);
}

static void expect_pending(struct console *console, const char *text)
{
	size_t len;
	const uint8_t *data = console_pending(console, &len);

	ck_assert_uint_eq(len, strlen(text));
	ck_assert_mem_eq(data, text, len);
	console_consume(console, len);
}

/* With the other side closed the bytes would fill the terminal's buffer, and stop the guest. */
START_TEST(nobody_at_the_pseudo_terminal)
{
	static uint8_t many[MANY];
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	struct console console;
	int slave;

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	close(slave);
	open_console(&console, master);
	console_write(&console, many, sizeof(many));
	ck_assert_uint_eq(console_input(&console), CONSOLE_EOF);
	ck_assert(!console_wants_input(&console));

	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_eq(write(slave, "ls ", 3), 3);
	console_attach(&console, master);
	ck_assert(console_wants_input(&console));
	ck_assert_uint_eq(console_input(&console), 0);
	expect_pending(&console, "ls ");
	console_write(&console, (const uint8_t *)"one\n", 4);
	ck_assert_int_eq(read(slave, many, sizeof(many)), 4);
	console_destroy(&console);
	close(slave);
	close(master);
}
END_TEST

START_TEST(one_client_after_the_other)
{
	struct console console;
	char data[16];
	int fd[2];

	open_console(&console, CONSOLE_NO_FD);
	console.eof = true;
	for (int i = 0; i < 2; i++) {
		console_write(&console, (const uint8_t *)"nobody", 6);
		ck_assert_int_eq(console_detach(&console), CONSOLE_NO_FD);
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
		console_attach(&console, fd[0]);
		ck_assert_int_eq(write(fd[1], "a\001x", 3), 3);
		ck_assert_uint_eq(console_input(&console), 0);
		expect_pending(&console, "a\001x");
		console_write(&console, (const uint8_t *)"hello", 5);
		ck_assert_int_eq(read(fd[1], data, sizeof(data)), 5);
		close(fd[1]);
		console_write(&console, (const uint8_t *)"gone", 4);
		ck_assert_uint_eq(console_input(&console), CONSOLE_EOF);
		ck_assert_int_eq(console_detach(&console), fd[0]);
		close(fd[0]);
	}
	console_destroy(&console);
}
END_TEST

static void *write_much(void *arg)
{
	static const uint8_t many[MANY];

	console_write(arg, many, sizeof(many));
	return NULL;
}

/* A client that does not read holds up the guest, and its leaving ends that. */
START_TEST(a_writer_is_freed_by_detaching)
{
	struct console console;
	pthread_t thread;
	char byte;
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	open_console(&console, fd[0]);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_much, &console), 0);
	ck_assert_int_eq(read(fd[1], &byte, 1), 1);
	ck_assert_int_eq(console_detach(&console), fd[0]);
	pthread_join(thread, NULL);
	console_destroy(&console);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console_peer");
	TCase *tcase = tcase_create("console_peer");
	SRunner *runner = srunner_create(suite);
	int failed;

	signal(SIGPIPE, SIG_IGN); /* as console.h asks of its users */
	tcase_add_test(tcase, nobody_at_the_pseudo_terminal);
	tcase_add_test(tcase, one_client_after_the_other);
	tcase_add_test(tcase, a_writer_is_freed_by_detaching);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
