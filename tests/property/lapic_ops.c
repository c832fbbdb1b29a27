/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes operations on local APICs of random words: mostly sensible ones, so that states are reached
 * where something can go wrong, and often enough nonsense.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "tests/property/lapic_ops.h"
#include "tests/property/program.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Few vectors, of few classes: so that they meet. */
static uint8_t vector_of(uint8_t byte)
{
	static const uint8_t usual[] = { 0x10, 0x1f, 0x20, 0x31, 0x3f, 0x41, 0x42, 0x4f,
					 0x80, 0xe1, 0xef, 0xf0, 0xff, 0x0f, 0x03 };

	return byte < 240 ? usual[byte % COUNT(usual)] : byte;
}

/* Ids and logical destinations that somebody may have. */
static uint32_t dest_of(uint32_t value)
{
	static const uint32_t usual[] = {
		0,    1,     2,     3,     4,        5,          6,         7,
		0xf,  0x10,  0x14,  0x81,  0xf0,     0xf1,       0xf3,      0xfe,
		0xff, 0x100, 0x1f3, 0x1f4, 0x1f0003, 0xffffffff, 0x1000001, 0x00ff00ff
	};

	if (value % 8 == 0)
		return value >> 8;
	return usual[(value >> 3) % COUNT(usual)];
}

struct lapic_setup lapic_setup_of(uint64_t word)
{
	static const uint32_t ids[] = { 0, 0, 0, 5, 14, 0xf0, 0xfd, 0x1f3 };
	static const uint32_t khz[] = { 1000000, 2400000, 999999, 3 };
	static const uint32_t cycles[] = { 1, 10, 10, 1000 };
	uint32_t flags = word_value(word);

	return (struct lapic_setup){
		.nr_cpus = 1 + word_byte(word, 0) % WORLD_MAX_CPUS,
		.config = {
			.id = ids[word_byte(word, 1) % COUNT(ids)],
			.bsp = true,
			.x2apic = (flags & 7) != 0,
			.tsc_deadline = (flags & 0x18) != 0,
			.cmci = (flags & 0x20) != 0,
			.directed_eoi = (flags & 0x40) != 0,
			.lint0_extint = (flags & 0x80) != 0,
			.lowest_priority = (flags & 0x300) != 0,
			.remote_read = (flags & 0x4000000) != 0,
			.extended = (flags & 0x10000000) != 0,
			.maxphyaddr = (uint8_t)(32 + flags / 0x400 % 21),
			.bus_cycle_ns = cycles[word_byte(word, 2) % COUNT(cycles)],
			.min_period_ns = flags >> 30 == 0 ? 20000 : 0,
			.tsc_khz = khz[word_byte(word, 3) % COUNT(khz)],
		},
	};
}

static uint32_t register_of(uint8_t byte)
{
	static const uint16_t usual[] = {
		LAPIC_TPR,       LAPIC_EOI,         LAPIC_SVR,       LAPIC_SVR,
		LAPIC_ESR,       LAPIC_ICR,         LAPIC_ICR,       LAPIC_ICR,
		LAPIC_ICR_HIGH,  LAPIC_LVT_TIMER,   LAPIC_LVT_TIMER, LAPIC_LVT_LINT0,
		LAPIC_LVT_LINT1, LAPIC_LVT_ERROR,   LAPIC_LVT_PMC,   LAPIC_LVT_CMCI,
		LAPIC_TIMER_ICR, LAPIC_TIMER_DCR,   LAPIC_SELF_IPI,  LAPIC_LDR,
		LAPIC_DFR,       LAPIC_LVT_THERMAL, LAPIC_ID,
	};
	static const uint16_t extended[] = {
		LAPIC_EXT_CONTROL, LAPIC_IER,        LAPIC_EXT_CONTROL, LAPIC_IER + 0x10,
		LAPIC_SEOI,        LAPIC_IER + 0x20, LAPIC_EXT_CONTROL, LAPIC_IER + 0x70,
	};

	if (byte < 207)
		return usual[byte % COUNT(usual)];
	if (byte < 239)
		return extended[byte % COUNT(extended)];
	return byte % 64 * 16u;
}

