/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest linked to where it cannot be loaded: it would only halt. */
	.global _start
	.text
_start:
	hlt
	jmp _start
	.section .note.GNU-stack, "", @progbits
