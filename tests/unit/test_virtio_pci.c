/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The registers of a virtio device on PCI: capabilities, negotiation, reset.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Virtio Over PCI Bus".
 */
#include <linux/virtio_pci.h>

#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_rng.h"

#define WRITE      VRING_DESC_F_WRITE
#define NO_VECTOR  0xffff
#define NR_VECTORS 2

static struct virtio_rig *rng_rig(void)
{
	struct virtio_rig *rig = rig_create();

	rig_plug(rig, virtio_rng_create(&rig->host));
	return rig;
}

/* Offset of the capability of a structure, 0: none. */
static uint32_t find_structure(struct virtio_rig *rig, uint8_t type)
{
	uint32_t at = config_in(rig, PCI_CAPABILITIES, 1);

	while (at) {
		if (config_in(rig, at, 1) == PCI_CAP_VENDOR && config_in(rig, at + 3, 1) == type)
			return at;
		at = config_in(rig, at + 1, 1);
	}
	return 0;
}

START_TEST(a_modern_entropy_device)
{
	struct virtio_rig *rig = rng_rig();

	ck_assert_uint_eq(config_in(rig, PCI_VENDOR_ID, 4), 0x10441af4);
	ck_assert_uint_ge(config_in(rig, PCI_REVISION, 1), 1);
	ck_assert_uint_ge(config_in(rig, PCI_SUBSYSTEM_ID, 2), 0x40);
	rig_destroy(rig);
}
END_TEST

START_TEST(capabilities_lead_to_the_structures)
{
	static const struct {
		uint8_t type, len;
		uint32_t offset, length;
	} expected[] = {
		{ VIRTIO_PCI_CAP_COMMON_CFG, 16, VIRTIO_PCI_AT_COMMON, 0x38 },
		{ VIRTIO_PCI_CAP_NOTIFY_CFG, 20, VIRTIO_PCI_AT_NOTIFY, 4 },
		{ VIRTIO_PCI_CAP_ISR_CFG, 16, VIRTIO_PCI_AT_ISR, 4 },
		{ VIRTIO_PCI_CAP_PCI_CFG, 20, 0, 0 },
	};
	struct virtio_rig *rig = rng_rig();

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		uint32_t at = find_structure(rig, expected[i].type);

		ck_assert_uint_ne(at, 0);
		ck_assert_uint_eq(config_in(rig, at + 2, 1), expected[i].len);
		ck_assert_uint_eq(config_in(rig, at + 4, 1), 0);
		ck_assert_uint_eq(config_in(rig, at + 8, 4), expected[i].offset);
		ck_assert_uint_eq(config_in(rig, at + 12, 4), expected[i].length);
	}
	ck_assert_uint_eq(find_structure(rig, VIRTIO_PCI_CAP_DEVICE_CFG), 0);
	ck_assert_uint_eq(config_in(rig, find_structure(rig, VIRTIO_PCI_CAP_NOTIFY_CFG) + 16, 4),
			  VIRTIO_PCI_DOORBELL_STRIDE);
	rig_destroy(rig);
}
END_TEST

START_TEST(features_are_in_two_halves)
{
	struct virtio_rig *rig = rng_rig();

	ck_assert_uint_eq(offered_features(rig), RIG_FEATURE(VIRTIO_F_VERSION_1) |
							 RIG_FEATURE(VIRTIO_RING_F_EVENT_IDX) |
							 RIG_FEATURE(VIRTIO_RING_F_INDIRECT_DESC));
	reg_out(rig, 0x00, 4, 2);
	ck_assert_uint_eq(reg_in(rig, 0x04, 4), 0);
	reg_out(rig, 0x08, 4, 2);
	reg_out(rig, 0x0c, 4, 0xffffffff);
	ck_assert_uint_eq(reg_in(rig, 0x0c, 4), 0);
	rig_destroy(rig);
}
END_TEST

static bool features_ok(struct virtio_rig *rig, uint64_t features)
{
	set_status(rig, 0);
	set_status(rig, STATUS_ACK | STATUS_DRIVER);
	for (uint32_t half = 0; half < 2; half++) {
		reg_out(rig, 0x08, 4, half);
		reg_out(rig, 0x0c, 4, (uint32_t)(features >> (32 * half)));
	}
	set_status(rig, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES);
	return (status_of(rig) & STATUS_FEATURES) != 0;
}

