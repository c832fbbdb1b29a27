/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four functions a freestanding compiler expects, and what else is needed of <string.h>.
 * ISO C11, "Conformance", "String handling".
 */
#ifndef GUESTS_LIB_STRING_H
#define GUESTS_LIB_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *s);

#endif
