/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ends as its command line says, for tests of those who run guests. Words, in their order:
 * pass=NAME, fail=NAME and skip=NAME print a case as test kernels do; noise prints what looks like
 * one and is none; exit=N ends by debug-exit; hang never ends; crash is a triple fault. ISO C11,
 * "Program termination", for what exit codes mean.
 */
#include "lib/cmdline.h"
#include "lib/cpu.h"
#include "lib/kernel.h"
#include "lib/power.h"
#include "lib/print.h"
#include "lib/string.h"

#define WORD_SIZE 64u

struct __attribute__((packed)) idt_pointer {
	uint16_t limit;
	uint64_t base;
};

static void crash(void)
{
	const struct idt_pointer none = { 0 };

	__asm__ volatile("lidt %0\n"
			 "ud2\n"
			 :
			 : "m"(none)
			 : "memory");
}

static bool same(const char *a, const char *b)
{
	size_t size = strlen(a);

	return size == strlen(b) && !memcmp(a, b, size);
}

static void obey(const char *key, const char *value)
{
	if (same(key, "pass"))
		print("PASS: %s\n", value);
	else if (same(key, "fail"))
		print("FAIL: %s\n", value);
	else if (same(key, "skip"))
		print("SKIP: %s\n", value);
	else if (same(key, "noise"))
		print("no case: PASS: %s\n", value);
	else if (same(key, "crash"))
		crash();
	while (same(key, "hang"))
		cpu_stop();
}

/* Copies a word, cut to fit, and parts it at the '='. Returns where the next one starts. */
static const char *take_word(const char *at, char *word, char **value)
{
	size_t length = 0;

	for (; *at && *at != ' '; at++)
		if (length < WORD_SIZE - 1)
			word[length++] = *at;
	word[length] = 0;
	for (*value = word; **value && **value != '='; ++*value)
		continue;
	if (**value)
		*(*value)++ = 0;
	while (*at == ' ')
		at++;
	return at;
}

int guest_main(struct kernel *kernel)
{
	const char *at = kernel->cmdline;
	char word[WORD_SIZE];
	char *value;

	while (*at) {
		const char *start = at;

		at = take_word(at, word, &value);
		if (same(word, "exit"))
			debug_exit((uint8_t)cmdline_number(start, "exit", 0));
		obey(word, value);
	}
	return 0;
}
