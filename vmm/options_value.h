/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of options: words, numbers, sizes. Each returns 0, or -EINVAL with the reason in *p. */
#ifndef VMM_OPTIONS_VALUE_H
#define VMM_OPTIONS_VALUE_H

#include "vmm/options.h"

/* CPU ids are offered in ACPI and CPUID as 15-bit MSI destinations can reach them. */
#define OPTIONS_APIC_ID_LIMIT 0x7fff

/* A parse in progress: where its result goes, and where the reason of a failure. */
struct option_parser {
	struct options *options;
	char *error;
	size_t size;
};

/* A word of an option's value; tables end with a NULL word. */
struct option_choice {
	const char *word;
	int value;
};

/* The reason, in one line that names the option and what it accepts; always -EINVAL. */
__attribute__((format(printf, 2, 3))) int option_fail(struct option_parser *p, const char *format,
						      ...);

/* One of the words of choices. */
int option_choice(struct option_parser *p, const char *option, const char *text,
		  const struct option_choice *choices, int *value);

/* On or off. */
int option_switch(struct option_parser *p, const char *option, const char *text, bool *on);

/* A number from min to max: decimal, or hex with 0x. */
int option_number(struct option_parser *p, const char *option, const char *text, uint64_t min,
		  uint64_t max, uint64_t *value);

/* The value of --memory, in bytes and whole pages. */
int option_memory(struct option_parser *p, const char *text, uint64_t *bytes);

/* ---- options_device.c: one more device each -------------------------------------------------- */

int option_disk(struct option_parser *p, const char *text);
int option_net(struct option_parser *p, const char *text);

/* When all options are known: who has the terminal. */
int option_settle_console(struct option_parser *p);

/* ---- options_serial.c ------------------------------------------------------------------------ */

int option_serial(struct option_parser *p, const char *text);

/* When all options are known: do they go together? */
int options_check(struct option_parser *p);

#endif
