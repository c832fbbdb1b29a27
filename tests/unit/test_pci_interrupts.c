/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of PCI functions: INTx# lines that are shared, and MSI-X behind BAR and capability.
 *
 * PCI Local Bus Specification 3.0, "Interrupt Pins" and "MSI-X Capability and Table Structures".
 */
#include "tests/unit/pci_fixture.h"
#include "ioapic/ioapic.h"

#define MSIX_CONTROL 0x4e
#define MSIX_ENABLE  0x8000
#define MSIX_MASK    0x4000
#define COMMAND      (PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

/* Vector v of slot 1 becomes the message 0xfee00000 + (v << 12), 0x40 + v; no mask is set. */
static void program(struct pci_rig *rig)
{
	for (uint32_t v = 0; v < FAKE_VECTORS; v++) {
		uint64_t entry = PCI_WINDOW_BASE + FAKE_TABLE + v * 16;

		mmio_out(rig, entry, 8, 0xfee00000 + (v << 12));
		mmio_out(rig, entry + 8, 8, 0x40 + v);
	}
	config_out(rig, 1, MSIX_CONTROL, 2, MSIX_ENABLE);
	config_out(rig, 1, PCI_COMMAND, 2, COMMAND);
}

START_TEST(intx_follows_the_device)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	pci_set_intx(&f->fn, true);
	ck_assert(rig->board.level[17]);
	ck_assert_uint_eq(rig->board.source, 3);
	ck_assert_uint_eq(config_in(rig, 1, PCI_STATUS, 2), 0x0018);
	pci_set_intx(&f->fn, true);
	ck_assert_uint_eq(rig->board.nr_sets, 1);
	pci_set_intx(&f->fn, false);
	ck_assert(!rig->board.level[17]);
	ck_assert_uint_eq(config_in(rig, 1, PCI_STATUS, 2), 0x0010);
	free(rig);
}
END_TEST

START_TEST(interrupt_disable_lets_go_of_the_line)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	pci_set_intx(&f->fn, true);
	config_out(rig, 1, PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE);
	ck_assert(!rig->board.level[17]);
	/* The status tells what the device wants all the same. */
	ck_assert_uint_eq(config_in(rig, 1, PCI_STATUS, 2), 0x0018);
	config_out(rig, 1, PCI_COMMAND, 2, 0);
	ck_assert(rig->board.level[17]);
	free(rig);
}
END_TEST

START_TEST(msix_takes_the_place_of_intx)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	program(rig);
	config_out(rig, 1, MSIX_CONTROL, 2, 0);
	ck_assert(!pci_interrupt(&f->fn, 1));
	ck_assert(rig->board.level[17]);
	config_out(rig, 1, MSIX_CONTROL, 2, MSIX_ENABLE);
	ck_assert(!rig->board.level[17]);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	ck_assert(pci_interrupt(&f->fn, 1));
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	config_out(rig, 1, MSIX_CONTROL, 2, 0);
	ck_assert(rig->board.level[17]);
	pci_set_intx(&f->fn, false);
	ck_assert(!rig->board.level[17]);
	free(rig);
}
END_TEST

/* Slots 1 and 9 have the same pin: with each its own source the line is the OR of both. */
START_TEST(R148_functions_that_share_a_pin_do_not_take_each_others_level)
{
	struct pci_rig *rig = pci_rig_create(9);
	struct ioapic_config config = { .version = IOAPIC_VERSION_EOI };
	struct ioapic_out out;
	struct ioapic io;

	ioapic_reset(&io, &config);
	pci_set_intx(&rig->dev[0].fn, true);
	ioapic_set_irq(&io, 17, rig->board.source, true, &out);
	pci_set_intx(&rig->dev[8].fn, true);
	ck_assert_uint_eq(rig->board.source, 2 + 9);
	ioapic_set_irq(&io, 17, rig->board.source, true, &out);
	pci_set_intx(&rig->dev[8].fn, false);
	ioapic_set_irq(&io, 17, rig->board.source, false, &out);
	ck_assert_uint_ne(io.sources[17], 0);
	pci_set_intx(&rig->dev[0].fn, false);
	ioapic_set_irq(&io, 17, rig->board.source, false, &out);
	ck_assert_uint_eq(io.sources[17], 0);
	free(rig);
}
END_TEST

