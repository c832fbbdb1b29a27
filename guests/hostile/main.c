/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile guest: command line seed=N seconds=N. Every CPU attacks at random; when the time is
 * over CPU 0 says so and powers off, while the others still go on. SDM vol. 3, "System Management
 * Mode", for the RSM that meets an SMI.
 */
#include "hostile/hostile.h"

#include "lib/apic.h"
#include "lib/clock.h"
#include "lib/cmdline.h"
#include "lib/cpu.h"
#include "lib/irq.h"
#include "lib/platform.h"
#include "lib/print.h"
#include "lib/smp.h"
#include "lib/string.h"

#define SMI_ENTRY       0x38000u /* default SMBASE + 8000H */
#define IRQS_PER_WINDOW 16u
#define HUSH_US         20000u
#define HALT_ODDS       256u
#define CR8_ODDS        4u
#define DEFAULT_SEED    1u
#define DEFAULT_SECONDS 5u
#define SEED_FACTOR     UINT64_C(0x9e3779b97f4a7c15)

typedef void (*attack_fn)(struct attacker *attacker);

static const attack_fn attacks[] = {
	attack_apic_page, attack_apic_page,   attack_apic_page,   attack_apic_page, attack_apic_msr,
	attack_apic_msr,  attack_apic_msr,    attack_apic_msr,    attack_apic_base, attack_cpus,
	attack_cpus,      attack_ioapic,      attack_ioapic,      attack_pic,       attack_uart,
	attack_ports,     attack_test_device, attack_test_device, attack_pci,       attack_pci,
	attack_clocks,    attack_clocks,
};

/*
 * A storm must not keep a CPU in its handlers for good: after so many it goes back with interrupts
 * off. scratch[0] counts since they were last switched on.
 */
static void hostile_handler(struct cpu *cpu, struct frame *frame)
{
	uint32_t irqs = atomic_load(&cpu->scratch[0]) + 1;

	atomic_store(&cpu->scratch[0], irqs);
	hostile_eoi();
	if (irqs >= IRQS_PER_WINDOW)
		frame->rflags &= ~RFLAGS_IF;
}

static void window(struct attacker *attacker)
{
	atomic_store(&attacker->cpu->scratch[0], 0);
	irq_enable();
	cpu_relax();
	/* CPU 0 must come back, so it never sleeps. */
	if (attacker->cpu->index != 0 && random_below(attacker, HALT_ODDS) == 0)
		irq_halt();
	irq_disable();
}

static void attack(struct attacker *attacker)
{
	uint32_t count = sizeof(attacks) / sizeof(attacks[0]);
	uint32_t operations = atomic_load(&attacker->cpu->irqs);

	attacks[random_below(attacker, count)](attacker);
	if (random_below(attacker, CR8_ODDS) == 0)
		write_cr8(random_below(attacker, 16));
	if (random_below(attacker, CR8_ODDS) == 0)
		window(attacker);
	atomic_store(&attacker->cpu->irqs, operations + 1);
}

static struct attacker attacker_of(struct cpu *cpu)
{
	struct kernel *kernel = cpu->kernel;
	uint64_t salt = cpu->index + 1 + (uint64_t)atomic_load(&cpu->starts) * KERNEL_MAX_CPUS;

	return (struct attacker){
		.kernel = kernel,
		.cpu = cpu,
		.state = (hostile_of(kernel)->seed + salt) * SEED_FACTOR | 1,
	};
}

/* After each SIPI: nothing but attacks, until INIT. */
static void hostile_ap(struct cpu *cpu)
{
	struct hostile *hostile = hostile_of(cpu->kernel);
	struct attacker attacker;

	atomic_fetch_add(&cpu->starts, 1);
	atomic_fetch_add(&hostile->restarts, 1);
	for (uint32_t i = 0; i < cpu->kernel->nr_cpus; i++) {
		uint32_t holder = cpu->index + 1;

		atomic_compare_exchange_strong(&hostile->lock[i], &holder, 0);
	}
	atomic_store(&hostile->up[cpu->index], true);
	attacker = attacker_of(cpu);
	for (;;)
		attack(&attacker);
}

static uint64_t operations(const struct kernel *kernel)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < kernel->nr_cpus; i++)
		sum += atomic_load(&kernel_cpu(kernel, i)->irqs);
	return sum;
}

static void hostile_main(struct kernel *kernel)
{
	struct attacker attacker = attacker_of(this_cpu());
	uint64_t seconds = cmdline_number(kernel->cmdline, "seconds", DEFAULT_SECONDS);
	uint64_t end = rdtsc() + clock_us_to_tsc(kernel, seconds * 1000000);

	atomic_store(&hostile_of(kernel)->up[0], true);
	for (uint32_t i = 1; i < kernel->nr_cpus; i++)
		smp_send_init(kernel, i);
	for (uint32_t i = 1; i < kernel->nr_cpus; i++)
		smp_send_sipi(kernel, i);
	while (rdtsc() < end)
		attack(&attacker);

	atomic_store(&hostile_of(kernel)->hush, true);
	clock_delay_us(kernel, HUSH_US);
	serial_init();
	print("\nhostile: %lu operations, %u starts of %u APs\n", operations(kernel),
	      atomic_load(&hostile_of(kernel)->restarts), kernel->nr_cpus - 1);
	kernel_finish(0);
}

int guest_main(struct kernel *kernel)
{
	static const uint8_t rsm[] = { 0x0f, 0xaa };
	struct hostile *hostile;

	platform_init(kernel);
	hostile = kernel_alloc(kernel, sizeof(*hostile), 64);
	hostile->seed = cmdline_number(kernel->cmdline, "seed", DEFAULT_SEED);
	kernel->application = hostile;
	kernel->ap_main = hostile_ap;
	/* Exceptions from 16 on do not happen here, interrupts with these vectors do. */
	for (uint32_t i = 16; i < 256; i++)
		irq_set_handler(kernel, i, hostile_handler);
	memcpy((void *)(uintptr_t)SMI_ENTRY, rsm, sizeof(rsm));
	print("hostile: %u CPUs, seed %lu\n", kernel->nr_cpus, hostile->seed);
	smp_init(kernel, hostile_main);
}
