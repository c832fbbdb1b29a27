/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An executable specification of a PCI function's MSI-X: what libioapic's is compared with.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures" and "Operation of
 * Per-vector Masking and Pending Bits". Like model_lapic.h's: plain fields, written from the
 * manual; where that leaves a choice docs/deviations.md is followed.
 */
#ifndef TESTS_MODEL_MSIX_H
#define TESTS_MODEL_MSIX_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_MSIX_VECTORS 64

struct model_msix_entry {
	uint64_t address;
	uint32_t data;
	bool masked;
	bool pending;
};

struct model_msix {
	uint32_t vectors;
	bool enabled;
	bool function_masked;
	bool held; /* the function is no bus master */
	struct model_msix_entry entry[MODEL_MSIX_VECTORS];
};

/* The vectors whose message a step sends, in order. */
struct model_msix_sent {
	uint32_t count;
	uint8_t vector[MODEL_MSIX_VECTORS];
};

void model_msix_reset(struct model_msix *m, uint32_t vectors);

uint16_t model_msix_control(const struct model_msix *m);
struct model_msix_sent model_msix_control_write(struct model_msix *m, uint16_t value);

/* One byte of the table or of the pending bit array; 0 beyond them. */
uint8_t model_msix_table_byte(const struct model_msix *m, uint64_t offset);
uint8_t model_msix_pba_byte(const struct model_msix *m, uint64_t offset);
struct model_msix_sent model_msix_table_write(struct model_msix *m, uint64_t offset, uint32_t len,
					      uint64_t value);

/*
 * The function has cause to interrupt; it has none any more; it becomes bus master or ceases to be.
 */
struct model_msix_sent model_msix_raise(struct model_msix *m, uint32_t vector);
void model_msix_clear(struct model_msix *m, uint32_t vector);
struct model_msix_sent model_msix_hold(struct model_msix *m, bool held);

#endif
