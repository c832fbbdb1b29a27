/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inputs of a fuzzer as programs of the property tests.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/programs.h"

#define WORDS_MAX 256u
#define SEEDS     16u

void fuzz_program(const struct subject *subject, const uint8_t *data, size_t size)
{
	char mismatch[MISMATCH_SIZE];
	uint64_t words[WORDS_MAX];
	size_t count = size / sizeof(words[0]);

	count = count < WORDS_MAX ? count : WORDS_MAX;
	memcpy(words, data, count * sizeof(words[0]));
	count = subject->run(words, count, mismatch);
	if (count == 0)
		return;
	count = shrink(subject, words, count);
	show_failure(subject, words, count);
	abort();
}

size_t fuzz_program_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	size_t words = 8 * (n + 1);
	uint64_t state = n + 1;

	if (n >= SEEDS)
		return 0;
	for (size_t i = 0; i < words; i++) {
		uint64_t word = random_word(&state);

		memcpy(buffer + i * sizeof(word), &word, sizeof(word));
	}
	return words * sizeof(uint64_t);
}
