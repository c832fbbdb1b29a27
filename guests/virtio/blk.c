/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk: sectors written, flushed and read back, and completions whose vector moves from CPU
 * to CPU. Virtual I/O Device (VIRTIO) 1.2, "Block Device".
 */
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "lib/string.h"
#include "virtio/pci.h"
#include "virtio/tests.h"

#define VECTOR_DISK  0x88u
#define SECTOR       512u
#define SECTORS      8u
#define BYTES        (SECTORS * SECTOR)
#define MOVES_EACH   4u
#define STATUS_OK    0u
#define STATUS_ERROR 1u
#define STATUS_NEVER 0xeeu

#define TYPE_IN    0u
#define TYPE_OUT   1u
#define TYPE_FLUSH 4u

struct request {
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} header;
	_Atomic uint8_t status;
	uint8_t data[BYTES];
};

static void submit(struct virtio *v, struct request *r, uint32_t type, uint64_t sector,
		   uint32_t len)
{
	uint16_t direction = type == TYPE_IN ? DESCRIPTOR_WRITE : 0;

	r->header.type = type;
	r->header.sector = sector;
	atomic_store(&r->status, STATUS_NEVER);
	virtio_descriptor(v, 0, &r->header, sizeof(r->header), DESCRIPTOR_NEXT);
	virtio_descriptor(v, 1, r->data, len, direction | DESCRIPTOR_NEXT);
	virtio_descriptor(v, 2, (const void *)(uintptr_t)&r->status, 1, DESCRIPTOR_WRITE);
	if (len == 0)
		v->descriptors[0].next = 2;
	virtio_offer(v, 0);
}

static uint8_t carry_out(struct kernel *kernel, struct request *r, uint32_t type, uint64_t sector,
			 uint32_t len)
{
	struct virtio *v = &devices_of(kernel)->blk;

	submit(v, r, type, sector, len);
	if (!virtio_poll(v))
		test_fail(kernel, "request %u does not come back", type);
	return atomic_load(&r->status);
}

static uint8_t pattern(uint64_t sector, uint32_t i)
{
	return (uint8_t)(sector * 31 + i * 7 + i / 256);
}

static void fill(struct request *r, uint64_t sector)
{
	for (uint32_t i = 0; i < BYTES; i++)
		r->data[i] = pattern(sector, i);
}

static void expect_pattern(struct kernel *kernel, const struct request *r, uint64_t sector)
{
	for (uint32_t i = 0; i < BYTES; i++) {
		if (r->data[i] == pattern(sector, i))
			continue;
		test_fail(kernel, "sector %lu: byte %u is 0x%x", sector, i, r->data[i]);
		return;
	}
}

static bool start(struct kernel *kernel, bool msix)
{
	struct virtio *v = &devices_of(kernel)->blk;

	virtio_msix(v, msix, false);
	virtio_msix_mask(v, 1, true);
	if (virtio_start(v))
		return true;
	test_fail(kernel, "the device does not become ready: status 0x%x", virtio_status(v));
	return false;
}

static uint64_t capacity(const struct virtio *v)
{
	return mmio_read(v->bar + v->config) | (uint64_t)mmio_read(v->bar + v->config + 4) << 32;
}

void test_blk_poll(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->blk;
	struct request *r = kernel_alloc(kernel, sizeof(*r), 64);
	uint64_t last = capacity(v) - SECTORS;

	if (!start(kernel, false))
		return;
	v->available->flags = 1;
	for (uint64_t sector = 0; sector <= last; sector += last) {
		fill(r, sector);
		if (carry_out(kernel, r, TYPE_OUT, sector, BYTES) != STATUS_OK)
			test_fail(kernel, "sector %lu cannot be written", sector);
	}
	if (carry_out(kernel, r, TYPE_FLUSH, 0, 0) != STATUS_OK)
		test_fail(kernel, "the disk cannot be flushed");
	for (uint64_t sector = 0; sector <= last; sector += last) {
		memset(r->data, 0, BYTES);
		if (carry_out(kernel, r, TYPE_IN, sector, BYTES) != STATUS_OK)
			test_fail(kernel, "sector %lu cannot be read", sector);
		expect_pattern(kernel, r, sector);
	}
}

void test_blk_errors(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->blk;
	struct request *r = kernel_alloc(kernel, sizeof(*r), 64);
	uint64_t sectors = capacity(v);

	if (!start(kernel, false))
		return;
	v->available->flags = 1;
	if (carry_out(kernel, r, TYPE_IN, sectors, SECTOR) != STATUS_ERROR ||
	    carry_out(kernel, r, TYPE_OUT, sectors - 1, 2 * SECTOR) != STATUS_ERROR ||
	    carry_out(kernel, r, TYPE_IN, 0, SECTOR - 1) != STATUS_ERROR)
		test_fail(kernel, "a request beyond the disk is no error");
	if (virtio_status(v) != VIRTIO_STATUS_READY)
		test_fail(kernel, "status 0x%x after errors", virtio_status(v));
}

/* What smp_affinity does in Linux: mask, new message, unmask; here with a request under way. */
void test_blk_msix_moves(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->blk;
	struct request *r = kernel_alloc(kernel, sizeof(*r), 64);
	uint32_t rounds = MOVES_EACH * kernel->nr_cpus;

	irq_set_handler(kernel, VECTOR_DISK, test_handler);
	if (!start(kernel, true))
		return;
	for (uint32_t i = 0; i < rounds && !test_failed(kernel); i++) {
		uint32_t cpu = i % kernel->nr_cpus;

		if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[cpu]))
			cpu = 0;
		fill(r, i);
		submit(v, r, TYPE_OUT, i % 4 * SECTORS, BYTES);
		virtio_msix_mask(v, 1, true);
		virtio_msix_vector(v, 1, kernel->apic_ids[cpu], VECTOR_DISK);
		virtio_msix_mask(v, 1, false);
		test_expect_sum(kernel, i + 1);
		if (atomic_load(&r->status) != STATUS_OK)
			test_fail(kernel, "round %u: status %u", i, atomic_load(&r->status));
	}
}
