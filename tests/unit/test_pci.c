/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCI bus as a guest's CPU sees it: configuration mechanism #1, headers, BARs.
 *
 * PCI Local Bus Specification 3.0, "Configuration Space Organization" and "Base Addresses".
 */
#include "tests/unit/pci_fixture.h"

START_TEST(an_absent_slot_reads_all_ones)
{
	struct pci_rig *rig = pci_rig_create(1);

	ck_assert_uint_eq(config_in(rig, 2, PCI_VENDOR_ID, 4), 0xffffffff);
	ck_assert_uint_eq(config_in(rig, 31, PCI_VENDOR_ID, 2), 0xffff);
	/* Bus 1, function 1, and an address without its enable bit. */
	fake_out(&rig->board, 0xcf8, 4, 0x80010800);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcfc, 4), 0xffffffff);
	fake_out(&rig->board, 0xcf8, 4, 0x80000900);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcfc, 4), 0xffffffff);
	fake_out(&rig->board, 0xcf8, 4, 0x00000800);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcfc, 4), 0xffffffff);
	fake_out(&rig->board, 0xcfc, 4, 0);
	free(rig);
}
END_TEST

START_TEST(the_address_register_is_a_dword)
{
	struct pci_rig *rig = pci_rig_create(1);

	fake_out(&rig->board, 0xcf8, 4, 0xffffffff);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcf8, 4), 0x80fffffc);
	fake_out(&rig->board, 0xcf8, 1, 0);
	fake_out(&rig->board, 0xcf8, 2, 0);
	fake_out(&rig->board, 0xcf9, 1, 0);
	fake_out(&rig->board, 0xcfa, 2, 0);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcf8, 4), 0x80fffffc);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcf8, 1), 0xff);
	free(rig);
}
END_TEST

START_TEST(the_reset_register_lies_inside_the_address_register)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct board_clock clock = fake_clock(&rig->board);
	struct acpi_pm pm;

	ck_assert_int_eq(acpi_pm_init(&pm, &rig->board.ports, fake_line(&rig->board, 9), &clock,
				      fake_end_request(&rig->board)),
			 0);
	fake_out(&rig->board, 0xcf8, 4, 0x80000800);
	fake_out(&rig->board, 0xcf9, 1, 0x02);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcf9, 1), 0x02);
	ck_assert_uint_eq(fake_in(&rig->board, 0xcf8, 4), 0x80000800);
	ck_assert_uint_eq(rig->board.nr_ends, 0);
	fake_out(&rig->board, 0xcf8, 4, 0x80000600);
	ck_assert_uint_eq(rig->board.nr_ends, 0);
	fake_out(&rig->board, 0xcf9, 1, 0x06);
	ck_assert_uint_eq(rig->board.nr_ends, 1);
	ck_assert_uint_eq(rig->board.end_reason, END_RESET);
	free(rig);
}
END_TEST

START_TEST(a_host_bridge_is_in_slot_0)
{
	struct pci_rig *rig = pci_rig_create(0);

	ck_assert_uint_eq(config_in(rig, 0, PCI_CLASS, 1), 0);
	ck_assert_uint_eq(config_in(rig, 0, PCI_CLASS + 1, 2), 0x0600);
	ck_assert_uint_eq(config_in(rig, 0, 0x0e, 1), 0);
	ck_assert_uint_eq(config_in(rig, 0, PCI_INTERRUPT_PIN, 1), 0);
	ck_assert_uint_eq(pci_bus_endpoints(&rig->pci), 0);
	free(rig);
}
END_TEST

START_TEST(header_of_an_endpoint)
{
	struct pci_rig *rig = pci_rig_create(2);

	ck_assert_uint_eq(config_in(rig, 1, 0x00, 4), 0x56781234);
	ck_assert_uint_eq(config_in(rig, 1, 0x08, 4), 0x0c032107);
	ck_assert_uint_eq(config_in(rig, 1, 0x0c, 4), 0);
	ck_assert_uint_eq(config_in(rig, 1, 0x2c, 4), 0x22221111);
	ck_assert_uint_eq(config_in(rig, 1, 0x30, 4), 0);
	ck_assert_uint_eq(config_in(rig, 1, 0x3c, 4), 0x0111); /* INTA#, GSI 17 */
	ck_assert_uint_eq(config_in(rig, 2, 0x3c, 4), 0x0112);
	ck_assert_uint_eq(config_in(rig, 1, 0x04, 4), 0x00100002);
	ck_assert_uint_eq(config_in(rig, 1, 0x03, 1), 0x56);
	ck_assert_uint_eq(config_in(rig, 1, 0x02, 2), 0x5678);
	ck_assert_uint_eq(pci_bus_endpoints(&rig->pci), 2);
	free(rig);
}
END_TEST

