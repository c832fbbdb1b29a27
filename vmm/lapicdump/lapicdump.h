/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lapicdump: a local APIC's register page, from KVM, QEMU, gdb or a saved state, for people.
 *
 * SDM vol. 3, table "Local APIC Register Address Map".
 */
#ifndef VMM_LAPICDUMP_H
#define VMM_LAPICDUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lapic/lapic_regs.h"
#include "lapic/lapic_state.h"

#define LAPICDUMP_MAX_SIZE LAPIC_PAGE_SIZE /* of an input, bytes */

struct lapicdump_input {
	const char *name; /* where it is from */
	bool x2apic;
	bool is_state; /* state is valid, not only the page in it */
	struct lapic_state state;
};

/*
 * size bytes as an input: a page of 1 or 4 KiB, or a struct lapic_state, which knows its mode
 * itself. force: a page is taken whatever is in it. False: it is none, and one line without a
 * newline in error, which has error_size bytes, says what was found and what was expected.
 */
bool lapicdump_judge(struct lapicdump_input *input, const uint8_t *bytes, size_t size, bool force,
		     char *error, size_t error_size);

/* The APIC id, whichever of KVM's two formats a page in x2APIC mode has. */
uint32_t lapicdump_id(const struct lapicdump_input *input);

/* "xAPIC", "x2APIC" or "disabled". */
const char *lapicdump_mode(const struct lapicdump_input *input);

/* To out; false: no memory, or out takes no more. */
bool lapicdump_words(FILE *out, const struct lapicdump_input *input);
bool lapicdump_json(FILE *out, const struct lapicdump_input *input);

#endif
