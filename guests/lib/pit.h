/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interval timer, port 0x61 and the real-time clock. Intel 8254 data sheet, "Programming the
 * 8254"; Motorola MC146818 data sheet, "Registers".
 */
#ifndef GUESTS_LIB_PIT_H
#define GUESTS_LIB_PIT_H

#include <stdbool.h>
#include <stdint.h>

#define PIT_IRQ 0u
#define PIT_PIN 2u /* of the I/O APIC, by the MADT's override */

/* 105/88 MHz */
#define PIT_TICKS_PER_MS(ms) ((ms)*105000u / 88u)

enum pit_mode {
	PIT_TERMINAL_COUNT = 0,
	PIT_RATE = 2,
	PIT_SQUARE = 3,
	PIT_STROBE = 4,
};

#define PIT_STATUS_OUT 0x80u

/* Mode, and a count of two bytes, 0 being 65536; one after the other, or together. */
void pit_control(uint32_t counter, enum pit_mode mode);
void pit_load(uint32_t counter, uint32_t count);
void pit_start(uint32_t counter, enum pit_mode mode, uint32_t count);
/* Counter 0 makes no interrupt any more. */
void pit_stop(void);
/* Hold the count, read what is held. */
void pit_latch(uint32_t counter);
uint32_t pit_latched(uint32_t counter);
uint8_t pit_status(uint32_t counter);
/* Any access to counter 0. */
void pit_poke(void);

/* Port 0x61: counter 2's GATE and OUT. */
void pit_gate(bool gate);
bool pit_out(void);

#define RTC_IRQ 8u
#define RTC_A   0x0au
#define RTC_B   0x0bu
#define RTC_C   0x0cu
#define RTC_D   0x0du

#define RTC_A_1024_HZ 0x26u
#define RTC_A_128_HZ  0x29u
#define RTC_B_24H     0x02u
#define RTC_B_PIE     0x40u
#define RTC_C_PF      0x40u
#define RTC_D_VALID   0x80u

uint8_t rtc_read(uint8_t reg);
void rtc_write(uint8_t reg, uint8_t value);
/* The register that was read last, once more. */
uint8_t rtc_read_again(void);

#endif
