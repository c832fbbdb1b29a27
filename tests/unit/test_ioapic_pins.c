/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC's pins: which change of a line sends a message, masked, shared, edge and level.
 *
 * Intel 82093AA I/O APIC datasheet, "I/O Redirection Table Registers".
 */
#include "ioapic_fixture.h"

#define MASKED IOAPIC_RTE_MASKED

START_TEST(an_edge_is_sent_at_each_rise_only)
{
	struct ioapic io = io_new();
	struct ioapic_out out;

	io_expect_none(io_set_rte(&io, IO_PIN, UINT64_C(0x4200000000000951)));
	for (int i = 0; i < 3; i++) {
		out = io_line(&io, IO_PIN, true);
		io_expect_one(out, IO_PIN, IO_VECTOR);
		ck_assert_uint_eq(out.msg[0].dest, 0x42);
		ck_assert_int_eq(out.msg[0].mode, APIC_MODE_LOWEST_PRIORITY);
		ck_assert(out.msg[0].logical);
		ck_assert(!out.msg[0].level_trigger);
		io_expect_none(io_line(&io, IO_PIN, true));
		io_expect_none(io_line(&io, IO_PIN, false));
		ck_assert(!io_remote_irr(&io, IO_PIN));
	}
}
END_TEST

START_TEST(a_level_is_sent_once_and_sets_remote_irr)
{
	struct ioapic io = io_new();
	struct ioapic_out out;

	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR));
	out = io_line(&io, IO_PIN, true);
	io_expect_one(out, IO_PIN, IO_VECTOR);
	ck_assert(out.msg[0].level_trigger);
	ck_assert(io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(every_pin_has_its_own_entry)
{
	struct ioapic io = io_new();

	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		io_expect_none(io_set_rte(&io, pin, 0x40 + pin));
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		io_expect_one(io_line(&io, pin, true), pin, 0x40 + pin);
}
END_TEST

START_TEST(r149_lines_0_and_2_are_not_swapped)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, 0, 0x30));
	io_expect_none(io_set_rte(&io, 2, 0x32));
	io_expect_one(io_line(&io, 0, true), 0, 0x30);
	io_expect_one(io_line(&io, 2, true), 2, 0x32);
}
END_TEST

START_TEST(r142_an_edge_while_masked_is_lost)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_EDGE | IO_VECTOR));
	io_expect_none(io_line(&io, IO_PIN, true));
	io_expect_none(io_set_rte(&io, IO_PIN, IO_EDGE | IO_VECTOR));
	io_expect_none(io_line(&io, IO_PIN, false));
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r142_a_level_while_masked_is_sent_at_unmask)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | IO_VECTOR));
	io_expect_none(io_line(&io, IO_PIN, true));
	ck_assert(!io_remote_irr(&io, IO_PIN));
	io_expect_one(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR), IO_PIN, IO_VECTOR);
	ck_assert(io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(r142_a_level_gone_before_unmask_is_not_sent)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | IO_VECTOR));
	io_expect_none(io_line(&io, IO_PIN, true));
	io_expect_none(io_line(&io, IO_PIN, false));
	io_expect_none(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(edge_to_level_with_the_line_asserted_is_sent)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, IO_EDGE | IO_VECTOR));
	io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
	io_expect_one(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r146_the_high_half_alone_sends_nothing)
{
	struct ioapic io = io_new();
	struct ioapic_out out;

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | IO_VECTOR));
	io_expect_none(io_line(&io, IO_PIN, true));
	io_expect_none(io_set(&io, 0x11 + 2 * IO_PIN, 0x07000000));
	out = io_set(&io, 0x10 + 2 * IO_PIN, IO_LEVEL | IO_VECTOR);
	io_expect_one(out, IO_PIN, IO_VECTOR);
	ck_assert_uint_eq(out.msg[0].dest, 7);
	io_expect_none(io_set(&io, 0x11 + 2 * IO_PIN, 0x08000000));
}
END_TEST

START_TEST(r148_a_shared_pin_is_the_or_of_its_sources)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, IO_EDGE | IO_VECTOR));
	for (uint32_t source = 0; source < IOAPIC_SOURCES; source++) {
		struct ioapic_out out = io_source(&io, IO_PIN, source, true);

		ck_assert_uint_eq(out.count, source == 0);
	}
	for (uint32_t source = 0; source < IOAPIC_SOURCES - 1; source++) {
		io_expect_none(io_source(&io, IO_PIN, source, false));
		io_expect_none(io_source(&io, IO_PIN, source, false));
		io_expect_none(io_source(&io, IO_PIN, source, true));
		io_expect_none(io_source(&io, IO_PIN, source, false));
	}
	io_expect_none(io_source(&io, IO_PIN, IOAPIC_SOURCES - 1, false));
	io_expect_one(io_source(&io, IO_PIN, 7, true), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r148_a_source_lowered_twice_takes_nothing_from_the_others)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, IO_PIN, MASKED | IO_LEVEL | IO_VECTOR));
	io_expect_none(io_source(&io, IO_PIN, 1, true));
	io_expect_none(io_source(&io, IO_PIN, 2, false));
	io_expect_none(io_source(&io, IO_PIN, 2, false));
	io_expect_one(io_set_rte(&io, IO_PIN, IO_LEVEL | IO_VECTOR), IO_PIN, IO_VECTOR);
}
END_TEST

START_TEST(r150_polarity_does_not_turn_the_line_over)
{
	static const uint64_t triggers[] = { IO_EDGE, IO_LEVEL };

	for (size_t i = 0; i < IO_COUNT(triggers); i++) {
		uint64_t rte = triggers[i] | IOAPIC_RTE_ACTIVE_LOW | IO_VECTOR;
		struct ioapic io = io_new();

		io_expect_none(io_set_rte(&io, IO_PIN, rte));
		ck_assert_uint_eq(io_get_rte(&io, IO_PIN), rte);
		io_expect_one(io_line(&io, IO_PIN, true), IO_PIN, IO_VECTOR);
		io_expect_none(io_line(&io, IO_PIN, false));
	}
}
END_TEST

