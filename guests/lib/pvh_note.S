/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ELF note that names the 32-bit PVH entry. Xen, "x86/HVM direct boot ABI": note
 * XEN_ELFNOTE_PHYS32_ENTRY.
 */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

	.section .note.pvh, "a", @note
	.balign 4
	.long 4
	.long 4
	.long XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.long start_pvh

	.section .note.GNU-stack, "", @progbits
