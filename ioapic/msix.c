/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI-X: a table of messages, each with a mask, and a pending bit for what a mask held back (R159).
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures" and "Operation of
 * Per-vector Masking and Pending Bits".
 */
#include "ioapic/msix.h"

#define ADDRESS_BITS UINT64_C(0xfffffffffffffffc) /* messages go to aligned DWORDs */

/* DWORDs of a table entry, by offset. */
#define ENTRY_ADDRESS_LOW  0
#define ENTRY_ADDRESS_HIGH 4
#define ENTRY_DATA         8
#define ENTRY_CONTROL      12

#define BYTES_PER_DWORD 4u

static uint64_t bit_of(uint32_t vector)
{
	return UINT64_C(1) << vector;
}

void msix_reset(struct msix *x, uint32_t nr_vectors)
{
	if (nr_vectors == 0)
		nr_vectors = 1;
	if (nr_vectors > MSIX_MAX_VECTORS)
		nr_vectors = MSIX_MAX_VECTORS;
	*x = (struct msix){ .nr_vectors = nr_vectors };
	for (uint32_t i = 0; i < nr_vectors; i++)
		x->entry[i].control = MSIX_ENTRY_MASKED;
}

/* Send every pending vector that nothing holds back any more. */
static void send_pending(struct msix *x, struct msix_out *out)
{
	out->count = 0;
	if (!x->enabled || x->function_masked || x->held)
		return;
	for (uint32_t i = 0; i < x->nr_vectors; i++) {
		const struct msix_entry *e = &x->entry[i];

		if (!(x->pending & bit_of(i)) || (e->control & MSIX_ENTRY_MASKED))
			continue;
		x->pending &= ~bit_of(i);
		out->msg[out->count].address = e->address;
		out->msg[out->count].data = e->data;
		out->count++;
	}
}

uint16_t msix_control_read(const struct msix *x)
{
	uint32_t value = (x->nr_vectors - 1) & MSIX_CONTROL_SIZE;

	value |= x->function_masked ? MSIX_CONTROL_FUNCTION_MASK : 0;
	value |= x->enabled ? MSIX_CONTROL_ENABLE : 0;
	return (uint16_t)value;
}

/* What was pending when MSI-X is disabled is the business of the function's other interrupt. */
void msix_control_write(struct msix *x, uint16_t value, struct msix_out *out)
{
	x->enabled = (value & MSIX_CONTROL_ENABLE) != 0;
	x->function_masked = (value & MSIX_CONTROL_FUNCTION_MASK) != 0;
	if (!x->enabled)
		x->pending = 0;
	send_pending(x, out);
}

static uint32_t dword_read(const struct msix *x, uint64_t offset)
{
	const struct msix_entry *e;

	if (offset / MSIX_ENTRY_SIZE >= x->nr_vectors)
		return 0;
	e = &x->entry[offset / MSIX_ENTRY_SIZE];
	switch (offset % MSIX_ENTRY_SIZE) {
	case ENTRY_ADDRESS_LOW:
		return (uint32_t)e->address;
	case ENTRY_ADDRESS_HIGH:
		return (uint32_t)(e->address >> 32);
	case ENTRY_DATA:
		return e->data;
	default:
		return e->control;
	}
}

static void dword_write(struct msix *x, uint64_t offset, uint32_t value)
{
	struct msix_entry *e;

	if (offset / MSIX_ENTRY_SIZE >= x->nr_vectors)
		return;
	e = &x->entry[offset / MSIX_ENTRY_SIZE];
	switch (offset % MSIX_ENTRY_SIZE) {
	case ENTRY_ADDRESS_LOW:
		e->address = (e->address & ~(uint64_t)UINT32_MAX) | (value & ADDRESS_BITS);
		break;
	case ENTRY_ADDRESS_HIGH:
		e->address = (e->address & UINT32_MAX) | (uint64_t)value << 32;
		break;
	case ENTRY_DATA:
		e->data = value;
		break;
	default:
		e->control = value & MSIX_ENTRY_MASKED;
		break;
	}
}

uint64_t msix_table_read(const struct msix *x, uint64_t offset, uint32_t len)
{
	uint64_t value = 0;

	/* Nothing there, and offset + i could wrap. */
	if (offset >= x->nr_vectors * MSIX_ENTRY_SIZE)
		return 0;
	for (uint32_t i = 0; i < len && i < sizeof(value); i++) {
		uint64_t byte = offset + i;
		uint32_t dword = dword_read(x, byte - byte % BYTES_PER_DWORD);

		value |= (uint64_t)(uint8_t)(dword >> (8 * (byte % BYTES_PER_DWORD))) << (8 * i);
	}
	return value;
}

void msix_table_write(struct msix *x, uint64_t offset, uint32_t len, uint64_t value,
		      struct msix_out *out)
{
	out->count = 0;
	if ((len != BYTES_PER_DWORD && len != 2 * BYTES_PER_DWORD) || offset % len)
		return;
	dword_write(x, offset, (uint32_t)value);
	if (len > BYTES_PER_DWORD)
		dword_write(x, offset + BYTES_PER_DWORD, (uint32_t)(value >> 32));
	send_pending(x, out);
}

uint64_t msix_pba_read(const struct msix *x, uint64_t offset, uint32_t len)
{
	uint64_t value;

	if (offset >= MSIX_PBA_SIZE)
		return 0;
	value = x->pending >> (8 * offset);
	return len < sizeof(value) ? value & ((UINT64_C(1) << (8 * len)) - 1) : value;
}

void msix_raise(struct msix *x, uint32_t vector, struct msix_out *out)
{
	out->count = 0;
	if (!x->enabled || vector >= x->nr_vectors)
		return;
	x->pending |= bit_of(vector);
	send_pending(x, out);
}

void msix_clear(struct msix *x, uint32_t vector)
{
	if (vector < x->nr_vectors)
		x->pending &= ~bit_of(vector);
}

void msix_hold(struct msix *x, bool held, struct msix_out *out)
{
	x->held = held;
	send_pending(x, out);
}
