/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues, through virtio-rng, whose requests are any buffers: chains, indirect tables,
 * notifications in both directions, and drivers that break the rules.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Split Virtqueues".
 */
#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_rng.h"

#define WRITE VRING_DESC_F_WRITE
#define NEXT  VRING_DESC_F_NEXT
#define TABLE VRING_DESC_F_INDIRECT

static struct virtio_rig *rng_rig(uint64_t features)
{
	struct virtio_rig *rig = rig_create();

	rig_plug(rig, virtio_rng_create(&rig->host));
	bring_up(rig, features);
	return rig;
}

static bool is_zero(struct virtio_rig *rig, uint64_t gpa, uint32_t len)
{
	const uint8_t *at = ram(rig, gpa);

	for (uint32_t i = 0; i < len; i++)
		if (at[i])
			return false;
	return true;
}

START_TEST(a_buffer_is_filled)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	request(rig, 0, RIG_BUFFERS, 64, WRITE);
	ck_assert_uint_eq(take_used(rig, 0, 0), 64);
	ck_assert(!is_zero(rig, RIG_BUFFERS, 64));
	ck_assert(is_zero(rig, RIG_BUFFERS + 64, 64));
	/* Nothing is served twice. */
	run(rig, 0);
	ck_assert_uint_eq(used_index(rig, 0), 1);
	rig_destroy(rig);
}
END_TEST

START_TEST(a_chain_is_filled_in_its_order)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	descriptor(rig, 0, 5, RIG_BUFFERS, 16, WRITE | NEXT, 2);
	descriptor(rig, 0, 2, RIG_BUFFERS + 0x100, 16, WRITE | NEXT, 9);
	descriptor(rig, 0, 9, MEMORY_HIGH_START, 16, WRITE, 5);
	offer(rig, 0, 5);
	run(rig, 0);
	ck_assert_uint_eq(take_used(rig, 0, 5), 48);
	ck_assert(!is_zero(rig, RIG_BUFFERS, 16));
	ck_assert(!is_zero(rig, RIG_BUFFERS + 0x100, 16));
	ck_assert(!is_zero(rig, MEMORY_HIGH_START, 16));
	rig_destroy(rig);
}
END_TEST

START_TEST(an_indirect_table_is_followed)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t table = RIG_QUEUE(0) + RIG_INDIRECT + 8; /* no alignment is promised */

	for (uint16_t i = 0; i < 20; i++)
		put_descriptor(rig, table, i, RIG_BUFFERS + 0x100u * i, 8,
			       WRITE | (i < 19 ? NEXT : 0), i + 1);
	descriptor(rig, 0, 3, table, 20 * 16, TABLE, 0);
	offer(rig, 0, 3);
	run(rig, 0);
	ck_assert_uint_eq(take_used(rig, 0, 3), 160);
	ck_assert(!is_zero(rig, RIG_BUFFERS + 0x1300, 8));
	rig_destroy(rig);
}
END_TEST

START_TEST(the_ring_goes_round)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	for (uint32_t i = 0; i < 70000; i++) {
		uint16_t head = (uint16_t)(i % 16);

		descriptor(rig, 0, head, RIG_BUFFERS, 4, WRITE, 0);
		offer(rig, 0, head);
		run(rig, 0);
		ck_assert_uint_eq(take_used(rig, 0, head), 4);
	}
	ck_assert(!has_failed(rig));
	rig_destroy(rig);
}
END_TEST

START_TEST(one_run_serves_one_rings_worth)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t count;

	for (uint16_t i = 0; i < 16; i++) {
		descriptor(rig, 0, i, RIG_BUFFERS, 4, WRITE, 0);
		offer(rig, 0, i);
	}
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	run(rig, 0);
	ck_assert_uint_eq(used_index(rig, 0), 16);
	/* It might not have been all: the device has rung for itself. */
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	run(rig, 0);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), -1);
	rig_destroy(rig);
}
END_TEST

/* ---- notifications --------------------------------------------------------------------------- */

START_TEST(interrupts_are_suppressed_by_the_flag)
{
	struct virtio_rig *rig = rng_rig(RIG_ONLY_VERSION1);

	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 1);
	/* Nothing done, nothing to tell. */
	run(rig, 0);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 0);
	put16(rig, RIG_QUEUE(0) + RIG_AVAILABLE, VRING_AVAIL_F_NO_INTERRUPT);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 0);
	put16(rig, RIG_QUEUE(0) + RIG_AVAILABLE, 0);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 1);
	rig_destroy(rig);
}
END_TEST

