/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening disk images: what is accepted, what is refused and in which words, and who shares. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/disk_fixture.h"

#define SIZE (16 * DISK_SECTOR)

static void expect_refusal(const char *path, bool read_only, int code, const char *words)
{
	char error[DISK_ERROR_SIZE] = "";
	struct disk_file disk;

	ck_assert_int_eq(disk_file_open(&disk, path, read_only, error), code);
	ck_assert_int_eq(disk.fd, -1);
	ck_assert_ptr_nonnull(strstr(error, path));
	ck_assert_msg(strstr(error, words) != NULL, "'%s' lacks '%s'", error, words);
	ck_assert_ptr_null(strchr(error, '\n'));
}

static struct disk_file opened(const struct disk_image *image, bool read_only)
{
	char error[DISK_ERROR_SIZE] = "";
	struct disk_file disk;

	ck_assert_msg(disk_file_open(&disk, image->path, read_only, error) == 0, "%s", error);
	return disk;
}

START_TEST(a_raw_image)
{
	struct disk_image image = image_create(SIZE);
	struct disk_file disk = opened(&image, false);

	ck_assert_uint_eq(disk.size, SIZE);
	ck_assert(!disk.read_only);
	disk_file_close(&disk);
	disk_file_close(&disk);
	image_destroy(&image);
}
END_TEST

START_TEST(files_that_are_no_disks)
{
	struct disk_image empty = image_create(0);
	struct disk_image odd = image_create(SIZE + 1);

	expect_refusal("/tmp/vmm-test-no-such-file", false, -ENOENT, "truncate -s");
	expect_refusal("/tmp", false, -EISDIR, "directory");
	expect_refusal("/tmp", true, -EINVAL, "neither a file nor a block device");
	expect_refusal("/dev/null", false, -EINVAL, "neither a file nor a block device");
	expect_refusal(empty.path, false, -EINVAL, "is empty");
	expect_refusal(odd.path, false, -EINVAL, "8193 bytes");
	image_destroy(&empty);
	image_destroy(&odd);
}
END_TEST

START_TEST(a_fifo_is_refused_at_once)
{
	char path[] = "/tmp/vmm-test-fifo-XXXXXX";
	int fd = mkstemp(path);

	close(fd);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_refusal(path, true, -EINVAL, "neither");
	unlink(path);
}
END_TEST

START_TEST(a_disk_that_is_written_has_one_user)
{
	struct disk_image image = image_create(SIZE);
	struct disk_file disk = opened(&image, false);

	expect_refusal(image.path, false, -EBUSY, "in use");
	expect_refusal(image.path, true, -EBUSY, "in use");
	disk_file_close(&disk);
	disk = opened(&image, false);
	disk_file_close(&disk);
	image_destroy(&image);
}
END_TEST

START_TEST(a_disk_that_is_read_has_many)
{
	struct disk_image image = image_create(SIZE);
	struct disk_file one = opened(&image, true);
	struct disk_file two = opened(&image, true);

	ck_assert(one.read_only);
	expect_refusal(image.path, false, -EBUSY, "in use");
	disk_file_close(&one);
	expect_refusal(image.path, false, -EBUSY, "in use");
	disk_file_close(&two);
	one = opened(&image, false);
	disk_file_close(&one);
	image_destroy(&image);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("disk images");
	TCase *all = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(all, a_raw_image);
	tcase_add_test(all, files_that_are_no_disks);
	tcase_add_test(all, a_fifo_is_refused_at_once);
	tcase_add_test(all, a_disk_that_is_written_has_one_user);
	tcase_add_test(all, a_disk_that_is_read_has_many);
	suite_add_tcase(suite, all);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
