/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that describe a device: a first value, then keys behind commas. */
#include <stdio.h>
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

/* Six bytes in hex; the lowest bit of the first one is set in addresses of groups only. */
static bool parse_mac(const char *text, const char *end, uint8_t mac[OPTIONS_MAC_SIZE])
{
	char word[3 * OPTIONS_MAC_SIZE];
	unsigned int byte[OPTIONS_MAC_SIZE];
	int used = 0;
	int nr;

	if (!copy_word(word, sizeof(word), text, end) ||
	    strspn(word, "0123456789abcdefABCDEF:") != sizeof(word) - 1)
		return false;
	nr = sscanf(word, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3],
		    &byte[4], &byte[5], &used);
	if (nr != OPTIONS_MAC_SIZE || word[used] || (byte[0] & 1))
		return false;
	for (int i = 0; i < OPTIONS_MAC_SIZE; i++)
		mac[i] = (uint8_t)byte[i];
	return true;
}

static int net_key(struct option_parser *p, struct net_option *net, const char *key,
		   const char *end)
{
	const char *value = memchr(key, '=', (size_t)(end - key));
	const char *name_end = value ? value : end;

	if (is_word(key, name_end, "tap") && value) {
		if (value + 1 == end || !copy_word(net->tap, sizeof(net->tap), value + 1, end))
			return option_fail(p,
					   "--net: '%.*s' is no name of an interface: 1 to %zu "
					   "characters",
					   (int)(end - key), key, sizeof(net->tap) - 1);
		return 0;
	}
	if (is_word(key, name_end, "mac") && value) {
		net->has_mac = parse_mac(value + 1, end, net->mac);
		if (!net->has_mac)
			return option_fail(
				p,
				"--net: '%.*s' is no address of a single interface, such "
				"as 02:00:00:00:00:01",
				(int)(end - key), key);
		return 0;
	}
	return option_fail(p, "--net: '%.*s' is not one of: tap=NAME, mac=ADDRESS",
			   (int)(end - key), key);
}

/* tap=NAME[,mac=XX:XX:XX:XX:XX:XX] */
int option_net(struct option_parser *p, const char *text)
{
	struct options *o = p->options;
	struct net_option net = { .has_mac = false };
	const char *end;
	int ret;

	if (o->nr_nets == OPTIONS_MAX_NETS)
		return option_fail(p, "--net: more than %d interfaces", OPTIONS_MAX_NETS);
	for (const char *key = text;; key = end + 1) {
		end = strchrnul(key, ',');
		ret = net_key(p, &net, key, end);
		if (ret)
			return ret;
		if (!*end)
			break;
	}
	if (!net.tap[0])
		return option_fail(p, "--net: '%s' lacks tap=NAME", text);
	o->net[o->nr_nets++] = net;
	return 0;
}

int option_settle_console(struct option_parser *p)
{
	struct options *o = p->options;

	if (!o->console || o->serial != SERIAL_TTY)
		return 0;
	if (o->given & OPTION_SERIAL)
		return option_fail(p, "--console contradicts --serial tty: "
				      "only one of them can have the terminal");
	o->serial = SERIAL_NULL;
	return 0;
}
