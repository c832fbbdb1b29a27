/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a saved machine: sections with a name, a version, a length and a checksum.
 *
 *	file      magic "VMMSTATE", u32 version of the file, u32 zero, sections, the section "end"
 *	section   name[16], u32 version, u32 instance, u64 length, payload, u32 CRC-32 of it all
 *
 * All numbers are little-endian. instance tells apart sections of one name, as those of the CPUs.
 * The checksum is CRC-32 as in IEEE 802.3, "Frame Check Sequence (FCS) field": it finds accidents.
 * It is no proof against a forger: whoever takes a section checks its contents too.
 *
 * Writing goes to a temporary file beside the wished one, which takes its name when it is complete:
 * an older state survives every failure. Reading keeps one section in memory at a time.
 */
#ifndef VMM_STATE_FILE_H
#define VMM_STATE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmm/state_buffer.h"

#define STATE_FILE_VERSION  1
#define STATE_NAME_SIZE     16         /* its NUL included */
#define STATE_SECTION_LIMIT (8u << 20) /* bytes of payload */
#define STATE_ERROR_SIZE    512

/* Why something was not possible: one line that names the file and says what to do. */
struct state_error {
	char text[STATE_ERROR_SIZE];
};

__attribute__((format(printf, 2, 3))) int state_fail(struct state_error *error, const char *format,
						     ...);

/* ---- writing --------------------------------------------------------------------------------- */

struct state_output {
	int fd;
	const char *path;
	char *temporary; /* NULL: nothing has been begun */
	int failure;     /* errno of the first thing that failed, 0: none */
};

/* Can a state be saved to path later? 0, or -1 and *error: no such folder, not a plain file. */
int state_output_check(const char *path, struct state_error *error);

/*
 * Begin, add sections, and then commit or abandon. path stays the caller's until then. Failures are
 * kept until the commit, which undoes everything if there was one: 0, or -1 and *error.
 */
void state_output_begin(struct state_output *out, const char *path);
void state_output_section(struct state_output *out, const char *name, uint32_t version,
			  uint32_t instance, const void *data, size_t size);
int state_output_commit(struct state_output *out, struct state_error *error);
void state_output_abandon(struct state_output *out);

/* ---- reading --------------------------------------------------------------------------------- */

struct state_input {
	int fd;
	const char *path;
	uint8_t *data; /* the present section's payload */
	/* The present section. */
	char name[STATE_NAME_SIZE];
	uint32_t version;
	uint32_t instance;
	struct state_reader reader;
};

enum state_step {
	STATE_SECTION, /* name, version, instance and reader are those of the next section */
	STATE_END,     /* that was all, and the file is complete */
	STATE_BAD,     /* *error says why */
};

/* path stays the caller's. 0, or -1 and *error; either way state_input_close() follows. */
int state_input_open(struct state_input *in, const char *path, struct state_error *error);
enum state_step state_input_next(struct state_input *in, struct state_error *error);
void state_input_close(struct state_input *in);

/* Is this the section name of instance 0 or up? Its version has to be checked as well. */
bool state_input_is(const struct state_input *in, const char *name);

#endif
