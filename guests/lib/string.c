/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory functions by string instructions. SDM vol. 2, "REP/REPE/REPZ/REPNE/REPNZ".
 */
#include "lib/string.h"

void *memcpy(void *to, const void *from, size_t size)
{
	void *d = to;

	__asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(size) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *d = (uint8_t *)to + size;
	const uint8_t *s = (const uint8_t *)from + size;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, size);
	while (size--) {
		*--d = *--s;
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

void *memset(void *to, int value, size_t size)
{
	void *d = to;
	size_t words = size / 8;
	uint64_t pattern = UINT64_C(0x0101010101010101) * (uint8_t)value;

	size %= 8;
	__asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(d), "+c"(size) : "a"(pattern) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a;
	const uint8_t *y = b;

	for (size_t i = 0; i < size; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		n++;
		__asm__ volatile("" : : : "memory");
	}
	return n;
}
