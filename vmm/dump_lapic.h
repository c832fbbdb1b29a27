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

#endif
