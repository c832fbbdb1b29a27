/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attacks on the I/O APIC and the ports, with all widths. 82093AA datasheet, "Register
 * Description"; 8259A datasheet, "Programming the 8259A"; 16550D datasheet, "Registers"; 8254 and
 * MC146818 data sheets.
 */
#include "hostile/hostile.h"

#include "lib/apic_regs.h"
#include "lib/cpu.h"

#define IOAPIC_WINDOW_OFFSETS 0x50u
#define IOAPIC_REGISTERS      0x48u

#define PIC_MASTER    0x20u
#define PIC_SLAVE     0xa0u
#define PIC_ELCR      0x4d0u
#define PIC_BASE_BITS 0x20u /* keeps the vectors away from the exceptions */

#define UART_PORT     0x3f8u
#define I8042_DATA    0x60u
#define I8042_COMMAND 0x64u
#define I8042_OUTPUT  0xd1u /* write the output port, whose bit 0 is reset */
#define I8042_PULSE   0xf0u /* and up: pulse the output port */
#define FW_CFG_PORT   0x510u
#define TEST_PORT     0x2000u
#define TEST_PORTS    0x4cu

static void port_out(uint16_t port, uint32_t width, uint32_t value)
{
	if (width == 0)
		outb((uint8_t)value, port);
	else if (width == 1)
		outw((uint16_t)value, port);
	else
		outl(value, port);
}

static void port_in(uint16_t port, uint32_t width)
{
	if (width == 0)
		(void)inb(port);
	else if (width == 1)
		(void)inw(port);
	else
		(void)inl(port);
}

static void port_any(struct attacker *attacker, uint16_t port, uint32_t value)
{
	uint32_t width = random_below(attacker, 3);

	if (random_below(attacker, 4))
		port_out(port, width, value);
	else
		port_in(port, width);
}

void attack_ioapic(struct attacker *attacker)
{
	uintptr_t base = attacker->kernel->ioapic.address;
	uintptr_t at = base + random_below(attacker, IOAPIC_WINDOW_OFFSETS);

	if (!base)
		return;
	mmio_write(base, random_below(attacker, IOAPIC_REGISTERS));
	if (random_below(attacker, 2))
		at = base + 0x10;
	switch (random_below(attacker, 6)) {
	case 0:
		(void)mmio_read(at);
		return;
	case 1:
		*(volatile uint8_t *)at = (uint8_t)random_value(attacker);
		return;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)random_value(attacker);
		return;
	case 3:
		*(volatile uint64_t *)at = random_value(attacker);
		return;
	default:
		mmio_write(at, (uint32_t)random_value(attacker));
		return;
	}
}

void attack_pic(struct attacker *attacker)
{
	uint16_t base = random_below(attacker, 2) ? PIC_MASTER : PIC_SLAVE;
	uint32_t value = (uint32_t)random_value(attacker);

	switch (random_below(attacker, 4)) {
	case 0:
		port_any(attacker, (uint16_t)(PIC_ELCR + random_below(attacker, 2)), value);
		return;
	case 1:
		/* Wider accesses reach the data port with their second byte. */
		port_any(attacker, base, value | PIC_BASE_BITS << 8);
		return;
	default:
		port_any(attacker, (uint16_t)(base + 1), value | PIC_BASE_BITS);
		return;
	}
}

void attack_uart(struct attacker *attacker)
{
	uint16_t port = (uint16_t)(UART_PORT + random_below(attacker, 8));

	if (!atomic_load(&hostile_of(attacker->kernel)->hush))
		port_any(attacker, port, (uint32_t)random_value(attacker));
}

/* Firmware configuration and the keyboard controller. */
void attack_ports(struct attacker *attacker)
{
	uint32_t value = (uint32_t)random_value(attacker);

	switch (random_below(attacker, 3)) {
	case 0:
		port_any(attacker, (uint16_t)(FW_CFG_PORT + random_below(attacker, 2)), value);
		return;
	case 1:
		/* Four bytes from here would reach no command port either. */
		port_any(attacker, I8042_DATA, value);
		return;
	default:
		if ((value & 0xff) == I8042_OUTPUT || (value & 0xff) >= I8042_PULSE)
			value = 0;
		outb((uint8_t)value, I8042_COMMAND);
		return;
	}
}

/* Interval timer, port 0x61, real-time clock, PM1a events and the PM timer. */
void attack_clocks(struct attacker *attacker)
{
	static const uint16_t ports[] = { 0x40, 0x41, 0x42, 0x43,  0x43,  0x61,
					  0x70, 0x71, 0x71, 0x600, 0x602, 0x608 };
	uint32_t value = (uint32_t)random_value(attacker);
	uint32_t n = random_below(attacker, sizeof(ports) / sizeof(ports[0]));

	/* Registers A to C, and a period that bites. */
	if (random_below(attacker, 4) == 0)
		outb((uint8_t)(0x0a + random_below(attacker, 3)), 0x70);
	if (random_below(attacker, 16) == 0)
		outb(0x34, 0x43);
	port_any(attacker, ports[n], value);
}

void attack_test_device(struct attacker *attacker)
{
	uint16_t port = (uint16_t)(TEST_PORT + random_below(attacker, TEST_PORTS));
	uint32_t value = (uint32_t)random_value(attacker);

	if (random_below(attacker, 4) == 0) {
		outl(APIC_MMIO | (value & 0xfffff), TEST_PORT + 0x40);
		outl(random_below(attacker, 8) ? 0 : value, TEST_PORT + 0x44);
		outl((uint32_t)random_value(attacker), TEST_PORT + 0x48);
		return;
	}
	port_any(attacker, port, value);
}