START_TEST(every_slot_is_a_source_of_its_own)
{
	struct pci_rig *rig = pci_rig_create(PCI_MAX_SLOTS - 1);
	uint32_t seen = 0;

	for (uint32_t i = 0; i < PCI_MAX_SLOTS - 1; i++) {
		pci_set_intx(&rig->dev[i].fn, true);
		ck_assert_uint_lt(rig->board.source, IOAPIC_SOURCES);
		ck_assert(!(seen & UINT32_C(1) << rig->board.source));
		seen |= UINT32_C(1) << rig->board.source;
	}
	for (uint32_t gsi = 0; gsi < FAKE_NR_LINES; gsi++)
		ck_assert(rig->board.level[gsi] == (gsi >= 16 && gsi < 24));
	free(rig);
}
END_TEST

START_TEST(messages_come_from_the_table)
{
	struct pci_rig *rig = pci_rig_create(1);

	program(rig);
	for (uint32_t v = 0; v < FAKE_VECTORS; v++) {
		pci_interrupt(&rig->dev[0].fn, v);
		ck_assert_uint_eq(rig->board.nr_msis, v + 1);
		ck_assert_uint_eq(rig->board.msi_address, 0xfee00000 + (v << 12));
		ck_assert_uint_eq(rig->board.msi_data, 0x40 + v);
	}
	pci_interrupt(&rig->dev[0].fn, FAKE_VECTORS);
	ck_assert_uint_eq(rig->board.nr_msis, FAKE_VECTORS);
	ck_assert_uint_eq(rig->dev[0].nr_writes, 0);
	free(rig);
}
END_TEST

START_TEST(R159_pending_bits_are_read_through_the_bar)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];
	uint64_t pba = PCI_WINDOW_BASE + FAKE_PBA;

	program(rig);
	mmio_out(rig, PCI_WINDOW_BASE + FAKE_TABLE + 16 + 12, 4, 1);
	pci_interrupt(&f->fn, 1);
	ck_assert_uint_eq(mmio_in(rig, pba, 8), 2);
	ck_assert_uint_eq(mmio_in(rig, pba, 4), 2);
	mmio_out(rig, pba, 8, 0);
	ck_assert_uint_eq(mmio_in(rig, pba, 8), 2);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	mmio_out(rig, PCI_WINDOW_BASE + FAKE_TABLE + 16 + 12, 4, 0);
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	ck_assert_uint_eq(rig->board.msi_data, 0x41);
	ck_assert_uint_eq(mmio_in(rig, pba, 8), 0);
	free(rig);
}
END_TEST

START_TEST(R159_function_mask_in_the_capability)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	program(rig);
	config_out(rig, 1, MSIX_CONTROL + 1, 1, (MSIX_ENABLE | MSIX_MASK) >> 8);
	ck_assert_uint_eq(config_in(rig, 1, MSIX_CONTROL, 2), MSIX_ENABLE | MSIX_MASK | 2);
	pci_interrupt(&f->fn, 0);
	pci_interrupt(&f->fn, 2);
	pci_clear_msix(&f->fn, 0);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	/* The low byte is read-only, and as part of a DWORD so is the id. */
	config_out(rig, 1, MSIX_CONTROL, 1, 0xff);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	config_out(rig, 1, MSIX_CONTROL - 2, 4, (uint32_t)MSIX_ENABLE << 16 | 0xffff);
	ck_assert_uint_eq(config_in(rig, 1, MSIX_CONTROL - 2, 4), 0x80020011);
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	ck_assert_uint_eq(rig->board.msi_data, 0x42);
	free(rig);
}
END_TEST

START_TEST(R159_no_message_without_bus_mastering)
{
	struct pci_rig *rig = pci_rig_create(1);
	struct fake_function *f = &rig->dev[0];

	program(rig);
	config_out(rig, 1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	pci_interrupt(&f->fn, 1);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	config_out(rig, 1, PCI_COMMAND, 2, COMMAND);
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("PCI interrupts");
	TCase *intx = tcase_create("INTx");
	TCase *msix = tcase_create("MSI-X");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(intx, intx_follows_the_device);
	tcase_add_test(intx, interrupt_disable_lets_go_of_the_line);
	tcase_add_test(intx, msix_takes_the_place_of_intx);
	tcase_add_test(intx, R148_functions_that_share_a_pin_do_not_take_each_others_level);
	tcase_add_test(intx, every_slot_is_a_source_of_its_own);
	suite_add_tcase(suite, intx);
	tcase_add_test(msix, messages_come_from_the_table);
	tcase_add_test(msix, R159_pending_bits_are_read_through_the_bar);
	tcase_add_test(msix, R159_function_mask_in_the_capability);
	tcase_add_test(msix, R159_no_message_without_bus_mastering);
	suite_add_tcase(suite, msix);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
