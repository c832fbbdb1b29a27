/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random operations, most of them of the kind that software does, some of the kind that it should
 * not. What only one of two correct APICs does is left out: see tests/differential/README.md.
 * Marsaglia, "Xorshift RNGs".
 */
#include "diff/diff.h"

#include "lib/apic.h"
#include "lib/ioapic.h"
#include "lib/print.h"

/* Vectors that meet often: few, in several classes, none that an exception uses. */
static const uint8_t vectors[] = { 0x31, 0x32, 0x3f, 0x40, 0x41, 0x5f, 0x60, 0x77,
				   0x80, 0x81, 0xa5, 0xb0, 0xcf, 0xd0, 0xe1, 0xef };

/* Each pin has its trigger mode and vectors of its own. */
static const struct {
	uint32_t low;
	uint8_t vectors[2];
} pins[DIFF_PINS] = {
	{ 0, { 0x33, 0x91 } },
	{ 0, { 0x42, 0xc1 } },
	{ IOAPIC_LEVEL, { 0x52, 0x92 } },
	{ IOAPIC_LEVEL, { 0x61, 0xd3 } },
};

static const uint16_t lvts[] = { APIC_LVT_THERMAL, APIC_LVT_PMC, APIC_LVT_LINT0, APIC_LVT_LINT1,
				 APIC_LVT_TIMER };

static uint64_t next(struct diff *diff)
{
	uint64_t x = diff->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	diff->random = x;
	return x;
}

uint32_t random_below(struct diff *diff, uint32_t limit)
{
	return (uint32_t)(next(diff) >> 32) % limit;
}

static uint32_t vector(struct diff *diff)
{
	return vectors[random_below(diff, sizeof(vectors))];
}

static bool one_in(struct diff *diff, uint32_t n)
{
	return random_below(diff, n) == 0;
}

/* A destination that is somebody's more often than not. */
static uint32_t destination(struct diff *diff, const struct kernel *kernel, bool logical)
{
	uint32_t id = kernel->apic_ids[random_below(diff, kernel->nr_cpus)];

	if (one_in(diff, 8))
		return diff->x2apic && one_in(diff, 2) ? UINT32_MAX : 0xff;
	if (!logical)
		return one_in(diff, 6) ? random_below(diff, 9) : id;
	if (diff->x2apic)
		return (one_in(diff, 8) ? 1u << 16 : 0) | random_below(diff, 32);
	return one_in(diff, 3) ? random_below(diff, 256) : 1u << id % 8;
}

static void choose_icr(struct diff *diff, const struct kernel *kernel, struct op *op)
{
	bool nmi = one_in(diff, 10);
	bool logical = !nmi && one_in(diff, 3);
	uint32_t low = vector(diff) | APIC_ICR_ASSERT;
	uint32_t dest = destination(diff, kernel, logical);

	op->kind = OP_ICR;
	if (logical)
		low |= APIC_ICR_LOGICAL;
	if (nmi)
		low = (low & ~0xffu) | APIC_MODE_NMI | (one_in(diff, 4) ? APIC_ICR_OTHERS : 0);
	else if (one_in(diff, 4))
		low |= random_below(diff, 4) << 18;
	op->value = (uint64_t)dest << 32 | low;
}

static void choose_lvt(struct diff *diff, struct op *op)
{
	uint32_t lvt = lvts[random_below(diff, sizeof(lvts) / sizeof(lvts[0]))];
	uint32_t value = vector(diff);

	if (one_in(diff, 3))
		value |= APIC_LVT_MASKED;
	if (lvt == APIC_LVT_TIMER && one_in(diff, 2))
		value |= APIC_LVT_TIMER_PERIODIC;
	if (lvt == APIC_LVT_LINT0 || lvt == APIC_LVT_LINT1)
		value |= random_below(diff, 2) << 13 | random_below(diff, 2) << 15;
	else if (lvt != APIC_LVT_TIMER && one_in(diff, 3))
		value |= APIC_MODE_NMI;
	*op = (struct op){ .kind = OP_WRITE, .cpu = op->cpu, .reg = lvt, .value = value };
}

/* KVM answers reads of what is no register of the page with anything; as MSRs they are #GP. */
static bool is_comparable(const struct diff *diff, uint32_t reg)
{
	switch (reg) {
	case APIC_VERSION:
	case APIC_APR:
	case APIC_ESR:
		return false;
	case APIC_ID:
	case APIC_TPR:
	case APIC_PPR:
	case APIC_LDR:
	case APIC_SVR:
		return true;
	default:
		return diff->x2apic || (reg >= APIC_ISR && reg < APIC_ESR) ||
		       (reg >= APIC_ICR && reg <= APIC_LVT_ERROR);
	}
}

static void choose_read(struct diff *diff, struct op *op)
{
	op->kind = OP_READ;
	do
		op->reg = random_below(diff, DIFF_SLOTS) * 16;
	while (!is_comparable(diff, op->reg));
}