START_TEST(interrupts_come_at_the_event_index)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t used_event = RIG_QUEUE(0) + RIG_AVAILABLE + 4 + 2 * 16;

	put16(rig, used_event, 2);
	for (uint32_t i = 0; i < 5; i++) {
		request(rig, 0, RIG_BUFFERS, 4, WRITE);
		ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), i == 2);
	}
	/* Passed within a batch. */
	put16(rig, used_event, 6);
	for (uint16_t i = 0; i < 4; i++)
		offer(rig, 0, 0);
	run(rig, 0);
	ck_assert_uint_eq(used_index(rig, 0), 9);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 1);
	rig_destroy(rig);
}
END_TEST

START_TEST(the_device_says_when_it_wants_to_be_notified)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t available_event = RIG_QUEUE(0) + RIG_USED + 4 + 8 * 16;

	for (uint32_t i = 1; i < 5; i++) {
		request(rig, 0, RIG_BUFFERS, 4, WRITE);
		ck_assert_uint_eq(get16(rig, available_event), i);
	}
	rig_destroy(rig);
}
END_TEST

/* ---- drivers at fault ------------------------------------------------------------------------ */

static void expect_failure(struct virtio_rig *rig)
{
	ck_assert(has_failed(rig));
	ck_assert_uint_eq(rig->mistakes, 1);
	/* The guest is told, by a configuration interrupt. */
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1) & 2, 2);
	/* Nothing goes on until the reset, after which all is well. */
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(rig->mistakes, 1);
	bring_up(rig, RIG_ALL_FEATURES);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(take_used(rig, 0, 0), 4);
	rig_destroy(rig);
}

START_TEST(descriptors_outside_memory)
{
	static const struct {
		uint64_t address;
		uint32_t len;
	} bad[] = {
		{ RIG_RAM, 1 },
		{ RIG_RAM - 4, 8 },
		{ 0xfee00000, 16 },
		{ MEMORY_HIGH_START - 1, 2 },
		{ MEMORY_HIGH_START + RIG_HIGH - 4, 8 },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX - 3, 16 },
		{ 0, UINT32_MAX },
	};
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	request(rig, 0, bad[_i].address, bad[_i].len, WRITE);
	expect_failure(rig);
}
END_TEST

START_TEST(a_loop_of_descriptors)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	descriptor(rig, 0, 0, RIG_BUFFERS, 4, WRITE | NEXT, 1);
	descriptor(rig, 0, 1, RIG_BUFFERS, 4, WRITE | NEXT, 0);
	offer(rig, 0, 0);
	run(rig, 0);
	expect_failure(rig);
}
END_TEST

START_TEST(a_loop_in_an_indirect_table)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t table = RIG_QUEUE(0) + RIG_INDIRECT;

	put_descriptor(rig, table, 0, RIG_BUFFERS, 4, WRITE | NEXT, 0);
	/* Large enough for the limit of segments to end it first. */
	descriptor(rig, 0, 0, table, _i ? 0x100000 : 32, TABLE, 0);
	offer(rig, 0, 0);
	run(rig, 0);
	expect_failure(rig);
}
END_TEST

START_TEST(numbers_beyond_the_table)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	descriptor(rig, 0, 0, RIG_BUFFERS, 4, WRITE | NEXT, 16);
	offer(rig, 0, _i ? 0 : 16);
	run(rig, 0);
	expect_failure(rig);
}
END_TEST

START_TEST(an_available_index_that_jumps)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	put16(rig, RIG_QUEUE(0) + RIG_AVAILABLE + 2, 17);
	run(rig, 0);
	expect_failure(rig);
}
END_TEST

START_TEST(tables_that_make_no_sense)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t table = RIG_QUEUE(0) + RIG_INDIRECT;
	const struct {
		uint64_t address;
		uint32_t len;
		uint32_t flags;
	} bad[] = {
		{ table, 0, TABLE },                             /* empty */
		{ table, 24, TABLE },                            /* one and a half */
		{ RIG_RAM - 16, 32, TABLE },                     /* outside memory */
		{ table, 16, TABLE | NEXT },                     /* in a chain */
		{ RIG_QUEUE(0) + RIG_INDIRECT + 32, 16, TABLE }, /* in a table */
	};

	put_descriptor(rig, table, 0, RIG_BUFFERS, 4, WRITE, 0);
	put_descriptor(rig, table, 2, table, 16, TABLE, 0);
	request(rig, 0, bad[_i].address, bad[_i].len, bad[_i].flags);
	expect_failure(rig);
}
END_TEST

