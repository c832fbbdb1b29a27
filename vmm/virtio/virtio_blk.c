/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk: a disk, backed by a raw image.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Block Device": "Device configuration layout", "Device
 * Operation".
 *
 * Requests are carried out one after the other by the device's thread, straight between the image
 * and guest memory.
 */
#include "vmm/virtio/virtio_blk.h"

#include <errno.h>
#include <linux/virtio_blk.h>
#include <linux/virtio_ids.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_SIZE  256
#define PCI_CLASS   0x018000
#define MAX_DATA    (VIRTQUEUE_MAX_SEGMENTS - 2) /* segments beside header and status */
#define STATUS_SIZE 1u
#define MAX_PIECE   0x1000000u /* bytes between two looks whether the thread is to end */
#define FEATURE(n)  (UINT64_C(1) << (n))

struct virtio_blk {
	struct virtio_device dev;
	struct disk_file disk;
	struct virtio_blk_config config;
	char id[VIRTIO_BLK_ID_BYTES];
	struct virtqueue_chain chain;
	struct iovec part[VIRTQUEUE_MAX_SEGMENTS];
};

/*
 * len bytes at offset of the image, to or from segments. False: an error of the host, the image has
 * become shorter, or the machine is at its end: 4 GiB may take longer than anybody waits for that.
 */
static bool transfer(struct virtio_blk *blk, const struct iovec *segments, uint32_t nr, size_t skip,
		     size_t len, uint64_t offset, bool write)
{
	while (len) {
		size_t piece = len < MAX_PIECE ? len : MAX_PIECE;
		int parts = virtqueue_slice(segments, nr, skip, piece, blk->part);
		ssize_t done;

		if (parts < 0 || atomic_load(&blk->dev.stopping))
			return false;
		if (write)
			done = pwritev(blk->disk.fd, blk->part, parts, (off_t)offset);
		else
			done = preadv(blk->disk.fd, blk->part, parts, (off_t)offset);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		skip += (size_t)done;
		len -= (size_t)done;
		offset += (uint64_t)done;
	}
	return true;
}

/* Whole sectors inside the disk: byte offset, or false. */
static bool find_sectors(const struct virtio_blk *blk, uint64_t sector, size_t len,
			 uint64_t *offset)
{
	uint64_t sectors = blk->disk.size / DISK_SECTOR;

	if (len % DISK_SECTOR || sector > sectors || len / DISK_SECTOR > sectors - sector)
		return false;
	*offset = sector * DISK_SECTOR;
	return true;
}

static uint8_t read_sectors(struct virtio_blk *blk, const struct virtqueue_chain *chain,
			    uint64_t sector, uint32_t *filled)
{
	uint32_t len = chain->writable_bytes - STATUS_SIZE;
	uint64_t offset;

	if (!find_sectors(blk, sector, len, &offset) ||
	    !transfer(blk, virtqueue_writable(chain), chain->nr_writable, 0, len, offset, false))
		return VIRTIO_BLK_S_IOERR;
	*filled = len;
	return VIRTIO_BLK_S_OK;
}

static uint8_t flush(const struct virtio_blk *blk)
{
	return fdatasync(blk->disk.fd) ? VIRTIO_BLK_S_IOERR : VIRTIO_BLK_S_OK;
}

/* "Device Operation": a driver that does not flush is to find its writes on the disk. */
static uint8_t write_sectors(struct virtio_blk *blk, const struct virtqueue_chain *chain,
			     uint64_t sector)
{
	size_t header = sizeof(struct virtio_blk_outhdr);
	size_t len = chain->readable_bytes - header;
	uint64_t offset;

	if (blk->disk.read_only || !find_sectors(blk, sector, len, &offset))
		return VIRTIO_BLK_S_IOERR;
	if (!transfer(blk, chain->segment, chain->nr_readable, header, len, offset, true))
		return VIRTIO_BLK_S_IOERR;
	return virtio_has_feature(&blk->dev, VIRTIO_BLK_F_FLUSH) ? VIRTIO_BLK_S_OK : flush(blk);
}

static uint8_t tell_id(const struct virtio_blk *blk, const struct virtqueue_chain *chain,
		       uint32_t *filled)
{
	uint32_t len = chain->writable_bytes - STATUS_SIZE;

	if (len > sizeof(blk->id))
		len = sizeof(blk->id);
	if (!virtqueue_write(chain, 0, blk->id, len))
		return VIRTIO_BLK_S_IOERR;
	*filled = len;
	return VIRTIO_BLK_S_OK;
}