START_TEST(features_are_agreed_upon_or_not)
{
	struct virtio_rig *rig = rng_rig();

	ck_assert(features_ok(rig, RIG_FEATURE(VIRTIO_F_VERSION_1)));
	ck_assert(!features_ok(rig, 0));
	ck_assert(!features_ok(rig, RIG_FEATURE(VIRTIO_RING_F_EVENT_IDX)));
	ck_assert(!features_ok(rig, RIG_FEATURE(VIRTIO_F_VERSION_1) | 1));
	ck_assert(!features_ok(rig, RIG_ALL_FEATURES));
	/* A driver that goes on all the same does not become ready. */
	driver_ready(rig);
	ck_assert_uint_eq(status_of(rig), STATUS_ACK | STATUS_DRIVER);
	ck_assert(features_ok(rig, RIG_FEATURE(VIRTIO_F_VERSION_1)));
	reg_out(rig, 0x08, 4, 0);
	reg_out(rig, 0x0c, 4, 0xffffffff);
	ck_assert_uint_eq(reg_in(rig, 0x0c, 4), 0);
	/* Status bits do not go away one by one, and NEEDS_RESET is the device's. */
	set_status(rig, STATUS_ACK | STATUS_RESET);
	ck_assert_uint_eq(status_of(rig), STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES);
	rig_destroy(rig);
}
END_TEST

START_TEST(queue_registers)
{
	struct virtio_rig *rig = rng_rig();

	ck_assert_uint_eq(reg_in(rig, 0x12, 2), 1);
	negotiate(rig, RIG_ALL_FEATURES);
	ck_assert_uint_eq(reg_in(rig, 0x18, 2), 64);
	program_queue(rig, 0, UINT64_C(0x1122334455667788), 0x14000, 0x18000);
	ck_assert_uint_eq(reg_in(rig, 0x20, 8), UINT64_C(0x1122334455667788));
	ck_assert_uint_eq(reg_in(rig, 0x24, 4), 0x11223344);
	reg_out(rig, 0x20, 8, 0x10000);
	ck_assert_uint_eq(reg_in(rig, 0x20, 8), 0x10000);
	reg_out(rig, 0x18, 2, 32);
	reg_out(rig, 0x1c, 2, 1);
	ck_assert_uint_eq(reg_in(rig, 0x1c, 2), 1);
	/* Too late. */
	reg_out(rig, 0x18, 2, 16);
	program_queue(rig, 0, 0, 0, 0);
	reg_out(rig, 0x1c, 2, 0);
	ck_assert_uint_eq(reg_in(rig, 0x18, 2), 32);
	ck_assert_uint_eq(reg_in(rig, 0x20, 8), 0x10000);
	ck_assert_uint_eq(reg_in(rig, 0x1c, 2), 1);
	/* A queue that does not exist. */
	reg_out(rig, 0x16, 2, 1);
	ck_assert_uint_eq(reg_in(rig, 0x18, 2), 0);
	ck_assert_uint_eq(reg_in(rig, 0x1a, 2), NO_VECTOR);
	reg_out(rig, 0x18, 2, 8);
	reg_out(rig, 0x1a, 2, 0);
	reg_out(rig, 0x1c, 2, 1);
	reg_out(rig, 0x20, 4, 1);
	ck_assert_uint_eq(reg_in(rig, 0x1c, 2), 0);
	ck_assert(!has_failed(rig));
	rig_destroy(rig);
}
END_TEST

START_TEST(vectors_that_do_not_exist_are_refused)
{
	struct virtio_rig *rig = rng_rig();

	ck_assert_uint_eq(reg_in(rig, 0x10, 2), NO_VECTOR);
	for (uint32_t v = 0; v < 5; v++) {
		uint32_t answer = v < NR_VECTORS ? v : NO_VECTOR;

		reg_out(rig, 0x10, 2, v);
		ck_assert_uint_eq(reg_in(rig, 0x10, 2), answer);
		reg_out(rig, 0x16, 2, 0);
		reg_out(rig, 0x1a, 2, v);
		ck_assert_uint_eq(reg_in(rig, 0x1a, 2), answer);
	}
	rig_destroy(rig);
}
END_TEST

START_TEST(reset_brings_everything_back)
{
	struct virtio_rig *rig = rng_rig();

	bring_up(rig, RIG_ALL_FEATURES);
	reg_out(rig, 0x10, 2, 0);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	set_status(rig, 0);
	ck_assert_uint_eq(status_of(rig), 0);
	ck_assert(!rig->board.level[17]);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_ISR, 1), 0);
	ck_assert_uint_eq(reg_in(rig, 0x10, 2), NO_VECTOR);
	ck_assert_uint_eq(reg_in(rig, 0x18, 2), 64);
	ck_assert_uint_eq(reg_in(rig, 0x1a, 2), NO_VECTOR);
	ck_assert_uint_eq(reg_in(rig, 0x1c, 2), 0);
	ck_assert_uint_eq(reg_in(rig, 0x20, 8), 0);
	/* Requests are not served any more. */
	offer(rig, 0, 0);
	run(rig, 0);
	ck_assert_uint_eq(used_index(rig, 0), 1);
	rig_destroy(rig);
}
END_TEST

