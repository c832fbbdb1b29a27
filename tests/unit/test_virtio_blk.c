/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk: requests of all kinds and cuts, against the image behind the disk.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Block Device".
 *
 * fdatasync(2) is a stand-in (tests/unit/CMakeLists.txt), which finds the address of its struct
 * flushes in the image, behind the bytes that the disk had when it was opened.
 */
#include <errno.h>
#include <linux/virtio_blk.h>

#include "tests/unit/disk_fixture.h"
#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_blk.h"

#define WRITE   VRING_DESC_F_WRITE
#define NEXT    VRING_DESC_F_NEXT
#define SECTORS 64u
#define SIZE    (SECTORS * DISK_SECTOR)

#define HEADER RIG_BUFFERS
#define STATUS (RIG_BUFFERS + 0x100)
#define DATA   (RIG_BUFFERS + 0x1000)

/* What the host was told to bring to the disk. */
struct flushes {
	uint32_t count;
	int error;         /* of the next one, 0: none */
	uint64_t watched;  /* a byte of the image ... */
	uint8_t last_seen; /* ... and its value at the last flush */
};

struct blk_rig {
	struct virtio_rig *rig;
	struct disk_image image;
	struct flushes *flushes;
};

int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	struct flushes *flushes;

	ck_assert_int_eq(pread(fd, &flushes, sizeof(flushes), SIZE), sizeof(flushes));
	ck_assert_int_eq(pread(fd, &flushes->last_seen, 1, (off_t)flushes->watched), 1);
	flushes->count++;
	errno = flushes->error;
	flushes->error = 0;
	return errno ? -1 : 0;
}

static struct blk_rig plugged(bool read_only)
{
	struct blk_rig b = { .rig = rig_create(), .image = image_create(SIZE) };
	char error[DISK_ERROR_SIZE];
	struct disk_file disk;

	ck_assert_int_eq(disk_file_open(&disk, b.image.path, read_only, error), 0);
	b.flushes = calloc(1, sizeof(*b.flushes));
	ck_assert_int_eq(pwrite(b.image.fd, &b.flushes, sizeof(b.flushes), SIZE),
			 sizeof(b.flushes));
	rig_plug(b.rig, virtio_blk_create(&b.rig->host, disk, 3, 1));
	return b;
}

static struct blk_rig started(uint64_t features)
{
	struct blk_rig b = plugged(false);

	bring_up(b.rig, features);
	return b;
}

static void end(struct blk_rig *b)
{
	rig_destroy(b->rig);
	image_destroy(&b->image);
	free(b->flushes);
}

static void put_header(struct virtio_rig *rig, uint32_t type, uint64_t sector)
{
	const struct virtio_blk_outhdr header = { .type = type, .sector = sector };

	memcpy(ram(rig, HEADER), &header, sizeof(header));
	memset(ram(rig, STATUS), 0xee, 1);
}

static uint8_t status_byte(struct virtio_rig *rig)
{
	return *(uint8_t *)ram(rig, STATUS);
}

/*
 * Header, one data buffer, status. Returns the status, and how many bytes the device says it wrote.
 */
static uint8_t submit(struct virtio_rig *rig, uint32_t type, uint64_t sector, uint32_t len,
		      uint32_t data_flags, uint32_t *written)
{
	put_header(rig, type, sector);
	descriptor(rig, 0, 0, HEADER, 16, NEXT, len ? 1 : 2);
	descriptor(rig, 0, 1, DATA, len, data_flags | NEXT, 2);
	descriptor(rig, 0, 2, STATUS, 1, WRITE, 0);
	offer(rig, 0, 0);
	run(rig, 0);
	*written = take_used(rig, 0, 0);
	return status_byte(rig);
}

START_TEST(the_configuration_tells_the_size)
{
	struct blk_rig b = plugged(false);

	ck_assert_uint_eq(reg_in(b.rig, VIRTIO_PCI_AT_DEVICE, 8), SECTORS);
	ck_assert_uint_eq(reg_in(b.rig, VIRTIO_PCI_AT_DEVICE + 12, 4), 254);
	ck_assert_uint_eq(reg_in(b.rig, VIRTIO_PCI_AT_DEVICE + 20, 4), 512);
	ck_assert_uint_eq(offered_features(b.rig) & 0xffff,
			  RIG_FEATURE(VIRTIO_BLK_F_SEG_MAX) | RIG_FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
				  RIG_FEATURE(VIRTIO_BLK_F_FLUSH));
	ck_assert_uint_eq(config_in(b.rig, PCI_VENDOR_ID, 4), 0x10421af4);
	end(&b);
}
END_TEST

START_TEST(sectors_are_read)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);
	const uint8_t *data = ram(b.rig, DATA);
	uint32_t written;

	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_IN, 5, 3 * 512, WRITE, &written),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(written, 3 * 512 + 1);
	for (uint32_t i = 0; i < 3 * 512; i++)
		ck_assert_uint_eq(data[i], pattern_at(5 * 512 + i));
	ck_assert_uint_eq(data[3 * 512], 0);
	end(&b);
}
END_TEST

