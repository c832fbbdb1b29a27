/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of the virtio guest, and the devices that they drive. */
#ifndef GUESTS_VIRTIO_TESTS_H
#define GUESTS_VIRTIO_TESTS_H

#include "smp/test.h"
#include "virtio/device.h"

struct devices {
	struct environment environment; /* first: smp/test.h finds it by kernel->application */
	struct virtio rng;
	struct virtio blk;
	bool has_rng, has_blk;
};

static inline struct devices *devices_of(const struct kernel *kernel)
{
	return kernel->application;
}

const char *unfit_rng(const struct kernel *kernel);
const char *unfit_blk(const struct kernel *kernel);

void test_pci_bars(struct kernel *kernel);
void test_rng_poll(struct kernel *kernel);
void test_rng_doorbells(struct kernel *kernel);
void test_rng_intx(struct kernel *kernel);
void test_rng_msix(struct kernel *kernel);
void test_rng_pending(struct kernel *kernel);
void test_rng_function_mask(struct kernel *kernel);
void test_rng_fault(struct kernel *kernel);
void test_rng_bad_queue(struct kernel *kernel);
void test_blk_poll(struct kernel *kernel);
void test_blk_errors(struct kernel *kernel);
void test_blk_msix_moves(struct kernel *kernel);

#endif
