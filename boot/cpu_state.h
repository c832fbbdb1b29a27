/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor table, task state segment and page tables of the bootstrap processor.
 */
#ifndef BOOT_CPU_STATE_H
#define BOOT_CPU_STATE_H

#include "boot/boot.h"

/*
 * Write what the mode needs into guest memory; fill mode, rsp, cr3, the GDT's address and the
 * selectors: 0x08 code, 0x10 data, 0x18 TSS, but those of Linux' boot protocol for Linux.
 */
void cpu_state_long64(const struct boot_ram *ram, struct boot_entry *entry);
void cpu_state_linux64(const struct boot_ram *ram, struct boot_entry *entry);
void cpu_state_protected32(const struct boot_ram *ram, struct boot_entry *entry);

#endif
