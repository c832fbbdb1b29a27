/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC: pins with a redirection table entry (RTE) each, and the registers that reach them.
 *
 * Intel 82093AA I/O APIC datasheet, "Register Description"; the EOI register is that of the ICH
 * family's datasheets, "EOIR - EOI Register".
 *
 * Delivery is instant: a message leaves in the call that causes it, so delivery status always reads
 * 0 and a level interrupt that has left is not taken back when its line drops (R160, D24). What is
 * left of a pin's state is remote IRR: sent as level, no EOI yet.
 */
#include "ioapic/ioapic.h"

#include "ioapic/delivery_mode.h"
#include "ioapic/ioapic_priv.h"

#define IOREGSEL_OFFSET 0x00
#define IOWIN_OFFSET    0x10
#define EOI_OFFSET      0x40

/* Register indices, "I/O APIC Registers". */
#define INDEX_ID          0x00
#define INDEX_VERSION     0x01
#define INDEX_ARBITRATION 0x02
#define INDEX_REDIRECTION 0x10 /* two per pin: low half, high half */

#define VERSION_PINS_SHIFT 16 /* the number of the last pin */
#define RTE_HIGH_SHIFT     32
#define RTE_EXT_DEST_BITS  UINT64_C(0x7f)
#define RTE_DEST_BITS      UINT64_C(0xff)
#define EXT_DEST_TO_ID     8 /* extended destination bits are destination bits 14:8 */

#define RTE_WRITABLE                                                                        \
	(IOAPIC_RTE_VECTOR | IOAPIC_RTE_MODE | IOAPIC_RTE_LOGICAL | IOAPIC_RTE_ACTIVE_LOW | \
	 IOAPIC_RTE_LEVEL | IOAPIC_RTE_MASKED | (RTE_DEST_BITS << IOAPIC_RTE_DEST_SHIFT))
#define RTE_WRITABLE_EXT_DEST (RTE_EXT_DEST_BITS << IOAPIC_RTE_EXT_DEST_SHIFT)

uint64_t ioapic_rte_writable(const struct ioapic *io)
{
	return RTE_WRITABLE | (io->config.ext_dest ? RTE_WRITABLE_EXT_DEST : 0);
}

struct apic_msg ioapic_rte_msg(uint64_t rte, bool ext_dest)
{
	uint64_t dest = (rte >> IOAPIC_RTE_DEST_SHIFT) & RTE_DEST_BITS;
	enum apic_delivery_mode mode = (enum apic_delivery_mode)((rte & IOAPIC_RTE_MODE) >>
								 IOAPIC_RTE_MODE_SHIFT);

	if (ext_dest)
		dest |= ((rte >> IOAPIC_RTE_EXT_DEST_SHIFT) & RTE_EXT_DEST_BITS) << EXT_DEST_TO_ID;
	return (struct apic_msg){
		.dest = (uint32_t)dest,
		.vector = (uint8_t)(rte & IOAPIC_RTE_VECTOR),
		.mode = mode,
		.shorthand = APIC_SHORTHAND_NONE,
		.logical = (rte & IOAPIC_RTE_LOGICAL) != 0,
		.level_trigger = (rte & IOAPIC_RTE_LEVEL) && delivery_mode_has_level(mode),
		.asserted = true,
	};
}

void ioapic_reset(struct ioapic *io, const struct ioapic_config *config)
{
	uint8_t id = config->id > IOAPIC_ID_MAX ? IOAPIC_ID_MAX : config->id;
	uint8_t version = config->version >= IOAPIC_VERSION_EOI ? IOAPIC_VERSION_EOI
								: IOAPIC_VERSION_82093AA;

	*io = (struct ioapic){
		.config = {
			.id = id,
			.version = version,
			.ext_dest = config->ext_dest,
			.storm_limit = config->storm_limit,
		},
		.id = (uint32_t)id << IOAPIC_ID_SHIFT,
	};
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++)
		io->rte[pin] = IOAPIC_RTE_MASKED;
}

