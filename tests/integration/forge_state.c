/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forge_state IN OUT SECTION OFFSET BYTE [COUNT]: a saved state with other bytes in one section,
 * and with a checksum that fits: what a forger would make. The format is vmm/state_file.h's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/state_file.h"

static int copy_forged(struct state_input *in, struct state_output *out, char **words, int count)
{
	size_t offset = strtoul(words[1], NULL, 0);
	size_t size = count > 3 ? strtoul(words[3], NULL, 0) : 1;
	struct state_error error;
	enum state_step step;
	int forged = 0;

	while ((step = state_input_next(in, &error)) == STATE_SECTION) {
		if (!forged && state_input_is(in, words[0]) && offset + size <= in->reader.size) {
			memset(in->data + offset, (int)strtoul(words[2], NULL, 0), size);
			forged = 1;
		}
		state_output_section(out, in->name, in->version, in->instance, in->data,
				     in->reader.size);
	}
	if (step == STATE_BAD)
		fprintf(stderr, "forge_state: %s\n", error.text);
	return step == STATE_END && forged ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct state_error error = { .text = "wrong use" };
	struct state_output out;
	struct state_input in;
	int ret;

	if (argc < 6 || state_input_open(&in, argv[1], &error)) {
		fprintf(stderr, "forge_state: %s\n", error.text);
		return EXIT_FAILURE;
	}
	state_output_begin(&out, argv[2]);
	ret = copy_forged(&in, &out, argv + 3, argc - 3);
	if (ret)
		state_output_abandon(&out);
	else
		ret = state_output_commit(&out, &error);
	state_input_close(&in);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
