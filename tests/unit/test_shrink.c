/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the property tests shorten a program that fails: subjects whose failure is known in advance.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/property/program.h"

#define STEPS 100

static void print_word(FILE *out, const uint64_t *words, size_t i)
{
	fprintf(out, "word %llu", (unsigned long long)words[i]);
}

/* Word 0 is the configuration, the others are numbered steps. */
static size_t make_program(uint64_t words[STEPS + 1])
{
	for (size_t i = 0; i <= STEPS; i++)
		words[i] = i;
	return STEPS + 1;
}

/* Fails at the first step 77 that comes after a step 30. */
static size_t run_pair(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	bool seen = false;

	for (size_t i = 1; i < count; i++) {
		if (words[i] == 77 && seen) {
			strcpy(mismatch, "77 after 30");
			return i + 1;
		}
		seen = seen || words[i] == 30;
	}
	return 0;
}

/* Fails as soon as it has had five steps that are multiples of ten. */
static size_t run_five(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	size_t found = 0;

	for (size_t i = 1; i < count; i++) {
		found += words[i] % 10 == 0;
		if (found == 5) {
			strcpy(mismatch, "five tens");
			return i + 1;
		}
	}
	return 0;
}

/* Fails at its last step, and only if none has been left out. */
static size_t run_whole(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	(void)words;
	strcpy(mismatch, "the whole");
	return count == STEPS + 1 ? count : 0;
}

/* Fails whatever is run. */
static size_t run_any(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	(void)words;
	(void)count;
	strcpy(mismatch, "any");
	return 1;
}

static size_t run_never(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	(void)words;
	(void)count;
	(void)mismatch;
	return 0;
}

static const struct subject pair = { "pair", run_pair, print_word };
static const struct subject five = { "five", run_five, print_word };
static const struct subject whole = { "whole", run_whole, print_word };
static const struct subject any = { "any", run_any, print_word };
static const struct subject never = { "never", run_never, print_word };

START_TEST(hundred_steps_to_two)
{
	uint64_t words[STEPS + 1];
	size_t count = shrink(&pair, words, make_program(words));

	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(words[0], 0);
	ck_assert_uint_eq(words[1], 30);
	ck_assert_uint_eq(words[2], 77);
}
END_TEST

/* The words keep their order, and none of those left could be spared. */
START_TEST(steps_far_apart)
{
	uint64_t words[STEPS + 1];
	char mismatch[MISMATCH_SIZE];
	size_t count = shrink(&five, words, make_program(words));

	ck_assert_uint_eq(count, 6);
	ck_assert_uint_eq(run_five(words, count, mismatch), count);
	ck_assert_uint_eq(words[0], 0);
	for (size_t i = 1; i < count; i++) {
		ck_assert_uint_eq(words[i] % 10, 0);
		ck_assert_uint_gt(words[i], words[i - 1]);
	}
}
END_TEST

START_TEST(nothing_to_leave_out)
{
	uint64_t words[STEPS + 1];
	size_t count = shrink(&whole, words, make_program(words));

	ck_assert_uint_eq(count, STEPS + 1);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(words[i], i);
}
END_TEST

START_TEST(the_configuration_stays)
{
	uint64_t words[STEPS + 1];

	ck_assert_uint_eq(shrink(&any, words, make_program(words)), 1);
	ck_assert_uint_eq(words[0], 0);
}
END_TEST

START_TEST(a_program_that_passes)
{
	uint64_t words[STEPS + 1];

	ck_assert_uint_eq(shrink(&never, words, make_program(words)), STEPS + 1);
	ck_assert_uint_eq(words[STEPS], STEPS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("shrink");
	TCase *tcase = tcase_create("shrink");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, hundred_steps_to_two);
	tcase_add_test(tcase, steps_far_apart);
	tcase_add_test(tcase, nothing_to_leave_out);
	tcase_add_test(tcase, the_configuration_stays);
	tcase_add_test(tcase, a_program_that_passes);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