/* *filled becomes the number of bytes that are set, if there are any before the status. */
static uint8_t carry_out(struct virtio_blk *blk, const struct virtqueue_chain *chain,
			 const struct virtio_blk_outhdr *header, uint32_t *filled)
{
	switch (header->type) {
	case VIRTIO_BLK_T_IN:
		return read_sectors(blk, chain, header->sector, filled);
	case VIRTIO_BLK_T_OUT:
		return write_sectors(blk, chain, header->sector);
	case VIRTIO_BLK_T_FLUSH:
		return flush(blk);
	case VIRTIO_BLK_T_GET_ID:
		return tell_id(blk, chain, filled);
	default:
		return VIRTIO_BLK_S_UNSUPP;
	}
}

/*
 * The status is the last byte to write, however the driver has cut the request ("Message Framing").
 * It counts as written only where all bytes before it are: "The Virtqueue Used Ring" has len from
 * the first one on.
 */
static uint32_t serve(struct virtio_device *dev, const struct virtqueue_chain *chain)
{
	struct virtio_blk *blk = (struct virtio_blk *)dev;
	struct virtio_blk_outhdr header;
	uint32_t filled = 0;
	uint8_t status;

	if (!virtqueue_read(chain, 0, &header, sizeof(header)) || chain->writable_bytes == 0) {
		virtio_fail(dev, "a request without header or status");
		return 0;
	}
	status = carry_out(blk, chain, &header, &filled);
	virtqueue_write(chain, chain->writable_bytes - STATUS_SIZE, &status, STATUS_SIZE);
	return filled == chain->writable_bytes - STATUS_SIZE ? chain->writable_bytes : filled;
}

static void blk_queue_ready(struct virtio_device *dev, uint32_t queue)
{
	struct virtio_blk *blk = (struct virtio_blk *)dev;

	virtio_serve(dev, queue, &blk->chain, serve);
}

static uint8_t blk_config_read(struct virtio_device *dev, uint32_t offset)
{
	const struct virtio_blk *blk = (struct virtio_blk *)dev;

	return ((const uint8_t *)&blk->config)[offset];
}

static void blk_destroy(struct virtio_device *dev)
{
	struct virtio_blk *blk = (struct virtio_blk *)dev;

	disk_file_close(&blk->disk);
	free(blk);
}

static const struct virtio_kind blk_kind = {
	.name = "virtio-blk",
	.id = VIRTIO_ID_BLOCK,
	.pci_class = PCI_CLASS,
	.features = FEATURE(VIRTIO_BLK_F_SEG_MAX) | FEATURE(VIRTIO_BLK_F_BLK_SIZE) |
		    FEATURE(VIRTIO_BLK_F_FLUSH),
	.nr_queues = VIRTIO_MAX_QUEUES,
	.queue_size = QUEUE_SIZE,
	.config_size = offsetof(struct virtio_blk_config, max_discard_sectors),
	.queue_ready = blk_queue_ready,
	.config_read = blk_config_read,
	.destroy = blk_destroy,
};

struct virtio_device *virtio_blk_create(const struct virtio_host *host, struct disk_file disk,
					uint32_t number, uint32_t nr_cpus)
{
	uint32_t nr_queues = nr_cpus < VIRTIO_MAX_QUEUES ? nr_cpus : VIRTIO_MAX_QUEUES;
	uint64_t features = nr_queues > 1 ? FEATURE(VIRTIO_BLK_F_MQ) : 0;
	struct virtio_blk *blk = calloc(1, sizeof(*blk));

	if (!blk) {
		disk_file_close(&disk);
		return NULL;
	}
	blk->disk = disk;
	blk->config.capacity = disk.size / DISK_SECTOR;
	blk->config.seg_max = MAX_DATA;
	blk->config.blk_size = DISK_SECTOR;
	blk->config.num_queues = (uint16_t)nr_queues;
	snprintf(blk->id, sizeof(blk->id), "vmm-%u", number);
	if (disk.read_only)
		features |= FEATURE(VIRTIO_BLK_F_RO);
	virtio_init(&blk->dev, &blk_kind, host, features);
	blk->dev.nr_queues = nr_queues;
	return &blk->dev;
}
