/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzing with the programs of the property tests: the input is the words of a program.
 */
#ifndef TESTS_FUZZ_PROGRAMS_H
#define TESTS_FUZZ_PROGRAMS_H

#include "tests/fuzz/target.h"
#include "tests/property/program.h"

/* Run the input on a subject; where it differs from its specification, print it and abort. */
void fuzz_program(const struct subject *subject, const uint8_t *data, size_t size);

/* Seeds: random programs, of growing length. */
size_t fuzz_program_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX]);

#endif
