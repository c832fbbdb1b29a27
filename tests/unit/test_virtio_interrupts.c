/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a virtio device on PCI and its driver tell each other: INTx# and ISR, MSI-X, doorbells.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Virtio Over PCI Bus".
 */
#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_rng.h"

#define WRITE     VRING_DESC_F_WRITE
#define NO_VECTOR 0xffff

static struct virtio_rig *rng_rig(void)
{
	struct virtio_rig *rig = rig_create();

	rig_plug(rig, virtio_rng_create(&rig->host));
	return rig;
}

START_TEST(the_line_is_high_until_isr_is_read)
{
	struct virtio_rig *rig = rng_rig();

	bring_up(rig, RIG_ALL_FEATURES);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert(rig->board.level[17]);
	ck_assert_uint_eq(config_in(rig, PCI_STATUS, 2) & PCI_STATUS_INTX, PCI_STATUS_INTX);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 1);
	ck_assert(!rig->board.level[17]);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 0);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	rig_destroy(rig);
}
END_TEST

START_TEST(every_queue_has_its_vector)
{
	struct virtio_rig *rig = rng_rig();

	bring_up(rig, RIG_ONLY_VERSION1);
	enable_msix(rig);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	ck_assert_uint_eq(rig->board.msi_data, 0x41);
	ck_assert(!rig->board.level[17]);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 0);
	/* A failure is the configuration's. */
	request(rig, 0, UINT64_MAX, 4, WRITE);
	ck_assert_uint_eq(rig->board.nr_msis, 2);
	ck_assert_uint_eq(rig->board.msi_data, 0x40);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 2);
	rig_destroy(rig);
}
END_TEST

START_TEST(no_vector_no_interrupt)
{
	struct virtio_rig *rig = rng_rig();

	bring_up(rig, RIG_ONLY_VERSION1);
	enable_msix(rig);
	reg_out(rig, 0x16, 2, 0);
	reg_out(rig, 0x1a, 2, NO_VECTOR);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(take_used(rig, 0, 0), 4);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	ck_assert(!rig->board.level[17]);
	rig_destroy(rig);
}
END_TEST

START_TEST(R159_masked_vector_waits_and_reset_forgets_it)
{
	struct virtio_rig *rig = rng_rig();

	bring_up(rig, RIG_ONLY_VERSION1);
	enable_msix(rig);
	reg_out(rig, VIRTIO_PCI_AT_TABLE + 16 + 12, 4, 1);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(rig->board.nr_msis, 0);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_PBA, 8), 2);
	reg_out(rig, VIRTIO_PCI_AT_TABLE + 16 + 12, 4, 0);
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	ck_assert_uint_eq(rig->board.msi_data, 0x41);

	reg_out(rig, VIRTIO_PCI_AT_TABLE + 16 + 12, 4, 1);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_PBA, 8), 2);
	set_status(rig, 0);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_PBA, 8), 0);
	reg_out(rig, VIRTIO_PCI_AT_TABLE + 16 + 12, 4, 0);
	ck_assert_uint_eq(rig->board.nr_msis, 1);
	rig_destroy(rig);
}
END_TEST

START_TEST(a_device_that_is_no_bus_master_leaves_memory_alone)
{
	struct virtio_rig *rig = rng_rig();
	uint64_t count;

	bring_up(rig, RIG_ALL_FEATURES);
	config_out(rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(used_index(rig, 0), 0);
	/* It looks again when it is allowed to. */
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), -1);
	config_out(rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	run(rig, 0);
	ck_assert_uint_eq(used_index(rig, 0), 1);
	rig_destroy(rig);
}
END_TEST

START_TEST(a_doorbell_rings)
{
	struct virtio_rig *rig = rng_rig();
	uint64_t count;

	/* Bus mastering has rung it, and going live does too. */
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	bring_up(rig, RIG_ALL_FEATURES);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	reg_out(rig, VIRTIO_PCI_AT_NOTIFY, 2, 0);
	reg_out(rig, VIRTIO_PCI_AT_NOTIFY, 4, 0);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	ck_assert_uint_eq(count, 2);
	reg_out(rig, VIRTIO_PCI_AT_NOTIFY + 4, 2, 0);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), -1);
	rig_destroy(rig);
}
END_TEST

START_TEST(the_io_thread_answers_doorbells)
{
	struct virtio_rig *rig = rng_rig();

	ck_assert_int_eq(virtio_pci_start(&rig->transport), 0);
	bring_up(rig, RIG_ONLY_VERSION1);
	for (uint32_t i = 1; i <= 100; i++) {
		descriptor(rig, 0, 0, RIG_BUFFERS, 4, WRITE, 0);
		offer(rig, 0, 0);
		reg_out(rig, VIRTIO_PCI_AT_NOTIFY, 2, 0);
		while (!rig->board.level[17])
			usleep(10);
		ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 1);
		ck_assert_uint_eq(take_used(rig, 0, 0), 4);
	}
	virtio_pci_stop(&rig->transport);
	rig_destroy(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("interrupts and doorbells of virtio");
	TCase *all = tcase_create("all");

	tcase_add_test(all, the_line_is_high_until_isr_is_read);
	tcase_add_test(all, every_queue_has_its_vector);
	tcase_add_test(all, no_vector_no_interrupt);
	tcase_add_test(all, R159_masked_vector_waits_and_reset_forgets_it);
	tcase_add_test(all, a_device_that_is_no_bus_master_leaves_memory_alone);
	tcase_add_test(all, a_doorbell_rings);
	tcase_add_test(all, the_io_thread_answers_doorbells);
	suite_add_tcase(suite, all);
	return rig_main(suite);
}
