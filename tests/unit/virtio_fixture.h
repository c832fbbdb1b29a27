/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of virtio share: guest memory, a device on a PCI bus, and a driver that builds
 * rings and reads them back. The device's registers are reached as a guest does, through its BAR;
 * its I/O thread is not running: run() looks into a queue instead.
 *
 * Layout of guest memory: queue n has 64 KiB from (n + 1) * 64 KiB on, buffers are from 1 MiB on.
 */
#ifndef TESTS_UNIT_VIRTIO_FIXTURE_H
#define TESTS_UNIT_VIRTIO_FIXTURE_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "tests/unit/device_fakes.h"
#include "vmm/virtio/virtio_pci.h"

#define RIG_RAM       0x400000u
#define RIG_HIGH      0x10000u /* more of it from 4 GiB on */
#define RIG_QUEUE(n)  (((n) + 1) * 0x10000u)
#define RIG_AVAILABLE 0x4000u
#define RIG_USED      0x8000u
#define RIG_INDIRECT  0xc000u
#define RIG_BUFFERS   0x100000u
#define RIG_BAR       PCI_WINDOW_BASE
#define RIG_COMMON    (RIG_BAR + VIRTIO_PCI_AT_COMMON)

#define STATUS_ACK      0x01u
#define STATUS_DRIVER   0x02u
#define STATUS_READY    0x04u
#define STATUS_FEATURES 0x08u
#define STATUS_RESET    0x40u /* DEVICE_NEEDS_RESET */

#define RIG_FEATURE(n)    (UINT64_C(1) << (n))
#define RIG_ALL_FEATURES  UINT64_MAX
#define RIG_ONLY_VERSION1 RIG_FEATURE(VIRTIO_F_VERSION_1)

struct rig_queue {
	uint16_t size;
	uint16_t available; /* next entry */
	uint16_t used;      /* next entry to read */
};

struct virtio_rig {
	struct fake_board board;
	struct bus mmio;
	struct pci_bus pci;
	struct memory memory;
	struct log log;
	_Atomic uint64_t mistakes;
	struct virtio_host host;
	struct virtio_pci transport;
	int vm_fd; /* -1: no ioeventfds */
	struct rig_queue queue[VIRTIO_MAX_QUEUES];
};

/* ---- registers ------------------------------------------------------------------------------- */

static inline uint64_t reg_in(struct virtio_rig *rig, uint32_t at, uint32_t len)
{
	uint64_t value;

	ck_assert(bus_read(&rig->mmio, RIG_BAR + at, len, &value));
	return value;
}

static inline void reg_out(struct virtio_rig *rig, uint32_t at, uint32_t len, uint64_t value)
{
	ck_assert(bus_write(&rig->mmio, RIG_BAR + at, len, value));
}

static inline void config_out(struct virtio_rig *rig, uint32_t at, uint32_t len, uint32_t value)
{
	fake_out(&rig->board, 0xcf8, 4, 0x80000800u | (at & 0xfc));
	fake_out(&rig->board, (uint16_t)(0xcfc + at % 4), len, value);
}

static inline uint32_t config_in(struct virtio_rig *rig, uint32_t at, uint32_t len)
{
	fake_out(&rig->board, 0xcf8, 4, 0x80000800u | (at & 0xfc));
	return fake_in(&rig->board, (uint16_t)(0xcfc + at % 4), len);
}

static inline uint8_t status_of(struct virtio_rig *rig)
{
	return (uint8_t)reg_in(rig, 0x14, 1);
}

static inline void set_status(struct virtio_rig *rig, uint32_t value)
{
	reg_out(rig, 0x14, 1, value);
}

