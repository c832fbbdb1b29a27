/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The multiboot 1 header. Multiboot Specification 0.6.96, "OS image format".
 */
#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x3 /* modules page aligned, memory information wanted */

	.section .multiboot, "a", @progbits
	.balign 4
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.section .note.GNU-stack, "", @progbits