/* The fields of an LVT from a random number. */
static uint32_t lvt_of(uint32_t value)
{
	uint32_t fields = value & 0x7ff00;

	if ((value & 0x700000) != 0)
		fields &= ~0x10000u; /* seldom masked */
	if ((value & 0x3800000) != 0)
		fields &= ~0x5800u; /* without bits that software does not write */
	if ((value & 0xc000000) != 0)
		fields &= ~0x700u; /* often fixed */
	return fields | vector_of((uint8_t)value);
}

static uint64_t icr_of(uint32_t value, uint8_t salt)
{
	uint32_t fields = value & 0xcdf00;

	if ((value & 0x300000) != 0)
		fields &= ~0x700u;
	if ((value & 0xc00000) != 0)
		fields = (fields & ~0x8000u) | 0x4000;
	if ((fields & 0x700) == 0x300) /* of a remote read, a register */
		return fields | register_of((uint8_t)value) / 16;
	return (uint64_t)dest_of(value >> 13 ^ salt) << 32 | fields | vector_of((uint8_t)value);
}

/* A value that suits a register; one in eight is any. */
static uint64_t value_for(uint32_t offset, uint32_t value, uint8_t salt)
{
	if (salt % 8 == 0)
		return salt % 16 == 0 ? value : (uint64_t)value << 32 | value;
	switch (offset) {
	case LAPIC_TPR:
		return value % 256;
	case LAPIC_EOI:
	case LAPIC_ESR:
		return 0;
	case LAPIC_SVR:
		return value % 256 + (salt % 4 != 0 ? 0x100 : 0) + (value & 0x1000);
	case LAPIC_ICR:
		return icr_of(value, salt);
	case LAPIC_ICR_HIGH:
	case LAPIC_ID:
	case LAPIC_LDR:
		return (uint64_t)(dest_of(value) % 256) << 24;
	case LAPIC_DFR:
		return value % 4 != 0 ? (uint64_t)(value % 8 / 4 * 0xf) << 28 : value;
	case LAPIC_TIMER_ICR:
		return value >> (value % 32);
	case LAPIC_TIMER_DCR:
		return value & 0xb;
	case LAPIC_SELF_IPI:
	case LAPIC_SEOI:
		return vector_of((uint8_t)value);
	case LAPIC_EXT_CONTROL:
		return salt % 4 != 0 ? 3 : value % 4;
	case LAPIC_IER:
	case LAPIC_IER + 0x10:
	case LAPIC_IER + 0x20:
	case LAPIC_IER + 0x70:
		return salt % 4 != 0 ? UINT32_MAX : value;
	default:
		return lvt_of(value);
	}
}

/* Differences of times and counters, of all magnitudes up to about 20 minutes. */
static uint64_t amount_of(uint32_t value)
{
	return (uint64_t)(value >> 6) << (value % 15) >> (value % 32);
}

static struct apic_msg device_message(uint32_t value, uint8_t salt)
{
	return (struct apic_msg){
		.dest = dest_of(value >> 8),
		.vector = vector_of((uint8_t)value),
		.mode = (enum apic_delivery_mode)(salt % 4 != 0 ? 0 : salt / 4 % 8),
		.shorthand = APIC_SHORTHAND_NONE,
		.logical = (salt & 0x20) != 0,
		.level_trigger = (salt & 0x40) != 0,
		.asserted = (salt & 0x80) != 0 || (value & 3) != 0,
	};
}

static uint64_t base_of(uint32_t value, uint8_t salt)
{
	static const uint64_t modes[] = { 0x800, 0x800, 0xc00, 0xc00, 0xc00, 0, 0x400 };
	uint64_t odd = salt % 8 == 0 ? (uint64_t)value << (salt / 8) : 0;

	return LAPIC_BASE_DEFAULT + modes[value % COUNT(modes)] + (value & 0x100) + odd;
}