START_TEST(only_some_bits_can_be_written)
{
	struct pci_rig *rig = pci_rig_create(1);

	for (uint32_t at = 0; at < 256; at += 4)
		if (at != FAKE_BAR_REG && at != 0x48)
			config_out(rig, 1, at, 4, 0xffffffff);
	ck_assert_uint_eq(config_in(rig, 1, 0x00, 4), 0x56781234);
	ck_assert_uint_eq(config_in(rig, 1, PCI_COMMAND, 4), 0x00100406);
	ck_assert_uint_eq(config_in(rig, 1, 0x08, 4), 0x0c032107);
	ck_assert_uint_eq(config_in(rig, 1, 0x0c, 4), 0x000000ff);
	ck_assert_uint_eq(config_in(rig, 1, PCI_BAR0, 4), 0);
	ck_assert_uint_eq(config_in(rig, 1, 0x30, 4), 0);
	ck_assert_uint_eq(config_in(rig, 1, 0x34, 4), 0x40);
	ck_assert_uint_eq(config_in(rig, 1, 0x3c, 4), 0x01ff);
	ck_assert_uint_eq(config_in(rig, 1, 0xfc, 4), 0);
	config_out(rig, 1, 0x3d, 1, 0x77);
	config_out(rig, 1, 0x3c, 1, 0x77);
	ck_assert_uint_eq(config_in(rig, 1, 0x3c, 2), 0x0177);
	free(rig);
}
END_TEST

START_TEST(capabilities_are_a_list)
{
	struct pci_rig *rig = pci_rig_create(1);

	ck_assert_uint_eq(config_in(rig, 1, 0x34, 1), 0x40);
	ck_assert_uint_eq(config_in(rig, 1, 0x40, 4), 0xaa0c4c09);
	/* MSI-X: three vectors, table and pending bits in BAR 2. */
	ck_assert_uint_eq(config_in(rig, 1, 0x4c, 4), 0x00020011);
	ck_assert_uint_eq(config_in(rig, 1, 0x50, 4), 0x1002);
	ck_assert_uint_eq(config_in(rig, 1, 0x54, 4), 0x2002);
	config_out(rig, 1, 0x44, 4, 0x12345678);
	ck_assert_uint_eq(config_in(rig, 1, 0x44, 4), 0x12345678);
	/* The hooked bytes are the device's. */
	rig->dev[0].hook_value = 0xcafe;
	ck_assert_uint_eq(config_in(rig, 1, 0x4a, 2), 0xcafe);
	ck_assert_uint_eq(rig->dev[0].hook_offset, 2);
	config_out(rig, 1, 0x48, 4, 99);
	ck_assert_uint_eq(rig->dev[0].hook_value, 99);
	ck_assert_uint_eq(rig->dev[0].nr_hooks, 2);
	free(rig);
}
END_TEST

START_TEST(bars_are_assigned_apart_and_decoded)
{
	struct pci_rig *rig = pci_rig_create(3);

	for (uint32_t slot = 1; slot <= 3; slot++) {
		struct fake_function *f = &rig->dev[slot - 1];
		uint32_t bar = config_in(rig, slot, FAKE_BAR_REG, 4);

		ck_assert_uint_eq(bar, PCI_WINDOW_BASE + (slot - 1) * FAKE_SIZE);
		ck_assert_uint_eq(f->address, bar);
		mmio_out(rig, bar + 0x123, 1, slot);
		ck_assert_uint_eq(f->value, slot);
		ck_assert_uint_eq(f->offset, 0x123);
		ck_assert_uint_eq(mmio_in(rig, bar + FAKE_SIZE - 8, 8), slot);
		ck_assert_uint_eq(f->offset, FAKE_SIZE - 8);
		ck_assert_uint_eq(mmio_in(rig, bar + FAKE_SIZE - 4, 8), UINT64_MAX);
		ck_assert_uint_eq(f->nr_reads, 1);
		ck_assert_uint_eq(f->nr_writes, 1);
	}
	ck_assert_uint_eq(mmio_in(rig, PCI_WINDOW_BASE + 3 * FAKE_SIZE, 4), 0xffffffff);
	free(rig);
}
END_TEST

START_TEST(sizing_a_bar)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	config_out(rig, 1, FAKE_BAR_REG, 4, 0xffffffff);
	ck_assert_uint_eq(config_in(rig, 1, FAKE_BAR_REG, 4), ~(FAKE_SIZE - 1));
	ck_assert_uint_eq(f->address, 0);
	ck_assert_uint_eq(mmio_in(rig, PCI_WINDOW_BASE, 4), 0xffffffff);
	config_out(rig, 1, FAKE_BAR_REG, 4, PCI_WINDOW_BASE);
	ck_assert_uint_eq(f->address, PCI_WINDOW_BASE);
	f->value = 5;
	ck_assert_uint_eq(mmio_in(rig, PCI_WINDOW_BASE, 4), 5);
	free(rig);
}
END_TEST

