/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of a saved machine, written and read section by section. */
#include "vmm/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC       "VMMSTATE"
#define SECTION_END "end"
#define TEMPORARY   ".XXXXXX"

struct file_header {
	char magic[8];
	uint32_t version;
	uint32_t zero;
};

struct section_header {
	char name[STATE_NAME_SIZE];
	uint32_t version;
	uint32_t instance;
	uint64_t length;
};

_Static_assert(sizeof(struct file_header) == 16, "no padding in the file");
_Static_assert(sizeof(struct section_header) == STATE_NAME_SIZE + 16, "no padding in the file");

int state_fail(struct state_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return -1;
}

/* CRC-32, reflected, four bits at a step: a table of 16 words is all it needs. */
static uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

static uint32_t section_crc(const struct section_header *header, const void *data)
{
	uint32_t crc = crc32_update(~0u, header, sizeof(*header));

	return ~crc32_update(crc, data, header->length);
}

/* ---- writing --------------------------------------------------------------------------------- */

int state_output_check(const char *path, struct state_error *error)
{
	char *copy = strdup(path);
	struct stat info;
	int ret = 0;

	if (!copy)
		return state_fail(error, "--save-state: out of memory");
	/* A device node would be replaced by the renaming. */
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
		ret = state_fail(error, "--save-state: %s is not a plain file", path);
	else if (access(dirname(copy), W_OK | X_OK))
		ret = state_fail(error, "--save-state: cannot write %s: %s", path, strerror(errno));
	free(copy);
	return ret;
}

static void write_all(struct state_output *out, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size && !out->failure) {
		ssize_t done = write(out->fd, bytes, size);

		if (done < 0 && errno != EINTR)
			out->failure = errno;
		if (done <= 0)
			continue;
		bytes += done;
		size -= (size_t)done;
	}
}

void state_output_begin(struct state_output *out, const char *path)
{
	const struct file_header header = { .magic = MAGIC, .version = STATE_FILE_VERSION };
	size_t size = strlen(path) + sizeof(TEMPORARY);

	*out = (struct state_output){ .fd = -1, .path = path, .temporary = malloc(size) };
	if (!out->temporary) {
		out->failure = ENOMEM;
		return;
	}
	snprintf(out->temporary, size, "%s" TEMPORARY, path);
	/* Readable by its owner only, as guest memory should be. */
	out->fd = mkostemp(out->temporary, O_CLOEXEC);
	if (out->fd < 0)
		out->failure = errno;
	write_all(out, &header, sizeof(header));
}

void state_output_section(struct state_output *out, const char *name, uint32_t version,
			  uint32_t instance, const void *data, size_t size)
{
	struct section_header header = {
		.version = version,
		.instance = instance,
		.length = size,
	};
	uint32_t crc;

	if (strlen(name) >= sizeof(header.name) || size > STATE_SECTION_LIMIT) {
		out->failure = out->failure ? out->failure : EOVERFLOW;
		return;
	}
	memcpy(header.name, name, strlen(name));
	crc = section_crc(&header, data);
	write_all(out, &header, sizeof(header));
	write_all(out, data, size);
	write_all(out, &crc, sizeof(crc));
}

void state_output_abandon(struct state_output *out)
{
	if (out->fd >= 0) {
		close(out->fd);
		unlink(out->temporary);
	}
	free(out->temporary);
	*out = (struct state_output){ .fd = -1 };
}

