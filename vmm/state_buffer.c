/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of a saved state in memory. */
#include "vmm/state_buffer.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

/* x86-64 is the one host there is, and it is little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are stored as they are");

static bool make_room(struct state_writer *writer, size_t size)
{
	size_t capacity = writer->capacity ? writer->capacity : FIRST_CAPACITY;
	uint8_t *data;

	if (writer->failed)
		return false;
	if (size <= writer->capacity - writer->size)
		return true;
	while (capacity - writer->size < size)
		capacity *= 2;
	data = realloc(writer->data, capacity);
	if (!data) {
		writer->failed = true;
		return false;
	}
	writer->data = data;
	writer->capacity = capacity;
	return true;
}

void state_put(struct state_writer *writer, const void *data, size_t size)
{
	if (!size || !make_room(writer, size))
		return;
	memcpy(writer->data + writer->size, data, size);
	writer->size += size;
}

void state_put_u8(struct state_writer *writer, uint8_t value)
{
	state_put(writer, &value, sizeof(value));
}

void state_put_u16(struct state_writer *writer, uint16_t value)
{
	state_put(writer, &value, sizeof(value));
}

void state_put_u32(struct state_writer *writer, uint32_t value)
{
	state_put(writer, &value, sizeof(value));
}

void state_put_u64(struct state_writer *writer, uint64_t value)
{
	state_put(writer, &value, sizeof(value));
}

void state_put_bool(struct state_writer *writer, bool value)
{
	state_put_u8(writer, value);
}

void state_writer_free(struct state_writer *writer)
{
	free(writer->data);
	*writer = (struct state_writer){ .data = NULL };
}

void state_get(struct state_reader *reader, void *data, size_t size)
{
	if (reader->failed || size > reader->size - reader->at) {
		reader->failed = true;
		memset(data, 0, size);
		return;
	}
	memcpy(data, reader->data + reader->at, size);
	reader->at += size;
}

uint8_t state_get_u8(struct state_reader *reader)
{
	uint8_t value;

	state_get(reader, &value, sizeof(value));
	return value;
}

uint16_t state_get_u16(struct state_reader *reader)
{
	uint16_t value;

	state_get(reader, &value, sizeof(value));
	return value;
}

uint32_t state_get_u32(struct state_reader *reader)
{
	uint32_t value;

	state_get(reader, &value, sizeof(value));
	return value;
}

uint64_t state_get_u64(struct state_reader *reader)
{
	uint64_t value;

	state_get(reader, &value, sizeof(value));
	return value;
}

bool state_get_bool(struct state_reader *reader)
{
	uint8_t value = state_get_u8(reader);

	if (value > 1)
		reader->failed = true;
	return value == 1;
}

bool state_reader_done(const struct state_reader *reader)
{
	return !reader->failed && reader->at == reader->size;
}
