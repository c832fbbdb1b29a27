/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line: every option, every refusal, and where options and words may stand.
 * POSIX.1-2017, "Utility Syntax Guidelines"; long options and permutation as in getopt_long(3).
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ioapic/ioapic.h"
#include "lapic/lapic_route.h"
#include "vmm/options.h"

#define MAX_WORDS 64
#define MIB       (UINT64_C(1) << 20)

/* What came of a command line; the words live as long as it does. */
struct parsed {
	int ret;
	struct options options;
	char error[256];
	char line[2 * OPTIONS_CMDLINE_SIZE];
	char *argv[MAX_WORDS];
};

/* Words are separated by single blanks; "vmm" comes first by itself. */
static struct parsed *parse(const char *line)
{
	struct parsed *p = calloc(1, sizeof(*p));
	char *rest = NULL;
	int argc = 0;

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_lt(strlen(line) + sizeof("vmm "), sizeof(p->line));
	strcpy(p->line, "vmm ");
	strcat(p->line, line);
	for (char *word = strtok_r(p->line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		ck_assert_int_lt(argc, MAX_WORDS - 1);
		p->argv[argc++] = word;
	}
	p->ret = options_parse(&p->options, argc, p->argv, p->error, sizeof(p->error));
	return p;
}

static struct parsed *accept_line(const char *line)
{
	struct parsed *p = parse(line);

