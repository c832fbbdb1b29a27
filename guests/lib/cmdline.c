/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command line words. Linux documentation, "The kernel's command-line parameters".
 */
#include "lib/cmdline.h"

#include "lib/string.h"

static const char *next_word(const char *at, uint32_t *length)
{
	while (*at == ' ')
		at++;
	*length = 0;
	while (at[*length] && at[*length] != ' ')
		++*length;
	return *length ? at : NULL;
}

bool cmdline_has(const char *cmdline, const char *word)
{
	size_t size = strlen(word);
	uint32_t length;

	for (const char *at = cmdline; (at = next_word(at, &length)) != NULL; at += length) {
		if (length == size && !memcmp(at, word, size))
			return true;
	}
	return false;
}

const char *cmdline_value(const char *cmdline, const char *key, uint32_t *length)
{
	size_t size = strlen(key);
	uint32_t word;

	for (const char *at = cmdline; (at = next_word(at, &word)) != NULL; at += word) {
		if (word > size && at[size] == '=' && !memcmp(at, key, size)) {
			*length = word - (uint32_t)size - 1;
			return at + size + 1;
		}
	}
	return NULL;
}

uint64_t cmdline_number(const char *cmdline, const char *key, uint64_t otherwise)
{
	uint32_t length = 0;
	const char *text = cmdline_value(cmdline, key, &length);
	uint64_t value = 0;

	if (!text || !length)
		return otherwise;
	for (uint32_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return otherwise;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	return value;
}

bool cmdline_list_has(const char *list, uint32_t length, const char *name)
{
	size_t size = strlen(name);
	uint32_t start = 0;

	for (uint32_t i = 0; i <= length; i++) {
		if (i < length && list[i] != ',')
			continue;
		if (i - start == size && !memcmp(list + start, name, size))
			return true;
		start = i + 1;
	}
	return false;
}
