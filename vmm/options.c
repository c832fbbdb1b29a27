/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing the command line: getopt_long(3), and words to values. */
#include "vmm/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "ioapic/ioapic.h"
#include "lapic/lapic_route.h"
#include "vmm/options_value.h"

#define MEMORY_DEFAULT (UINT64_C(128) << 20)

enum {
	OPT_LAPIC = 0x100,
	OPT_IRQCHIP,
	OPT_X2APIC,
	OPT_TSC_DEADLINE,
	OPT_CPUID,
	OPT_CPU_VENDOR,
	OPT_AMD_EXTAPIC,
	OPT_REMOTE_READ,
	OPT_APIC_ID_OFFSET,
	OPT_IOAPIC_VERSION,
	OPT_SERIAL,
	OPT_TEST_DEVICE,
	OPT_RNG,
	OPT_CONSOLE,
	OPT_TIMEOUT,
	OPT_ON_RESET,
	OPT_DUMP,
	OPT_STATS,
	OPT_CHECK,
	OPT_LOG_FILE,
	OPT_SAVE_STATE,
	OPT_RESTORE,
	OPT_STRESS_STATE,
};

#define SHORT_OPTIONS ":c:m:i:p:d:n:vVh"

static const struct option long_options[] = {
	{ "cpus", required_argument, NULL, 'c' },
	{ "memory", required_argument, NULL, 'm' },
	{ "initrd", required_argument, NULL, 'i' },
	{ "cmdline", required_argument, NULL, 'p' },
	{ "append", required_argument, NULL, 'p' },
	{ "lapic", required_argument, NULL, OPT_LAPIC },
	{ "irqchip", required_argument, NULL, OPT_IRQCHIP },
	{ "x2apic", required_argument, NULL, OPT_X2APIC },
	{ "tsc-deadline", required_argument, NULL, OPT_TSC_DEADLINE },
	{ "cpuid", required_argument, NULL, OPT_CPUID },
	{ "cpu-vendor", required_argument, NULL, OPT_CPU_VENDOR },
	{ "amd-extapic", required_argument, NULL, OPT_AMD_EXTAPIC },
	{ "remote-read", required_argument, NULL, OPT_REMOTE_READ },
	{ "apic-id-offset", required_argument, NULL, OPT_APIC_ID_OFFSET },
	{ "ioapic-version", required_argument, NULL, OPT_IOAPIC_VERSION },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "test-device", no_argument, NULL, OPT_TEST_DEVICE },
	{ "disk", required_argument, NULL, 'd' },
	{ "net", required_argument, NULL, 'n' },
	{ "console", no_argument, NULL, OPT_CONSOLE },
	{ "rng", no_argument, NULL, OPT_RNG },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "on-reset", required_argument, NULL, OPT_ON_RESET },
	{ "dump-on-exit", optional_argument, NULL, OPT_DUMP },
	{ "stats", optional_argument, NULL, OPT_STATS },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "log-file", required_argument, NULL, OPT_LOG_FILE },
	{ "save-state", required_argument, NULL, OPT_SAVE_STATE },
	{ "restore", required_argument, NULL, OPT_RESTORE },
	{ "stress-state", required_argument, NULL, OPT_STRESS_STATE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const struct option_choice lapic_choices[] = {
	{ "user", LAPIC_CHOICE_USER },
	{ "kernel", LAPIC_CHOICE_KERNEL },
	{ NULL, 0 },
};

static const struct option_choice irqchip_choices[] = {
	{ "auto", IRQCHIP_CHOICE_AUTO },
	{ "split", IRQCHIP_CHOICE_SPLIT },
	{ "none", IRQCHIP_CHOICE_NONE },
	{ NULL, 0 },
};

static const struct option_choice on_reset_choices[] = {
	{ "exit", ON_RESET_EXIT },
	{ "restart", ON_RESET_RESTART },
	{ NULL, 0 },
};

static const struct option_choice vendor_choices[] = {
	{ "host", VENDOR_HOST },
	{ "intel", VENDOR_INTEL },
	{ "amd", VENDOR_AMD },
	{ NULL, 0 },
};

static const struct option_choice cpuid_choices[] = {
	{ "auto", CPUID_CHOICE_AUTO },
	{ "host", CPUID_CHOICE_HOST },
	{ "basic", CPUID_CHOICE_BASIC },
	{ NULL, 0 },
};

static const struct option_choice tristate_choices[] = {
	{ "auto", TRISTATE_AUTO },
	{ "on", TRISTATE_ON },
	{ "off", TRISTATE_OFF },
	{ NULL, 0 },
};

static const struct option_choice dump_choices[] = {
	{ "crash", DUMP_CRASH },
	{ "always", DUMP_ALWAYS },
	{ NULL, 0 },
};

static const struct option_choice ioapic_choices[] = {
	{ "0x11", IOAPIC_VERSION_82093AA },
	{ "0x20", IOAPIC_VERSION_EOI },
	{ NULL, 0 },
};

static int append_cmdline(struct option_parser *p, const char *text)
{
	char *cmdline = p->options->cmdline;
	size_t used = strlen(cmdline);
	size_t size = sizeof(p->options->cmdline) - used;

	if ((size_t)snprintf(cmdline + used, size, "%s%s", used ? " " : "", text) >= size)
		return option_fail(p, "the guest's command line is longer than %d characters",
				   OPTIONS_CMDLINE_SIZE - 1);
	return 0;
}

/* Options whose value is one of a few words. */
static int parse_word(struct option_parser *p, int opt, const char *text)
{
	struct options *o = p->options;
	int value = 0;
	int ret;

	switch (opt) {
	case OPT_LAPIC:
		ret = option_choice(p, "lapic", text, lapic_choices, &value);
		o->lapic = (enum lapic_choice)value;
		return ret;
	case OPT_IRQCHIP:
		ret = option_choice(p, "irqchip", text, irqchip_choices, &value);
		o->irqchip = (enum irqchip_choice)value;
		return ret;
	case OPT_X2APIC:
		ret = option_choice(p, "x2apic", text, tristate_choices, &value);
		o->x2apic = (enum tristate)value;
		return ret;
	case OPT_TSC_DEADLINE:
		ret = option_choice(p, "tsc-deadline", text, tristate_choices, &value);
		o->tsc_deadline = (enum tristate)value;
		return ret;
	case OPT_ON_RESET:
		ret = option_choice(p, "on-reset", text, on_reset_choices, &value);
		o->on_reset = (enum on_reset_choice)value;
		return ret;
	case OPT_CPU_VENDOR:
		ret = option_choice(p, "cpu-vendor", text, vendor_choices, &value);
		o->cpu_vendor = (enum vendor_choice)value;
		return ret;
	case OPT_CPUID:
		ret = option_choice(p, "cpuid", text, cpuid_choices, &value);
		o->cpuid = (enum cpuid_choice)value;
		return ret;
	case OPT_AMD_EXTAPIC:
		return option_switch(p, "amd-extapic", text, &o->amd_extapic);
	case OPT_REMOTE_READ:
		return option_switch(p, "remote-read", text, &o->remote_read);
	case OPT_IOAPIC_VERSION:
		ret = option_choice(p, "ioapic-version", text, ioapic_choices, &value);
		o->ioapic_version = (uint8_t)value;
		return ret;
	default:
		ret = option_choice(p, "dump-on-exit", text ? text : "always", dump_choices,
				    &value);
		o->dump = (enum dump_choice)value;
		return ret;
	}
}

/* Saving and restoring. */
static int parse_state(struct option_parser *p, int opt, const char *text)
{
	struct options *o = p->options;
	uint64_t n = 0;
	int ret = 0;

	switch (opt) {
	case OPT_SAVE_STATE:
		o->save_path = text;
		break;
	case OPT_RESTORE:
		o->restore_path = text;
		break;
	default:
		ret = option_number(p, "stress-state", text, 1, UINT32_MAX, &n);
		o->stress_state = (uint32_t)n;
		break;
	}
	return ret;
}

static uint32_t given_bit(int opt)
{
	switch (opt) {
	case 'c':
		return OPTION_CPUS;
	case 'm':
		return OPTION_MEMORY;
	case OPT_APIC_ID_OFFSET:
		return OPTION_APIC_ID_OFFSET;
	case OPT_IOAPIC_VERSION:
		return OPTION_IOAPIC_VERSION;
	case OPT_SERIAL:
		return OPTION_SERIAL;
	case OPT_AMD_EXTAPIC:
		return OPTION_AMD_EXTAPIC;
	default:
		return 0;
	}
}

static int parse_device(struct option_parser *p, int opt, const char *text)
{
	struct options *o = p->options;

	switch (opt) {
	case OPT_SERIAL:
		return option_serial(p, text);
	case 'd':
		return option_disk(p, text);
	case 'n':
		return option_net(p, text);
	case OPT_CONSOLE:
		o->console = true;
		return 0;
	case OPT_RNG:
		o->rng = true;
		return 0;
	case OPT_TEST_DEVICE:
		o->test_device = true;
		return 0;
	default:
		return parse_word(p, opt, text);
	}
}

static int parse_one(struct option_parser *p, int opt, const char *text)
{
	struct options *o = p->options;
	uint64_t n = 0;
	int ret;

	switch (opt) {
	case 'c':
		ret = option_number(p, "cpus", text, 1, LAPIC_MAX_CPUS, &n);
		o->cpus = (uint32_t)n;
		return ret;
	case 'm':
		return option_memory(p, text, &o->memory);
	case 'i':
		o->initrd = text;
		return 0;
	case 'p':
		return append_cmdline(p, text);
	case OPT_APIC_ID_OFFSET:
		ret = option_number(p, "apic-id-offset", text, 0, OPTIONS_APIC_ID_LIMIT, &n);
		o->apic_id_offset = (uint32_t)n;
		return ret;
	case OPT_TIMEOUT:
		ret = option_number(p, "timeout", text, 1, 86400 * 365, &n);
		o->timeout = (uint32_t)n;
		return ret;
	case OPT_STATS:
		o->stats = true;
		o->stats_path = text;
		return 0;
	case OPT_CHECK:
		o->action = ACTION_CHECK;
		return 0;
	case OPT_LOG_FILE:
		o->log_path = text;
		return 0;
	case OPT_SAVE_STATE:
	case OPT_RESTORE:
	case OPT_STRESS_STATE:
		return parse_state(p, opt, text);
	case 'v':
		if (o->log_level < LOG_DEBUG)
			o->log_level++;
		return 0;
	case 'V':
		o->action = ACTION_VERSION;
		return 0;
	case 'h':
		o->action = ACTION_HELP;
		return 0;
	default:
		return parse_device(p, opt, text);
	}
}

/* Index of the "--" that separates our words from the guest's, or argc. */
static int find_separator(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			break;
	return i;
}

/*
 * What getopt_long(3) did not like: it left the option in optopt, 0 for a long one that it does not
 * know. word is the last one that it has finished, which a short option among others is not.
 */
static int refuse_option(struct option_parser *p, int opt, const char *word)
{
	if (opt == ':')
		return option_fail(p, "option '%s' needs a value; see --help", word);
	if (optopt && !strchr(SHORT_OPTIONS, optopt) && optopt < OPT_LAPIC)
		return option_fail(p, "unknown option '-%c'; see --help", optopt);
	if (optopt)
		return option_fail(p, "option '%s' takes no value; see --help", word);
	return option_fail(p, "unknown option '%s'; see --help", word);
}

int options_parse(struct options *options, int argc, char **argv, char *error, size_t size)
{
	struct option_parser p = { .options = options, .error = error, .size = size };
	int ours = find_separator(argc, argv);
	int opt;
	int ret;

	*options = (struct options){
		.cpus = 1,
		.memory = MEMORY_DEFAULT,
		.ioapic_version = IOAPIC_VERSION_EOI,
		.dump = DUMP_CRASH,
		.log_level = LOG_WARN,
	};
	opterr = 0;
	optind = 0; /* glibc: forget an earlier argument vector altogether */
	while ((opt = getopt_long(ours, argv, SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (opt == ':' || opt == '?')
			return refuse_option(&p, opt, argv[optind - 1]);
		options->given |= given_bit(opt);
		ret = parse_one(&p, opt, optarg);
		if (ret)
			return ret;
	}
	if (optind < ours)
		options->guest = argv[optind++];
	if (optind < ours)
		return option_fail(&p,
				   "unexpected '%s' after the guest image '%s'; "
				   "arguments for the guest come after '--'",
				   argv[optind], options->guest);
	for (int i = ours + 1; i < argc; i++) {
		ret = append_cmdline(&p, argv[i]);
		if (ret)
			return ret;
	}
	return options_check(&p);
}
