/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ports and the memory that keep what is written, and the port that flushes a page. QEMU System
 * Emulation documentation, "pc-testdev".
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"
#include "vmm/devices/echo_device.h"

struct bench {
	struct fake_board board;
	struct bus mmio;
	struct echo_device echo;
	uint32_t flushes;
	uint64_t flushed;
};

static void note_flush(void *memory, uint64_t gpa)
{
	struct bench *bench = memory;

	bench->flushes++;
	bench->flushed = gpa;
}

static struct bench *bench_new(void)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	ck_assert_ptr_nonnull(bench);
	ck_assert_int_eq(echo_device_init(&bench->echo, &bench->board.ports, &bench->mmio,
					  note_flush, bench),
			 0);
	return bench;
}

static uint64_t load(struct bench *bench, uint64_t offset, uint32_t len)
{
	uint64_t value;

	ck_assert(bus_read(&bench->mmio, ECHO_DEVICE_MMIO + offset, len, &value));
	return value;
}

START_TEST(ports_keep_each_byte)
{
	struct bench *bench = bench_new();
	struct fake_board *board = &bench->board;

	ck_assert_uint_eq(fake_in(board, 0xe0, 4), 0);
	fake_out(board, 0xe0, 4, 0x12345678);
	fake_out(board, 0xe1, 1, 0xab);
	fake_out(board, 0xe2, 2, 0xcdef);
	ck_assert_uint_eq(fake_in(board, 0xe0, 4), 0xcdefab78);
	ck_assert_uint_eq(fake_in(board, 0xe0, 1), 0x78);
	ck_assert_uint_eq(fake_in(board, 0xe1, 2), 0xefab);
	ck_assert_uint_eq(bench->flushes, 0);
	free(bench);
}
END_TEST

START_TEST(memory_keeps_each_byte)
{
	struct bench *bench = bench_new();

	ck_assert(bus_write(&bench->mmio, ECHO_DEVICE_MMIO, 8, 0x1122334455667788));
	ck_assert(bus_write(&bench->mmio, ECHO_DEVICE_MMIO + 3, 2, 0xaabb));
	ck_assert_uint_eq(load(bench, 0, 8), 0x112233aabb667788);
	ck_assert(bus_write(&bench->mmio, ECHO_DEVICE_MMIO + 0xffff, 1, 0x5a));
	ck_assert_uint_eq(load(bench, 0xfffc, 4), 0x5a000000);
	ck_assert(!bus_write(&bench->mmio, ECHO_DEVICE_MMIO + 0xfffd, 4, 0));
	free(bench);
}
END_TEST

START_TEST(a_dword_flushes)
{
	struct bench *bench = bench_new();
	struct fake_board *board = &bench->board;

	fake_out(board, 0xe4, 1, 1);
	fake_out(board, 0xe4, 2, 1);
	ck_assert_uint_eq(bench->flushes, 0);
	fake_out(board, 0xe4, 4, 0x12345);
	ck_assert_uint_eq(bench->flushes, 1);
	ck_assert_uint_eq(bench->flushed, 0x12345);
	ck_assert_uint_eq(fake_in(board, 0xe4, 4), UINT32_MAX);
	free(bench);
}
END_TEST

START_TEST(taken_addresses_are_refused)
{
	struct bench *bench = bench_new();
	struct echo_device second;

	ck_assert_int_eq(
		echo_device_init(&second, &bench->board.ports, &bench->mmio, note_flush, bench),
		-EBUSY);
	free(bench);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("echo_device");
	TCase *tcase = tcase_create("echo_device");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, ports_keep_each_byte);
	tcase_add_test(tcase, memory_keeps_each_byte);
	tcase_add_test(tcase, a_dword_flushes);
	tcase_add_test(tcase, taken_addresses_are_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
