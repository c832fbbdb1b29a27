/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interrupt line, as a device sees it: something to raise and lower, whoever listens.
 */
#ifndef VMM_IRQ_LINE_H
#define VMM_IRQ_LINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * GSI and source are fixed when the machine is built. set may be called from any thread, also with
 * the device's own lock held: it takes the irqchip's leaf lock only and calls no device.
 */
struct irq_line {
	void (*set)(void *irqchip, uint32_t gsi, uint32_t source, bool level);
	void *irqchip;
	uint32_t gsi;    /* I/O APIC pin; below 16 also the 8259 input, as the board wires them */
	uint32_t source; /* distinguishes devices that share the line */
};

static inline void irq_line_set(const struct irq_line *line, bool level)
{
	line->set(line->irqchip, line->gsi, line->source, level);
}

#endif
