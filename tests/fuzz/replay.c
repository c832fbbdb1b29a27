/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target without libFuzzer: on its seeds, on a corpus, and on both with some damage.
 *
 * A corpus is a text file, so that it can be read in a diff: an input is a line of hexadecimal
 * digits.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/target.h"
#include "tests/property/program.h"

#define LINE_MAX_SIZE (2 * FUZZ_INPUT_MAX + 2)

struct replay {
	uint8_t input[FUZZ_INPUT_MAX];
	char line[LINE_MAX_SIZE];
	uint32_t rounds;    /* damaged versions of each input */
	const char *folder; /* write the inputs as files for libFuzzer in place of running them */
	uint64_t random;
	size_t inputs;
};

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "replay: %s %s: %s\n", what, name, strerror(errno));
	exit(2);
}

static void unpack(struct replay *r, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%06zu", r->folder, r->inputs);
	file = fopen(path, "wb");
	if (!file || fwrite(r->input, 1, size, file) != size || fclose(file))
		fail("writing", path);
}

/* A copy of exactly this size, so that a sanitizer sees what is read beyond it. */
static void run(const uint8_t *input, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		fail("memory for", "an input");
	memcpy(copy, input, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* Bits, bytes and words changed, or the end cut off. */
static size_t damage(struct replay *r, uint8_t *input, size_t size)
{
	static const uint32_t edges[] = { 0,      1,          0x7f,       0xff,
					  0xffff, 0x7fffffff, 0x80000000, UINT32_MAX };
	uint64_t hits = 1 + random_word(&r->random) % 4;

	for (uint64_t i = 0; i < hits && size > 4; i++) {
		size_t at = random_word(&r->random) % (size - 4);
		uint64_t how = random_word(&r->random);

		if (how % 4 == 0)
			input[at] ^= (uint8_t)(1u << (how >> 8) % 8);
		else if (how % 4 == 1)
			input[at] = (uint8_t)(how >> 8);
		else
			memcpy(input + at, &edges[(how >> 8) % 8], (size_t)1 << how % 3);
	}
	return random_word(&r->random) % 8 == 0 ? random_word(&r->random) % (size + 1) : size;
}

static void one_input(struct replay *r, size_t size)
{
	uint8_t *damaged;

	r->inputs++;
	if (r->folder) {
		unpack(r, size);
		return;
	}
	run(r->input, size);
	damaged = malloc(FUZZ_INPUT_MAX);
	if (!damaged)
		fail("memory for", "an input");
	for (uint32_t i = 0; i < r->rounds; i++) {
		memcpy(damaged, r->input, size);
		run(damaged, damage(r, damaged, size));
	}
	free(damaged);
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Lines that begin with # are comments. */
static void one_line(struct replay *r, const char *name, size_t number)
{
	const char *text = r->line;
	size_t size = 0;

	if (*text == '#' || *text == '\n')
		return;
	while (digit(text[0]) >= 0 && digit(text[1]) >= 0 && size < FUZZ_INPUT_MAX) {
		r->input[size++] = (uint8_t)(digit(text[0]) * 16 + digit(text[1]));
		text += 2;
	}
	if (*text != '\n' && *text != '\0') {
		fprintf(stderr, "replay: %s:%zu is no line of hexadecimal digits\n", name, number);
		exit(2);
	}
	one_input(r, size);
}

static void one_corpus(struct replay *r, const char *name)
{
	FILE *file = fopen(name, "r");
	size_t number = 0;

	if (!file)
		fail("reading", name);
	while (fgets(r->line, sizeof(r->line), file))
		one_line(r, name, ++number);
	fclose(file);
}

/* A failing input that libFuzzer has left, to be looked at without it. */
static void one_file(struct replay *r, const char *name)
{
	FILE *file = fopen(name, "rb");
	size_t size;

	if (!file)
		fail("reading", name);
	size = fread(r->input, 1, sizeof(r->input), file);
	fclose(file);
	run(r->input, size);
}

static int usage(FILE *out, int status)
{
	fputs("usage: replay [--rounds N] [--unpack FOLDER] [--file INPUT] [CORPUS...]\n"
	      "Runs the target's seeds and the inputs of each corpus, each also damaged N times.\n"
	      "  --unpack FOLDER  write them as files there and run nothing\n"
	      "  --file INPUT     run only this file\n",
	      out);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "unpack", required_argument, NULL, 'u' },
		{ "file", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct replay *r = calloc(1, sizeof(*r));
	const char *file = NULL;
	size_t size;
	int c;

	if (!r)
		fail("memory for", "the inputs");
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'r')
			r->rounds = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'u')
			r->folder = optarg;
		else if (c == 'f')
			file = optarg;
		else
			return usage(c == 'h' ? stdout : stderr, c == 'h' ? 0 : 2);
	}
	if (file)
		one_file(r, file);
	for (size_t n = 0; !file && (size = fuzz_seed(n, r->input)) != 0; n++)
		one_input(r, size);
	for (int i = optind; !file && i < argc; i++)
		one_corpus(r, argv[i]);
	printf("%zu inputs, %u damaged versions of each\n", r->inputs, r->rounds);
	free(r);
	return 0;
}
