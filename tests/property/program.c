/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs random programs on a subject, shortens the one that fails and prints it.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/property/program.h"

#define PROGRAM_WORDS 256

struct run_options {
	uint64_t seed; /* 0: the fixed ones, and a fresh one */
	uint64_t steps;
	uint64_t only; /* number of the only program to run, if it has a seed */
	bool has_only;
};

/* A random number generator of one word: SplitMix64. */
uint64_t random_word(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

size_t shrink(const struct subject *subject, uint64_t *words, size_t count)
{
	char mismatch[MISMATCH_SIZE];
	uint64_t shorter[PROGRAM_WORDS];
	size_t failed = subject->run(words, count, mismatch);
	size_t chunk = count;

	count = failed ? failed : count;
	while (failed && count <= PROGRAM_WORDS && chunk > 0) {
		size_t at = 1;

		while (at < count) {
			size_t left_out = chunk < count - at ? chunk : count - at;

			memcpy(shorter, words, at * sizeof(*words));
			memcpy(shorter + at, words + at + left_out,
			       (count - at - left_out) * sizeof(*words));
			failed = subject->run(shorter, count - left_out, mismatch);
			if (failed) {
				count = failed;
				memcpy(words, shorter, count * sizeof(*words));
			} else {
				at += chunk;
			}
		}
		failed = 1;
		chunk /= 2;
	}
	return count;
}

void show_failure(const struct subject *subject, const uint64_t *words, size_t count)
{
	char mismatch[MISMATCH_SIZE] = "";
	size_t failed = subject->run(words, count, mismatch);

	for (size_t i = 0; i < count; i++) {
		fprintf(stderr, "%4zu  ", i);
		subject->print(stderr, words, i);
		fputc('\n', stderr);
	}
	if (failed)
		fprintf(stderr, "      differs: %s\n", mismatch);
}

/* Program number n of a seed; returns false when it fails, after having said all about it. */
static bool run_program(const struct subject *subject, uint64_t seed, uint64_t n)
{
	uint64_t state = seed ^ (n * UINT64_C(0xd1342543de82ef95));
	uint64_t words[PROGRAM_WORDS];
	char mismatch[MISMATCH_SIZE];
	size_t length;

	for (size_t i = 0; i < PROGRAM_WORDS; i++)
		words[i] = random_word(&state);
	length = subject->run(words, PROGRAM_WORDS, mismatch);
	if (length == 0)
		return true;
	fprintf(stderr, "%s: program %llu of seed 0x%llx fails at step %zu: %s\n", subject->name,
		(unsigned long long)n, (unsigned long long)seed, length - 1, mismatch);
	fprintf(stderr, "%s: again with: %s --seed 0x%llx --only %llu\n", subject->name,
		subject->name, (unsigned long long)seed, (unsigned long long)n);
	length = shrink(subject, words, length);
	fprintf(stderr, "%s: the same in %zu steps:\n", subject->name, length - 1);
	show_failure(subject, words, length);
	return false;
}

static bool run_seed(const struct subject *subject, uint64_t seed, uint64_t steps)
{
	uint64_t programs = (steps + PROGRAM_WORDS - 2) / (PROGRAM_WORDS - 1);

	printf("%s: seed 0x%llx, %llu programs of %d steps\n", subject->name,
	       (unsigned long long)seed, (unsigned long long)programs, PROGRAM_WORDS - 1);
	fflush(stdout);
	for (uint64_t n = 0; n < programs; n++) {
		if (!run_program(subject, seed, n))
			return false;
	}
	return true;
}

/* A seed that nobody has run yet; it is printed like every other. */
static uint64_t fresh_seed(void)
{
	struct timespec now;
	uint64_t state;

	timespec_get(&now, TIME_UTC);
	state = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	return random_word(&state);
}

static bool run_all(const struct subject *subject, const struct run_options *options)
{
	const uint64_t seeds[] = { 1, 2, 3, fresh_seed() };
	const uint64_t count = sizeof(seeds) / sizeof(seeds[0]);

	if (options->seed && options->has_only)
		return run_program(subject, options->seed, options->only);
	if (options->seed)
		return run_seed(subject, options->seed, options->steps);
	for (uint64_t i = 0; i < count; i++) {
		if (!run_seed(subject, seeds[i], options->steps / count))
			return false;
	}
	return true;
}

/* A number of the command line, or the end of the program. */
static uint64_t number(const char *subject, const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "%s: %s is not a number\n", subject, text);
		exit(2);
	}
	return value;
}

static void usage(FILE *out, const char *name)
{
	fprintf(out,
		"usage: %s [--steps N] [--seed S [--only N]]\n"
		"  --steps N  random operations in all (VMM_PROPERTY_STEPS, or 1000000)\n"
		"  --seed S   programs of this seed only\n"
		"  --only N   program number N of that seed only\n",
		name);
}

int property_main(const struct subject *subject, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "steps", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'S' },
		{ "only", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *steps = getenv("VMM_PROPERTY_STEPS");
	struct run_options options = {
		.steps = steps ? number(subject->name, steps) : 1000000,
	};
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 's':
			options.steps = number(subject->name, optarg);
			break;
		case 'S':
			options.seed = number(subject->name, optarg);
			break;
		case 'o':
			options.only = number(subject->name, optarg);
			options.has_only = true;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, subject->name);
			return c == 'h' ? 0 : 2;
		}
	}
	return run_all(subject, &options) ? EXIT_SUCCESS : EXIT_FAILURE;
}
