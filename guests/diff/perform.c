/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a CPU does in its turn, with interrupts off but for the window. SDM vol. 3, "Advanced
 * Programmable Interrupt Controller (APIC)"; 82093AA datasheet, "I/O Redirection Table Registers".
 */
#include "diff/diff.h"

#include "lib/apic.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"

#define TEST_PORT             0x2000u
#define TEST_MSI_ADDRESS      0x2040u
#define TEST_MSI_ADDRESS_HIGH 0x2044u
#define TEST_MSI_DATA         0x2048u
#define TEST_YIELD            0x204cu

#define WINDOW_QUIET 3u /* exits without an interrupt after which none is expected */
#define IN_SERVICE   32u

/* The exit lets interrupts in, and lets another CPU's thread go on. */
void perform_yield(void)
{
	inb(TEST_YIELD);
}

static void log_vector(struct diff *diff, const struct cpu *cpu, uint8_t vector)
{
	struct observed *now = &diff->now[cpu->index];

	if (now->logged < DIFF_LOG)
		now->log[now->logged++] = vector;
}

static void on_interrupt(struct cpu *cpu, struct frame *frame)
{
	struct diff *diff = diff_of(cpu->kernel);

	log_vector(diff, cpu, (uint8_t)frame->vector);
	if (diff->eoi_in_handler)
		apic_eoi();
}

static void on_nmi(struct cpu *cpu, struct frame *frame)
{
	log_vector(diff_of(cpu->kernel), cpu, (uint8_t)frame->vector);
}

void perform_handlers(struct kernel *kernel)
{
	for (uint32_t i = VECTOR_PIC; i < 256; i++)
		irq_set_handler(kernel, i, on_interrupt);
	irq_set_handler(kernel, VECTOR_NMI, on_nmi);
}

static bool write_reg(const struct diff *diff, uint32_t reg, uint64_t value)
{
	if (diff->x2apic)
		return wrmsr_safe(APIC_X2_MSR + reg / 16, value);
	mmio_write(APIC_MMIO + reg, (uint32_t)value);
	return true;
}

static bool write_icr(const struct diff *diff, uint64_t value)
{
	if (diff->x2apic)
		return wrmsr_safe(APIC_X2_MSR + APIC_ICR / 16, value);
	mmio_write(APIC_MMIO + APIC_ICR_HIGH, (uint32_t)(value >> 32) << 24);
	mmio_write(APIC_MMIO + APIC_ICR, (uint32_t)value);
	return true;
}

static bool read_reg(struct diff *diff, uint32_t reg)
{
	if (diff->x2apic)
		return rdmsr_safe(APIC_X2_MSR + reg / 16, &diff->result);
	diff->result = mmio_read(APIC_MMIO + reg);
	return true;
}

static void send_msi(uint32_t address, uint32_t data)
{
	outl(address, TEST_MSI_ADDRESS);
	outl(0, TEST_MSI_ADDRESS_HIGH);
	outl(data, TEST_MSI_DATA);
}

void perform_op(struct kernel *kernel, struct cpu *cpu)
{
	struct diff *diff = diff_of(kernel);
	const struct op *op = &diff->op;
	bool done = true;

	(void)cpu;
	switch (op->kind) {
	case OP_WRITE:
		done = write_reg(diff, op->reg, op->value);
		break;
	case OP_READ:
		done = read_reg(diff, op->reg);
		break;
	case OP_ICR:
		done = write_icr(diff, op->value);
		break;
	case OP_CR8:
		done = write_cr8_safe(op->value);
		break;
	case OP_BASE:
		done = wrmsr_safe(MSR_APIC_BASE, op->value);
		break;
	case OP_MSI:
		send_msi(op->reg, (uint32_t)op->value);
		break;
	case OP_RTE:
		ioapic_route(&kernel->ioapic, op->reg, (uint32_t)op->value,
			     (uint32_t)(op->value >> 56));
		break;
	case OP_PIN:
	default:
		outb((uint8_t)op->value, (uint16_t)(TEST_PORT + op->reg));
		break;
	}
	diff->faulted = !done;
}

/*
 * Interrupts come at exits for certain: not every KVM looks for them after the instruction that
 * follows STI. Each one that comes may let a lower one come next, if its handler ends it.
 */
void perform_window(struct kernel *kernel, struct cpu *cpu)
{
	const struct observed *now = &diff_of(kernel)->now[cpu->index];
	uint32_t seen = now->logged;
	uint32_t quiet = 0;

	irq_enable();
	while (quiet < WINDOW_QUIET) {
		perform_yield();
		quiet = now->logged == seen ? quiet + 1 : 0;
		seen = now->logged;
	}
	irq_disable();
}

/* Nothing requested, nothing in service, every LVT masked, errors forgotten. */
void perform_reset(struct kernel *kernel, struct cpu *cpu)
{
	static const uint16_t lvts[] = { APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PMC,
					 APIC_LVT_LINT0, APIC_LVT_LINT1,   APIC_LVT_ERROR };
	struct diff *diff = diff_of(kernel);
	bool eoi_in_handler = diff->eoi_in_handler;

	write_reg(diff, APIC_SVR, APIC_SVR_ENABLE | 0xff);
	for (uint32_t i = 0; i < sizeof(lvts) / sizeof(lvts[0]); i++)
		write_reg(diff, lvts[i], APIC_LVT_MASKED);
	if (!diff->x2apic)
		apic_set_logical(APIC_DFR_FLAT, 1u << cpu->index);
	write_reg(diff, APIC_TPR, 0);
	diff->eoi_in_handler = true;
	for (uint32_t i = 0; i < IN_SERVICE; i++)
		apic_eoi();
	perform_window(kernel, cpu);
	diff->eoi_in_handler = eoi_in_handler;
}
