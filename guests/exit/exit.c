/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One guest for every way out, chosen on the command line: exit=N (debug-exit), reset (i8042),
 * resetreg (port 0xcf9), init (INIT to the only CPU), halt (interrupts off, for ever), echo (COM1
 * until 'q'), restarts (every way to INIT the CPUs, and to go on after it), else power-off.
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
#include "lib/string.h"

#define I8042_COMMAND 0x64u
#define I8042_RESET   0xfeu
#define RESET_PORT    0xcf9u
#define RESET_FULL    0x06u
#define RESET_INIT    0x04u
#define PORT92        0x92u
#define PORT92_INIT   0x01u
#define PORT92_A20    0x02u

#define CMOS_INDEX    0x70u
#define CMOS_DATA     0x71u
#define CMOS_SHUTDOWN 0x0fu
#define SHUTDOWN_JUMP 0x0au
#define BDA_RESUME    0x467u
#define RESUME        0x5000u
#define KEPT          0x6000u

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

/* An address that the compiler does not take for a null pointer with an offset. */
static void *low_memory(uintptr_t address)
{
	__asm__("" : "+r"(address));
	return (void *)address;
}

/* Memory that a restart leaves alone. */
static _Atomic uint32_t *kept(uint32_t index)
{
	return (_Atomic uint32_t *)low_memory(KEPT) + index;
}

/* After the INIT, CPU 0 goes on at RESUME: one more in kept(1), shutdown code 0, jmp FFFF:0000. */
static void resume_by_real_mode(void)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0x2e, 0xfe, 0x06, (KEPT + 4) & 0xff, (KEPT + 4) >> 8, /* incb %cs:KEPT + 4 */
		0xb0, CMOS_SHUTDOWN, 0xe6, CMOS_INDEX, /* mov, %al; out %al, $0x70 */
		0x30, 0xc0, 0xe6, CMOS_DATA,           /* xor %al, %al; out %al, $0x71 */
		0xea, 0x00, 0x00, 0xff, 0xff,          /* ljmp $0xffff, $0 */
	};
	/* clang-format on */
	static const uint16_t pointer[] = { RESUME, 0 };

	memcpy(low_memory(RESUME), code, sizeof(code));
	memcpy(low_memory(BDA_RESUME), pointer, sizeof(pointer));
	outb(CMOS_SHUTDOWN, CMOS_INDEX);
	outb(SHUTDOWN_JUMP, CMOS_DATA);
}

/* Each restart comes back to here; kept(0) counts them, kept(1) the ways through real mode. */
static void restarts(struct kernel *kernel)
{
	uint32_t count = atomic_fetch_add(kept(0), 1);

	print("exit: restart %u, %u through real mode\n", count, atomic_load(kept(1)));
	if (count % 2)
		resume_by_real_mode();
	switch (count / 2) {
	case 0:
		outb(I8042_RESET, I8042_COMMAND);
		break;
	case 1:
		outb(PORT92_A20, PORT92);
		outb(PORT92_A20 | PORT92_INIT, PORT92);
		break;
	case 2:
		outb(RESET_INIT, RESET_PORT);
		break;
	case 3:
		platform_init(kernel);
		apic_icr(apic_id(), APIC_ICR_ASSERT | APIC_MODE_INIT);
		break;
	default:
		power_off();
	}
	stay();
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
	if (cmdline_has(cmdline, "restarts"))
		restarts(kernel);
	if (cmdline_has(cmdline, "halt")) {
		print("exit: halted\n");
		stay();
	}
	if (cmdline_has(cmdline, "echo"))
		echo(kernel);
	return 0;
}