START_TEST(r151_nmi_smi_init_and_extint_are_edges)
{
	static const enum apic_delivery_mode modes[] = { APIC_MODE_SMI, APIC_MODE_NMI,
							 APIC_MODE_INIT, APIC_MODE_EXTINT };

	for (size_t i = 0; i < IO_COUNT(modes); i++) {
		uint64_t rte = IO_LEVEL | IO_VECTOR | (uint64_t)modes[i] << 8;
		struct ioapic io = io_new();
		struct ioapic_out out;

		io_expect_none(io_set_rte(&io, IO_PIN, rte));
		for (int n = 0; n < 2; n++) {
			out = io_line(&io, IO_PIN, true);
			io_expect_one(out, IO_PIN, IO_VECTOR);
			ck_assert_int_eq(out.msg[0].mode, modes[i]);
			ck_assert(!out.msg[0].level_trigger);
			ck_assert(!io_remote_irr(&io, IO_PIN));
			io_expect_none(io_end(&io, IO_VECTOR));
			io_expect_none(io_line(&io, IO_PIN, false));
		}
		io_expect_none(io_set_rte(&io, IO_PIN, MASKED | rte));
		io_expect_none(io_line(&io, IO_PIN, true));
		io_expect_none(io_set_rte(&io, IO_PIN, rte));
	}
}
END_TEST

START_TEST(r137_an_extint_entry_passes_the_8259_on_at_each_rise)
{
	struct ioapic io = io_new();

	io_expect_none(io_set_rte(&io, 0, 0x700));
	for (int i = 0; i < 2; i++) {
		struct ioapic_out out = io_line(&io, 0, true);

		io_expect_one(out, 0, 0);
		ck_assert_int_eq(out.msg[0].mode, APIC_MODE_EXTINT);
		io_expect_none(io_line(&io, 0, false));
	}
}
END_TEST

START_TEST(reserved_modes_send_nothing)
{
	static const uint64_t rtes[] = { 0x300, 0x600, 0x8300, 0x8600 };

	for (size_t i = 0; i < IO_COUNT(rtes); i++) {
		struct ioapic io = io_new();

		io_expect_none(io_set_rte(&io, IO_PIN, rtes[i] | IO_VECTOR));
		io_expect_none(io_line(&io, IO_PIN, true));
		ck_assert(!io_remote_irr(&io, IO_PIN));
	}
}
END_TEST

START_TEST(r160_a_level_is_neither_sent_twice_nor_taken_back)
{
	struct ioapic io = io_new_in_service(IOAPIC_VERSION_EOI);

	io_expect_none(io_line(&io, IO_PIN, true));
	io_expect_none(io_line(&io, IO_PIN, false));
	ck_assert(io_remote_irr(&io, IO_PIN));
	io_expect_none(io_line(&io, IO_PIN, true));
	io_expect_none(io_line(&io, IO_PIN, false));
	io_expect_none(io_end(&io, IO_VECTOR));
	ck_assert(!io_remote_irr(&io, IO_PIN));
}
END_TEST

START_TEST(pins_and_sources_out_of_range_are_ignored)
{
	static const uint32_t numbers[][2] = {
		{ IOAPIC_PINS, 0 },
		{ UINT32_MAX, 0 },
		{ IO_PIN, IOAPIC_SOURCES },
		{ IO_PIN, UINT32_MAX },
	};
	struct ioapic io = io_new();
	struct ioapic before;

	io_expect_none(io_set_rte(&io, IO_PIN, IO_VECTOR));
	before = io;
	for (size_t i = 0; i < IO_COUNT(numbers); i++) {
		io_expect_none(io_source(&io, numbers[i][0], numbers[i][1], true));
		ck_assert_mem_eq(&io, &before, sizeof(io));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ioapic pins");
	TCase *sending = tcase_create("sending");
	TCase *lines = tcase_create("lines and modes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(sending, an_edge_is_sent_at_each_rise_only);
	tcase_add_test(sending, a_level_is_sent_once_and_sets_remote_irr);
	tcase_add_test(sending, every_pin_has_its_own_entry);
	tcase_add_test(sending, r149_lines_0_and_2_are_not_swapped);
	tcase_add_test(sending, r142_an_edge_while_masked_is_lost);
	tcase_add_test(sending, r142_a_level_while_masked_is_sent_at_unmask);
	tcase_add_test(sending, r142_a_level_gone_before_unmask_is_not_sent);
	tcase_add_test(sending, edge_to_level_with_the_line_asserted_is_sent);
	tcase_add_test(sending, r146_the_high_half_alone_sends_nothing);
	tcase_add_test(sending, r160_a_level_is_neither_sent_twice_nor_taken_back);
	suite_add_tcase(suite, sending);
	tcase_add_test(lines, r148_a_shared_pin_is_the_or_of_its_sources);
	tcase_add_test(lines, r148_a_source_lowered_twice_takes_nothing_from_the_others);
	tcase_add_test(lines, r150_polarity_does_not_turn_the_line_over);
	tcase_add_test(lines, r151_nmi_smi_init_and_extint_are_edges);
	tcase_add_test(lines, r137_an_extint_entry_passes_the_8259_on_at_each_rise);
	tcase_add_test(lines, reserved_modes_send_nothing);
	tcase_add_test(lines, pins_and_sources_out_of_range_are_ignored);
	suite_add_tcase(suite, lines);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