static uint32_t bit(uint32_t pin)
{
	return UINT32_C(1) << pin;
}

static void send(struct ioapic_out *out, uint32_t pin, const struct apic_msg *msg)
{
	out->pin[out->count] = (uint8_t)pin;
	out->msg[out->count] = *msg;
	out->count++;
}

static bool owes_level(const struct ioapic *io, uint32_t pin)
{
	uint64_t rte = io->rte[pin];

	return io->sources[pin] && ioapic_rte_msg(rte, io->config.ext_dest).level_trigger &&
	       !(rte & (IOAPIC_RTE_MASKED | IOAPIC_RTE_REMOTE_IRR));
}

/* So a level is delivered at unmask (R142) and after EOI (R144). */
void ioapic_service_level(struct ioapic *io, uint32_t pin, struct ioapic_out *out)
{
	struct apic_msg msg = ioapic_rte_msg(io->rte[pin], io->config.ext_dest);

	if (!owes_level(io, pin) || (io->held & bit(pin)))
		return;
	io->rte[pin] |= IOAPIC_RTE_REMOTE_IRR;
	io->sent_vector[pin] = msg.vector;
	send(out, pin, &msg);
}

/* An edge that meets a masked RTE is lost (R142); a reserved mode names no interrupt to send. */
static void service_edge(const struct ioapic *io, uint32_t pin, struct ioapic_out *out)
{
	struct apic_msg msg = ioapic_rte_msg(io->rte[pin], io->config.ext_dest);

	if (msg.level_trigger || delivery_mode_is_reserved(msg.mode) ||
	    (io->rte[pin] & IOAPIC_RTE_MASKED))
		return;
	send(out, pin, &msg);
}

/* The end of a storm, and of holding it back. */
static void calm(struct ioapic *io, uint32_t pin)
{
	io->resends[pin] = 0;
	io->held &= ~bit(pin);
}

void ioapic_set_irq(struct ioapic *io, uint32_t pin, uint32_t source, bool level,
		    struct ioapic_out *out)
{
	bool was_asserted;

	out->count = 0;
	if (pin >= IOAPIC_PINS || source >= IOAPIC_SOURCES)
		return;
	was_asserted = io->sources[pin] != 0;
	if (level)
		io->sources[pin] |= UINT32_C(1) << source;
	else
		io->sources[pin] &= ~(UINT32_C(1) << source);
	if (!io->sources[pin])
		calm(io, pin);
	if (was_asserted || !level)
		return;
	service_edge(io, pin, out);
	ioapic_service_level(io, pin, out);
}

/*
 * Whether an EOI for vector ends what pin sent. The vector that was sent counts although the RTE
 * may have been rewritten since (R145, D25). So does the RTE's present one, which is what hardware
 * compares: an OS that finds remote IRR set frees the pin by the vector that it reads there.
 */
static bool waits_for(const struct ioapic *io, uint32_t pin, uint8_t vector)
{
	return (io->rte[pin] & IOAPIC_RTE_REMOTE_IRR) &&
	       (io->sent_vector[pin] == vector || (io->rte[pin] & IOAPIC_RTE_VECTOR) == vector);
}

/*
 * What a freed pin sends again at once counts towards a storm (R155, D29): a driver that does not
 * serve its device would leave its CPU no time for anything else. A pin that owes nothing was
 * served.
 */
static void resend(struct ioapic *io, uint32_t pin, struct ioapic_out *out)
{
	if (io->config.storm_limit == 0 || !owes_level(io, pin)) {
		io->resends[pin] = 0;
	} else if (++io->resends[pin] == io->config.storm_limit) {
		io->resends[pin] = 0;
		io->held |= bit(pin);
	}
	ioapic_service_level(io, pin, out);
}

