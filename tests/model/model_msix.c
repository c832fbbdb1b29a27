/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification of MSI-X: registers, masks, pending bits.
 *
 * PCI Local Bus Specification 3.0, "Message Control for MSI-X", "Message Address for MSI-X Table
 * Entries", "Vector Control for MSI-X Table Entries", "Pending Bits for MSI-X PBA Entries".
 */
#include "tests/model/model_msix.h"

void model_msix_reset(struct model_msix *m, uint32_t vectors)
{
	*m = (struct model_msix){ .vectors = vectors };
	for (uint32_t v = 0; v < vectors; v++)
		m->entry[v].masked = true;
}

/*
 * What is pending is sent as soon as nothing stands in its way, and is not pending any more then.
 */
static struct model_msix_sent send(struct model_msix *m)
{
	struct model_msix_sent sent = { .count = 0 };

	for (uint32_t v = 0; v < m->vectors; v++) {
		struct model_msix_entry *e = &m->entry[v];
		bool may = m->enabled && !m->function_masked && !m->held && !e->masked;

		if (!e->pending || !may)
			continue;
		e->pending = false;
		sent.vector[sent.count] = (uint8_t)v;
		sent.count++;
	}
	return sent;
}

uint16_t model_msix_control(const struct model_msix *m)
{
	return (uint16_t)(m->vectors - 1 + (m->function_masked ? 0x4000u : 0) +
			  (m->enabled ? 0x8000u : 0));
}

/*
 * While MSI-X is disabled the function interrupts in other ways, and nothing stays pending (D76).
 */
struct model_msix_sent model_msix_control_write(struct model_msix *m, uint16_t value)
{
	m->function_masked = value / 0x4000 % 2 != 0;
	m->enabled = value / 0x8000 != 0;
	for (uint32_t v = 0; !m->enabled && v < m->vectors; v++)
		m->entry[v].pending = false;
	return send(m);
}

uint8_t model_msix_table_byte(const struct model_msix *m, uint64_t offset)
{
	const struct model_msix_entry *e;
	uint64_t byte = offset % 16;

	if (offset / 16 >= m->vectors)
		return 0;
	e = &m->entry[offset / 16];
	if (byte < 8)
		return (uint8_t)(e->address >> 8 * byte);
	if (byte < 12)
		return (uint8_t)(e->data >> 8 * (byte - 8));
	return byte == 12 && e->masked;
}

uint8_t model_msix_pba_byte(const struct model_msix *m, uint64_t offset)
{
	uint8_t byte = 0;

	for (uint32_t v = 0; v < m->vectors; v++) {
		if (v / 8 == offset && m->entry[v].pending)
			byte = (uint8_t)(byte + (1u << v % 8));
	}
	return byte;
}

/* Messages are DWORDs at addresses of DWORDs; of Vector Control only the mask bit is defined. */
static void store(struct model_msix *m, uint64_t offset, uint32_t value)
{
	struct model_msix_entry *e;

	if (offset / 16 >= m->vectors)
		return;
	e = &m->entry[offset / 16];
	if (offset % 16 == 0)
		e->address = (e->address >> 32 << 32) + value / 4 * 4;
	else if (offset % 16 == 4)
		e->address = ((uint64_t)value << 32) + (uint32_t)e->address;
	else if (offset % 16 == 8)
		e->data = value;
	else
		e->masked = value % 2 != 0;
}

/* "aligned full DWORD or QWORD accesses" (D76) */
struct model_msix_sent model_msix_table_write(struct model_msix *m, uint64_t offset, uint32_t len,
					      uint64_t value)
{
	if ((len == 4 || len == 8) && offset % len == 0) {
		store(m, offset, (uint32_t)value);
		if (len == 8)
			store(m, offset + 4, (uint32_t)(value >> 32));
	}
	return send(m);
}

struct model_msix_sent model_msix_raise(struct model_msix *m, uint32_t vector)
{
	if (m->enabled && vector < m->vectors)
		m->entry[vector].pending = true;
	return send(m);
}

void model_msix_clear(struct model_msix *m, uint32_t vector)
{
	if (vector < m->vectors)
		m->entry[vector].pending = false;
}

struct model_msix_sent model_msix_hold(struct model_msix *m, bool held)
{
	m->held = held;
	return send(m);
}
