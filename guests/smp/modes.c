/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUs that differ from each other: where their APIC page is, what id they were given, which mode
 * they are in. SDM vol. 3, "Relocating the Local APIC Registers", "Local APIC ID", "x2APIC State
 * Transitions".
 */
#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/smp.h"
#include "smp/tests.h"

#define PAGES         UINT64_C(0xfb000000) /* one for each CPU */
#define PAGE_SIZE     UINT64_C(0x1000)
#define TPR_MOVED     0x30u
#define VECTOR_ALIAS  0x60u
#define VECTOR_ONE    0x61u
#define VECTOR_OTHERS 0x62u
#define VECTOR_BACK   0x63u

/* ---- the page (R21, R23) --------------------------------------------------------------------- */

/* Everybody at once; no interrupt can be ended while the page is away. */
static void move_job(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);
	uint64_t page = PAGES + cpu->index * PAGE_SIZE;
	uint32_t id, old_id;
	uint64_t flags = irq_save();

	wrmsr(MSR_APIC_BASE, page | (base & (PAGE_SIZE - 1)));
	id = mmio_read((uintptr_t)page + APIC_ID) >> 24;
	mmio_write((uintptr_t)page + APIC_TPR, TPR_MOVED);
	old_id = mmio_read(APIC_MMIO + APIC_ID);
	mmio_write(APIC_MMIO + APIC_TPR, 0);
	wrmsr(MSR_APIC_BASE, base);
	if (id != cpu->apic_id)
		test_fail(kernel, "cpu %u: id %u on the new page", cpu->index, id);
	if (old_id != UINT32_MAX)
		test_fail(kernel, "cpu %u: %x on the old page", cpu->index, old_id);
	if (apic_read(APIC_TPR) != TPR_MOVED)
		test_fail(kernel, "cpu %u: TPR %x after moving back", cpu->index,
			  apic_read(APIC_TPR));
	apic_write(APIC_TPR, 0);
	irq_restore(flags);
}

void test_apic_move(struct kernel *kernel)
{
	test_run(kernel, move_job);
}

const char *unfit_x2apic(const struct kernel *kernel)
{
	return in_x2apic(kernel) ? "xAPIC only" : NULL;
}

/* ---- the id (R93) ---------------------------------------------------------------------------- */

static void set_id(struct kernel *kernel, const struct cpu *cpu, uint32_t id)
{
	apic_write(APIC_ID, id << 24);
	if (apic_read(APIC_ID) != id << 24)
		test_fail(kernel, "cpu %u: ID reads %x", cpu->index, apic_read(APIC_ID));
}

/* scratch[0]: the last CPU has CPU 0's id. scratch[1]: it may have its own again. */
static void namesake(struct kernel *kernel, struct cpu *cpu)
{
	set_id(kernel, cpu, kernel->apic_ids[0]);
	test_store(&cpu->scratch[0], 1);
	apic_kick(kernel->apic_ids[0]);
	smp_wait(&cpu->scratch[1], 1);
	set_id(kernel, cpu, cpu->apic_id);
}

static void send_to_both(struct kernel *kernel, struct cpu *cpu, struct cpu *other)
{
	if (!smp_wait(&other->scratch[0], 1))
		return;
	apic_send(cpu->apic_id, VECTOR_ALIAS);
	test_expect_at(kernel, 0, VECTOR_ALIAS, 1);
	test_expect_at(kernel, other->index, VECTOR_ALIAS, 1);
	/* Nobody has this id now. */
	apic_send(other->apic_id, VECTOR_ALIAS);
	test_expect_sum(kernel, 2);
	test_store(&other->scratch[1], 1);
	apic_send(APIC_BROADCAST_XAPIC, VECTOR_KICK);
}

static void alias_job(struct kernel *kernel, struct cpu *cpu)
{
	uint32_t last = kernel->nr_cpus - 1;

	if (cpu->index == 0)
		send_to_both(kernel, cpu, kernel_cpu(kernel, last));
	else if (cpu->index == last)
		namesake(kernel, cpu);
}

