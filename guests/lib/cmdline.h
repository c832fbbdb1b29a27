/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of the command line, separated by blanks, as in the Linux documentation "The kernel's
 * command-line parameters".
 */
#ifndef GUESTS_LIB_CMDLINE_H
#define GUESTS_LIB_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

bool cmdline_has(const char *cmdline, const char *word);
/* The text after "key=", up to *length bytes of it; NULL if there is none. */
const char *cmdline_value(const char *cmdline, const char *key, uint32_t *length);
uint64_t cmdline_number(const char *cmdline, const char *key, uint64_t otherwise);
/* Is name one of the comma-separated names in the first length bytes of list? */
bool cmdline_list_has(const char *list, uint32_t length, const char *name);

#endif
