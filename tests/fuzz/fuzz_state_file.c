/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the reader of saved machines: whatever the file is, it is read to its end or refused with
 * a line that names it. Half of the inputs are sections that get a sound frame first, checksum and
 * all.
 *
 * vmm/state_file.h has the format.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/target.h"
#include "vmm/state_file.h"

/* What a user of a section does with it. */
static void take(struct state_reader *reader)
{
	uint8_t block[64];

	(void)state_get_u8(reader);
	(void)state_get_u16(reader);
	(void)state_get_u32(reader);
	(void)state_get_u64(reader);
	(void)state_get_bool(reader);
	state_get(reader, block, sizeof(block));
	FUZZ_REQUIRE(reader->at <= reader->size);
	FUZZ_REQUIRE(!(state_reader_done(reader) && reader->failed));
}

static void read_all(const char *path)
{
	struct state_error error = { .text = "" };
	enum state_step step = STATE_BAD;
	struct state_input in;
	size_t sections = 0;

	if (state_input_open(&in, path, &error) == 0) {
		do {
			step = state_input_next(&in, &error);
			if (step == STATE_SECTION) {
				FUZZ_REQUIRE(memchr(in.name, '\0', sizeof(in.name)) != NULL);
				take(&in.reader);
			}
		} while (step == STATE_SECTION && ++sections < FUZZ_INPUT_MAX);
	}
	state_input_close(&in);
	FUZZ_REQUIRE(step != STATE_SECTION);
	if (step == STATE_BAD) {
		FUZZ_REQUIRE(memchr(error.text, '\0', sizeof(error.text)) != NULL);
		FUZZ_REQUIRE(strstr(error.text, path) != NULL);
		FUZZ_REQUIRE(strchr(error.text, '\n') == NULL);
	}
}

static void write_raw(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	FUZZ_REQUIRE(fd >= 0);
	FUZZ_REQUIRE(write(fd, data, size) == (ssize_t)size);
	close(fd);
}

/* Sections of sizes that the data itself gives. */
static void write_framed(const char *path, const uint8_t *data, size_t size)
{
	struct state_error error;
	struct state_output out;
	size_t at = 0;

	state_output_begin(&out, path);
	while (at < size) {
		size_t length = data[at] % 128;

		at++;
		length = length < size - at ? length : size - at;
		state_output_section(&out, "section", data[at - 1], length ? data[at] : 0,
				     data + at, length);
		at += length;
	}
	FUZZ_REQUIRE(state_output_commit(&out, &error) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/dev/shm/vmm-fuzz-XXXXXX";
	char path[sizeof(folder) + 8];

	if (size == 0)
		return 0;
	FUZZ_REQUIRE(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/state", folder);
	if (data[0] % 2 == 0)
		write_raw(path, data + 1, size - 1);
	else
		write_framed(path, data + 1, size - 1);
	read_all(path);
	unlink(path);
	rmdir(folder);
	return 0;
}

/* The shortest file there is, and one with sections. */
size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	static const uint8_t header[] = { 0, 'V', 'M', 'M', 'S', 'T', 'A', 'T', 'E',
					  1, 0,   0,   0,   0,   0,   0,   0 };
	static const char section[] = "\x01\x10"
				      "fourteen bytes"
				      "\x00\x05"
				      "more.";

	if (n == 0) {
		memcpy(buffer, header, sizeof(header));
		return sizeof(header);
	}
	if (n == 1) {
		memcpy(buffer, header, sizeof(header));
		memset(buffer + sizeof(header), 0, 32);
		memcpy(buffer + sizeof(header), "end", 3);
		memcpy(buffer + sizeof(header) + 32, "\x3b\x1a\x6f\x00", 4);
		return sizeof(header) + 36;
	}
	if (n > 2)
		return 0;
	memcpy(buffer, section, sizeof(section));
	return sizeof(section);
}