void test_id_alias(struct kernel *kernel)
{
	irq_set_handler(kernel, VECTOR_ALIAS, test_handler);
	test_run(kernel, alias_job);
}

const char *unfit_id_alias(const struct kernel *kernel)
{
	return kernel->nr_cpus < 2 ? TEST_SINGLE : unfit_x2apic(kernel);
}

/* ---- the mode (R10, R16, R95) ---------------------------------------------------------------- */

/* From x2APIC to xAPIC mode there is only one way. */
static void leave_x2apic(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (wrmsr_safe(MSR_APIC_BASE, base & ~APIC_BASE_EXTD))
		test_fail(kernel, "cpu %u: left x2APIC mode without a disable", cpu->index);
	wrmsr(MSR_APIC_BASE, base & ~(APIC_BASE_EXTD | APIC_BASE_EN));
	wrmsr(MSR_APIC_BASE, base & ~APIC_BASE_EXTD);
	atomic_store(&cpu->x2apic, false);
	if (apic_id() != cpu->apic_id || apic_read(APIC_SVR) != 0xff)
		test_fail(kernel, "cpu %u: id %x, SVR %x after disable and enable", cpu->index,
			  apic_id(), apic_read(APIC_SVR));
	apic_write(APIC_SVR, APIC_SVR_ENABLE | VECTOR_SPURIOUS);
}

/* scratch[0]: the last CPU is in xAPIC mode; each message of CPU 0 is answered. */
static void xapic_side(struct kernel *kernel, struct cpu *cpu)
{
	uint64_t flags = irq_save();

	leave_x2apic(kernel, cpu);
	irq_restore(flags);
	test_store(&cpu->scratch[0], 1);
	apic_send(kernel->apic_ids[0], VECTOR_BACK);
	if (smp_wait(&cpu->count[VECTOR_ONE], 1) && smp_wait(&cpu->count[VECTOR_OTHERS], 2))
		apic_send(kernel->apic_ids[0], VECTOR_BACK);
	flags = irq_save();
	apic_enable(kernel);
	irq_restore(flags);
}

static void x2apic_side(struct kernel *kernel, struct cpu *cpu)
{
	const struct cpu *other = kernel_cpu(kernel, kernel->nr_cpus - 1);

	if (!smp_wait(&cpu->count[VECTOR_BACK], 1))
		return;
	apic_send(other->apic_id, VECTOR_ONE);
	apic_icr(0, APIC_ICR_OTHERS | APIC_ICR_ASSERT | VECTOR_OTHERS);
	if (!smp_wait(&other->count[VECTOR_OTHERS], 1)) {
		test_fail(kernel, "the shorthand does not reach xAPIC mode");
		return;
	}
	apic_send(APIC_BROADCAST_X2APIC, VECTOR_OTHERS);
	if (!smp_wait(&cpu->count[VECTOR_BACK], 2))
		test_fail(kernel, "in xAPIC mode %u by id, %u by broadcast came",
			  test_load(&other->count[VECTOR_ONE]),
			  test_load(&other->count[VECTOR_OTHERS]));
}

static void mixed_job(struct kernel *kernel, struct cpu *cpu)
{
	if (cpu->index == 0)
		x2apic_side(kernel, cpu);
	else if (cpu->index == kernel->nr_cpus - 1)
		xapic_side(kernel, cpu);
}

void test_mixed_modes(struct kernel *kernel)
{
	irq_set_handler(kernel, VECTOR_OTHERS, irq_notify);
	test_run(kernel, mixed_job);
}

const char *unfit_mixed_modes(const struct kernel *kernel)
{
	if (kernel->nr_cpus < 2)
		return TEST_SINGLE;
	return kernel->max_apic_id < APIC_BROADCAST_XAPIC ? unfit_xapic(kernel)
							  : "APIC ids beyond 8 bits";
}
