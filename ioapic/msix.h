/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MSI-X capability of a PCI function as a pure model: table, masks and pending bits.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".
 *
 * Like the rest of libioapic it is total over a guest's input, takes no lock and calls nobody:
 * messages to send come back as values. The owner of a struct msix holds a lock over each call and
 * until the messages are sent, or they could arrive after a mask that was set meanwhile (R159).
 */
#ifndef IOAPIC_MSIX_H
#define IOAPIC_MSIX_H

#include <stdbool.h>
#include <stdint.h>

#define MSIX_MAX_VECTORS 64 /* of the 2048 that the format allows: the pending bits are one word */
#define MSIX_ENTRY_SIZE  16 /* bytes of the table per vector */
#define MSIX_PBA_SIZE    8  /* bytes of the pending bit array */

/* Message Control */
#define MSIX_CONTROL_SIZE          0x07ff /* number of vectors, minus 1 */
#define MSIX_CONTROL_FUNCTION_MASK 0x4000
#define MSIX_CONTROL_ENABLE        0x8000

#define MSIX_ENTRY_MASKED UINT32_C(1) /* Vector Control */

struct msix_entry {
	uint64_t address;
	uint32_t data;
	uint32_t control;
};

/* Private to libioapic, readable for dumps. */
struct msix {
	uint32_t nr_vectors;
	bool enabled;
	bool function_masked;
	bool held;        /* the function may not write to memory at present */
	uint64_t pending; /* one bit for each vector */
	struct msix_entry entry[MSIX_MAX_VECTORS];
};

/* Messages that a call wants sent, in the order of their vectors. */
struct msix_out {
	uint32_t count;
	struct {
		uint64_t address;
		uint32_t data;
	} msg[MSIX_MAX_VECTORS];
};

/* Disabled, every vector masked, nothing pending. nr_vectors is clamped to 1..MSIX_MAX_VECTORS. */
void msix_reset(struct msix *x, uint32_t nr_vectors);

/* Message Control, 16 bits. Enabling and unmasking send what is pending. *out is assigned. */
uint16_t msix_control_read(const struct msix *x);
void msix_control_write(struct msix *x, uint16_t value, struct msix_out *out);

/*
 * len bytes at offset into the table. A load of any width gives the bytes it covers, 0 beyond the
 * table; a store has to be 4 or 8 bytes wide and aligned to its width, others are ignored (the
 * manual leaves both undefined). Unmasking a vector sends what is pending. *out is assigned.
 */
uint64_t msix_table_read(const struct msix *x, uint64_t offset, uint32_t len);
void msix_table_write(struct msix *x, uint64_t offset, uint32_t len, uint64_t value,
		      struct msix_out *out);

/* len bytes at offset into the pending bit array, which cannot be written. */
uint64_t msix_pba_read(const struct msix *x, uint64_t offset, uint32_t len);

/*
 * The function has cause to interrupt with vector: a message, or the pending bit while one of the
 * masks stands in its way (R159). Nothing happens while MSI-X is disabled, nor for a vector that
 * does not exist. *out is assigned.
 */
void msix_raise(struct msix *x, uint32_t vector, struct msix_out *out);
/* The cause has gone before the vector was sent: its pending bit is cleared (R159). */
void msix_clear(struct msix *x, uint32_t vector);

/*
 * Bus mastering: a function that may not write to memory cannot send messages either. While held,
 * causes become pending bits, as with the function mask. *out is assigned.
 */
void msix_hold(struct msix *x, bool held, struct msix_out *out);

#endif
