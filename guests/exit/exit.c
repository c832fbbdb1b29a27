/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One guest for every way out, chosen on the command line: exit=N (debug-exit), reset (i8042),
 * resetreg (port 0xcf9), init (INIT to the only CPU), halt (interrupts off, for ever), echo (COM1 until 'q'), else power-off.
 * 8042 datasheet, "Pulse Output Port"; ACPI, "Reset Register"; 16550D datasheet, "Interrupt Enable
 * Register".
 */
#include "lib/apic.h"
#include "lib/cmdline.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/kernel.h"
#include "lib/platform.h"
#include "lib/power.h"
#include "lib/print.h"

#define I8042_COMMAND 0x64u
#define I8042_RESET   0xfeu
#define RESET_PORT    0xcf9u
#define RESET_FULL    0x06u

#define UART_IER       1u
#define UART_LSR       5u
#define UART_IER_RX    0x01u
#define UART_LSR_READY 0x01u

#define VECTOR_SERIAL 0x40u
#define ECHO_END      'q'

/* scratch[0]: the end was received. */
static void serial_handler(struct cpu *cpu, struct frame *frame)
{
	irq_count(cpu, frame);
	while (inb(SERIAL_PORT + UART_LSR) & UART_LSR_READY) {
		char c = (char)inb(SERIAL_PORT);

		if (c == ECHO_END)
			atomic_store(&cpu->scratch[0], 1);
		else
			serial_putc(c);
	}
	apic_eoi();
}

static void echo(struct kernel *kernel)
{
	struct cpu *cpu = this_cpu();

	platform_init(kernel);
	irq_set_handler(kernel, VECTOR_SERIAL, serial_handler);
	ioapic_route(&kernel->ioapic, SERIAL_IRQ, VECTOR_SERIAL, apic_id());
	outb(UART_IER_RX, SERIAL_PORT + UART_IER);
	print("echo: ready\n");
	irq_disable();
	while (!atomic_load(&cpu->scratch[0]))
		irq_halt();
	print("\necho: %u interrupts\n", atomic_load(&cpu->count[VECTOR_SERIAL]));
}

static void stay(void)
{
	for (;;)
		cpu_stop();
}

int guest_main(struct kernel *kernel)
{
	const char *cmdline = kernel->cmdline;
	uint32_t length;

	if (cmdline_value(cmdline, "exit", &length))
		debug_exit((uint8_t)cmdline_number(cmdline, "exit", 0));
	if (cmdline_has(cmdline, "reset")) {
		outb(I8042_RESET, I8042_COMMAND);
		stay();
	}
	if (cmdline_has(cmdline, "resetreg")) {
		outb(RESET_FULL, RESET_PORT);
		stay();
	}
	if (cmdline_has(cmdline, "init")) {
		platform_init(kernel);
		apic_icr(apic_id(), APIC_ICR_ASSERT | APIC_MODE_INIT);
		stay();
	}
	if (cmdline_has(cmdline, "halt")) {
		print("exit: halted\n");
		stay();
	}
	if (cmdline_has(cmdline, "echo"))
		echo(kernel);
	return 0;
}
