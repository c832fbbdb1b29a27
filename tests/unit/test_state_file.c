/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file of a saved state: what is written is read back, and whatever is not such a file is
 * named. IEEE 802.3, "Frame Check Sequence (FCS) field", for the checksum.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/state_file.h"

#define FILE_HEADER    16u
#define LENGTH_OFFSET  (FILE_HEADER + 24u) /* of the first section's payload */
#define FILE_LIMIT     4096u
#define PAYLOAD        "forty-two bytes of some saved state of ours"
#define LARGE_INSTANCE 7u

static char folder[] = "/tmp/vmm-test-XXXXXX";
static const char path[] = "state";

static void write_state(void)
{
	struct state_error error;
	struct state_output out;

	state_output_begin(&out, path);
	state_output_section(&out, "first", 3, 0, PAYLOAD, sizeof(PAYLOAD));
	state_output_section(&out, "second", 1, LARGE_INSTANCE, NULL, 0);
	ck_assert_msg(state_output_commit(&out, &error) == 0, "%s", error.text);
}

static size_t load(uint8_t *bytes)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	ck_assert_ptr_nonnull(file);
	size = fread(bytes, 1, FILE_LIMIT, file);
	fclose(file);
	return size;
}

static void store(const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
}

/* Read everything: the last step, and why it was bad. */
static enum state_step read_state(struct state_error *error)
{
	enum state_step step = STATE_BAD;
	struct state_input in;

	error->text[0] = 0;
	if (state_input_open(&in, path, error) == 0) {
		do
			step = state_input_next(&in, error);
		while (step == STATE_SECTION);
	}
	state_input_close(&in);
	return step;
}

