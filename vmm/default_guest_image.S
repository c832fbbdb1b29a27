/* SPDX-License-Identifier: BSD-2-Clause */
/* smp.elf as read-only data; the build defines DEFAULT_GUEST_FILE. */
	.section .rodata
	.balign 64
	.global default_guest_start
	.hidden default_guest_start
default_guest_start:
	.incbin DEFAULT_GUEST_FILE
default_guest_end:
	.balign 8
	.global default_guest_bytes
	.hidden default_guest_bytes
default_guest_bytes:
	.quad default_guest_end - default_guest_start
	.section .note.GNU-stack, "", @progbits
