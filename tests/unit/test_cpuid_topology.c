/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Topology and caches as guests get to see them in CPUID: each CPU is a core of one thread, all of
 * them are one package. SDM vol. 2, "CPUID - CPU Identification"; AMD64 Architecture Programmer's
 * Manual vol. 3, "Obtaining Processor Information Via the CPUID Instruction".
 */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/fake_cpuid.h"

static const struct {
	uint32_t cpus, first, bits;
} machines[] = {
	{ 1, 0, 0 },  { 1, 300, 0 }, { 2, 0, 1 },   { 2, 5, 2 },   { 3, 0, 2 },
	{ 4, 0, 2 },  { 4, 4, 2 },   { 3, 300, 2 }, { 5, 0, 3 },   { 64, 0, 6 },
	{ 65, 0, 7 }, { 255, 0, 8 }, { 2, 255, 9 }, { 288, 0, 9 }, { 1024, 0, 10 },
};

#define NR_MACHINES (sizeof(machines) / sizeof(machines[0]))

static uint32_t at_most(uint32_t n, uint32_t most)
{
	return n < most ? n : most;
}

/* A package of cores with one thread each, for every CPU of machine number _i. */
START_TEST(ids_and_levels)
{
	uint32_t cpus = machines[_i].cpus, bits = machines[_i].bits;
	struct fake_cpuid *fake = fake_cpuid_new(cpus, machines[_i].first);

	for (uint32_t cpu = 0; cpu < cpus; cpu += 1 + cpus / 8) {
		uint32_t id = machines[_i].first + cpu;

		for (uint32_t function = 0xb; function <= 0x1f; function += 0x1f - 0xb) {
			struct kvm_cpuid_entry2 threads = fake_cpuid_leaf(fake, cpu, function, 0);
			struct kvm_cpuid_entry2 cores = fake_cpuid_leaf(fake, cpu, function, 1);
			struct kvm_cpuid_entry2 end = fake_cpuid_leaf(fake, cpu, function, 2);

			ck_assert_uint_eq(threads.eax, 0);
			ck_assert_uint_eq(threads.ebx, 1);
			ck_assert_uint_eq(threads.ecx, 0x100);
			ck_assert_uint_eq(cores.eax, bits);
			ck_assert_uint_eq(cores.ebx, cpus);
			ck_assert_uint_eq(cores.ecx, 0x201);
			ck_assert_uint_eq(end.ebx, 0);
			ck_assert_uint_eq(end.ecx, 2);
			ck_assert(threads.edx == id && cores.edx == id && end.edx == id);
		}
		ck_assert_uint_eq(fake_cpuid_leaf(fake, cpu, 1, 0).ebx,
				  (id & 0xff) << 24 | at_most(1u << bits, 255) << 16 | 0xffff);
		ck_assert_uint_eq(fake_cpuid_leaf(fake, cpu, 1, 0).edx >> 28 & 1, cpus > 1);
		ck_assert_uint_eq(fake_cpuid_leaf(fake, cpu, 0x8000001e, 0).eax, id);
		ck_assert_uint_eq(fake_cpuid_leaf(fake, cpu, 0x8000001e, 0).ebx, cpu & 0xff);
		ck_assert_uint_eq(fake_cpuid_leaf(fake, cpu, 0x8000001e, 0).ecx, 0);
		ck_assert_uint_eq(fake_cpuid_leaf(fake, cpu, 0x80000008, 0).ecx,
				  bits << 12 | at_most(cpus - 1, 255));
	}
	fake_cpuid_expect_clear(fake, 0x80000026);
	fake_cpuid_free(fake);
}
END_TEST

/* L1 and L2 of a core, L3 of the package; sizes stay the host's. */
START_TEST(who_shares_which_cache)
{
	uint32_t ids = 1u << machines[_i].bits;
	struct fake_cpuid *fake = fake_cpuid_new(machines[_i].cpus, machines[_i].first);
	uint32_t cores = (at_most(ids, 64) - 1) << 26;
	uint32_t all = (ids - 1) << 14;

	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 4, 0).eax, 0x121 | cores);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 4, 1).eax, 0x122 | cores);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 4, 2).eax, 0x143 | cores);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 4, 3).eax, 0x163 | all | cores);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 4, 3).ecx, 0x7fff);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 4, 4).eax, 0);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x8000001d, 0).eax, 0x121);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x8000001d, 2).eax, 0x143);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x8000001d, 3).eax, 0x163 | all);
	ck_assert_uint_eq(fake_cpuid_leaf(fake, 0, 0x8000001d, 4).eax, 0);
	fake_cpuid_free(fake);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cpuid topology");
	TCase *tcase = tcase_create("cpuid topology");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, ids_and_levels, 0, NR_MACHINES);
	tcase_add_loop_test(tcase, who_shares_which_cache, 0, NR_MACHINES);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
