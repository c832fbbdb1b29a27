/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of a BIOS for kernels that a boot loader of it would have started.
 */
#ifndef BOOT_BIOS_H
#define BOOT_BIOS_H

#include "boot/boot.h"

/*
 * Fill the real-mode vectors: each returns at once, those of the 8259 pair (8..0xf, 0x70..0x77)
 * after an EOI. The last four are left to the MP floating pointer. A jump to FFFF:0000 restarts by
 * an INIT.
 */
void bios_install(const struct boot_ram *ram);

#endif
