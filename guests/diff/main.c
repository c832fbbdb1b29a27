/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Episodes of random operations. CPU 0 conducts: in each step it chooses an operation, has it done
 * by the CPU that it is for, and has each CPU read its registers before and after interrupts come
 * in. Only one CPU acts at a time; the others poll for their turn with interrupts off. SDM vol. 3,
 * "Advanced Programmable Interrupt Controller (APIC)".
 *
 * Command line: seed=N episodes=N steps=N first=N (episode to begin with), x2apic (else xAPIC), eoi
 * (handlers end their vector).
 */
#include "diff/diff.h"

#include "lib/apic.h"
#include "lib/cmdline.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "lib/power.h"
#include "lib/print.h"
#include "lib/smp.h"

#define SEED_STEP UINT64_C(0x9e3779b97f4a7c15) /* keeps the seeds of episodes apart */

static void look(struct kernel *kernel, struct cpu *cpu)
{
	struct diff *diff = diff_of(kernel);

	/* An NMI comes at an exit to userspace at the latest. */
	perform_yield();
	observe_cpu(kernel, cpu);
	diff->arrived[cpu->index] = diff->now[cpu->index];
	perform_window(kernel, cpu);
	observe_cpu(kernel, cpu);
}

static void act(struct kernel *kernel, struct cpu *cpu)
{
	switch (diff_of(kernel)->phase) {
	case PHASE_RESET:
		perform_reset(kernel, cpu);
		break;
	case PHASE_OP:
		perform_op(kernel, cpu);
		break;
	case PHASE_LOOK:
	default:
		look(kernel, cpu);
		break;
	}
}

static void ap_main(struct cpu *cpu)
{
	struct kernel *kernel = cpu->kernel;
	struct diff *diff = diff_of(kernel);

	irq_disable();
	apic_enable(kernel);
	atomic_fetch_add(&diff->started, 1);
	for (;;) {
		while (atomic_load(&diff->turn) != cpu->index)
			perform_yield();
		act(kernel, cpu);
		atomic_store(&diff->turn, 0);
	}
}

static void have(struct kernel *kernel, uint32_t index, enum phase phase)
{
	struct diff *diff = diff_of(kernel);

	diff->phase = phase;
	if (index == 0) {
		act(kernel, kernel_cpu(kernel, 0));
		return;
	}
	atomic_store(&diff->turn, index);
	while (atomic_load(&diff->turn) != 0)
		perform_yield();
}

static void have_all(struct kernel *kernel, enum phase phase)
{
	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		have(kernel, i, phase);
}

/*
 * The logs begin afresh, on both sides of the comparison with what was printed last. Before the
 * operation: an NMI does not wait for its CPU's turn.
 */
static void forget_logs(struct kernel *kernel)
{
	struct diff *diff = diff_of(kernel);

	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		diff->now[i].logged = diff->before[i].logged = 0;
}

static void start_episode(struct kernel *kernel)
{
	struct diff *diff = diff_of(kernel);

	for (uint32_t pin = DIFF_FIRST_PIN; pin < DIFF_FIRST_PIN + DIFF_PINS; pin++) {
		/* Edge: a pin that waits for an EOI is freed (D26). */
		ioapic_route(&kernel->ioapic, pin, IOAPIC_MASKED, 0);
		diff->op = (struct op){ .kind = OP_PIN, .reg = pin };
		perform_op(kernel, kernel_cpu(kernel, 0));
	}
	have_all(kernel, PHASE_RESET);
	/* An interrupt of one CPU's reset may have reached another after its own. */
	have_all(kernel, PHASE_RESET);
	forget_logs(kernel);
	have_all(kernel, PHASE_LOOK);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		observe_print(diff, i, &diff->now[i]);
	print("\n");
}

static void step(struct kernel *kernel, uint32_t number)
{
	struct diff *diff = diff_of(kernel);

	program_next(diff, kernel, &diff->op);
	print("%u ", number);
	program_print(&diff->op);
	diff->faulted = false;
	diff->result = 0;
	forget_logs(kernel);
	have(kernel, diff->op.cpu, PHASE_OP);
	if (diff->faulted)
		print(" #GP");
	else if (diff->op.kind == OP_READ)
		print(" -> %lx", diff->result);
	have_all(kernel, PHASE_LOOK);
	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		observe_print(diff, i, &diff->arrived[i]);
	print(" ->");
	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		observe_print(diff, i, &diff->now[i]);
	print("\n");
}

static void start_cpus(struct kernel *kernel)
{
	struct diff *diff = diff_of(kernel);
	uint32_t last = kernel->nr_cpus - 1;

	kernel->ap_main = ap_main;
	for (uint32_t i = 1; i <= last; i++) {
		smp_send_init(kernel, i);
		smp_send_sipi(kernel, i);
	}
	while (atomic_load(&diff->started) < last)
		perform_yield();
}

static void diff_main(struct kernel *kernel)
{
	const char *cmdline = kernel->cmdline;
	uint64_t seed = cmdline_number(cmdline, "seed", 1);
	uint32_t first = (uint32_t)cmdline_number(cmdline, "first", 0);
	uint32_t episodes = (uint32_t)cmdline_number(cmdline, "episodes", 10);
	uint32_t steps = (uint32_t)cmdline_number(cmdline, "steps", 40);
	struct diff *diff = kernel_alloc(kernel, sizeof(*diff), 64);

	kernel->application = diff;
	diff->x2apic = cmdline_has(cmdline, "x2apic");
	diff->eoi_in_handler = cmdline_has(cmdline, "eoi");
	atomic_store(&kernel->x2apic, diff->x2apic);
	irq_disable();
	apic_enable(kernel);
	perform_handlers(kernel);
	start_cpus(kernel);
	for (uint32_t e = first; e < first + episodes; e++) {
		print("episode %u", e);
		diff->random = (seed + e) * SEED_STEP | 1;
		start_episode(kernel);
		for (uint32_t i = 0; i < steps; i++)
			step(kernel, i);
	}
	print("end\n");
	kernel_finish(0);
}

int guest_main(struct kernel *kernel)
{
	platform_init(kernel);
	if (kernel->nr_cpus > DIFF_MAX_CPUS)
		panic("%u CPUs: at most %u can be compared", kernel->nr_cpus, DIFF_MAX_CPUS);
	smp_init(kernel, diff_main);
}
