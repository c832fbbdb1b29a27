/* SPDX-License-Identifier: BSD-2-Clause */
/* A local APIC in words. */
#ifndef VMM_DUMP_LAPIC_H
#define VMM_DUMP_LAPIC_H

#include <stdint.h>
#include <stdio.h>

#include "lapic/lapic_regs.h"

/* What surrounds a register page: its mode and owner. */
struct dump_lapic_context {
	uint32_t cpu;
	uint64_t base; /* IA32_APIC_BASE */
	int x2apic;
};

void dump_lapic_page(FILE *out, const struct lapic_regs *regs,
		     const struct dump_lapic_context *context);

/* The lines below the first one, which need no more than the registers. */
void dump_lapic_registers(FILE *out, const struct lapic_regs *regs, int x2apic);

/* "Fixed" and so on, for the three-bit delivery mode; "one-shot" and so on for the timer's two. */
const char *dump_lapic_mode_name(uint32_t mode);
const char *dump_lapic_timer_name(uint32_t mode);

#endif
