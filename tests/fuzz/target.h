/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fuzz target provides: one function for libFuzzer, and seeds to begin with.
 *
 * The same target is linked with libFuzzer, and with replay.c where there is none. LLVM
 * documentation, "libFuzzer - a library for coverage-guided fuzz testing".
 */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

#define FUZZ_INPUT_MAX 0x8000u

/* Run one input. What must not happen ends the process. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Seed number n into buffer: its size, 0 when there is none of this number or beyond. */
size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX]);

/* End the process unless what the target promises holds. */
#define FUZZ_REQUIRE(condition) fuzz_require((condition), #condition)
void fuzz_require(int holds, const char *what);

#endif
