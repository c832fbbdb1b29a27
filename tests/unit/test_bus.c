/* SPDX-License-Identifier: BSD-2-Clause */
/* The bus: claims that overlap, accesses at edges, and a random bus against a linear search. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/device_fakes.h"

struct probe {
	uint32_t nr_reads;
	uint32_t nr_writes;
	uint64_t offset;
	uint32_t len;
	uint64_t value; /* written, or to be read */
};

static uint64_t probe_read(void *device, uint64_t offset, uint32_t len)
{
	struct probe *probe = device;

	probe->nr_reads++;
	probe->offset = offset;
	probe->len = len;
	return probe->value;
}

static void probe_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct probe *probe = device;

	probe->nr_writes++;
	probe->offset = offset;
	probe->len = len;
	probe->value = value;
}

static const struct bus_ops probe_ops = { .read = probe_read, .write = probe_write };

START_TEST(claims_do_not_overlap)
{
	struct bus bus = { 0 };

	ck_assert_int_eq(bus_add(&bus, "middle", 0x100, 0x10, &probe_ops, NULL), 0);
	ck_assert_int_eq(bus_add(&bus, "over the start", 0xff, 2, &probe_ops, NULL), -EBUSY);
	ck_assert_int_eq(bus_add(&bus, "over the end", 0x10f, 2, &probe_ops, NULL), -EBUSY);
	ck_assert_int_eq(bus_add(&bus, "inside", 0x104, 1, &probe_ops, NULL), -EBUSY);
	ck_assert_int_eq(bus_add(&bus, "the same", 0x100, 0x10, &probe_ops, NULL), -EBUSY);
	ck_assert_int_eq(bus_add(&bus, "around", 0, 0x1000, &probe_ops, NULL), -EBUSY);
	ck_assert_uint_eq(bus.nr_regions, 1);

	ck_assert_int_eq(bus_add(&bus, "below", 0xf0, 0x10, &probe_ops, NULL), 0);
	ck_assert_int_eq(bus_add(&bus, "above", 0x110, 0x10, &probe_ops, NULL), 0);
	ck_assert_str_eq(bus.region[0].name, "below");
	ck_assert_str_eq(bus.region[1].name, "middle");
	ck_assert_str_eq(bus.region[2].name, "above");
}
END_TEST

START_TEST(an_exact_claim_shares_the_addresses_behind_it)
{
	struct probe wide = { .value = 0x11223344 };
	struct probe narrow = { .value = 0x55 };
	struct bus bus = { 0 };
	uint64_t value;

	ck_assert_int_eq(bus_add(&bus, "narrow", 0x101, 1, &probe_ops, &narrow), 0);
	ck_assert_int_eq(bus_add_exact(&bus, "wide", 0x100, 4, &probe_ops, &wide), 0);
	ck_assert_int_eq(bus_add_exact(&bus, "again", 0x100, 2, &probe_ops, &wide), -EBUSY);
	ck_assert(bus_read(&bus, 0x100, 4, &value));
	ck_assert_uint_eq(value, 0x11223344);
	ck_assert(bus_read(&bus, 0x101, 1, &value));
	ck_assert_uint_eq(value, 0x55);
	for (uint32_t len = 1; len <= 8; len *= 2)
		ck_assert(bus_write(&bus, 0x100, len, 0) == (len == 4));
	ck_assert(!bus_read(&bus, 0x101, 4, &value));
	ck_assert(!bus_read(&bus, 0x102, 1, &value));
	ck_assert_uint_eq(wide.nr_writes, 1);
	ck_assert_uint_eq(narrow.nr_reads, 1);
}
END_TEST

START_TEST(claims_stay_in_the_address_space)
{
	struct bus bus = { 0 };
	struct probe probe = { .value = 0x5a };
	uint64_t value;

	ck_assert_int_eq(bus_add(&bus, "empty", 0x10, 0, &probe_ops, &probe), -EINVAL);
	ck_assert_int_eq(bus_add(&bus, "wraps", UINT64_MAX, 2, &probe_ops, &probe), -EINVAL);
	ck_assert_int_eq(bus_add(&bus, "top", UINT64_MAX - 3, 4, &probe_ops, &probe), 0);

	ck_assert(bus_read(&bus, UINT64_MAX, 1, &value));
	ck_assert_uint_eq(value, 0x5a);
	ck_assert_uint_eq(probe.offset, 3);
	ck_assert(!bus_read(&bus, UINT64_MAX, 2, &value));
	ck_assert_uint_eq(value, 0xffff);
}
END_TEST

START_TEST(a_full_bus_says_so)
{
	struct bus bus = { 0 };

	for (uint64_t i = 0; i < BUS_MAX_REGIONS; i++)
		ck_assert_int_eq(bus_add(&bus, "one", 2 * i, 1, &probe_ops, NULL), 0);
	ck_assert_int_eq(bus_add(&bus, "more", 0x1000, 1, &probe_ops, NULL), -ENOSPC);
	ck_assert_int_eq(bus_add(&bus, "taken", 4, 1, &probe_ops, NULL), -EBUSY);
	ck_assert_uint_eq(bus.nr_regions, BUS_MAX_REGIONS);
}
END_TEST

