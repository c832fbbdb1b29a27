/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console's input: raw mode on a pseudo-terminal, escape keys, flow control.
 * POSIX.1-2017, "General Terminal Interface".
 */
#define _XOPEN_SOURCE 700

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/console.h"

static struct console_output no_output(void)
{
	return (struct console_output){ .fd = CONSOLE_NO_FD };
}

struct pty {
	int master;
	int slave;
};

static struct pty pty_open(void)
{
	struct pty pty = { .master = posix_openpt(O_RDWR | O_NOCTTY) };

	ck_assert_int_ge(pty.master, 0);
	ck_assert_int_eq(grantpt(pty.master), 0);
	ck_assert_int_eq(unlockpt(pty.master), 0);
	pty.slave = open(ptsname(pty.master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(pty.slave, 0);
	return pty;
}

static void pty_close(struct pty pty)
{
	close(pty.slave);
	close(pty.master);
}

static bool is_raw(int fd)
{
	struct termios mode;

	ck_assert_int_eq(tcgetattr(fd, &mode), 0);
	return !(mode.c_lflag & (ICANON | ECHO | ISIG)) && !(mode.c_iflag & (ICRNL | IXON));
}

static bool same_mode(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

START_TEST(terminal_is_restored)
{
	struct pty pty = pty_open();
	struct console console;
	struct termios before;
	struct termios after;

	ck_assert_int_eq(tcgetattr(pty.slave, &before), 0);
	ck_assert(!is_raw(pty.slave));
	ck_assert_int_eq(console_init(&console, pty.slave, no_output()), 0);
	console_leave(&console);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(console_enter(&console), 0);
		ck_assert(is_raw(pty.slave));
		ck_assert_int_eq(tcgetattr(pty.slave, &after), 0);
		ck_assert_msg(after.c_oflag == before.c_oflag, "messages share the screen");
		console_leave(&console);
		ck_assert_int_eq(tcgetattr(pty.slave, &after), 0);
		ck_assert(same_mode(&before, &after));
	}
	ck_assert_int_eq(console_enter(&console), 0);
	console_destroy(&console);
	ck_assert_int_eq(tcgetattr(pty.slave, &after), 0);
	ck_assert(same_mode(&before, &after));
	pty_close(pty);
}
END_TEST

/* SIGSTOP cannot be caught: the shell resets the terminal, and SIGCONT finds it cooked. */
START_TEST(entering_again_keeps_the_first_settings)
{
	struct pty pty = pty_open();
	struct console console;
	struct termios before;
	struct termios after;

	ck_assert_int_eq(tcgetattr(pty.slave, &before), 0);
	ck_assert_int_eq(console_init(&console, pty.slave, no_output()), 0);
	ck_assert_int_eq(console_enter(&console), 0);
	ck_assert_int_eq(console_enter(&console), 0);
	console_leave(&console);
	ck_assert_int_eq(tcgetattr(pty.slave, &after), 0);
	ck_assert(same_mode(&before, &after));

	ck_assert_int_eq(console_enter(&console), 0);
	ck_assert_int_eq(tcsetattr(pty.slave, TCSANOW, &before), 0);
	ck_assert_int_eq(console_enter(&console), 0);
	ck_assert(is_raw(pty.slave));
	console_leave(&console);
	ck_assert_int_eq(tcgetattr(pty.slave, &after), 0);
	ck_assert(same_mode(&before, &after));
	console_destroy(&console);
	pty_close(pty);
}
END_TEST

START_TEST(what_is_no_terminal_is_left_alone)
{
	struct console console;
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(console_init(&console, fd[0], no_output()), 0);
	ck_assert_int_eq(console_enter(&console), 0);
	ck_assert(!console.raw);
	console_destroy(&console);

	ck_assert_int_eq(console_init(&console, CONSOLE_NO_FD, no_output()), 0);
	ck_assert_int_eq(console_enter(&console), 0);
	ck_assert(!console_wants_input(&console));
	ck_assert_uint_eq(console_input(&console), 0);
	console_destroy(&console);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* In a process group of its own, which is not the terminal's foreground one: 0 if left cooked. */
static int enter_in_background(int slave)
{
	struct console console;
	pid_t child = fork();
	int status;

	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		if (console_init(&console, slave, no_output()) < 0 || console_enter(&console) < 0)
			_exit(2);
		if (console_wants_input(&console))
			_exit(7);
		_exit(is_raw(slave));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return 3;
	return WEXITSTATUS(status);
}

/* As the leader of a session that the pty becomes the controlling terminal of. 0 if all is well. */
static int run_session(const char *name)
{
	struct console console;
	int slave;
	int result;

	setsid();
	slave = open(name, O_RDWR);
	if (slave < 0 || tcgetpgrp(slave) != getpgrp())
		return 4;
	result = enter_in_background(slave);
	if (result)
		return result;
	if (console_init(&console, slave, no_output()) < 0 || console_enter(&console) < 0)
		return 5;
	return is_raw(slave) ? 0 : 6;
}

START_TEST(background_leaves_the_terminal_to_the_shell)
{
	struct pty pty = pty_open();
	const char *name = ptsname(pty.master);
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(run_session(name));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	pty_close(pty);
}
END_TEST

/* A console whose input is a pipe, and what has been typed into it. */
struct keyboard {
	struct console console;
	int fd[2];
};

static void keyboard_open(struct keyboard *keyboard)
{
	ck_assert_int_eq(pipe(keyboard->fd), 0);
	ck_assert_int_eq(console_init(&keyboard->console, keyboard->fd[0], no_output()), 0);
}

static void keyboard_close(struct keyboard *keyboard)
{
	console_destroy(&keyboard->console);
	close(keyboard->fd[0]);
	close(keyboard->fd[1]);
}

static uint32_t type(struct keyboard *keyboard, const char *keys, size_t len)
{
	ck_assert_int_eq(write(keyboard->fd[1], keys, len), (ssize_t)len);
	return console_input(&keyboard->console);
}

static void expect_pending(struct keyboard *keyboard, const char *text, size_t len)
{
	size_t nr_pending;
	const uint8_t *pending = console_pending(&keyboard->console, &nr_pending);

	ck_assert_uint_eq(nr_pending, len);
	ck_assert_mem_eq(pending, text, len);
	console_consume(&keyboard->console, nr_pending);
}

START_TEST(escape_keys)
{
	/* clang-format off */
	static const struct {
		const char *keys;
		size_t len;
		uint32_t actions;
		const char *pending;
		size_t nr_pending;
	} rows[] = {
		{ "ls\r", 3, 0, "ls\r", 3 },
		{ "\x01x", 2, CONSOLE_QUIT, "", 0 },
		{ "\x01h", 2, CONSOLE_HELP, "", 0 },
		{ "\x01?", 2, CONSOLE_HELP, "", 0 },
		{ "\x01l", 2, CONSOLE_LAPICS, "", 0 },
		{ "\x01s", 2, CONSOLE_COUNTERS, "", 0 },
		{ "\x01\x01", 2, 0, "\x01", 1 },
		{ "\x01\x01x", 3, 0, "\x01x", 2 },
		{ "\x01q", 2, 0, "", 0 },
		{ "a\x01lb\x01sc", 7, CONSOLE_LAPICS | CONSOLE_COUNTERS, "abc", 3 },
		{ "\x03\x1a\x1c\0", 4, 0, "\x03\x1a\x1c\0", 4 },
	};
	/* clang-format on */
	struct keyboard keyboard;

	keyboard_open(&keyboard);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(type(&keyboard, rows[i].keys, rows[i].len) == rows[i].actions,
			      "row %zu", i);
		expect_pending(&keyboard, rows[i].pending, rows[i].nr_pending);
	}
	ck_assert_uint_eq(type(&keyboard, "\x01", 1), 0);
	ck_assert_msg(type(&keyboard, "x", 1) == CONSOLE_QUIT, "two reads are one sequence");
	keyboard_close(&keyboard);
}
END_TEST

START_TEST(pending_bytes_wait_for_room)
{
	char keys[CONSOLE_PENDING_SIZE + 100];
	struct keyboard keyboard;

	for (size_t i = 0; i < sizeof(keys); i++)
		keys[i] = (char)('a' + i % 26);
	keyboard_open(&keyboard);
	ck_assert_uint_eq(type(&keyboard, keys, sizeof(keys)), 0);
	ck_assert(!console_wants_input(&keyboard.console));
	ck_assert_uint_eq(console_input(&keyboard.console), 0);

	console_consume(&keyboard.console, 16);
	ck_assert(console_wants_input(&keyboard.console));
	ck_assert_uint_eq(console_input(&keyboard.console), 0);
	ck_assert(!console_wants_input(&keyboard.console));
	expect_pending(&keyboard, keys + 16, CONSOLE_PENDING_SIZE);

	ck_assert_uint_eq(console_input(&keyboard.console), 0);
	ck_assert(console_wants_input(&keyboard.console));
	expect_pending(&keyboard, keys + 16 + CONSOLE_PENDING_SIZE,
		       sizeof(keys) - 16 - CONSOLE_PENDING_SIZE);
	console_consume(&keyboard.console, 1000);
	expect_pending(&keyboard, "", 0);
	keyboard_close(&keyboard);
}
END_TEST

START_TEST(end_of_input_is_told_once)
{
	struct keyboard keyboard;

	keyboard_open(&keyboard);
	ck_assert_uint_eq(type(&keyboard, "last", 4), 0);
	close(keyboard.fd[1]);
	ck_assert_uint_eq(console_input(&keyboard.console), CONSOLE_EOF);
	ck_assert(!console_wants_input(&keyboard.console));
	ck_assert_uint_eq(console_input(&keyboard.console), 0);
	expect_pending(&keyboard, "last", 4);
	keyboard.fd[1] = -1;
	keyboard_close(&keyboard);
}
END_TEST

START_TEST(no_input_yet_is_not_its_end)
{
	struct keyboard keyboard;

	keyboard_open(&keyboard);
	ck_assert_int_eq(fcntl(keyboard.fd[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_uint_eq(console_input(&keyboard.console), 0);
	ck_assert(console_wants_input(&keyboard.console));
	keyboard_close(&keyboard);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("console");
	TCase *tcase = tcase_create("console");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, terminal_is_restored);
	tcase_add_test(tcase, entering_again_keeps_the_first_settings);
	tcase_add_test(tcase, what_is_no_terminal_is_left_alone);
	tcase_add_test(tcase, background_leaves_the_terminal_to_the_shell);
	tcase_add_test(tcase, escape_keys);
	tcase_add_test(tcase, pending_bytes_wait_for_room);
	tcase_add_test(tcase, end_of_input_is_told_once);
	tcase_add_test(tcase, no_input_yet_is_not_its_end);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
