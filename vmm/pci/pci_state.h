/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCI bus in a saved state, for the board's list (board_state.c): device is the struct pci_bus.
 */
#ifndef VMM_PCI_PCI_STATE_H
#define VMM_PCI_PCI_STATE_H

#include "vmm/state_buffer.h"

void pci_bus_save(void *device, struct state_writer *out);
void pci_bus_restore(void *device, struct state_reader *in);

#endif
