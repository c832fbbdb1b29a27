/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of a saved state: put in an order, got back in the same one. Little-endian.
 *
 * Both sides keep going after a failure and say at the end whether there was one, so that users of
 * them need no checks in between. What a reader is given is never trusted: a get beyond its end
 * gives zeros and is remembered.
 */
#ifndef VMM_STATE_BUFFER_H
#define VMM_STATE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise it; release with state_writer_free(). */
struct state_writer {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool failed; /* out of memory: the rest has been dropped */
};

void state_put(struct state_writer *writer, const void *data, size_t size);
void state_put_u8(struct state_writer *writer, uint8_t value);
void state_put_u16(struct state_writer *writer, uint16_t value);
void state_put_u32(struct state_writer *writer, uint32_t value);
void state_put_u64(struct state_writer *writer, uint64_t value);
void state_put_bool(struct state_writer *writer, bool value);
void state_writer_free(struct state_writer *writer);

/* data stays the caller's. */
struct state_reader {
	const uint8_t *data;
	size_t size;
	size_t at;
	bool failed; /* too short, or a value that cannot be */
};

void state_get(struct state_reader *reader, void *data, size_t size);
uint8_t state_get_u8(struct state_reader *reader);
uint16_t state_get_u16(struct state_reader *reader);
uint32_t state_get_u32(struct state_reader *reader);
uint64_t state_get_u64(struct state_reader *reader);
bool state_get_bool(struct state_reader *reader); /* anything but 0 and 1 is a failure */

/* Everything was there, was valid and has been taken. */
bool state_reader_done(const struct state_reader *reader);

#endif
