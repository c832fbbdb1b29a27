/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time by the TSC, and the APIC timer's input frequency. SDM vol. 3, "Time-Stamp Counter", "APIC
 * Timer".
 */
#ifndef GUESTS_LIB_CLOCK_H
#define GUESTS_LIB_CLOCK_H

#include "lib/kernel.h"

/* Needs the APIC enabled: what no CPUID leaf tells is measured with it. */
void clock_init(struct kernel *kernel);
uint64_t clock_us_to_tsc(const struct kernel *kernel, uint64_t us);
uint64_t clock_tsc_to_us(const struct kernel *kernel, uint64_t ticks);
/* Spins: only for times that are short, or that nobody else has to do anything in. */
void clock_delay_us(const struct kernel *kernel, uint64_t us);

#endif