static void expect_bad(const char *why)
{
	struct state_error error;

	ck_assert_int_eq(read_state(&error), STATE_BAD);
	ck_assert_msg(strstr(error.text, why), "'%s' does not say '%s'", error.text, why);
	ck_assert_msg(strstr(error.text, path), "'%s' does not name the file", error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
}

START_TEST(sections_come_back)
{
	struct state_error error;
	struct state_input in;
	char text[sizeof(PAYLOAD)];

	write_state();
	ck_assert_int_eq(state_input_open(&in, path, &error), 0);
	ck_assert_int_eq(state_input_next(&in, &error), STATE_SECTION);
	ck_assert(state_input_is(&in, "first"));
	ck_assert(!state_input_is(&in, "second"));
	ck_assert_uint_eq(in.version, 3);
	ck_assert_uint_eq(in.instance, 0);
	ck_assert(!state_reader_done(&in.reader));
	state_get(&in.reader, text, sizeof(text));
	ck_assert_str_eq(text, PAYLOAD);
	ck_assert(state_reader_done(&in.reader));
	ck_assert_int_eq(state_input_next(&in, &error), STATE_SECTION);
	ck_assert(state_input_is(&in, "second"));
	ck_assert_uint_eq(in.instance, LARGE_INSTANCE);
	ck_assert(state_reader_done(&in.reader));
	ck_assert_int_eq(state_input_next(&in, &error), STATE_END);
	state_input_close(&in);
}
END_TEST

START_TEST(only_the_owner_can_read_it)
{
	struct stat info;

	write_state();
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
}
END_TEST

START_TEST(truncated_at_every_byte)
{
	struct state_error error;
	uint8_t bytes[FILE_LIMIT];
	size_t size;

	write_state();
	size = load(bytes);
	ck_assert_uint_gt(size, FILE_HEADER);
	for (size_t cut = 0; cut < size; cut++) {
		store(bytes, cut);
		expect_bad(cut < 8 ? "not a saved state" : "truncated");
	}
	store(bytes, size);
	ck_assert_int_eq(read_state(&error), STATE_END);
}
END_TEST

START_TEST(every_flipped_bit_is_found)
{
	uint8_t bytes[FILE_LIMIT];
	size_t size;

	write_state();
	size = load(bytes);
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		store(bytes, size);
		expect_bad("state");
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

START_TEST(other_versions_are_refused)
{
	uint8_t bytes[FILE_LIMIT];
	size_t size;

	write_state();
	size = load(bytes);
	bytes[8] = STATE_FILE_VERSION + 1;
	store(bytes, size);
	expect_bad("version 2, this vmm reads version 1");
}
END_TEST

/* A length that no allocation could serve, and one that leads just beyond the file. */
START_TEST(forged_lengths_are_refused)
{
	uint8_t bytes[FILE_LIMIT];
	size_t size;

	write_state();
	size = load(bytes);
	memset(bytes + LENGTH_OFFSET, 0xff, 8);
	store(bytes, size);
	expect_bad("damaged");
	memset(bytes + LENGTH_OFFSET, 0, 8);
	bytes[LENGTH_OFFSET + 1] = 0x10;
	store(bytes, size);
	expect_bad("truncated");
}
END_TEST

START_TEST(names_without_end_are_refused)
{
	uint8_t bytes[FILE_LIMIT];
	size_t size;

	write_state();
	size = load(bytes);
	memset(bytes + FILE_HEADER, 'x', STATE_NAME_SIZE);
	store(bytes, size);
	expect_bad("damaged");
}
END_TEST

START_TEST(more_after_the_end_is_refused)
{
	uint8_t bytes[FILE_LIMIT];
	size_t size;

	write_state();
	size = load(bytes);
	store(bytes, size + 1);
	expect_bad("goes on after its end");
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
	struct state_error error;
	struct state_input in;

	ck_assert_int_eq(state_input_open(&in, "missing", &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "missing: No such file"));
	state_input_close(&in);
	ck_assert_int_eq(state_input_open(&in, ".", &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "not a plain file"));
	state_input_close(&in);
	ck_assert_int_eq(state_output_check(path, &error), 0);
	ck_assert_int_eq(state_output_check("/dev/null", &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "/dev/null is not a plain file"));
	ck_assert_int_eq(state_output_check("missing/state", &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
}
END_TEST

/* A failure leaves the older state where it was, and nothing beside it. */
START_TEST(a_failed_save_loses_nothing)
{
	static uint8_t large[STATE_SECTION_LIMIT + 1];
	uint8_t before[FILE_LIMIT];
	uint8_t after[FILE_LIMIT];
	struct state_error error;
	struct state_output out;
	char temporary[64];
	size_t size;

	write_state();
	size = load(before);
	state_output_begin(&out, path);
	snprintf(temporary, sizeof(temporary), "%s", out.temporary);
	ck_assert_int_eq(access(temporary, F_OK), 0);
	state_output_section(&out, "first", 1, 0, large, sizeof(large));
	ck_assert_int_eq(state_output_commit(&out, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "the state cannot be saved to state: "));
	ck_assert_int_eq(access(temporary, F_OK), -1);
	ck_assert_uint_eq(load(after), size);
	ck_assert_mem_eq(before, after, size);
	state_output_begin(&out, "missing/state");
	state_output_section(&out, "first", 1, 0, before, 1);
	ck_assert_int_eq(state_output_commit(&out, &error), -1);
	ck_assert_ptr_nonnull(strstr(error.text, "No such file"));
}
END_TEST

START_TEST(a_reader_never_passes_its_end)
{
	const uint8_t bytes[] = { 1, 2, 3, 0, 0, 0, 0, 1, 2 };
	struct state_reader reader = { .data = bytes, .size = sizeof(bytes) };

	ck_assert(state_get_bool(&reader));
	ck_assert_uint_eq(state_get_u16(&reader), 0x302);
	ck_assert_uint_eq(state_get_u32(&reader), 0);
	ck_assert(!reader.failed);
	ck_assert_uint_eq(state_get_u64(&reader), 0);
	ck_assert(reader.failed);
	ck_assert_uint_eq(state_get_u8(&reader), 0);
	reader = (struct state_reader){ .data = bytes + 1, .size = 1 };
	ck_assert(!state_get_bool(&reader));
	ck_assert(reader.failed);
	ck_assert(!state_reader_done(&reader));
}
END_TEST

static void enter_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
	unlink(path);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

int main(void)
{
	Suite *suite = suite_create("state_file");
	TCase *tc = tcase_create("state_file");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, enter_folder, leave_folder);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, sections_come_back);
	tcase_add_test(tc, only_the_owner_can_read_it);
	tcase_add_test(tc, truncated_at_every_byte);
	tcase_add_test(tc, every_flipped_bit_is_found);
	tcase_add_test(tc, other_versions_are_refused);
	tcase_add_test(tc, forged_lengths_are_refused);
	tcase_add_test(tc, names_without_end_are_refused);
	tcase_add_test(tc, more_after_the_end_is_refused);
	tcase_add_test(tc, what_is_no_file_is_named);
	tcase_add_test(tc, a_failed_save_loses_nothing);
	tcase_add_test(tc, a_reader_never_passes_its_end);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