void ioapic_eoi(struct ioapic *io, uint8_t vector, struct ioapic_out *out)
{
	uint32_t freed = 0;

	out->count = 0;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		if (!waits_for(io, pin, vector))
			continue;
		io->rte[pin] &= ~IOAPIC_RTE_REMOTE_IRR;
		freed |= bit(pin);
	}
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		if (freed & bit(pin))
			resend(io, pin, out);
	}
}

void ioapic_release(struct ioapic *io, struct ioapic_out *out)
{
	uint32_t held = io->held;

	out->count = 0;
	io->held = 0;
	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		if (held & bit(pin))
			ioapic_service_level(io, pin, out);
	}
}

static uint32_t read_register(const struct ioapic *io, uint8_t index)
{
	uint32_t half = (uint32_t)index - INDEX_REDIRECTION;

	switch (index) {
	case INDEX_ID:
	case INDEX_ARBITRATION: /* loaded from the ID; nothing arbitrates here (R153) */
		return io->id;
	case INDEX_VERSION:
		return io->config.version | ((IOAPIC_PINS - 1) << VERSION_PINS_SHIFT);
	default:
		break;
	}
	if (index < INDEX_REDIRECTION || half / 2 >= IOAPIC_PINS)
		return 0;
	return (uint32_t)(io->rte[half / 2] >> (half % 2 ? RTE_HIGH_SHIFT : 0));
}

/*
 * The high half alone makes nothing happen (R146): software writes it first, while masked. The
 * low half may unmask or change to level, which can make an asserted line due at once. Edge trigger
 * clears remote IRR, the only way for software to free a pin without an EOI register (R143, D26).
 */
static void write_rte_half(struct ioapic *io, uint32_t pin, bool high, uint32_t value,
			   struct ioapic_out *out)
{
	uint32_t shift = high ? RTE_HIGH_SHIFT : 0;
	uint64_t mask = ioapic_rte_writable(io) & ((uint64_t)UINT32_MAX << shift);

	io->rte[pin] = (io->rte[pin] & ~mask) | (((uint64_t)value << shift) & mask);
	if (high)
		return;
	if (!(io->rte[pin] & IOAPIC_RTE_LEVEL))
		io->rte[pin] &= ~IOAPIC_RTE_REMOTE_IRR;
	ioapic_service_level(io, pin, out);
}

static void write_register(struct ioapic *io, uint8_t index, uint32_t value, struct ioapic_out *out)
{
	uint32_t half = (uint32_t)index - INDEX_REDIRECTION;

	if (index == INDEX_ID)
		io->id = value & ((uint32_t)IOAPIC_ID_MAX << IOAPIC_ID_SHIFT);
	if (index < INDEX_REDIRECTION || half / 2 >= IOAPIC_PINS)
		return;
	write_rte_half(io, half / 2, half % 2, value, out);
}

uint64_t ioapic_read(const struct ioapic *io, uint64_t offset, uint32_t len)
{
	uint32_t byte = (uint32_t)(offset % sizeof(uint32_t));
	uint64_t value;

	switch (offset - byte) {
	case IOREGSEL_OFFSET:
		value = io->select;
		break;
	case IOWIN_OFFSET:
		value = read_register(io, io->select);
		break;
	default:
		return 0;
	}
	value >>= 8 * byte;
	return len < sizeof(uint32_t) ? value & ((UINT64_C(1) << (8 * len)) - 1) : value;
}

void ioapic_write(struct ioapic *io, uint64_t offset, uint32_t len, uint64_t value,
		  struct ioapic_out *out)
{
	out->count = 0;
	if (offset == IOREGSEL_OFFSET && len > 0)
		io->select = (uint8_t)value;
	else if (len != sizeof(uint32_t))
		return;
	else if (offset == IOWIN_OFFSET)
		write_register(io, io->select, (uint32_t)value, out);
	else if (offset == EOI_OFFSET && io->config.version >= IOAPIC_VERSION_EOI)
		ioapic_eoi(io, (uint8_t)value, out);
}
