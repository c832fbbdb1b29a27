/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest for start-up times: its first instructions send one byte to COM1, the next ones end the
 * machine. 16550D datasheet, "Registers"; debug-exit as in QEMU's isa-debug-exit.
 */
	.text
	.code64
	.globl first_instruction
first_instruction:
	movw $0x3f8, %dx
	movb $'!', %al
	outb %al, %dx
	movw $0xf4, %dx
	xorl %eax, %eax
	outb %al, %dx
1:	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
