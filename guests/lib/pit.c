/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports of the interval timer and of the real-time clock. Intel 8254 data sheet, "Programming the
 * 8254", "Read-Back Command"; ICH data sheet, "NMI Status and Control Register".
 */
#include "lib/pit.h"

#include "lib/cpu.h"

#define PIT_COUNTERS 0x40u
#define PIT_CONTROL  0x43u
#define PORT61       0x61u
#define RTC_INDEX    0x70u
#define RTC_DATA     0x71u

#define CONTROL_BOTH_BYTES 0x30u
#define READ_BACK_STATUS   0xe0u
#define PORT61_GATE2       0x01u
#define PORT61_OUT2        0x20u

static uint16_t port_of(uint32_t counter)
{
	return (uint16_t)(PIT_COUNTERS + counter);
}

void pit_control(uint32_t counter, enum pit_mode mode)
{
	outb((uint8_t)(counter << 6 | CONTROL_BOTH_BYTES | (uint32_t)mode << 1), PIT_CONTROL);
}

void pit_load(uint32_t counter, uint32_t count)
{
	outb((uint8_t)count, port_of(counter));
	outb((uint8_t)(count >> 8), port_of(counter));
}

void pit_start(uint32_t counter, enum pit_mode mode, uint32_t count)
{
	pit_control(counter, mode);
	pit_load(counter, count);
}

void pit_poke(void)
{
	inb(port_of(0));
}

/* Mode 0 without a count. */
void pit_stop(void)
{
	pit_control(0, PIT_TERMINAL_COUNT);
}

void pit_latch(uint32_t counter)
{
	outb((uint8_t)(counter << 6), PIT_CONTROL);
}

uint32_t pit_latched(uint32_t counter)
{
	uint32_t low = inb(port_of(counter));

	return low | (uint32_t)inb(port_of(counter)) << 8;
}

uint8_t pit_status(uint32_t counter)
{
	outb((uint8_t)(READ_BACK_STATUS | 2u << counter), PIT_CONTROL);
	return inb(port_of(counter));
}

void pit_gate(bool gate)
{
	outb(gate ? PORT61_GATE2 : 0, PORT61);
}

bool pit_out(void)
{
	return inb(PORT61) & PORT61_OUT2;
}

uint8_t rtc_read(uint8_t reg)
{
	outb(reg, RTC_INDEX);
	return inb(RTC_DATA);
}

uint8_t rtc_read_again(void)
{
	return inb(RTC_DATA);
}

void rtc_write(uint8_t reg, uint8_t value)
{
	outb(reg, RTC_INDEX);
	outb(value, RTC_DATA);
}
