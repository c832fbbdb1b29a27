/* SPDX-License-Identifier: BSD-2-Clause */
/* The I/O APIC and the 8259 pair in a saved state. */
#ifndef VMM_IRQCHIP_STATE_H
#define VMM_IRQCHIP_STATE_H

#include "vmm/state_buffer.h"

/*
 * For the board's list (board_state.c): device is the struct irqchip. Restoring tells local APICs
 * and KVM what has changed for them.
 */
void irqchip_save_ioapic(void *device, struct state_writer *out);
void irqchip_restore_ioapic(void *device, struct state_reader *in);
void irqchip_save_pic(void *device, struct state_writer *out);
void irqchip_restore_pic(void *device, struct state_reader *in);

#endif
