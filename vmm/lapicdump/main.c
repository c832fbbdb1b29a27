/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapicdump FILE: options, reading, and which way to print.
 *
 * What is in a page is told in the SDM, vol. 3, table "Local APIC Register Address Map".
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/lapicdump/lapicdump.h"

#define STATUS_REFUSED 2

struct settings {
	bool json;
	bool force;
	bool x2apic;
	const char *file;
};

static const char help[] =
	"usage: lapicdump [--json] [--x2apic] [--force] FILE\n"
	"Print the registers of a local APIC in words. FILE, or - for standard input, is a page of\n"
	"1024 or 4096 bytes, as KVM_GET_LAPIC or a copy of the page gives, or a saved state.\n"
	"  -j, --json     print JSON\n"
	"  -x, --x2apic   the page is in x2APIC mode; a saved state knows by itself\n"
	"  -f, --force    print a page that no local APIC can have, too\n"
	"  -h, --help     this text\n"
	"  -V, --version  the version\n";

static int say(const char *text)
{
	return fputs(text, stdout) < 0 || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* -1: go on; else the status to end with. */
static int parse(struct settings *settings, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },    { "x2apic", no_argument, NULL, 'x' },
		{ "force", no_argument, NULL, 'f' },   { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "jxfhV", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			settings->json = true;
			break;
		case 'x':
			settings->x2apic = true;
			break;
		case 'f':
			settings->force = true;
			break;
		case 'h':
			return say(help);
		case 'V':
			return say("lapicdump " VMM_VERSION "\n");
		default:
			fprintf(stderr, "lapicdump: bad option '%s'; --help lists them\n",
				argv[optind > 1 ? optind - 1 : 1]);
			return STATUS_REFUSED;
		}
	}
	if (optind != argc - 1) {
		fprintf(stderr, "lapicdump: %s; give one FILE, or - for standard input\n",
			optind == argc ? "no file" : "more than one file");
		return STATUS_REFUSED;
	}
	settings->file = argv[optind];
	return -1;
}

/* Up to size bytes of the file; errno is 0 or says what went wrong. */
static size_t read_file(const char *file, uint8_t *bytes, size_t size)
{
	FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
	size_t got;

	if (!in)
		return 0;
	errno = 0;
	got = fread(bytes, 1, size, in);
	if (!ferror(in))
		errno = 0;
	if (in != stdin) {
		int saved = errno;

		(void)fclose(in); /* nothing was written */
		errno = saved;
	}
	return got;
}

int main(int argc, char **argv)
{
	uint8_t bytes[LAPICDUMP_MAX_SIZE + 1];
	struct settings settings = { .json = false };
	struct lapicdump_input input = { .is_state = false };
	char error[512];
	size_t size;
	int status = parse(&settings, argc, argv);

	if (status >= 0)
		return status;
	input.name = strcmp(settings.file, "-") == 0 ? "standard input" : settings.file;
	input.x2apic = settings.x2apic;
	errno = 0;
	size = read_file(settings.file, bytes, sizeof(bytes));
	if (errno != 0) {
		fprintf(stderr, "lapicdump: cannot read %s: %s\n", input.name, strerror(errno));
		return STATUS_REFUSED;
	}
	if (!lapicdump_judge(&input, bytes, size, settings.force, error, sizeof(error))) {
		fprintf(stderr, "lapicdump: %s: %s\n", input.name, error);
		return STATUS_REFUSED;
	}
	if (settings.json ? lapicdump_json(stdout, &input) : lapicdump_words(stdout, &input))
		return EXIT_SUCCESS;
	fprintf(stderr, "lapicdump: cannot write: %s\n", strerror(errno));
	return EXIT_FAILURE;
}
