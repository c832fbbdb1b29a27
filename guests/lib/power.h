/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ends of a machine. ACPI, "Sleeping/Wake Control" (S5); debug-exit as in QEMU's
 * isa-debug-exit.
 */
#ifndef GUESTS_LIB_POWER_H
#define GUESTS_LIB_POWER_H

#include <stdint.h>

/* What a guest tells debug-exit; the process ends with (value << 1) | 1. */
#define POWER_FAILED 1u
#define POWER_PANIC  2u

#define POWER_DEBUG_EXIT_PORT 0xf4u
#define POWER_PM1A_CONTROL    0x604u
#define POWER_PM1_SLP_EN      0x2000u /* with SLP_TYP 0, which is S5 here */

void power_off(void) __attribute__((noreturn));
void debug_exit(uint8_t value) __attribute__((noreturn));

#endif
