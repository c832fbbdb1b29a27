/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of --serial: a word, or a word and a path. Linux, unix(7) for the length of a path. */
#include <string.h>
#include <sys/un.h>

#include "vmm/options_value.h"

#define SERIAL_WORDS "tty, off, null, pty, file=PATH, socket=PATH"

/* The last member is a string with its end. */
#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

static const struct option_choice words[] = {
	{ "tty", SERIAL_TTY }, { "off", SERIAL_OFF }, { "null", SERIAL_NULL },
	{ "pty", SERIAL_PTY }, { NULL, 0 },
};

static const struct option_choice words_with_path[] = {
	{ "file=", SERIAL_FILE },
	{ "socket=", SERIAL_SOCKET },
	{ NULL, 0 },
};

/* path is NULL where the word has none. */
static int set_path(struct option_parser *p, enum serial_choice choice, const char *path)
{
	if (path && choice == SERIAL_SOCKET && strlen(path) > SOCKET_PATH_MAX)
		return option_fail(p, "--serial socket: the path is longer than %zu characters",
				   SOCKET_PATH_MAX);
	p->options->serial = choice;
	p->options->serial_path = path;
	return 0;
}

int option_serial(struct option_parser *p, const char *text)
{
	for (const struct option_choice *choice = words_with_path; choice->word; choice++) {
		size_t len = strlen(choice->word);

		if (strncmp(text, choice->word, len) == 0 && text[len])
			return set_path(p, (enum serial_choice)choice->value, text + len);
	}
	for (const struct option_choice *choice = words; choice->word; choice++) {
		if (strcmp(text, choice->word) == 0)
			return set_path(p, (enum serial_choice)choice->value, NULL);
	}
	return option_fail(p, "--serial: '%s' is not one of: " SERIAL_WORDS, text);
}
