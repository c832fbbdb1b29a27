/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk: a disk, backed by a raw image.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Block Device".
 */
#ifndef VMM_VIRTIO_VIRTIO_BLK_H
#define VMM_VIRTIO_VIRTIO_BLK_H

#include "vmm/virtio/disk_file.h"
#include "vmm/virtio/virtio.h"

/*
 * There is a queue for each CPU, up to VIRTIO_MAX_QUEUES, so that completions come to the CPU that
 * waits. number tells the disks of a machine apart, in the id "vmm-N" that a guest can ask for. The
 * open disk is the device's from now on. NULL: out of memory; the disk has been closed.
 */
struct virtio_device *virtio_blk_create(const struct virtio_host *host, struct disk_file disk,
					uint32_t number, uint32_t nr_cpus);

#endif
