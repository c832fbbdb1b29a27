/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification of the I/O APIC.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description", "I/O Redirection Table Registers".
 */
#include "tests/model/model_ioapic.h"

#define IOREGSEL 0x00
#define IOWIN    0x10
#define EOI      0x40

void model_ioapic_reset(struct model_ioapic *m, const struct ioapic_config *config)
{
	*m = (struct model_ioapic){ .config = *config, .id = config->id };
	for (int i = 0; i < IOAPIC_PINS; i++)
		m->pin[i].masked = true;
}

static bool is_asserted(const struct model_pin *p)
{
	for (int s = 0; s < IOAPIC_SOURCES; s++) {
		if (p->source[s])
			return true;
	}
	return false;
}

/* The other delivery modes are edges whatever the trigger mode says (D27). */
static bool is_level(const struct model_pin *p)
{
	bool fixed = p->delivery == APIC_MODE_FIXED || p->delivery == APIC_MODE_LOWEST_PRIORITY;

	return fixed && p->level;
}

static void send(const struct model_ioapic *m, int number, struct model_sent *sent)
{
	const struct model_pin *p = &m->pin[number];

	if (p->delivery == APIC_MODE_RESERVED || p->delivery == APIC_MODE_SIPI)
		return; /* D27 */
	sent->by[number] = true;
	sent->msg[number] = (struct apic_msg){
		.dest = p->dest + p->ext_dest * 256u,
		.vector = p->vector,
		.mode = p->delivery,
		.shorthand = APIC_SHORTHAND_NONE,
		.logical = p->logical,
		.level_trigger = is_level(p),
		.asserted = true,
	};
}

/* A level is sent while it is asserted and nobody is serving it. */
static void look_at_level(struct model_ioapic *m, int number, struct model_sent *sent)
{
	struct model_pin *p = &m->pin[number];

	if (!is_level(p) || !is_asserted(p) || p->masked || p->remote_irr || p->held)
		return;
	p->remote_irr = true;
	p->sent = p->vector;
	send(m, number, sent);
}

/* An edge that comes while the entry is masked is lost (R142). */
struct model_sent model_ioapic_line(struct model_ioapic *m, uint32_t pin, uint32_t source,
				    bool asserted)
{
	struct model_sent sent = { .by = { false } };
	struct model_pin *p;
	bool before;

	if (pin >= IOAPIC_PINS || source >= IOAPIC_SOURCES)
		return sent;
	p = &m->pin[pin];
	before = is_asserted(p);
	p->source[source] = asserted;
	if (!is_asserted(p)) {
		p->resends = 0;
		p->held = false;
	}
	if (is_level(p))
		look_at_level(m, (int)pin, &sent);
	else if (!before && is_asserted(p) && !p->masked)
		send(m, (int)pin, &sent);
	return sent;
}

/* D29: after so many times in a row, a level that its EOI would send again has to wait. */
static void send_again(struct model_ioapic *m, int number, struct model_sent *sent)
{
	struct model_pin *p = &m->pin[number];

	look_at_level(m, number, sent);
	if (!p->remote_irr) {
		p->resends = 0;
		return;
	}
	p->resends++;
	if (p->resends == m->config.storm_limit) {
		p->resends = 0;
		p->held = true;
		p->remote_irr = false;
		sent->by[number] = false;
	}
}

/* D25. First all pins that share the vector are freed, then those still asserted send (R76). */
struct model_sent model_ioapic_eoi(struct model_ioapic *m, uint8_t vector)
{
	struct model_sent sent = { .by = { false } };
	bool freed[IOAPIC_PINS] = { false };

	for (int i = 0; i < IOAPIC_PINS; i++) {
		struct model_pin *p = &m->pin[i];

		freed[i] = p->remote_irr && (p->vector == vector || p->sent == vector);
		if (freed[i])
			p->remote_irr = false;
	}
	for (int i = 0; i < IOAPIC_PINS; i++) {
		if (freed[i])
			send_again(m, i, &sent);
	}
	return sent;
}

