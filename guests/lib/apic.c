/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local APIC access in both modes. SDM vol. 3, "Local APIC", "Extended XAPIC (x2APIC)".
 */
#include "lib/apic.h"

#include "lib/cpu.h"

#define CPUID1_ECX_X2APIC   (1u << 21)
#define CPUID1_ECX_DEADLINE (1u << 24)

static bool in_x2apic(void)
{
	return atomic_load_explicit(&this_cpu()->x2apic, memory_order_relaxed);
}

uint32_t apic_read(uint32_t reg)
{
	if (in_x2apic())
		return (uint32_t)rdmsr(APIC_X2_MSR + reg / 16);
	return mmio_read(APIC_MMIO + reg);
}

void apic_write(uint32_t reg, uint32_t value)
{
	if (in_x2apic())
		wrmsr(APIC_X2_MSR + reg / 16, value);
	else
		mmio_write(APIC_MMIO + reg, value);
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return in_x2apic() ? id : id >> 24;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_icr(uint32_t dest, uint32_t low)
{
	uint64_t flags;

	if (in_x2apic()) {
		wrmsr(APIC_X2_MSR + APIC_ICR / 16, (uint64_t)dest << 32 | low);
		return;
	}
	flags = irq_save();
	mmio_write(APIC_MMIO + APIC_ICR_HIGH, dest << 24);
	mmio_write(APIC_MMIO + APIC_ICR, low);
	irq_restore(flags);
}

void apic_send(uint32_t dest, uint32_t vector)
{
	apic_icr(dest, APIC_ICR_ASSERT | APIC_MODE_FIXED | vector);
}

void apic_kick(uint32_t dest)
{
	apic_send(dest, VECTOR_KICK);
}

void apic_kick_others(void)
{
	apic_icr(0, APIC_ICR_OTHERS | APIC_ICR_ASSERT | APIC_MODE_FIXED | VECTOR_KICK);
}

bool apic_test_bit(uint32_t bank, uint32_t vector)
{
	return apic_read(bank + vector / 32 * 16) >> (vector % 32) & 1;
}

bool apic_has_x2apic(void)
{
	return cpuid(1, 0).ecx & CPUID1_ECX_X2APIC;
}

bool apic_has_deadline(void)
{
	return cpuid(1, 0).ecx & CPUID1_ECX_DEADLINE;
}

void apic_set_logical(uint32_t dfr, uint32_t logical_id)
{
	apic_write(APIC_DFR, dfr);
	apic_write(APIC_LDR, logical_id << 24);
}

void apic_enable(const struct kernel *kernel)
{
	static const uint16_t lvts[] = { APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1,
					 APIC_LVT_ERROR };
	struct cpu *cpu = this_cpu();
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_EN)) {
		base |= APIC_BASE_EN;
		wrmsr(MSR_APIC_BASE, base);
	}
	if (atomic_load(&kernel->x2apic) && !(base & APIC_BASE_EXTD))
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_EXTD);
	atomic_store_explicit(&cpu->x2apic, atomic_load(&kernel->x2apic), memory_order_relaxed);

	apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	for (uint32_t i = 0; i < sizeof(lvts) / sizeof(lvts[0]); i++)
		apic_write(lvts[i], APIC_LVT_MASKED);
	if (!in_x2apic())
		apic_set_logical(APIC_DFR_FLAT, cpu->index < 8 ? 1u << cpu->index : 0);
}