	ck_assert_msg(p->ret == 0, "'%s' was refused: %s", line, p->error);
	return p;
}

/* The reason is one line and names what it is about. */
static void refuse(const char *line, const char *about)
{
	struct parsed *p = parse(line);

	ck_assert_msg(p->ret == -EINVAL, "'%s' was accepted", line);
	ck_assert_msg(strstr(p->error, about) != NULL, "'%s': '%s' does not name '%s'", line,
		      p->error, about);
	ck_assert_ptr_null(strchr(p->error, '\n'));
	free(p);
}

START_TEST(the_defaults)
{
	struct parsed *p = accept_line("");
	const struct options *o = &p->options;

	ck_assert_int_eq(o->action, ACTION_RUN);
	ck_assert_ptr_null(o->guest);
	ck_assert_ptr_null(o->initrd);
	ck_assert_str_eq(o->cmdline, "");
	ck_assert_uint_eq(o->cpus, 1);
	ck_assert_uint_eq(o->memory, 128 * MIB);
	ck_assert_int_eq(o->lapic, LAPIC_CHOICE_USER);
	ck_assert_int_eq(o->irqchip, IRQCHIP_CHOICE_AUTO);
	ck_assert_int_eq(o->x2apic, TRISTATE_AUTO);
	ck_assert_int_eq(o->tsc_deadline, TRISTATE_AUTO);
	ck_assert_int_eq(o->cpuid, CPUID_CHOICE_AUTO);
	ck_assert_uint_eq(o->apic_id_offset, 0);
	ck_assert_uint_eq(o->ioapic_version, IOAPIC_VERSION_EOI);
	ck_assert_int_eq(o->serial, SERIAL_TTY);
	ck_assert(!o->test_device);
	ck_assert_uint_eq(o->timeout, 0);
	ck_assert_int_eq(o->dump, DUMP_CRASH);
	ck_assert(!o->stats);
	ck_assert_ptr_null(o->log_path);
	ck_assert_int_eq(o->log_level, LOG_WARN);
	free(p);
}
END_TEST

START_TEST(every_option_has_its_effect)
{
	struct parsed *p = accept_line("--cpus 4 --memory 1G --initrd i.gz --cmdline a --append b "
				       "--lapic kernel --irqchip split --x2apic on "
				       "--tsc-deadline off --cpuid basic --apic-id-offset 300 "
				       "--ioapic-version 0x11 --serial file=out --test-device "
				       "--timeout 9 --dump-on-exit=always --stats=s "
				       "--log-file l --verbose g.elf");
	const struct options *o = &p->options;

	ck_assert_str_eq(o->guest, "g.elf");
	ck_assert_uint_eq(o->cpus, 4);
	ck_assert_uint_eq(o->memory, 1024 * MIB);
	ck_assert_str_eq(o->initrd, "i.gz");
	ck_assert_str_eq(o->cmdline, "a b");
	ck_assert_int_eq(o->lapic, LAPIC_CHOICE_KERNEL);
	ck_assert_int_eq(o->irqchip, IRQCHIP_CHOICE_SPLIT);
	ck_assert_int_eq(o->x2apic, TRISTATE_ON);
	ck_assert_int_eq(o->tsc_deadline, TRISTATE_OFF);
	ck_assert_int_eq(o->cpuid, CPUID_CHOICE_BASIC);
	ck_assert_uint_eq(o->apic_id_offset, 300);
	ck_assert_uint_eq(o->ioapic_version, IOAPIC_VERSION_82093AA);
	ck_assert_int_eq(o->serial, SERIAL_FILE);
	ck_assert_str_eq(o->serial_path, "out");
	ck_assert(o->test_device);
	ck_assert_uint_eq(o->timeout, 9);
	ck_assert_int_eq(o->dump, DUMP_ALWAYS);
	ck_assert(o->stats);
	ck_assert_str_eq(o->stats_path, "s");
	ck_assert_str_eq(o->log_path, "l");
	ck_assert_int_eq(o->log_level, LOG_INFO);
	free(p);
}
END_TEST

START_TEST(short_options)
{
	struct parsed *p = accept_line("-c2 -m 64 -i x -p one -p two -vv");

	ck_assert_uint_eq(p->options.cpus, 2);
	ck_assert_uint_eq(p->options.memory, 64 * MIB);
	ck_assert_str_eq(p->options.initrd, "x");
	ck_assert_str_eq(p->options.cmdline, "one two");
	ck_assert_int_eq(p->options.log_level, LOG_DEBUG);
	free(p);
}
END_TEST

START_TEST(every_word_of_a_choice)
{
	static const struct {
		const char *line;
		size_t offset;
		int value;
	} cases[] = {
		{ "--lapic user", offsetof(struct options, lapic), LAPIC_CHOICE_USER },
		{ "--lapic=kernel", offsetof(struct options, lapic), LAPIC_CHOICE_KERNEL },
		{ "--irqchip auto", offsetof(struct options, irqchip), IRQCHIP_CHOICE_AUTO },
		{ "--irqchip=split", offsetof(struct options, irqchip), IRQCHIP_CHOICE_SPLIT },
		{ "--irqchip none", offsetof(struct options, irqchip), IRQCHIP_CHOICE_NONE },
		{ "--x2apic auto", offsetof(struct options, x2apic), TRISTATE_AUTO },
		{ "--x2apic on", offsetof(struct options, x2apic), TRISTATE_ON },
		{ "--x2apic off", offsetof(struct options, x2apic), TRISTATE_OFF },
		{ "--tsc-deadline auto", offsetof(struct options, tsc_deadline), TRISTATE_AUTO },
		{ "--tsc-deadline on", offsetof(struct options, tsc_deadline), TRISTATE_ON },
		{ "--tsc-deadline off", offsetof(struct options, tsc_deadline), TRISTATE_OFF },
		{ "--cpuid auto", offsetof(struct options, cpuid), CPUID_CHOICE_AUTO },
		{ "--cpuid host", offsetof(struct options, cpuid), CPUID_CHOICE_HOST },
		{ "--cpuid basic", offsetof(struct options, cpuid), CPUID_CHOICE_BASIC },
		{ "--serial tty", offsetof(struct options, serial), SERIAL_TTY },
		{ "--serial off", offsetof(struct options, serial), SERIAL_OFF },
		{ "--serial null", offsetof(struct options, serial), SERIAL_NULL },
		{ "--serial pty", offsetof(struct options, serial), SERIAL_PTY },
		{ "--serial socket=s", offsetof(struct options, serial), SERIAL_SOCKET },
		{ "--dump-on-exit", offsetof(struct options, dump), DUMP_ALWAYS },
		{ "--dump-on-exit=crash", offsetof(struct options, dump), DUMP_CRASH },
		{ "--check", offsetof(struct options, action), ACTION_CHECK },
		{ "--version", offsetof(struct options, action), ACTION_VERSION },
		{ "-V", offsetof(struct options, action), ACTION_VERSION },
		{ "--help", offsetof(struct options, action), ACTION_HELP },
		{ "-h", offsetof(struct options, action), ACTION_HELP },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parsed *p = accept_line(cases[i].line);
		int value;

		memcpy(&value, (const char *)&p->options + cases[i].offset, sizeof(value));
		ck_assert_msg(value == cases[i].value, "%s: %d", cases[i].line, value);
		free(p);
	}
}
END_TEST

START_TEST(words_that_no_choice_has)
{
	refuse("--lapic kvm", "user, kernel");
	refuse("--irqchip on", "auto, split, none");
	refuse("--x2apic yes", "auto, on, off");
	refuse("--tsc-deadline 1", "auto, on, off");
	refuse("--cpuid max", "auto, host, basic");
	refuse("--ioapic-version 0x21", "0x11, 0x20");
	refuse("--serial ptys", "tty, off, null, pty, file=PATH, socket=PATH");
	refuse("--serial file=", "--serial");
	refuse("--serial socket", "--serial");
	refuse("--serial socket=", "--serial");
	refuse("--dump-on-exit=never", "crash, always");
}
END_TEST

START_TEST(a_leading_zero_is_decimal)
{
	struct parsed *p = accept_line("--cpus 010 --memory 0100M --apic-id-offset 0x10");

	ck_assert_uint_eq(p->options.cpus, 10);
	ck_assert_uint_eq(p->options.memory, 100 * MIB);
	ck_assert_uint_eq(p->options.apic_id_offset, 16);
	free(p);
}
END_TEST

START_TEST(sizes_of_memory)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "2", 2 * MIB },         { "2048K", 2 * MIB },        { "16m", 16 * MIB },
		{ "3g", 3072 * MIB },     { "1T", 1024 * 1024 * MIB }, { "0x10", 16 * MIB },
		{ "2051K", 2048 * 1024 }, /* whole pages only */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64];
		struct parsed *p;

		snprintf(line, sizeof(line), "--memory %s", cases[i].text);
		p = accept_line(line);
		ck_assert_uint_eq(p->options.memory, cases[i].bytes);
		free(p);
	}
}
END_TEST