static void choose_svr(struct diff *diff, struct op *op)
{
	*op = (struct op){
		.kind = OP_WRITE,
		.cpu = op->cpu,
		.reg = APIC_SVR,
		.value = (one_in(diff, 4) ? 0 : APIC_SVR_ENABLE) | 0xff,
	};
}

static void choose_identity(struct diff *diff, struct op *op)
{
	static const uint32_t models[] = { APIC_DFR_FLAT, APIC_DFR_CLUSTER };

	op->kind = OP_WRITE;
	op->reg = APIC_LDR;
	/* One bit, and none that another CPU may have (R88). */
	op->value = UINT64_C(1) << (24 + op->cpu + DIFF_MAX_CPUS * random_below(diff, 2));
	if (one_in(diff, 3)) {
		op->reg = APIC_DFR;
		op->value = models[random_below(diff, 2)];
	}
	/* x2APIC mode has neither to write: #GP. */
}

static void choose_rte(struct diff *diff, struct op *op, uint32_t pin, bool logical)
{
	op->kind = OP_RTE;
	op->value |= pins[pin].vectors[random_below(diff, 2)];
	/* A handler that ends a level without serving it would be called for ever. */
	if (!diff->eoi_in_handler)
		op->value |= pins[pin].low;
	if (logical)
		op->value |= IOAPIC_LOGICAL;
	if (one_in(diff, 4))
		op->value |= IOAPIC_MASKED;
}

static void choose_ioapic(struct diff *diff, const struct kernel *kernel, struct op *op)
{
	bool logical = one_in(diff, 3);
	uint64_t dest = destination(diff, kernel, logical) & 0xff;
	uint32_t pin = random_below(diff, DIFF_PINS);

	op->reg = DIFF_FIRST_PIN + pin;
	switch (random_below(diff, 4)) {
	case 0:
		op->value = dest << 56;
		choose_rte(diff, op, pin, logical);
		break;
	case 1:
		op->kind = OP_MSI;
		op->reg = APIC_MMIO | (uint32_t)dest << 12 | (logical ? 1u << 2 : 0);
		op->value = vector(diff);
		break;
	default:
		op->kind = OP_PIN;
		op->value = random_below(diff, 2);
		break;
	}
}

static void choose_bad(struct diff *diff, struct op *op)
{
	static const uint64_t bases[] = {
		APIC_MMIO | APIC_BASE_EXTD,   /* EXTD without EN (R14) */
		APIC_MMIO | APIC_BASE_EN | 1, /* reserved bits (R17) */
		APIC_MMIO | APIC_BASE_EN | 1u << 9,
		APIC_MMIO | APIC_BASE_EN | UINT64_C(1) << 60,
	};

	if (one_in(diff, 2)) {
		op->kind = OP_BASE;
		op->value = bases[random_below(diff, sizeof(bases) / sizeof(bases[0]))];
		return;
	}
	/* Read-only registers: silent in the page, #GP as MSRs. */
	op->kind = OP_WRITE;
	op->reg = APIC_ISR + 16 * random_below(diff, 24);
	op->value = next(diff) & UINT32_MAX;
}

void program_next(struct diff *diff, const struct kernel *kernel, struct op *op)
{
	uint32_t dice = random_below(diff, 100);

	*op = (struct op){ .cpu = random_below(diff, kernel->nr_cpus) };
	if (dice < 30) {
		choose_icr(diff, kernel, op);
	} else if (dice < 48) {
		op->kind = OP_WRITE;
		op->reg = APIC_EOI;
	} else if (dice < 56) {
		op->kind = OP_WRITE;
		op->reg = APIC_TPR;
		op->value = one_in(diff, 2) ? 0 : random_below(diff, 16) << 4;
	} else if (dice < 60) {
		op->kind = OP_CR8;
		op->value = one_in(diff, 2) ? 0 : random_below(diff, 16);
	} else if (dice < 65) {
		choose_lvt(diff, op);
	} else if (dice < 68) {
		choose_svr(diff, op);
	} else if (dice < 72) {
		choose_identity(diff, op);
	} else if (dice < 76) {
		op->kind = OP_WRITE;
		op->reg = APIC_SELF_IPI;
		op->value = vector(diff);
	} else if (dice < 92) {
		choose_ioapic(diff, kernel, op);
	} else if (dice < 96) {
		choose_read(diff, op);
	} else {
		choose_bad(diff, op);
	}
}

void program_print(const struct op *op)
{
	static const char *const names[] = {
		[OP_WRITE] = "write", [OP_READ] = "read", [OP_ICR] = "icr", [OP_CR8] = "cr8",
		[OP_BASE] = "base",   [OP_MSI] = "msi",   [OP_RTE] = "rte", [OP_PIN] = "pin",
	};

	print("cpu%u %s %x %lx", op->cpu, names[op->kind], op->reg, op->value);
}