static inline bool has_failed(struct virtio_rig *rig)
{
	return (status_of(rig) & STATUS_RESET) != 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static inline void *ram(struct virtio_rig *rig, uint64_t gpa)
{
	void *at = memory_at(&rig->memory, gpa, 1);

	ck_assert_ptr_nonnull(at);
	return at;
}

/* The ring's indices, which the I/O thread looks at while it runs. */
static inline void put16(struct virtio_rig *rig, uint64_t gpa, uint16_t value)
{
	__atomic_store_n((uint16_t *)ram(rig, gpa), value, __ATOMIC_RELEASE);
}

static inline uint16_t get16(struct virtio_rig *rig, uint64_t gpa)
{
	return __atomic_load_n((const uint16_t *)ram(rig, gpa), __ATOMIC_ACQUIRE);
}

static inline uint32_t get32(struct virtio_rig *rig, uint64_t gpa)
{
	uint32_t value;

	memcpy(&value, ram(rig, gpa), sizeof(value));
	return value;
}

/* ---- building -------------------------------------------------------------------------------- */

/* Everything but a device; rig_plug() follows. */
static inline struct virtio_rig *rig_create(void)
{
	struct virtio_rig *rig = calloc(1, sizeof(*rig));
	struct pci_wiring wiring = { .first_source = 2 };

	ck_assert_ptr_nonnull(rig);
	wiring.set_irq = fake_set_line;
	wiring.send_msi = fake_send_msi;
	wiring.irqchip = &rig->board;
	ck_assert_int_eq(pci_bus_init(&rig->pci, &rig->board.ports, &rig->mmio, wiring), 0);
	rig->memory = (struct memory){
		.host = calloc(1, RIG_RAM + RIG_HIGH),
		.size = RIG_RAM + RIG_HIGH,
		.low_size = RIG_RAM,
		.high_size = RIG_HIGH,
	};
	ck_assert_ptr_nonnull(rig->memory.host);
	rig->vm_fd = -1;
	rig->log = (struct log){ .fd = -1, .level = LOG_ERROR };
	rig->host = (struct virtio_host){
		.memory = &rig->memory,
		.log = &rig->log,
		.mistakes = &rig->mistakes,
	};
	return rig;
}

static inline void rig_plug(struct virtio_rig *rig, struct virtio_device *dev)
{
	ck_assert_ptr_nonnull(dev);
	ck_assert_int_eq(virtio_pci_create(&rig->transport, dev, &rig->pci, rig->vm_fd), 0);
	config_out(rig, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static inline void rig_destroy(struct virtio_rig *rig)
{
	virtio_pci_destroy(&rig->transport);
	free(rig->memory.host);
	free(rig);
}

/* ---- a driver's first steps ------------------------------------------------------------------ */

static inline uint64_t offered_features(struct virtio_rig *rig)
{
	uint64_t low;

	reg_out(rig, 0x00, 4, 0);
	low = reg_in(rig, 0x04, 4);
	reg_out(rig, 0x00, 4, 1);
	return low | reg_in(rig, 0x04, 4) << 32;
}

/* Reset, acknowledge, agree on those of features that are offered. */
static inline void negotiate(struct virtio_rig *rig, uint64_t features)
{
	features &= offered_features(rig);
	set_status(rig, 0);
	set_status(rig, STATUS_ACK);
	set_status(rig, STATUS_ACK | STATUS_DRIVER);
	for (uint32_t half = 0; half < 2; half++) {
		reg_out(rig, 0x08, 4, half);
		reg_out(rig, 0x0c, 4, (uint32_t)(features >> (32 * half)));
	}
	set_status(rig, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES);
	ck_assert(status_of(rig) & STATUS_FEATURES);
}

static inline void program_queue(struct virtio_rig *rig, uint32_t n, uint64_t descriptors,
				 uint64_t available, uint64_t used)
{
	const uint64_t areas[] = { descriptors, available, used };

	reg_out(rig, 0x16, 2, n);
	for (uint32_t i = 0; i < 3; i++) {
		reg_out(rig, 0x20 + 8 * i, 4, (uint32_t)areas[i]);
		reg_out(rig, 0x24 + 8 * i, 4, areas[i] >> 32);
	}
}

static inline void enable_queue(struct virtio_rig *rig, uint32_t n, uint16_t size)
{
	uint64_t base = RIG_QUEUE(n);

	memset(ram(rig, base), 0, 0x10000);
	program_queue(rig, n, base, base + RIG_AVAILABLE, base + RIG_USED);
	reg_out(rig, 0x18, 2, size);
	reg_out(rig, 0x1a, 2, n + 1); /* MSI-X vector */
	reg_out(rig, 0x1c, 2, 1);
	rig->queue[n] = (struct rig_queue){ .size = size };
}

static inline void driver_ready(struct virtio_rig *rig)
{
	set_status(rig, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES | STATUS_READY);
}

/* All of it, with queues of 16 entries each. */
static inline void bring_up(struct virtio_rig *rig, uint64_t features)
{
	uint32_t nr = (uint32_t)reg_in(rig, 0x12, 2);

	negotiate(rig, features);
	for (uint32_t n = 0; n < nr; n++)
		enable_queue(rig, n, 16);
	driver_ready(rig);
	ck_assert(!has_failed(rig));
}

/* MSI-X: vector v becomes data 0x40 + v, and nothing is masked. */
static inline void enable_msix(struct virtio_rig *rig)
{
	for (uint32_t v = 0; v <= VIRTIO_MAX_QUEUES; v++) {
		reg_out(rig, VIRTIO_PCI_AT_TABLE + 16 * v, 8, 0xfee00000);
		reg_out(rig, VIRTIO_PCI_AT_TABLE + 16 * v + 8, 8, 0x40 + v);
	}
	config_out(rig, rig->transport.fn.msix_at + 2, 2, 0x8000);
	reg_out(rig, 0x10, 2, 0);
}

/* ---- requests -------------------------------------------------------------------------------- */

static inline void put_descriptor(struct virtio_rig *rig, uint64_t table, uint16_t index,
				  uint64_t address, uint32_t len, uint32_t flags, uint16_t next)
{
	const struct vring_desc d = {
		.addr = address, .len = len, .flags = (uint16_t)flags, .next = next
	};

	memcpy(ram(rig, table + index * sizeof(d)), &d, sizeof(d));
}

static inline void descriptor(struct virtio_rig *rig, uint32_t n, uint16_t index, uint64_t address,
			      uint32_t len, uint32_t flags, uint16_t next)
{
	put_descriptor(rig, RIG_QUEUE(n), index, address, len, flags, next);
}

/* Make the chain that starts at head available. */
static inline void offer(struct virtio_rig *rig, uint32_t n, uint16_t head)
{
	struct rig_queue *q = &rig->queue[n];
	uint64_t ring = RIG_QUEUE(n) + RIG_AVAILABLE;

	put16(rig, ring + 4 + 2u * (q->available % q->size), head);
	q->available++;
	put16(rig, ring + 2, q->available);
}

static inline void run(struct virtio_rig *rig, uint32_t n)
{
	virtio_run_queue(rig->transport.dev, n);
}

static inline uint32_t used_index(struct virtio_rig *rig, uint32_t n)
{
	return get16(rig, RIG_QUEUE(n) + RIG_USED + 2);
}

/* The next used entry has to be there, and to be head's. Returns how many bytes were written. */
static inline uint32_t take_used(struct virtio_rig *rig, uint32_t n, uint16_t head)
{
	struct rig_queue *q = &rig->queue[n];
	uint64_t entry = RIG_QUEUE(n) + RIG_USED + 4 + 8u * (q->used % q->size);

	ck_assert_uint_ne(q->used, used_index(rig, n));
	ck_assert_uint_eq(get32(rig, entry), head);
	q->used++;
	return get32(rig, entry + 4);
}

/* A request of one buffer, offered and run. */
static inline void request(struct virtio_rig *rig, uint32_t n, uint64_t address, uint32_t len,
			   uint32_t flags)
{
	descriptor(rig, n, 0, address, len, flags, 0);
	offer(rig, n, 0);
	run(rig, n);
}

static inline int rig_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
