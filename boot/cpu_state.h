/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptor table, task state segment and page tables of the bootstrap processor.
 */
#ifndef BOOT_CPU_STATE_H
#define BOOT_CPU_STATE_H

#include "boot/boot.h"

/* Write what the mode needs into guest memory; fill mode, gdt_base, gdt_limit, rsp and cr3. */
void cpu_state_long64(const struct boot_ram *ram, struct boot_entry *entry);
void cpu_state_protected32(const struct boot_ram *ram, struct boot_entry *entry);

#endif