struct model_sent model_ioapic_release(struct model_ioapic *m)
{
	struct model_sent sent = { .by = { false } };

	for (int i = 0; i < IOAPIC_PINS; i++) {
		bool held = m->pin[i].held;

		m->pin[i].held = false;
		if (held)
			look_at_level(m, i, &sent);
	}
	return sent;
}

struct model_sent model_ioapic_restore(struct model_ioapic *m)
{
	for (int i = 0; i < IOAPIC_PINS; i++)
		m->pin[i].resends = 0;
	return model_ioapic_release(m);
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint32_t entry_low(const struct model_pin *p)
{
	return p->vector + (uint32_t)p->delivery * 0x100 + (p->logical ? 0x800 : 0) +
	       (p->active_low ? 0x2000 : 0) + (p->remote_irr ? 0x4000 : 0) +
	       (p->level ? 0x8000 : 0) + (p->masked ? 0x10000 : 0);
}

uint32_t model_ioapic_register(const struct model_ioapic *m, uint8_t index)
{
	const struct model_pin *p;

	if (index == 0 || index == 2) /* the arbitration id is a copy of the id */
		return (uint32_t)m->id << 24;
	if (index == 1)
		return m->config.version + (IOAPIC_PINS - 1) * 0x10000u;
	if (index < 0x10 || index >= 0x10 + 2 * IOAPIC_PINS)
		return 0;
	p = &m->pin[(index - 0x10) / 2];
	if (index % 2 == 0)
		return entry_low(p);
	return (uint32_t)p->dest << 24 | (uint32_t)p->ext_dest << 17;
}

static void write_entry_low(struct model_ioapic *m, int number, uint32_t value,
			    struct model_sent *sent)
{
	struct model_pin *p = &m->pin[number];

	p->vector = (uint8_t)(value % 256);
	p->delivery = (enum apic_delivery_mode)(value / 0x100 % 8);
	p->logical = (value & 0x800) != 0;
	p->active_low = (value & 0x2000) != 0;
	p->level = (value & 0x8000) != 0;
	p->masked = (value & 0x10000) != 0;
	if (!p->level)
		p->remote_irr = false; /* D26 */
	look_at_level(m, number, sent);
}

static void write_register(struct model_ioapic *m, uint8_t index, uint32_t value,
			   struct model_sent *sent)
{
	int number = (index - 0x10) / 2;

	if (index == 0)
		m->id = (uint8_t)(value >> 24) % 16;
	if (index < 0x10 || index >= 0x10 + 2 * IOAPIC_PINS)
		return;
	if (index % 2 == 0) {
		write_entry_low(m, number, value, sent);
		return;
	}
	m->pin[number].dest = (uint8_t)(value >> 24);
	if (m->config.ext_dest)
		m->pin[number].ext_dest = (uint8_t)(value >> 17) % 128;
}

/* A load gives the bytes that it covers of the register that it begins in (D28). */
uint64_t model_ioapic_load(const struct model_ioapic *m, uint64_t offset, uint32_t len)
{
	uint64_t value = 0;
	uint64_t result = 0;

	if (offset / 4 * 4 == IOREGSEL)
		value = m->select;
	if (offset / 4 * 4 == IOWIN)
		value = model_ioapic_register(m, m->select);
	for (uint32_t i = 0; i < len && i < 8; i++) {
		uint64_t byte = offset % 4 + i;

		if (byte < 4)
			result |= (value >> (8 * byte) & 0xff) << (8 * i);
	}
	return result;
}

struct model_sent model_ioapic_store(struct model_ioapic *m, uint64_t offset, uint32_t len,
				     uint64_t value)
{
	struct model_sent sent = { .by = { false } };

	if (offset == IOREGSEL)
		m->select = (uint8_t)value;
	if (len != 4)
		return sent;
	if (offset == IOWIN)
		write_register(m, m->select, (uint32_t)value, &sent);
	if (offset == EOI && m->config.version >= IOAPIC_VERSION_EOI)
		sent = model_ioapic_eoi(m, (uint8_t)value);
	return sent;
}