START_TEST(sectors_are_written)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);
	uint8_t *data = ram(b.rig, DATA);
	uint32_t written;

	for (uint32_t i = 0; i < 1024; i++)
		data[i] = (uint8_t)(i * 3);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, 62, 1024, 0, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(written, 1);
	for (uint32_t i = 0; i < 1024; i++)
		ck_assert_uint_eq(image_byte(&b.image, 62 * 512 + i), (uint8_t)(i * 3));
	ck_assert_uint_eq(image_byte(&b.image, 62 * 512 - 1), pattern_at(62 * 512 - 1));
	end(&b);
}
END_TEST

/* Nothing may be assumed about how a driver cuts a request: 1-byte pieces, header with data. */
START_TEST(any_cut_will_do)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);
	uint64_t table = RIG_QUEUE(0) + RIG_INDIRECT;

	put_header(b.rig, VIRTIO_BLK_T_IN, 1);
	put_descriptor(b.rig, table, 0, HEADER, 3, NEXT, 1);
	put_descriptor(b.rig, table, 1, HEADER + 3, 13, NEXT, 2);
	for (uint16_t i = 0; i < 64; i++)
		put_descriptor(b.rig, table, i + 2, DATA + 8u * i, 8, WRITE | NEXT, i + 3);
	put_descriptor(b.rig, table, 66, STATUS, 1, WRITE, 0);
	request(b.rig, 0, table, 67 * 16, VRING_DESC_F_INDIRECT);
	ck_assert_uint_eq(take_used(b.rig, 0, 0), 513);
	ck_assert_uint_eq(status_byte(b.rig), VIRTIO_BLK_S_OK);
	for (uint32_t i = 0; i < 512; i++)
		ck_assert_uint_eq(*(uint8_t *)ram(b.rig, DATA + i), pattern_at(512 + i));

	/* Data and status in one buffer, header and data in one buffer. */
	descriptor(b.rig, 0, 0, HEADER, 16, NEXT, 1);
	descriptor(b.rig, 0, 1, DATA, 513, WRITE, 0);
	offer(b.rig, 0, 0);
	run(b.rig, 0);
	ck_assert_uint_eq(take_used(b.rig, 0, 0), 513);
	ck_assert_uint_eq(*(uint8_t *)ram(b.rig, DATA + 512), VIRTIO_BLK_S_OK);
	put_header(b.rig, VIRTIO_BLK_T_OUT, 0);
	memset((uint8_t *)ram(b.rig, HEADER) + 16, 0x33, 512);
	descriptor(b.rig, 0, 0, HEADER, 528, NEXT, 2);
	descriptor(b.rig, 0, 2, DATA, 1, WRITE, 0);
	offer(b.rig, 0, 0);
	run(b.rig, 0);
	ck_assert_uint_eq(*(uint8_t *)ram(b.rig, DATA), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(image_byte(&b.image, 511), 0x33);
	ck_assert_uint_eq(image_byte(&b.image, 512), pattern_at(512));
	end(&b);
}
END_TEST

START_TEST(requests_that_fail)
{
	static const struct {
		uint64_t sector;
		uint32_t len;
	} bad[] = {
		{ SECTORS, 512 },    { SECTORS - 1, 1024 },
		{ UINT64_MAX, 512 }, { UINT64_MAX / 512, 1024 },
		{ 0, 511 },          { 0, 1 },
	};
	struct blk_rig b = started(RIG_ALL_FEATURES);
	uint32_t written;

	ck_assert_uint_eq(
		submit(b.rig, VIRTIO_BLK_T_IN, bad[_i].sector, bad[_i].len, WRITE, &written),
		VIRTIO_BLK_S_IOERR);
	/* None of the bytes before the status have been written. */
	ck_assert_uint_eq(written, 0);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, bad[_i].sector, bad[_i].len, 0, &written),
			  VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(written, 1);
	ck_assert_uint_eq(submit(b.rig, 77, 0, 0, 0, &written), VIRTIO_BLK_S_UNSUPP);
	ck_assert(!has_failed(b.rig));
	for (uint32_t i = 0; i < SIZE; i += 511)
		ck_assert_uint_eq(image_byte(&b.image, i), pattern_at(i));
	end(&b);
}
END_TEST

START_TEST(an_image_that_shrinks)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);
	uint32_t written;

	ck_assert_int_eq(ftruncate(b.image.fd, 4 * 512), 0);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_IN, 3, 1024, WRITE, &written),
			  VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_IN, 3, 512, WRITE, &written), VIRTIO_BLK_S_OK);
	end(&b);
}
END_TEST