START_TEST(a_table_that_was_not_agreed_upon)
{
	struct virtio_rig *rig = rng_rig(RIG_ONLY_VERSION1);
	uint64_t table = RIG_QUEUE(0) + RIG_INDIRECT;

	put_descriptor(rig, table, 0, RIG_BUFFERS, 4, WRITE, 0);
	request(rig, 0, table, 16, TABLE);
	expect_failure(rig);
}
END_TEST

START_TEST(reads_after_writes)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	descriptor(rig, 0, 0, RIG_BUFFERS, 4, WRITE | NEXT, 1);
	descriptor(rig, 0, 1, RIG_BUFFERS, 4, 0, 0);
	offer(rig, 0, 0);
	run(rig, 0);
	expect_failure(rig);
}
END_TEST

START_TEST(requests_beyond_4_gib)
{
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);
	uint64_t table = RIG_QUEUE(0) + RIG_INDIRECT;

	/* A memory that is large enough for it exists on paper only: nothing may be touched. */
	rig->memory.low_size = UINT64_C(3) << 30;
	put_descriptor(rig, table, 0, 0, 0x80000000, NEXT, 1);
	put_descriptor(rig, table, 1, 0, 0x80000000, 0, 0);
	request(rig, 0, table, 32, TABLE);
	rig->memory.low_size = RIG_RAM;
	expect_failure(rig);
}
END_TEST

static void expect_no_start(struct virtio_rig *rig)
{
	reg_out(rig, 0x1c, 2, 1);
	ck_assert(has_failed(rig));
	ck_assert_uint_eq(reg_in(rig, 0x1c, 2), 0);
	/* Before DRIVER_OK there is nobody to be interrupted; then there is. */
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 0);
	driver_ready(rig);
	expect_failure(rig);
}

START_TEST(absurd_queue_sizes)
{
	static const uint16_t sizes[] = { 0, 3, 65, 128, 0x8000, 0xffff };
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	negotiate(rig, RIG_ALL_FEATURES);
	program_queue(rig, 0, 0x10000, 0x14000, 0x18000);
	reg_out(rig, 0x18, 2, sizes[_i]);
	expect_no_start(rig);
}
END_TEST

START_TEST(rings_outside_memory)
{
	static const uint64_t areas[][3] = {
		{ RIG_RAM, 0x14000, 0x18000 },         { RIG_RAM - 16 * 64 + 16, 0x14000, 0x18000 },
		{ 0x10000, RIG_RAM - 4, 0x18000 },     { 0x10000, 0x14000, RIG_RAM - 8 },
		{ UINT64_MAX - 15, 0x14000, 0x18000 }, { 0x10008, 0x14000, 0x18000 },
		{ 0x10000, 0x14001, 0x18000 },         { 0x10000, 0x14000, 0x18002 },
	};
	struct virtio_rig *rig = rng_rig(RIG_ALL_FEATURES);

	negotiate(rig, RIG_ALL_FEATURES);
	program_queue(rig, 0, areas[_i][0], areas[_i][1], areas[_i][2]);
	expect_no_start(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtqueues");
	TCase *good = tcase_create("requests");
	TCase *told = tcase_create("notifications");
	TCase *bad = tcase_create("drivers at fault");

	tcase_add_test(good, a_buffer_is_filled);
	tcase_add_test(good, a_chain_is_filled_in_its_order);
	tcase_add_test(good, an_indirect_table_is_followed);
	tcase_add_test(good, the_ring_goes_round);
	tcase_add_test(good, one_run_serves_one_rings_worth);
	suite_add_tcase(suite, good);
	tcase_add_test(told, interrupts_are_suppressed_by_the_flag);
	tcase_add_test(told, interrupts_come_at_the_event_index);
	tcase_add_test(told, the_device_says_when_it_wants_to_be_notified);
	suite_add_tcase(suite, told);
	tcase_add_loop_test(bad, descriptors_outside_memory, 0, 8);
	tcase_add_test(bad, a_loop_of_descriptors);
	tcase_add_loop_test(bad, a_loop_in_an_indirect_table, 0, 2);
	tcase_add_loop_test(bad, numbers_beyond_the_table, 0, 2);
	tcase_add_test(bad, an_available_index_that_jumps);
	tcase_add_loop_test(bad, tables_that_make_no_sense, 0, 5);
	tcase_add_test(bad, a_table_that_was_not_agreed_upon);
	tcase_add_test(bad, reads_after_writes);
	tcase_add_test(bad, requests_beyond_4_gib);
	tcase_add_loop_test(bad, absurd_queue_sizes, 0, 6);
	tcase_add_loop_test(bad, rings_outside_memory, 0, 8);
	suite_add_tcase(suite, bad);
	return rig_main(suite);
}
