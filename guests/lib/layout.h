/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that the assembly and the C parts of a guest share: selectors, addresses, block sizes.
 * SDM vol. 3, "Segment Descriptors"; the selectors are also those the machine starts a guest with.
 */
#ifndef GUESTS_LIB_LAYOUT_H
#define GUESTS_LIB_LAYOUT_H

#define LAYOUT_CODE64 0x08
#define LAYOUT_DATA   0x10
#define LAYOUT_CODE32 0x18

/* How the guest was entered: first argument of kernel_entry. */
#define LAYOUT_ENTRY_START_INFO 0 /* second argument: struct hvm_start_info */
#define LAYOUT_ENTRY_MULTIBOOT  1 /* second argument: multiboot information */

/*
 * Each CPU owns one block, aligned to its size: struct cpu at its start, the stack below its end.
 */
#define LAYOUT_CPU_BLOCK 8192

/* The page to which a SIPI sends an AP. */
#define LAYOUT_TRAMPOLINE 0x8000

#define LAYOUT_TRAMPOLINE_VECTOR (LAYOUT_TRAMPOLINE >> 12)

#endif