START_TEST(a_disk_that_is_only_read)
{
	struct blk_rig b = plugged(true);
	uint32_t written;

	ck_assert_uint_ne(offered_features(b.rig) & RIG_FEATURE(VIRTIO_BLK_F_RO), 0);
	bring_up(b.rig, RIG_ALL_FEATURES);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, 0, 512, 0, &written), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(image_byte(&b.image, 0), pattern_at(0));
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_IN, 0, 512, WRITE, &written), VIRTIO_BLK_S_OK);
	end(&b);
}
END_TEST

START_TEST(the_id)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);
	uint32_t written;

	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_GET_ID, 0, 20, WRITE, &written),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(written, 21);
	ck_assert_str_eq(ram(b.rig, DATA), "vmm-3");
	/* A buffer for more than there is. */
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_GET_ID, 0, 64, WRITE, &written),
			  VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(written, 20);
	end(&b);
}
END_TEST

/* What was written before is brought to the disk by a flush, and by nothing else. */
START_TEST(a_flush_reaches_the_host)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);
	uint32_t written;

	b.flushes->watched = 9 * 512;
	memset(ram(b.rig, DATA), 0x77, 512);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, 9, 512, 0, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_IN, 9, 512, WRITE, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(b.flushes->count, 0);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_FLUSH, 0, 0, 0, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(b.flushes->count, 1);
	ck_assert_uint_eq(b.flushes->last_seen, 0x77);

	b.flushes->error = EIO;
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_FLUSH, 0, 0, 0, &written), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(written, 1);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_FLUSH, 0, 0, 0, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(b.flushes->count, 3);
	ck_assert(!has_failed(b.rig));
	end(&b);
}
END_TEST

/* One that has not agreed on VIRTIO_BLK_F_FLUSH finds every write on the disk. */
START_TEST(a_driver_that_does_not_flush)
{
	struct blk_rig b = started(RIG_ONLY_VERSION1);
	uint32_t written;

	b.flushes->watched = 9 * 512 + 511;
	memset(ram(b.rig, DATA), 0x77, 512);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, 9, 512, 0, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(b.flushes->count, 1);
	ck_assert_uint_eq(b.flushes->last_seen, 0x77);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_IN, 9, 512, WRITE, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(b.flushes->count, 1);

	b.flushes->error = EIO;
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, 9, 512, 0, &written), VIRTIO_BLK_S_IOERR);
	ck_assert_uint_eq(submit(b.rig, VIRTIO_BLK_T_OUT, 9, 512, 0, &written), VIRTIO_BLK_S_OK);
	ck_assert_uint_eq(b.flushes->count, 3);
	end(&b);
}
END_TEST

/* What is left when the machine stops does not hold it up, and is there when it goes on. */
START_TEST(a_thread_that_stops_leaves_requests)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);

	put_header(b.rig, VIRTIO_BLK_T_IN, 0);
	descriptor(b.rig, 0, 0, HEADER, 16, NEXT, 1);
	descriptor(b.rig, 0, 1, DATA, 513, WRITE, 0);
	offer(b.rig, 0, 0);
	virtio_pci_stop(&b.rig->transport);
	run(b.rig, 0);
	ck_assert_uint_eq(used_index(b.rig, 0), 0);
	ck_assert_int_eq(virtio_pci_start(&b.rig->transport), 0);
	while (used_index(b.rig, 0) == 0)
		usleep(100);
	virtio_pci_stop(&b.rig->transport);
	ck_assert_uint_eq(take_used(b.rig, 0, 0), 513);
	end(&b);
}
END_TEST

/* A request that cannot even be answered is the driver's fault. */
START_TEST(no_header_or_no_status)
{
	struct blk_rig b = started(RIG_ALL_FEATURES);

	put_header(b.rig, VIRTIO_BLK_T_IN, 0);
	if (_i == 0) {
		request(b.rig, 0, HEADER, 16, 0);
	} else {
		descriptor(b.rig, 0, 0, HEADER, 15, NEXT, 1);
		descriptor(b.rig, 0, 1, DATA, 513, WRITE, 0);
		offer(b.rig, 0, 0);
		run(b.rig, 0);
	}
	ck_assert(has_failed(b.rig));
	ck_assert_uint_eq(b.rig->mistakes, 1);
	end(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virtio-blk");
	TCase *all = tcase_create("all");

	tcase_add_test(all, the_configuration_tells_the_size);
	tcase_add_test(all, sectors_are_read);
	tcase_add_test(all, sectors_are_written);
	tcase_add_test(all, any_cut_will_do);
	tcase_add_loop_test(all, requests_that_fail, 0, 6);
	tcase_add_test(all, an_image_that_shrinks);
	tcase_add_test(all, a_disk_that_is_only_read);
	tcase_add_test(all, the_id);
	tcase_add_test(all, a_flush_reaches_the_host);
	tcase_add_test(all, a_driver_that_does_not_flush);
	tcase_add_test(all, a_thread_that_stops_leaves_requests);
	tcase_add_loop_test(all, no_header_or_no_status, 0, 2);
	suite_add_tcase(suite, all);
	return rig_main(suite);
}
