/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the I/O APIC's level pins are freed: EOI broadcast, EOI register, trigger mode, and in what
 * order they fire again.
 *
 * Intel 82093AA I/O APIC datasheet, "I/O Redirection Table Registers"; ICH datasheets, "EOIR".
 */
#include "ioapic_fixture.h"

#define MASKED     IOAPIC_RTE_MASKED
#define NEW_VECTOR 0x62u

START_TEST(r144_an_asserted_line_is_sent_again_after_eoi)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_82093AA);

	for (int i = 0; i < 3; i++) {
		struct ioapic_out out = io_end(&io, IO_VECTOR);

		io_expect_one(out, IO_PIN, IO_VECTOR);
		ck_assert(out.msg[0].level_trigger);
		ck_assert(io_remote_irr(&io, IO_PIN));
	}
	io_expect_none(io_line(&io, IO_PIN, false));
	io_expect_none(io_end(&io, IO_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r145_other_vectors_free_nothing)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	for (uint32_t vector = 0; vector < 0x100; vector++) {
		if (vector == IO_VECTOR)
			continue;
		io_expect_none(io_end(&io, (uint8_t)vector));
		ck_assert(io_remote_irr(&io, IO_PIN));
	}
}
END_TEST

START_TEST(r145_the_vector_that_was_sent_frees_a_rewritten_pin)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | NEW_VECTOR));
	ck_assert(io_remote_irr(&io, IO_PIN));
	io_expect_one(io_end(&io, IO_VECTOR), IO_PIN, NEW_VECTOR);
	ck_assert(io_remote_irr(&io, IO_PIN));
	io_expect_none(io_end(&io, IO_VECTOR));
	io_expect_one(io_end(&io, NEW_VECTOR), IO_PIN, NEW_VECTOR);
}
END_TEST

START_TEST(r145_the_vector_in_the_entry_frees_it_too)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | NEW_VECTOR));
	io_expect_none(io_store(&io, IO_EOI, 4, NEW_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(r145_a_new_destination_is_used_from_the_next_message_on)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);
	struct ioapic_out out;

	io_expect_none(io_set_rte(&io, IO_PIN, UINT64_C(6) << 56 | IO_LEVEL | IO_VECTOR));
	out = io_end(&io, IO_VECTOR);
	io_expect_one(out, IO_PIN, IO_VECTOR);
	ck_assert_uint_eq(out.msg[0].dest, 6);
}
END_TEST

START_TEST(r72_an_edge_pin_takes_no_part_in_eoi)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);
	uint32_t edge_pin = IO_PIN + 1;

	io_expect_none(io_set_rte(&io, edge_pin, IO_EDGE | IO_VECTOR));
	io_expect_one(io_line(&io, edge_pin, true), edge_pin, IO_VECTOR);
	io_expect_one(io_end(&io, IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r69_an_eoi_that_no_pin_waits_for_changes_nothing)
{
	struct ioapic io = io_new();
	struct ioapic before;

	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR));
	before = io;
	for (uint32_t vector = 0; vector < 0x100; vector++)
		io_expect_none(io_end(&io, (uint8_t)vector));
	ck_assert_mem_eq(&io, &before, sizeof(io));
}
END_TEST

START_TEST(r76_all_pins_of_a_vector_are_freed_then_sent_again)
{
	static const uint32_t pins[] = { 0, 7, 23 };
	struct ioapic io = io_new();
	struct ioapic_out out;

	for (size_t i = 0; i < IO_COUNT(pins); i++) {
		io_expect_none(io_set_rte(&io, pins[i], IO_LEVEL | IO_VECTOR));
		io_expect_one(io_line(&io, pins[i], true), pins[i], IO_VECTOR);
	}
	io_expect_none(io_line(&io, pins[1], false));
	out = io_end(&io, IO_VECTOR);
	ck_assert_uint_eq(out.count, 2);
	ck_assert_uint_eq(out.pin[0], pins[0]);
	ck_assert_uint_eq(out.pin[1], pins[2]);
	ck_assert(io_remote_irr(&io, pins[0]));
	ck_assert(!io_remote_irr(&io, pins[1]));
	ck_assert(io_remote_irr(&io, pins[2]));
}
END_TEST

START_TEST(r76_all_24_pins_can_fire_at_once)
{
	struct ioapic io = io_new();
	struct ioapic_out out;

	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		io_expect_none(io_set_rte(&io, pin, IO_LEVEL | IO_VECTOR));
		io_expect_one(io_line(&io, pin, true), pin, IO_VECTOR);
	}
	out = io_end(&io, IO_VECTOR);
	ck_assert_uint_eq(out.count, IOAPIC_PINS);
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		ck_assert_uint_eq(out.pin[pin], pin);
}
END_TEST

START_TEST(r148_the_other_source_of_a_shared_line_is_sent_after_eoi)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_source(&io, IO_PIN, 1, true));
	io_expect_none(io_source(&io, IO_PIN, 0, false));
	io_expect_one(io_end(&io, IO_VECTOR), IO_PIN, IO_VECTOR);
	io_expect_none(io_source(&io, IO_PIN, 1, false));
	io_expect_none(io_end(&io, IO_VECTOR));
}
END_TEST

