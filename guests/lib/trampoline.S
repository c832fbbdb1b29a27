/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a SIPI sends an application processor: from real mode to ap_entry on its own stack.
 * SDM vol. 3, "MP Initialization Example"; the processor finds its block by its initial APIC ID,
 * which CPUID reports whatever the APIC's registers hold (leaf 0BH, else leaf 01H).
 */
#include "lib/layout.h"

#define IN_PAGE(symbol) (LAYOUT_TRAMPOLINE + (symbol) - trampoline_start)

	.section .rodata
	.globl trampoline_start
	.globl trampoline_end
	.globl trampoline_data
	.code16
trampoline_start:
	cli
	cld
	xorw %ax, %ax
	movw %ax, %ds
	lgdtl IN_PAGE(trampoline_gdt_pointer)
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl $LAYOUT_CODE32, $IN_PAGE(trampoline32)

	.code32
trampoline32:
	movl $LAYOUT_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	/* All processors pass here at once and have no stack yet, so nothing may be called. */
	lgdt gdt_pointer
	movl $0x20, %eax
	movl %eax, %cr4
	movl $page_tables, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl $0x80000033, %eax
	movl %eax, %cr0
	ljmpl $LAYOUT_CODE64, $trampoline64

	/* SDM vol. 3, "Segment Descriptors": a copy below 1 MiB for the 16-bit lgdt. */
	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00cf9b000000ffff
trampoline_gdt_pointer:
	.word . - trampoline_gdt - 1
	.long IN_PAGE(trampoline_gdt)

	/* struct trampoline_data of lib/smp.c */
	.balign 8
trampoline_data:
	.quad 0 /* APIC IDs, 32 bits each */
	.quad 0 /* first CPU block */
	.quad 0 /* number of CPUs */
trampoline_end:

	.text
	.code64
trampoline64:
	xorl %eax, %eax
	cpuid
	cmpl $0xb, %eax
	jb 1f
	movl $0xb, %eax
	xorl %ecx, %ecx
	cpuid
	testl %ebx, %ebx
	jnz 2f
1:	movl $1, %eax
	cpuid
	movl %ebx, %edx
	shrl $24, %edx
2:	movq IN_PAGE(trampoline_data), %rsi
	movq IN_PAGE(trampoline_data) + 16, %rcx
	xorl %eax, %eax
3:	cmpl %edx, (%rsi, %rax, 4)
	je 5f
	incl %eax
	cmpl %ecx, %eax
	jb 3b
4:	hlt /* an ID that the MADT does not name: nothing to run on */
	jmp 4b
5:	incl %eax
	imulq $LAYOUT_CPU_BLOCK, %rax, %rax
	addq IN_PAGE(trampoline_data) + 8, %rax
	movq %rax, %rsp
	xorl %ebp, %ebp
	call ap_entry
	jmp 4b

	.section .note.GNU-stack, "", @progbits
