/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power-off and debug-exit. ACPI, "Sleeping/Wake Control".
 */
#include "lib/power.h"

#include "lib/cpu.h"

void power_off(void)
{
	outw(POWER_PM1_SLP_EN, POWER_PM1A_CONTROL);
	for (;;)
		cpu_stop();
}

void debug_exit(uint8_t value)
{
	outb(value, POWER_DEBUG_EXIT_PORT);
	for (;;)
		cpu_stop();
}
