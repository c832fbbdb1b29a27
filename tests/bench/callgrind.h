/* SPDX-License-Identifier: BSD-2-Clause */
/* How many instructions a run of a program takes: Valgrind manual, "Callgrind". */
#ifndef TESTS_CALLGRIND_H
#define TESTS_CALLGRIND_H

#include <stdint.h>

/* Of the program self with the arguments op and count; negative if there is no valgrind. */
double callgrind_instructions(const char *self, int op, uint32_t count);

#endif
