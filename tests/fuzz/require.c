/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a fuzz target says that something is wrong.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/target.h"

void fuzz_require(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}
