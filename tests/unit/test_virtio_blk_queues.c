/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk: a queue for each CPU.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Block Device": "Feature bits", "Device configuration layout".
 */
#include <linux/virtio_blk.h>

#include "tests/unit/disk_fixture.h"
#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_blk.h"

#define WRITE   VRING_DESC_F_WRITE
#define NEXT    VRING_DESC_F_NEXT
#define SECTORS 8u

#define HEADER RIG_BUFFERS
#define STATUS (RIG_BUFFERS + 0x100)
#define DATA   (RIG_BUFFERS + 0x1000)

#define CONFIG_QUEUES (VIRTIO_PCI_AT_DEVICE + offsetof(struct virtio_blk_config, num_queues))
#define COMMON_QUEUES 0x12

static struct virtio_rig *disk_rig(struct disk_image *image, uint32_t nr_cpus)
{
	struct virtio_rig *rig = rig_create();
	char error[DISK_ERROR_SIZE];
	struct disk_file disk;

	*image = image_create(SECTORS * DISK_SECTOR);
	ck_assert_int_eq(disk_file_open(&disk, image->path, false, error), 0);
	rig_plug(rig, virtio_blk_create(&rig->host, disk, 0, nr_cpus));
	return rig;
}

START_TEST(as_many_as_cpus_up_to_four)
{
	static const struct {
		uint32_t cpus, queues;
	} rows[] = { { 1, 1 }, { 2, 2 }, { 4, 4 }, { 5, 4 }, { 1024, 4 } };
	struct disk_image image;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct virtio_rig *rig = disk_rig(&image, rows[i].cpus);
		uint32_t vectors = (config_in(rig, rig->transport.fn.msix_at + 2, 2) & 0x7ff) + 1;

		ck_assert_uint_eq(reg_in(rig, COMMON_QUEUES, 2), rows[i].queues);
		ck_assert_uint_eq(reg_in(rig, CONFIG_QUEUES, 2), rows[i].queues);
		ck_assert_uint_eq(vectors, rows[i].queues + 1);
		ck_assert_int_eq((offered_features(rig) & RIG_FEATURE(VIRTIO_BLK_F_MQ)) != 0,
				 rows[i].queues > 1);
		/* The queue behind the last one does not exist. */
		reg_out(rig, 0x16, 2, rows[i].queues);
		ck_assert_uint_eq(reg_in(rig, 0x18, 2), 0);
		rig_destroy(rig);
		image_destroy(&image);
	}
}
END_TEST

START_TEST(each_has_requests_and_interrupts_of_its_own)
{
	const struct virtio_blk_outhdr header = { .type = VIRTIO_BLK_T_IN, .sector = 3 };
	struct disk_image image;
	struct virtio_rig *rig = disk_rig(&image, 3);
	const uint8_t *data = ram(rig, DATA);

	bring_up(rig, RIG_ONLY_VERSION1 | RIG_FEATURE(VIRTIO_BLK_F_MQ));
	enable_msix(rig);
	memcpy(ram(rig, HEADER), &header, sizeof(header));
	for (uint32_t n = 3; n-- > 0;) {
		memset(ram(rig, DATA), 0, DISK_SECTOR);
		descriptor(rig, n, 0, HEADER, sizeof(header), NEXT, 1);
		descriptor(rig, n, 1, DATA, DISK_SECTOR, NEXT | WRITE, 2);
		descriptor(rig, n, 2, STATUS, 1, WRITE, 0);
		offer(rig, n, 0);
		run(rig, (n + 1) % 3);
		ck_assert_uint_eq(used_index(rig, n), 0);
		run(rig, n);
		ck_assert_uint_eq(take_used(rig, n, 0), DISK_SECTOR + 1);
		ck_assert_uint_eq(data[0], pattern_at(3 * DISK_SECTOR));
		ck_assert_uint_eq(rig->board.nr_msis, 3 - n);
		ck_assert_uint_eq(rig->board.msi_data, 0x41 + n);
	}
	rig_destroy(rig);
	image_destroy(&image);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio-blk queues");
	TCase *all = tcase_create("all");

	suite_add_tcase(suite, all);
	tcase_add_test(all, as_many_as_cpus_up_to_four);
	tcase_add_test(all, each_has_requests_and_interrupts_of_its_own);
	return rig_main(suite);
}