static enum lapic_op_kind kind_of(uint8_t byte)
{
	static const struct {
		uint8_t below;
		enum lapic_op_kind kind;
	} shares[] = {
		{ 82, OP_WRITE },         { 90, OP_ASK },         { 96, OP_READ },
		{ 102, OP_MMIO_READ },    { 112, OP_MMIO_WRITE }, { 115, OP_MSR_READ },
		{ 120, OP_MSR_WRITE },    { 127, OP_BASE },       { 135, OP_CR8 },
		{ 165, OP_TAKE },         { 180, OP_EOI },        { 185, OP_SEOI },
		{ 208, OP_DEVICE },       { 213, OP_ACCEPT },     { 223, OP_PIN },
		{ 227, OP_FIRE },         { 242, OP_TIME },       { 246, OP_LATE },
		{ 251, OP_TSC_DEADLINE }, { 253, OP_TSC_ADJUST }, { 255, OP_RESTORE },
	};

	for (size_t i = 0; i < COUNT(shares); i++) {
		if (byte < shares[i].below)
			return shares[i].kind;
	}
	return OP_INIT;
}

static void fill_access(struct lapic_op *op, uint8_t place, uint8_t salt, uint32_t value)
{
	static const uint16_t lvts[] = { LAPIC_LVT_THERMAL, LAPIC_LVT_PMC, LAPIC_LVT_CMCI,
					 LAPIC_LVT_ERROR };

	switch ((unsigned int)op->kind) {
	case OP_MMIO_READ:
	case OP_MMIO_WRITE:
		op->len = 1u << (salt >> 4) % 4;
		op->offset = salt % 4 == 3 ? value % 0xff8 : register_of(place) + place % 5;
		op->value = value_for(op->offset & ~0xfu, value, salt);
		break;
	case OP_MSR_READ:
	case OP_MSR_WRITE:
		op->offset = salt % 8 == 1 ? 0x7f0 + value % 0x120
					   : 0x800 + register_of(place) / 16;
		op->value = value_for((op->offset - 0x800) * 16, value, salt);
		break;
	case OP_PIN:
		op->offset = place % 2;
		op->value = salt % 2;
		break;
	case OP_FIRE:
		op->offset = lvts[place % 4];
		break;
	case OP_ACCEPT:
		op->offset = vector_of(place);
		op->value = salt % 2;
		break;
	case OP_ASK:
		op->offset = salt % 4 == 0 ? place * 16u : register_of(place);
		op->value = (value & 0x100) + value % WORLD_MAX_CPUS;
		break;
	case OP_SEOI:
		op->value = place;
		break;
	case OP_READ:
	case OP_WRITE:
	default:
		op->offset = register_of(place);
		op->value = value_for(op->offset, value, salt);
		break;
	}
}

struct lapic_op lapic_op_of(uint64_t word, uint32_t nr_cpus)
{
	uint8_t place = word_byte(word, 2);
	uint8_t salt = word_byte(word, 3);
	uint32_t value = word_value(word);
	struct lapic_op op = {
		.kind = kind_of(word_byte(word, 0)),
		.cpu = word_byte(word, 1) % nr_cpus,
	};

	fill_access(&op, place, salt, value);
	if (op.kind == OP_BASE)
		op.value = base_of(value, salt);
	if (op.kind == OP_CR8)
		op.value = salt % 16 == 0 ? value : value % 16;
	if (op.kind == OP_DEVICE)
		op.msg = device_message(value, salt);
	if (op.kind == OP_TIME || op.kind == OP_LATE || op.kind == OP_TSC_DEADLINE ||
	    op.kind == OP_TSC_ADJUST)
		op.value = amount_of(value);
	if (op.kind == OP_TSC_DEADLINE && salt % 16 == 0)
		op.value = (uint64_t)value << 32;
	op.len = op.len ? op.len : 4;
	return op;
}