START_TEST(unclaimed_reads_are_all_ones)
{
	/* clang-format off */
	static const struct {
		uint32_t len;
		uint64_t ones;
	} rows[] = {
		{ 1, 0xff },
		{ 2, 0xffff },
		{ 4, 0xffffffff },
		{ 8, UINT64_MAX },
	};
	/* clang-format on */
	struct bus bus = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;

		ck_assert(!bus_read(&bus, 0x80, rows[i].len, &value));
		ck_assert_uint_eq(value, rows[i].ones);
		ck_assert(!bus_write(&bus, 0x80, rows[i].len, 0));
	}
}
END_TEST

START_TEST(values_are_cut_to_the_width)
{
	struct bus bus = { 0 };
	struct probe probe = { .value = UINT64_MAX };
	uint64_t value;

	ck_assert_int_eq(bus_add(&bus, "probe", 0x40, 8, &probe_ops, &probe), 0);
	ck_assert(bus_read(&bus, 0x42, 2, &value));
	ck_assert_uint_eq(value, 0xffff);
	ck_assert_uint_eq(probe.offset, 2);
	ck_assert_uint_eq(probe.len, 2);
	ck_assert(bus_write(&bus, 0x44, 4, 0x123456789abcdef0));
	ck_assert_uint_eq(probe.value, 0x9abcdef0);
	ck_assert(bus_write(&bus, 0x40, 8, 0x123456789abcdef0));
	ck_assert_uint_eq(probe.value, 0x123456789abcdef0);
}
END_TEST

/* Over the end of a region, also into its neighbour, and widths that no CPU has. */
START_TEST(odd_accesses_reach_no_device)
{
	struct bus bus = { 0 };
	struct probe probe = { 0 };
	uint64_t value;

	ck_assert_int_eq(bus_add(&bus, "first", 0x60, 4, &probe_ops, &probe), 0);
	ck_assert_int_eq(bus_add(&bus, "second", 0x64, 4, &probe_ops, &probe), 0);
	ck_assert(!bus_read(&bus, 0x63, 2, &value));
	ck_assert_uint_eq(value, 0xffff);
	ck_assert(!bus_read(&bus, 0x66, 4, &value));
	ck_assert(!bus_read(&bus, 0x5f, 2, &value));
	ck_assert(!bus_write(&bus, 0x62, 4, 1));
	ck_assert(!bus_write(&bus, 0x60, 8, 1));
	ck_assert(!bus_read(&bus, 0x60, 0, &value));
	ck_assert(!bus_read(&bus, 0x60, 3, &value));
	ck_assert(!bus_read(&bus, 0x60, UINT32_MAX, &value));
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert_uint_eq(probe.nr_reads + probe.nr_writes, 0);
}
END_TEST

/* The region that holds all of the access, found the slow way. */
static const struct bus_region *search(const struct bus *bus, uint64_t address, uint32_t len)
{
	for (uint32_t i = 0; i < bus->nr_regions; i++) {
		const struct bus_region *region = &bus->region[i];

		if (address >= region->base && address + len <= region->base + region->size)
			return region;
	}
	return NULL;
}

static void fill_randomly(struct bus *bus, struct probe *probes, uint32_t *random)
{
	for (int i = 0; i < 40; i++) {
		uint64_t base = fake_random(random) % 0x200;
		uint64_t size = 1 + fake_random(random) % 24;
		uint32_t before = bus->nr_regions;
		int result = bus_add(bus, "random", base, size, &probe_ops, &probes[i]);

		ck_assert_uint_eq(bus->nr_regions, before + (result == 0));
	}
	for (uint32_t i = 1; i < bus->nr_regions; i++)
		ck_assert_uint_le(bus->region[i - 1].base + bus->region[i - 1].size,
				  bus->region[i].base);
}

START_TEST(random_buses_agree_with_a_linear_search)
{
	struct bus bus = { 0 };
	struct probe probes[40] = { 0 };
	uint32_t random = 1 + (uint32_t)_i;

	fill_randomly(&bus, probes, &random);
	for (uint64_t address = 0; address < 0x240; address++) {
		for (uint32_t len = 1; len <= 8; len *= 2) {
			const struct bus_region *region = search(&bus, address, len);
			uint64_t value;

			ck_assert(bus_read(&bus, address, len, &value) == (region != NULL));
			if (!region)
				continue;
			ck_assert_uint_eq(((struct probe *)region->device)->offset,
					  address - region->base);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bus");
	TCase *tcase = tcase_create("bus");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, claims_do_not_overlap);
	tcase_add_test(tcase, an_exact_claim_shares_the_addresses_behind_it);
	tcase_add_test(tcase, claims_stay_in_the_address_space);
	tcase_add_test(tcase, a_full_bus_says_so);
	tcase_add_test(tcase, unclaimed_reads_are_all_ones);
	tcase_add_test(tcase, values_are_cut_to_the_width);
	tcase_add_test(tcase, odd_accesses_reach_no_device);
	tcase_add_loop_test(tcase, random_buses_agree_with_a_linear_search, 0, 20);
	suite_add_tcase(suite, tcase);

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
