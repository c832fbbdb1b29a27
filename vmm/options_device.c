/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that describe a device: a first value, then keys behind commas. */
#include <string.h>

#include "vmm/options_value.h"

/* Copy [text, end) into to, which holds size bytes. */
static bool copy_word(char *to, size_t size, const char *text, const char *end)
{
	size_t len = (size_t)(end - text);

	if (len >= size)
		return false;
	memcpy(to, text, len);
	to[len] = '\0';
	return true;
}

static bool is_word(const char *text, const char *end, const char *word)
{
	return (size_t)(end - text) == strlen(word) && strncmp(text, word, strlen(word)) == 0;
}

/* PATH[,ro] */
int option_disk(struct option_parser *p, const char *text)
{
	struct options *o = p->options;
	struct disk_option *disk = &o->disk[o->nr_disks];
	const char *end = strchrnul(text, ',');

	if (o->nr_disks == OPTIONS_MAX_DISKS)
		return option_fail(p, "--disk: more than %d disks", OPTIONS_MAX_DISKS);
	if (end == text)
		return option_fail(p, "--disk: '%s' names no file; give PATH or PATH,ro", text);
	if (!copy_word(disk->path, sizeof(disk->path), text, end))
		return option_fail(p, "--disk: the path is longer than %zu characters",
				   sizeof(disk->path) - 1);
	disk->read_only = false;
	while (*end) {
		const char *key = end + 1;

		end = strchrnul(key, ',');
		if (!is_word(key, end, "ro"))
			return option_fail(p, "--disk: '%.*s' is not one of: ro", (int)(end - key),
					   key);
		disk->read_only = true;
	}
	o->nr_disks++;
	return 0;
}