int state_output_commit(struct state_output *out, struct state_error *error)
{
	int failure;

	state_output_section(out, SECTION_END, 0, 0, NULL, 0);
	if (!out->failure && fsync(out->fd))
		out->failure = errno;
	if (!out->failure && rename(out->temporary, out->path))
		out->failure = errno;
	failure = out->failure;
	if (failure) {
		state_fail(error, "the state cannot be saved to %s: %s", out->path,
			   strerror(failure));
	} else {
		close(out->fd);
		out->fd = -1;
	}
	state_output_abandon(out);
	return failure ? -1 : 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* How many bytes there were, or -1 and errno. */
static ssize_t read_all(int fd, void *data, size_t size)
{
	uint8_t *bytes = data;
	size_t have = 0;

	while (have < size) {
		ssize_t done = read(fd, bytes + have, size - have);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		if (done == 0)
			break;
		have += (size_t)done;
	}
	return (ssize_t)have;
}

static int read_exactly(struct state_input *in, void *data, size_t size, struct state_error *error)
{
	ssize_t have = read_all(in->fd, data, size);

	if (have < 0)
		return state_fail(error, "cannot read the state %s: %s", in->path, strerror(errno));
	if ((size_t)have < size)
		return state_fail(error, "the state %s is truncated; save it again", in->path);
	return 0;
}

static int check_header(struct state_input *in, const struct file_header *header,
			struct state_error *error)
{
	if (memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0)
		return state_fail(error, "%s is not a saved state; --save-state makes one",
				  in->path);
	if (header->version != STATE_FILE_VERSION || header->zero)
		return state_fail(error,
				  "the state %s is of version %u, this vmm reads version %u: "
				  "restore it with the vmm that saved it",
				  in->path, header->version, STATE_FILE_VERSION);
	return 0;
}

int state_input_open(struct state_input *in, const char *path, struct state_error *error)
{
	struct file_header header;
	struct stat info;
	ssize_t have;

	*in = (struct state_input){ .path = path };
	in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (in->fd < 0 || fstat(in->fd, &info))
		return state_fail(error, "cannot read the state %s: %s", path, strerror(errno));
	if (!S_ISREG(info.st_mode))
		return state_fail(error, "the state %s is not a plain file", path);
	have = read_all(in->fd, &header, sizeof(header));
	if (have < 0)
		return state_fail(error, "cannot read the state %s: %s", path, strerror(errno));
	if ((size_t)have < sizeof(header.magic))
		memset(&header, 0, sizeof(header));
	else if ((size_t)have < sizeof(header))
		return state_fail(error, "the state %s is truncated; save it again", path);
	return check_header(in, &header, error);
}

static bool is_proper_name(const char *name)
{
	const char *end = memchr(name, 0, STATE_NAME_SIZE);

	if (!end || end == name)
		return false;
	for (const char *c = name; c < end; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return true;
}

static enum state_step at_end(struct state_input *in, struct state_error *error)
{
	uint8_t more;

	if (read_all(in->fd, &more, 1) == 0)
		return STATE_END;
	state_fail(error, "the state %s goes on after its end; save it again", in->path);
	return STATE_BAD;
}

static int read_section(struct state_input *in, struct section_header *header,
			struct state_error *error)
{
	uint32_t crc;

	if (read_exactly(in, header, sizeof(*header), error))
		return -1;
	if (!is_proper_name(header->name) || header->length > STATE_SECTION_LIMIT)
		return state_fail(error, "the state %s is damaged; save it again", in->path);
	free(in->data);
	in->data = malloc(header->length + 1);
	if (!in->data)
		return state_fail(error, "out of memory for the state %s", in->path);
	if (read_exactly(in, in->data, header->length, error) ||
	    read_exactly(in, &crc, sizeof(crc), error))
		return -1;
	if (crc != section_crc(header, in->data))
		return state_fail(error,
				  "the state %s is damaged in its section '%s'; save it again",
				  in->path, header->name);
	return 0;
}

enum state_step state_input_next(struct state_input *in, struct state_error *error)
{
	struct section_header header;

	if (read_section(in, &header, error))
		return STATE_BAD;
	memcpy(in->name, header.name, sizeof(in->name));
	in->version = header.version;
	in->instance = header.instance;
	in->reader = (struct state_reader){ .data = in->data, .size = header.length };
	return state_input_is(in, SECTION_END) ? at_end(in, error) : STATE_SECTION;
}

void state_input_close(struct state_input *in)
{
	if (in->fd >= 0)
		close(in->fd);
	free(in->data);
	*in = (struct state_input){ .fd = -1 };
}

bool state_input_is(const struct state_input *in, const char *name)
{
	return strcmp(in->name, name) == 0;
}
