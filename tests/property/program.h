/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random programs, what runs them, and how a failing one is made short and shown.
 *
 * A program is a sequence of 64-bit words: the first one chooses the configuration, each of the
 * others is one operation. Every word means something, so a program can be made of random numbers
 * or of a fuzzer's input, and stays a program when words are left out.
 */
#ifndef TESTS_PROPERTY_PROGRAM_H
#define TESTS_PROPERTY_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The words of one operation, as its decoder sees them. */
static inline uint8_t word_byte(uint64_t word, unsigned int n)
{
	return (uint8_t)(word >> (8 * n));
}

static inline uint32_t word_value(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

#define MISMATCH_SIZE 200

/* What is tested: an implementation beside its specification. */
struct subject {
	const char *name;
	/*
	 * Run words[0..count) on both, comparing after each. Returns the number of words that were
	 * run when they differed, and writes in what to mismatch; 0 if they never did.
	 */
	size_t (*run)(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE]);
	/* Print word number i as a person would write it; number 0 is the configuration. */
	void (*print)(FILE *out, const uint64_t *words, size_t i);
};

/*
 * The test program of a subject: as many random programs as make up the wanted number of steps, of
 * a list of seeds or the one given. Returns the exit status. With --help it says what it takes.
 */
int property_main(const struct subject *subject, int argc, char **argv);

/* The next one of a sequence of random words. */
uint64_t random_word(uint64_t *state);

/* Shorten a failing program in place; returns its new length. */
size_t shrink(const struct subject *subject, uint64_t *words, size_t count);

/* Print a program and what differs at its end. */
void show_failure(const struct subject *subject, const uint64_t *words, size_t count);

#endif