/* What a firmware does before it starts the guest anew: a device must not write to its memory. */
START_TEST(a_reset_of_the_bus)
{
	struct virtio_rig *rig = rng_rig();

	bring_up(rig, RIG_ALL_FEATURES);
	enable_msix(rig);
	reg_out(rig, 0x16, 2, 1);
	offer(rig, 0, 0);
	config_out(rig, PCI_BAR0, 4, RIG_BAR + 0x100000);
	pci_bus_reset(&rig->pci);
	virtio_pci_reset(&rig->transport);
	ck_assert_uint_eq(config_in(rig, PCI_BAR0, 4), RIG_BAR);
	ck_assert_uint_eq(config_in(rig, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
	ck_assert_uint_eq(config_in(rig, rig->transport.fn.msix_at + 2, 2), NR_VECTORS - 1);
	ck_assert_uint_eq(reg_in(rig, VIRTIO_PCI_AT_TABLE + 12, 4), 1);
	ck_assert_uint_eq(status_of(rig), 0);
	ck_assert_uint_eq(reg_in(rig, 0x16, 2), 0);
	ck_assert_uint_eq(reg_in(rig, 0x1c, 2), 0);
	run(rig, 0);
	ck_assert_uint_eq(used_index(rig, 0), 0);
	/* And once more, by the next driver. */
	config_out(rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bring_up(rig, RIG_ALL_FEATURES);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(take_used(rig, 0, 0), 4);
	rig_destroy(rig);
}
END_TEST

static void point_window(struct virtio_rig *rig, uint32_t cap, uint32_t offset, uint32_t len)
{
	config_out(rig, cap + 4, 1, 0);
	config_out(rig, cap + 8, 4, offset);
	config_out(rig, cap + 12, 4, len);
}

START_TEST(the_window_in_configuration_space)
{
	struct virtio_rig *rig = rng_rig();
	uint32_t cap = find_structure(rig, VIRTIO_PCI_CAP_PCI_CFG);
	uint64_t count;

	point_window(rig, cap, 0x14, 1);
	config_out(rig, cap + 16, 1, STATUS_ACK);
	ck_assert_uint_eq(config_in(rig, cap + 16, 1), STATUS_ACK);
	ck_assert_uint_eq(status_of(rig), STATUS_ACK);
	point_window(rig, cap, 0x18, 2);
	ck_assert_uint_eq(config_in(rig, cap + 16, 2), 64);
	point_window(rig, cap, VIRTIO_PCI_AT_NOTIFY, 4);
	config_out(rig, cap + 16, 4, 0);
	ck_assert_int_eq(read(rig->transport.doorbell[0].fd, &count, 8), 8);
	/* Another width than it says, another BAR, beyond the end. */
	ck_assert_uint_eq(config_in(rig, cap + 16, 2), 0);
	point_window(rig, cap, 0x14, 1);
	config_out(rig, cap + 4, 1, 1);
	ck_assert_uint_eq(config_in(rig, cap + 16, 1), 0);
	point_window(rig, cap, 0xfffffffc, 4);
	ck_assert_uint_eq(config_in(rig, cap + 16, 4), 0);
	config_out(rig, cap + 16, 4, 0);
	point_window(rig, cap, 0, 0);
	ck_assert_uint_eq(config_in(rig, cap + 16, 4), 0);
	rig_destroy(rig);
}
END_TEST

/* Registers take anything, in any width, from anywhere. */
START_TEST(random_accesses_do_no_harm)
{
	struct virtio_rig *rig = rng_rig();
	uint32_t seed = 77;

	for (uint32_t i = 0; i < 300000; i++) {
		uint32_t r = fake_random(&seed);
		uint32_t len = 1u << (r % 4);
		uint64_t value = fake_random(&seed) | (uint64_t)fake_random(&seed) << 32;
		uint64_t at = PCI_WINDOW_BASE + (r >> 8) % VIRTIO_PCI_BAR_SIZE;

		if (r % 64 < 16)
			at = PCI_WINDOW_BASE + (r >> 8) % 0x40;
		if (r & 0x80)
			bus_write(&rig->mmio, at, len, value);
		else
			bus_read(&rig->mmio, at, len, &value);
		if (r % 64 == 17)
			config_out(rig, 0x40 + (r >> 8) % 0xc0, 1u << (r >> 16) % 3,
				   (uint32_t)value);
		if (r % 64 == 18)
			run(rig, 0);
	}
	bring_up(rig, RIG_ALL_FEATURES);
	config_out(rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	request(rig, 0, RIG_BUFFERS, 4, WRITE);
	ck_assert_uint_eq(take_used(rig, 0, 0), 4);
	rig_destroy(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio over PCI");
	TCase *registers = tcase_create("registers");

	tcase_add_test(registers, a_modern_entropy_device);
	tcase_add_test(registers, capabilities_lead_to_the_structures);
	tcase_add_test(registers, features_are_in_two_halves);
	tcase_add_test(registers, features_are_agreed_upon_or_not);
	tcase_add_test(registers, queue_registers);
	tcase_add_test(registers, vectors_that_do_not_exist_are_refused);
	tcase_add_test(registers, reset_brings_everything_back);
	tcase_add_test(registers, a_reset_of_the_bus);
	tcase_add_test(registers, the_window_in_configuration_space);
	tcase_add_test(registers, random_accesses_do_no_harm);
	suite_add_tcase(suite, registers);
	return rig_main(suite);
}
