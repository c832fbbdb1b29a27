/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the command line to values, and what to say of a word that is none. */
#include "vmm/options_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_MIN (UINT64_C(2) << 20)
#define MEMORY_MAX (UINT64_C(1) << 40)

int option_fail(struct option_parser *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->error, p->size, format, args);
	va_end(args);
	return -EINVAL;
}

int option_choice(struct option_parser *p, const char *option, const char *text,
		  const struct option_choice *choices, int *value)
{
	char accepted[128] = "";
	size_t used = 0;

	for (const struct option_choice *c = choices; c->word; c++) {
		if (strcmp(c->word, text) == 0) {
			*value = c->value;
			return 0;
		}
		used += (size_t)snprintf(accepted + used, sizeof(accepted) - used, "%s%s",
					 used ? ", " : "", c->word);
	}
	return option_fail(p, "--%s: '%s' is not one of: %s", option, text, accepted);
}

int option_switch(struct option_parser *p, const char *option, const char *text, bool *on)
{
	static const struct option_choice choices[] = {
		{ "off", false },
		{ "on", true },
		{ NULL, 0 },
	};
	int value = *on;
	int ret = option_choice(p, option, text, choices, &value);

	*on = value != 0;
	return ret;
}

/* Decimal, or hex with 0x; a leading zero does not make it octal. */
static uint64_t to_number(const char *text, char **end)
{
	return strtoull(text, end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
}

int option_number(struct option_parser *p, const char *option, const char *text, uint64_t min,
		  uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = to_number(text, &end);
	if (!isdigit((unsigned char)text[0]) || *end || errno || *value < min || *value > max)
		return option_fail(p, "--%s: '%s' is not a number from %llu to %llu", option, text,
				   (unsigned long long)min, (unsigned long long)max);
	return 0;
}

/* K, M, G and T are binary; a bare number is MiB; hex with a suffix would be ambiguous. */
int option_memory(struct option_parser *p, const char *text, uint64_t *bytes)
{
	static const char suffixes[] = "KMGTkmgt";
	const char *suffix = NULL;
	unsigned int shift = 20;
	uint64_t n;
	char *end;

	errno = 0;
	n = to_number(text, &end);
	if (!isdigit((unsigned char)text[0]) || errno)
		return option_fail(p, "--memory: '%s' is not a size; give for example 512M or 2G",
				   text);
	if (*end) {
		suffix = strchr(suffixes, *end);
		if (!suffix || end[1])
			return option_fail(
				p, "--memory: '%s' has an unknown suffix; K, M, G and T exist",
				text);
		if (strncasecmp(text, "0x", 2) == 0)
			return option_fail(p, "--memory: '%s' is hex with a suffix; use decimal",
					   text);
		shift = 10u * ((unsigned int)(suffix - suffixes) % 4 + 1);
	}
	if (n > MEMORY_MAX >> shift)
		return option_fail(p, "--memory: %s is more than the limit of 1T", text);
	n <<= shift;
	if (n < MEMORY_MIN)
		return option_fail(p, "--memory: %s is too small; a machine needs at least 2M",
				   text);
	*bytes = n & ~UINT64_C(0xfff);
	return 0;
}