START_TEST(memory_that_is_no_size)
{
	refuse("-m x", "not a size");
	refuse("-m -5", "not a size");
	refuse("-m 99999999999999999999", "not a size");
	refuse("-m 1Q", "suffix");
	refuse("-m 1MB", "suffix");
	refuse("-m 0x10M", "hex with a suffix");
	refuse("-m 1", "too small");
	refuse("-m 3k", "too small");
	refuse("-m 0", "too small");
	refuse("-m 1025G", "limit");
	refuse("-m 2T", "limit");
	refuse("-m 16777216T", "limit");
}
END_TEST

START_TEST(numbers_out_of_range)
{
	refuse("--cpus 0", "1 to 1024");
	refuse("--cpus 1025", "1 to 1024");
	refuse("--cpus -1", "--cpus");
	refuse("--cpus 4x", "--cpus");
	refuse("--cpus +4", "--cpus");
	refuse("--cpus 18446744073709551617", "--cpus");
	refuse("--timeout 0", "--timeout");
	refuse("--timeout 31536001", "--timeout");
	refuse("--apic-id-offset 32768", "--apic-id-offset");
	free(accept_line("--cpus 1024"));
	free(accept_line("--timeout 31536000"));
}
END_TEST

START_TEST(unknown_and_incomplete_options)
{
	refuse("--no-such-thing", "--no-such-thing");
	refuse("-z", "'-z'");
	refuse("--check -zv", "'-z'");
	refuse("-vz", "'-z'");
	refuse("--test-device=on", "takes no value");
	refuse("--verbose=2", "takes no value");
	refuse("--cpus", "--cpus");
	refuse("guest -c", "-c");
}
END_TEST

