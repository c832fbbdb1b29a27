/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks on the local APICs, in both modes and across the changes between them. SDM vol. 3, "Local
 * APIC Register Address Map", "x2APIC Register Address Space", "x2APIC State Transitions".
 */
#include "hostile/hostile.h"

#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/smp.h"

#define APIC_PAGE      0x1000u
#define APIC_MSRS      0x100u
#define APIC_BASE_BSP  (UINT64_C(1) << 8)
#define ELSEWHERE      0xfee10000u /* no RAM there, nor anything else */
#define RESERVED_HIGH  (~UINT64_C(0xfffffffff))
#define RESERVED_ODDS  8u
#define NEAR_REGISTERS 4u
#define INIT_ODDS      4u

static void access(uintptr_t address, uint32_t width, bool store, uint64_t value)
{
	switch (width) {
	case 0:
		if (store)
			*(volatile uint8_t *)address = (uint8_t)value;
		else
			(void)*(volatile uint8_t *)address;
		return;
	case 1:
		if (store)
			*(volatile uint16_t *)address = (uint16_t)value;
		else
			(void)*(volatile uint16_t *)address;
		return;
	case 2:
		if (store)
			*(volatile uint32_t *)address = (uint32_t)value;
		else
			(void)*(volatile uint32_t *)address;
		return;
	default:
		if (store)
			*(volatile uint64_t *)address = value;
		else
			(void)*(volatile uint64_t *)address;
		return;
	}
}

/* Mostly whole registers, sometimes any byte of the page and any width. */
void attack_apic_page(struct attacker *attacker)
{
	uintptr_t page = random_below(attacker, 8) ? APIC_MMIO : ELSEWHERE;
	uint32_t offset = random_below(attacker, APIC_PAGE);
	uint32_t width = random_below(attacker, 4);
	bool store = random_below(attacker, 4) != 0;

	if (random_below(attacker, NEAR_REGISTERS)) {
		offset &= 0x3f0;
		width = 2;
	}
	/* CPU 0 keeps its id. */
	if (attacker->cpu->index == 0 && offset > APIC_ID - 8 && offset < APIC_ID + 4)
		store = false;
	access(page + offset, width, store, random_value(attacker));
}

void attack_apic_msr(struct attacker *attacker)
{
	uint32_t msr = APIC_X2_MSR + random_below(attacker, APIC_MSRS);
	uint64_t value = random_value(attacker);

	if (random_below(attacker, 2))
		msr = APIC_X2_MSR + (msr & 0x3f);
	if (random_below(attacker, 16) == 0)
		msr = MSR_TSC_DEADLINE;
	if (random_below(attacker, 2))
		value = (uint32_t)value;
	if (random_below(attacker, 4))
		wrmsr_safe(msr, value);
	else
		rdmsr_safe(msr, &value);
}

/* The page may move, but never onto RAM: this CPU would lose what lies there. */
void attack_apic_base(struct attacker *attacker)
{
	uint64_t value = random_below(attacker, 4) ? APIC_MMIO : ELSEWHERE;
	uint32_t mode = random_below(attacker, 4);

	if (mode & 1)
		value |= APIC_BASE_EN;
	if (mode & 2)
		value |= APIC_BASE_EXTD;
	if (attacker->cpu->index == 0)
		value |= APIC_BASE_BSP;
	if (random_below(attacker, RESERVED_ODDS) == 0)
		value |= (random64(attacker) & RESERVED_HIGH) | random_below(attacker, 0x100);
	wrmsr_safe(MSR_APIC_BASE, value);
}

static void send(uint64_t base, uint32_t dest, uint32_t low)
{
	uint64_t flags;

	if (base & APIC_BASE_EXTD) {
		wrmsr_safe(APIC_X2_MSR + APIC_ICR / 16, (uint64_t)dest << 32 | low);
		return;
	}
	flags = irq_save();
	mmio_write((base & ~UINT64_C(0xfff)) + APIC_ICR_HIGH, dest << 24);
	mmio_write((base & ~UINT64_C(0xfff)) + APIC_ICR, low);
	irq_restore(flags);
}

/*
 * NMI to anybody who is up, INIT to one AP that is, and SIPI often enough to bring it back. Locks
 * are only tried: their holder may be gone by INIT until it starts again.
 */
void attack_cpus(struct attacker *attacker)
{
	struct hostile *hostile = hostile_of(attacker->kernel);
	uint64_t base = rdmsr(MSR_APIC_BASE);
	uint32_t target = random_below(attacker, attacker->kernel->nr_cpus), nobody = 0;
	uint32_t id = attacker->kernel->apic_ids[target];

	if (!(base & APIC_BASE_EN)) {
		base = APIC_MMIO | (base & APIC_BASE_BSP) | APIC_BASE_EN;
		wrmsr_safe(MSR_APIC_BASE, base);
	}
	if (target != 0)
		send(base, id, APIC_ICR_ASSERT | APIC_MODE_SIPI | LAYOUT_TRAMPOLINE_VECTOR);
	if (!atomic_compare_exchange_strong(&hostile->lock[target], &nobody,
					    attacker->cpu->index + 1))
		return;
	if (!atomic_load(&hostile->up[target])) {
		/* It has to start first. */
	} else if (target == 0 || random_below(attacker, INIT_ODDS)) {
		send(base, id, APIC_ICR_ASSERT | APIC_MODE_NMI);
	} else {
		atomic_store(&hostile->up[target], false);
		send(base, id, APIC_ICR_ASSERT | APIC_MODE_INIT);
		send(base, id, APIC_ICR_ASSERT | APIC_MODE_SIPI | LAYOUT_TRAMPOLINE_VECTOR);
	}
	atomic_store(&hostile->lock[target], 0);
}

/* Whatever mode the APIC is in by now. */
void hostile_eoi(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (base & APIC_BASE_EXTD)
		wrmsr_safe(APIC_X2_MSR + APIC_EOI / 16, 0);
	else if (base & APIC_BASE_EN)
		mmio_write((base & ~UINT64_C(0xfff)) + APIC_EOI, 0);
}