START_TEST(r143_level_to_edge_clears_remote_irr)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_82093AA);

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_EDGE | IO_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
	io_expect_one(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR), IO_PIN, IO_VECTOR);
	ck_assert(io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(r147_a_pin_masked_in_service_is_sent_at_unmask)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | IO_VECTOR));
	ck_assert(io_remote_irr(&io, IO_PIN));
	io_expect_none(io_end(&io, IO_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
	io_expect_one(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r147_mask_and_unmask_in_service_send_nothing_before_eoi)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | IO_VECTOR));
	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR));
	io_expect_one(io_end(&io, IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r152_the_eoi_register_frees_like_a_broadcast)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_store(&io, IO_EOI, 4, NEW_VECTOR));
	io_expect_one(io_store(&io, IO_EOI, 4, 0xabcdef00 | IO_VECTOR), IO_PIN, IO_VECTOR);
	io_expect_none(io_line(&io, IO_PIN, false));
	io_expect_none(io_store(&io, IO_EOI, 4, IO_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
	ck_assert_uint_eq(ioapic_read(&io, IO_EOI, 4), 0);
}
END_TEST

START_TEST(r152_the_eoi_register_takes_dwords_only)
{
	static const uint32_t widths[] = { 0, 1, 2, 3, 5, 8, 16 };
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	for (size_t i = 0; i < IO_COUNT(widths); i++) {
		io_expect_none(io_store(&io, IO_EOI, widths[i], IO_VECTOR));
		ck_assert(io_remote_irr(&io, IO_PIN));
	}
	io_expect_none(io_store(&io, IO_EOI + 1, 4, IO_VECTOR));
	ck_assert(io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(r75_version_0x11_has_no_eoi_register)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_82093AA);

	io_expect_none(io_store(&io, IO_EOI, 4, IO_VECTOR));
	ck_assert(io_remote_irr(&io, IO_PIN));
	io_expect_one(io_end(&io, IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

/* With the broadcast suppressed, the line may move for long before the directed EOI comes. */
START_TEST(r74_the_pin_stays_shut_until_a_late_directed_eoi)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	for (int i = 0; i < 5; i++) {
		io_expect_none(io_line(&io, IO_PIN, false));
		io_expect_none(io_line(&io, IO_PIN, true));
	}
	io_expect_one(io_store(&io, IO_EOI, 4, IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

/* One random step: a line, an RTE half, an EOI by either way; four pins and vectors, to collide. */
static struct ioapic_out random_step(struct ioapic *io, uint32_t random)
{
	uint32_t pin = random >> 8 & 3;
	uint32_t index = 0x10 + 2 * pin + (random >> 10 & 1);
	uint32_t rte = (random >> 12 & 0x1f000) | (random >> 4 & random >> 12 & 0x700) |
		       (random >> 2 & 3);

	switch (random & 3) {
	case 0:
		return io_set(io, index, rte);
	case 1:
		return io_end(io, (uint8_t)(random >> 16 & 3));
	default:
		return io_source(io, pin, random >> 16 & 1, random >> 20 & 1);
	}
}

START_TEST(r147_no_sequence_leaves_an_owed_level_unsent)
{
	struct ioapic io = io_new();
	uint64_t random = 1;

	for (int step = 0; step < 200000; step++) {
		struct ioapic_out out;

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		out = random_step(&io, (uint32_t)(random >> 33));
		ck_assert_uint_le(out.count, IOAPIC_PINS);
		for (uint32_t pin = 0; pin < 4; pin++) {
			struct apic_msg msg = ioapic_rte_msg(io.rte[pin], false);
			bool owed = io.sources[pin] && msg.level_trigger &&
				    !(io.rte[pin] & (IOAPIC_RTE_MASKED | IOAPIC_RTE_REMOTE_IRR));

			ck_assert_msg(!owed, "step %d, pin %u", step, pin);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ioapic eoi");
	TCase *broadcast = tcase_create("broadcast");
	TCase *other = tcase_create("other ways");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(broadcast, r144_an_asserted_line_is_sent_again_after_eoi);
	tcase_add_test(broadcast, r145_other_vectors_free_nothing);
	tcase_add_test(broadcast, r145_the_vector_that_was_sent_frees_a_rewritten_pin);
	tcase_add_test(broadcast, r145_the_vector_in_the_entry_frees_it_too);
	tcase_add_test(broadcast, r145_a_new_destination_is_used_from_the_next_message_on);
	tcase_add_test(broadcast, r72_an_edge_pin_takes_no_part_in_eoi);
	tcase_add_test(broadcast, r69_an_eoi_that_no_pin_waits_for_changes_nothing);
	tcase_add_test(broadcast, r76_all_pins_of_a_vector_are_freed_then_sent_again);
	tcase_add_test(broadcast, r76_all_24_pins_can_fire_at_once);
	tcase_add_test(broadcast, r148_the_other_source_of_a_shared_line_is_sent_after_eoi);
	suite_add_tcase(suite, broadcast);
	tcase_add_test(other, r143_level_to_edge_clears_remote_irr);
	tcase_add_test(other, r147_a_pin_masked_in_service_is_sent_at_unmask);
	tcase_add_test(other, r147_mask_and_unmask_in_service_send_nothing_before_eoi);
	tcase_add_test(other, r152_the_eoi_register_frees_like_a_broadcast);
	tcase_add_test(other, r152_the_eoi_register_takes_dwords_only);
	tcase_add_test(other, r75_version_0x11_has_no_eoi_register);
	tcase_add_test(other, r74_the_pin_stays_shut_until_a_late_directed_eoi);
	tcase_add_test(other, r147_no_sequence_leaves_an_owed_level_unsent);
	suite_add_tcase(suite, other);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