START_TEST(contradictions)
{
	refuse("--amd-extapic on --lapic kernel", "contradicts");
	free(accept_line("--amd-extapic on --stress-state 5"));
	refuse("--amd-extapic maybe", "off, on");
	refuse("--lapic kernel --irqchip none", "contradicts");
	refuse("--irqchip none --lapic kernel", "contradicts");
	refuse("--x2apic off --cpus 256", "xAPIC");
	refuse("--x2apic off --apic-id-offset 255", "xAPIC");
	refuse("--apic-id-offset 32767 --cpus 2", "32767");
	free(accept_line("--x2apic off --cpus 255"));
	free(accept_line("--x2apic off --apic-id-offset 254"));
	free(accept_line("--apic-id-offset 32767"));
	free(accept_line("--lapic user --irqchip none"));
}
END_TEST

/* Options may follow the guest image; what follows "--" is the guest's, whatever it looks like. */
START_TEST(words_in_any_order)
{
	struct parsed *p = accept_line("g.elf -c 3 -p first -- --cpus 9 -- x");

	ck_assert_str_eq(p->options.guest, "g.elf");
	ck_assert_uint_eq(p->options.cpus, 3);
	ck_assert_str_eq(p->options.cmdline, "first --cpus 9 -- x");
	free(p);

	p = accept_line("-- g.elf");
	ck_assert_ptr_null(p->options.guest);
	ck_assert_str_eq(p->options.cmdline, "g.elf");
	free(p);

	p = accept_line("g.elf --");
	ck_assert_str_eq(p->options.guest, "g.elf");
	ck_assert_str_eq(p->options.cmdline, "");
	free(p);

	refuse("g.elf other", "'other'");
	refuse("g.elf -c 2 other -- more", "'other'");
}
END_TEST

START_TEST(a_command_line_has_an_end)
{
	char line[OPTIONS_CMDLINE_SIZE + 32] = "-p ";
	size_t used = strlen(line);

	memset(line + used, 'x', OPTIONS_CMDLINE_SIZE - 1);
	line[used + OPTIONS_CMDLINE_SIZE - 1] = '\0';
	free(accept_line(line));
	strcat(line, "x");
	refuse(line, "longer than 16383");
	line[used + OPTIONS_CMDLINE_SIZE - 1] = '\0';
	strcat(line, " -- y");
	refuse(line, "longer than 16383");
}
END_TEST

/* Parsing starts anew each time, whatever getopt_long(3) remembers. */
START_TEST(two_in_a_row)
{
	free(accept_line("a.elf -c 2 -vv"));
	refuse("-vvz", "unknown");
	free(accept_line("-c 3 b.elf"));
}
END_TEST

START_TEST(the_help_names_every_option)
{
	static const char *const names[] = {
		"--cpus",    "--memory",       "--initrd",         "--cmdline",
		"--append",  "--lapic",        "--irqchip",        "--x2apic",
		"--serial",  "--tsc-deadline", "--apic-id-offset", "--test-device",
		"--timeout", "--stats",        "--ioapic-version", "--dump-on-exit",
		"--check",   "--verbose",      "--version",        "--log-file",
		"--help",    "--save-state",   "--restore",        "--stress-state",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_msg(strstr(options_help(), names[i]) != NULL, "%s", names[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tc = tcase_create("options");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, the_defaults);
	tcase_add_test(tc, every_option_has_its_effect);
	tcase_add_test(tc, short_options);
	tcase_add_test(tc, every_word_of_a_choice);
	tcase_add_test(tc, words_that_no_choice_has);
	tcase_add_test(tc, a_leading_zero_is_decimal);
	tcase_add_test(tc, sizes_of_memory);
	tcase_add_test(tc, memory_that_is_no_size);
	tcase_add_test(tc, numbers_out_of_range);
	tcase_add_test(tc, unknown_and_incomplete_options);
	tcase_add_test(tc, contradictions);
	tcase_add_test(tc, words_in_any_order);
	tcase_add_test(tc, a_command_line_has_an_end);
	tcase_add_test(tc, two_in_a_row);
	tcase_add_test(tc, the_help_names_every_option);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