START_TEST(a_bar_moves_byte_by_byte)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];
	uint32_t elsewhere = PCI_WINDOW_BASE + 0x00ab4000;

	for (uint32_t i = 0; i < 4; i++)
		config_out(rig, 1, FAKE_BAR_REG + i, 1, elsewhere >> (8 * i));
	ck_assert_uint_eq(config_in(rig, 1, FAKE_BAR_REG, 4), elsewhere);
	ck_assert_uint_eq(f->address, elsewhere);
	mmio_out(rig, PCI_WINDOW_BASE, 4, 1);
	ck_assert_uint_eq(f->nr_writes, 0);
	mmio_out(rig, elsewhere, 4, 1);
	ck_assert_uint_eq(f->nr_writes, 1);
	/* Partly or wholly outside of the window: nowhere. */
	config_out(rig, 1, FAKE_BAR_REG, 4, PCI_WINDOW_BASE - FAKE_SIZE);
	ck_assert_uint_eq(f->address, 0);
	config_out(rig, 1, FAKE_BAR_REG, 4, PCI_WINDOW_BASE + PCI_WINDOW_SIZE - FAKE_SIZE);
	ck_assert_uint_eq(f->address, PCI_WINDOW_BASE + PCI_WINDOW_SIZE - FAKE_SIZE);
	config_out(rig, 1, FAKE_BAR_REG, 4, PCI_WINDOW_BASE + PCI_WINDOW_SIZE);
	ck_assert_uint_eq(f->address, 0);
	free(rig);
}
END_TEST

START_TEST(memory_space_is_switched_by_the_command_register)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	config_out(rig, 1, PCI_COMMAND, 2, 0);
	ck_assert_uint_eq(f->address, 0);
	mmio_out(rig, PCI_WINDOW_BASE, 4, 1);
	ck_assert_uint_eq(f->nr_writes, 0);
	config_out(rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	ck_assert_uint_eq(f->address, PCI_WINDOW_BASE);
	mmio_out(rig, PCI_WINDOW_BASE, 4, 1);
	ck_assert_uint_eq(f->nr_writes, 1);
	free(rig);
}
END_TEST

START_TEST(where_bars_overlap_the_lowest_slot_answers)
{
	struct pci_rig *rig = pci_rig_create(2);

	config_out(rig, 2, FAKE_BAR_REG, 4, PCI_WINDOW_BASE);
	mmio_out(rig, PCI_WINDOW_BASE, 4, 1);
	ck_assert_uint_eq(rig->dev[0].nr_writes, 1);
	ck_assert_uint_eq(rig->dev[1].nr_writes, 0);
	config_out(rig, 1, PCI_COMMAND, 2, 0);
	mmio_out(rig, PCI_WINDOW_BASE, 4, 1);
	ck_assert_uint_eq(rig->dev[1].nr_writes, 1);
	free(rig);
}
END_TEST

START_TEST(bus_mastering_is_reported_once)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	ck_assert(!pci_is_master(&f->fn));
	config_out(rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	config_out(rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	ck_assert(pci_is_master(&f->fn));
	ck_assert_uint_eq(f->nr_masters, 1);
	config_out(rig, 1, PCI_COMMAND, 2, 0);
	ck_assert(!pci_is_master(&f->fn));
	free(rig);
}
END_TEST

START_TEST(the_bus_is_full_at_some_time)
{
	struct pci_rig *rig = pci_rig_create(PCI_MAX_SLOTS - 1);
	struct fake_function one_more;

	fake_function_init(&one_more);
	ck_assert_int_eq(pci_bus_add(&rig->pci, &one_more.fn), -ENOSPC);
	free(rig);
	rig = pci_rig_create(0);
	fake_function_init(&one_more);
	pci_add_bar(&one_more.fn, FAKE_BAR, 0x40000000);
	ck_assert_int_eq(pci_bus_add(&rig->pci, &one_more.fn), -ENOSPC);
	free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("PCI");
	TCase *config = tcase_create("configuration");
	TCase *bars = tcase_create("BARs");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(config, an_absent_slot_reads_all_ones);
	tcase_add_test(config, the_address_register_is_a_dword);
	tcase_add_test(config, the_reset_register_lies_inside_the_address_register);
	tcase_add_test(config, a_host_bridge_is_in_slot_0);
	tcase_add_test(config, header_of_an_endpoint);
	tcase_add_test(config, only_some_bits_can_be_written);
	tcase_add_test(config, capabilities_are_a_list);
	tcase_add_test(config, bus_mastering_is_reported_once);
	tcase_add_test(config, the_bus_is_full_at_some_time);
	suite_add_tcase(suite, config);
	tcase_add_test(bars, bars_are_assigned_apart_and_decoded);
	tcase_add_test(bars, sizing_a_bar);
	tcase_add_test(bars, a_bar_moves_byte_by_byte);
	tcase_add_test(bars, memory_space_is_switched_by_the_command_register);
	tcase_add_test(bars, where_bars_overlap_the_lowest_slot_answers);
	suite_add_tcase(suite, bars);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
