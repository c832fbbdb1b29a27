/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that describe devices: their values, their keys, and what is refused in which words. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/options.h"

#define MAX_WORDS 32

/* Words are separated by single blanks. Returns what options_parse says. */
static int parse(struct options *options, const char *line, char error[256])
{
	char *words = strdup(line);
	char program[] = "vmm";
	char *argv[MAX_WORDS] = { program };
	char *rest = NULL;
	int argc = 1;
	int ret;

	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	error[0] = '\0';
	ret = options_parse(options, argc, argv, error, 256);
	free(words);
	return ret;
}

static struct options accept_line(const char *line)
{
	struct options options;
	char error[256];

	ck_assert_msg(parse(&options, line, error) == 0, "'%s' was refused: %s", line, error);
	return options;
}

static void refuse(const char *line, const char *about)
{
	struct options options;
	char error[256];

	ck_assert_msg(parse(&options, line, error) == -EINVAL, "'%s' was accepted", line);
	ck_assert_msg(strstr(error, about) != NULL, "'%s': '%s' lacks '%s'", line, error, about);
	ck_assert_ptr_null(strchr(error, '\n'));
}

START_TEST(no_devices_unless_asked_for)
{
	const struct options o = accept_line("guest");

	ck_assert_uint_eq(o.nr_disks, 0);
	ck_assert(!o.rng);
}
END_TEST

START_TEST(disks)
{
	const struct options o = accept_line("--disk a.raw -d b.raw,ro -d /x/y --rng");

	ck_assert(o.rng);
	ck_assert_uint_eq(o.nr_disks, 3);
	ck_assert_str_eq(o.disk[0].path, "a.raw");
	ck_assert(!o.disk[0].read_only);
	ck_assert_str_eq(o.disk[1].path, "b.raw");
	ck_assert(o.disk[1].read_only);
	ck_assert_str_eq(o.disk[2].path, "/x/y");
	ck_assert(!o.disk[2].read_only);
}
END_TEST

START_TEST(disks_that_are_refused)
{
	char line[OPTIONS_PATH_SIZE + 16] = "--disk ";

	refuse("--disk ,ro", "names no file");
	refuse("--disk a.raw,", "'' is not one of: ro");
	refuse("--disk a.raw,rw", "'rw' is not one of: ro");
	refuse("--disk a.raw,ro,read", "'read' is not one of: ro");
	refuse("-d a -d a -d a -d a -d a -d a -d a -d a -d a", "more than 8");
	memset(line + strlen(line), 'x', OPTIONS_PATH_SIZE);
	refuse(line, "longer than 1023");
}
END_TEST

START_TEST(interfaces)
{
	static const uint8_t mac[OPTIONS_MAC_SIZE] = { 0x52, 0x54, 0, 0xab, 0xCD, 0x7f };
	const struct options o = accept_line("-n tap=tap0 --net tap=other,mac=52:54:00:ab:CD:7f");

	ck_assert_uint_eq(o.nr_nets, 2);
	ck_assert_str_eq(o.net[0].tap, "tap0");
	ck_assert(!o.net[0].has_mac);
	ck_assert_str_eq(o.net[1].tap, "other");
	ck_assert(o.net[1].has_mac);
	ck_assert_mem_eq(o.net[1].mac, mac, sizeof(mac));
}
END_TEST

START_TEST(the_terminal_has_one_user)
{
	struct options o = accept_line("--console");

	ck_assert(o.console);
	ck_assert_int_eq(o.serial, SERIAL_NULL);
	o = accept_line("--console --serial file=x");
	ck_assert_int_eq(o.serial, SERIAL_FILE);
	o = accept_line("--serial off --console");
	ck_assert_int_eq(o.serial, SERIAL_OFF);
	refuse("--serial tty --console", "--console contradicts --serial tty");
}
END_TEST

START_TEST(interfaces_that_are_refused)
{
	refuse("--net tap0", "'tap0' is not one of: tap=NAME, mac=ADDRESS");
	refuse("--net tap=", "'tap=' is no name");
	refuse("--net tap=0123456789abcdef", "1 to 15 characters");
	refuse("--net mac=02:00:00:00:00:01", "lacks tap=NAME");
	refuse("--net tap=a,", "'' is not one of");
	refuse("--net tap=a,mtu=9000", "'mtu=9000' is not one of");
	refuse("--net tap=a,mac=01:00:00:00:00:01", "no address of a single interface");
	refuse("--net tap=a,mac=02:00:00:00:00", "no address");
	refuse("--net tap=a,mac=02:00:00:00:00:0", "no address");
	refuse("--net tap=a,mac=02:00:00:00:00:01:02", "no address");
	refuse("--net tap=a,mac=02:00:00:00:00:0g", "no address");
	refuse("-n tap=a -n tap=a -n tap=a -n tap=a -n tap=a -n tap=a -n tap=a -n tap=a -n tap=a",
	       "more than 8");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device options");
	TCase *all = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(all, no_devices_unless_asked_for);
	tcase_add_test(all, disks);
	tcase_add_test(all, disks_that_are_refused);
	tcase_add_test(all, interfaces);
	tcase_add_test(all, the_terminal_has_one_user);
	tcase_add_test(all, interfaces_that_are_refused);
	suite_add_tcase(suite, all);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
