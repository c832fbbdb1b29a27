/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM: what of the guest-physical address space is RAM, and what is not. SDM vol. 3, "Local
 * APIC Status and Location", for what the hole below 4 GiB is there for.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "vmm/memory.h"

#define GIB UINT64_C(0x40000000)

/* memory_at() only counts: nothing is mapped, and no address that it gives is looked into. */
static struct memory made_up(uint64_t size)
{
	struct memory memory = {
		.host = (uint8_t *)(uintptr_t)0x10000000000,
		.size = size,
		.low_size = size < MEMORY_LOW_MAX ? size : MEMORY_LOW_MAX,
	};

	memory.high_size = size - memory.low_size;
	return memory;
}

/* At gpa there are len bytes, and they are the mapping's from offset on. */
static void is_ram(const struct memory *memory, uint64_t gpa, uint64_t len, uint64_t offset)
{
	const uint8_t *at = memory_at(memory, gpa, len);

	ck_assert_msg(at == memory->host + offset, "0x%llx + 0x%llx", (unsigned long long)gpa,
		      (unsigned long long)len);
}

static void is_not_ram(const struct memory *memory, uint64_t gpa, uint64_t len)
{
	ck_assert_msg(memory_at(memory, gpa, len) == NULL, "0x%llx + 0x%llx",
		      (unsigned long long)gpa, (unsigned long long)len);
}

START_TEST(small_memory_ends_where_it_ends)
{
	const struct memory memory = made_up(0x200000);

	is_ram(&memory, 0, 1, 0);
	is_ram(&memory, 0, 0x200000, 0);
	is_ram(&memory, 0x1fffff, 1, 0x1fffff);
	is_not_ram(&memory, 0x1fffff, 2);
	is_not_ram(&memory, 0x200000, 1);
	is_not_ram(&memory, 0, 0x200001);
	is_not_ram(&memory, MEMORY_HIGH_START, 1);
}
END_TEST

START_TEST(three_gib_are_all_low)
{
	const struct memory memory = made_up(MEMORY_LOW_MAX);

	is_ram(&memory, MEMORY_LOW_MAX - 1, 1, MEMORY_LOW_MAX - 1);
	is_not_ram(&memory, MEMORY_LOW_MAX, 1);
	is_not_ram(&memory, MEMORY_HIGH_START, 1);
}
END_TEST

START_TEST(the_rest_comes_after_the_hole)
{
	const struct memory memory = made_up(5 * GIB);

	is_ram(&memory, MEMORY_LOW_MAX - 8, 8, MEMORY_LOW_MAX - 8);
	is_ram(&memory, MEMORY_HIGH_START, 1, MEMORY_LOW_MAX);
	is_ram(&memory, MEMORY_HIGH_START, 2 * GIB, MEMORY_LOW_MAX);
	is_ram(&memory, MEMORY_HIGH_START + 2 * GIB - 1, 1, 5 * GIB - 1);
	is_not_ram(&memory, MEMORY_HIGH_START + 2 * GIB - 1, 2);
	is_not_ram(&memory, MEMORY_HIGH_START + 2 * GIB, 1);
}
END_TEST

/* Low and high memory are neighbours in the mapping, but not for the guest. */
START_TEST(nothing_reaches_across_the_hole)
{
	const struct memory memory = made_up(5 * GIB);

	is_not_ram(&memory, MEMORY_LOW_MAX - 1, 2);
	is_not_ram(&memory, MEMORY_LOW_MAX, 1);
	is_not_ram(&memory, UINT64_C(0xfee00000), 4);
	is_not_ram(&memory, MEMORY_HIGH_START - 1, 1);
	is_not_ram(&memory, MEMORY_HIGH_START - 1, 2);
	is_not_ram(&memory, 0, 5 * GIB);
}
END_TEST

START_TEST(sums_that_overflow)
{
	const struct memory memory = made_up(5 * GIB);

	is_not_ram(&memory, 1, UINT64_MAX);
	is_not_ram(&memory, 0x1000, UINT64_MAX - 0xfff);
	is_not_ram(&memory, MEMORY_HIGH_START + 1, UINT64_MAX - MEMORY_HIGH_START);
	is_not_ram(&memory, UINT64_MAX, 1);
	is_not_ram(&memory, UINT64_MAX - 3, 8);
}
END_TEST

START_TEST(memory_that_cannot_be_had)
{
	struct memory memory = { .host = NULL };

	/* Mapped and unmapped again: there is no VM to show it to. */
	ck_assert_int_eq(memory_create(&memory, -1, 0x200000), -EBADF);
	ck_assert_ptr_null(memory.host);
	/* More than an address space. */
	ck_assert_int_eq(memory_create(&memory, -1, UINT64_C(1) << 60), -ENOMEM);
	ck_assert_ptr_null(memory.host);
	memory_destroy(&memory);
}
END_TEST

/* Several, because chance may align one. */
START_TEST(huge_pages_of_host_and_guest_coincide)
{
	static const uint64_t size[] = { 0x1000, 0x201000, 0x200000, 5 * GIB, 0x3000 };
	enum {
		NR_SIZES = sizeof(size) / sizeof(size[0])
	};
	struct memory memory[NR_SIZES];

	for (size_t i = 0; i < NR_SIZES; i++) {
		ck_assert_int_eq(memory_map(&memory[i], size[i]), 0);
		ck_assert_uint_eq((uintptr_t)memory[i].host % MEMORY_ALIGNMENT, 0);
		memory[i].host[0] = 0x5a;
		memory[i].host[size[i] - 1] = 0xa5;
	}
	for (size_t i = 0; i < NR_SIZES; i++) {
		ck_assert_uint_eq(memory[i].host[0], 0x5a);
		memory_destroy(&memory[i]);
	}
}
END_TEST

/* What KVM does about it only a guest could see. */
START_TEST(a_flushed_page_keeps_contents_and_rights)
{
	struct memory memory = made_up(2 * GIB);
	volatile uint8_t *page;

	memory.host = mmap(NULL, memory.size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert(memory.host != MAP_FAILED);
	page = memory.host + 0x5000;
	page[0] = 0x5a;
	page[0xfff] = 0xa5;
	memory_flush(&memory, 0x5fff);
	ck_assert_uint_eq(page[0], 0x5a);
	ck_assert_uint_eq(page[0xfff], 0xa5);
	page[1] = 1;
	memory_flush(&memory, 2 * GIB - 1);
	memory_flush(&memory, 2 * GIB);
	memory_flush(&memory, UINT64_MAX);
	munmap(memory.host, memory.size);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memory");
	TCase *tc = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, small_memory_ends_where_it_ends);
	tcase_add_test(tc, three_gib_are_all_low);
	tcase_add_test(tc, the_rest_comes_after_the_hole);
	tcase_add_test(tc, nothing_reaches_across_the_hole);
	tcase_add_test(tc, sums_that_overflow);
	tcase_add_test(tc, memory_that_cannot_be_had);
	tcase_add_test(tc, huge_pages_of_host_and_guest_coincide);
	tcase_add_test(tc, a_flushed_page_keeps_contents_and_rights);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
