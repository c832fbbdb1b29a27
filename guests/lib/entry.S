/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The three entries of a guest (long mode, PVH, multiboot) and its own GDT and page tables.
 * SDM vol. 3, "Initializing IA-32e Mode"; Xen, "x86/HVM direct boot ABI"; Multiboot Specification
 * 0.6.96, "Machine state".
 */
#include "lib/layout.h"

#define CR0_BITS 0x80000033 /* PG, NE, ET, MP, PE */
#define CR4_PAE  0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.text
	.code64
	.globl start64
start64:
	mov %rdi, %rsi
	mov $LAYOUT_ENTRY_START_INFO, %edi
	/* One set of page tables for all processors, wherever the machine put the first one's. */
	mov $page_tables, %eax
	mov %rax, %cr3
start_common:
	cli
	cld
	lgdt gdt_pointer
	mov $LAYOUT_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov $boot_stack_end, %rsp
	xor %ebp, %ebp
	call kernel_entry
1:	cli
	hlt
	jmp 1b

	/* stack_switch(top, function, argument): never comes back. */
	.globl stack_switch
stack_switch:
	mov %rdi, %rsp
	mov %rdx, %rdi
	xor %ebp, %ebp
	call *%rsi
	jmp 1b

	.code32
	.globl start_pvh
start_pvh:
	mov $LAYOUT_ENTRY_START_INFO, %edi
	jmp start32
	.globl start_multiboot
start_multiboot:
	mov $LAYOUT_ENTRY_MULTIBOOT, %edi
start32:
	cli
	cld
	mov %ebx, %esi
	mov $boot_stack_end, %esp
	call long_mode_on
	ljmp $LAYOUT_CODE64, $start_common

	/* Paging and long mode on; the caller's code segment stays a 32-bit one until it jumps. */
	.globl long_mode_on
long_mode_on:
	lgdt gdt_pointer
	mov $CR4_PAE, %eax
	mov %eax, %cr4
	mov $page_tables, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $EFER_LME, %eax
	wrmsr
	mov $CR0_BITS, %eax
	mov %eax, %cr0
	ret

	.section .rodata
	.balign 16
	.globl gdt
gdt:	.quad 0
	.quad 0x00af9b000000ffff /* 64-bit code */
	.quad 0x00cf93000000ffff /* data */
	.quad 0x00cf9b000000ffff /* 32-bit code */
gdt_end:
	.globl gdt_pointer
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	/*
	 * The first 4 GiB one to one in 2 MiB pages, the last of them uncached for the APICs. In
	 * .data because the CPU sets accessed and dirty bits.
	 */
	.data
	.balign 4096
	.globl page_tables
page_tables:
	.quad page_directory_pointers + 0x3
	.fill 511, 8, 0
page_directory_pointers:
	.quad page_directories + 0x0003
	.quad page_directories + 0x1003
	.quad page_directories + 0x2003
	.quad page_directories + 0x3003
	.fill 508, 8, 0
page_directories:
	.set address, 0
	.rept 1536
	.quad address + 0x83
	.set address, address + 0x200000
	.endr
	.rept 512
	.quad address + 0x9b
	.set address, address + 0x200000
	.endr

	/* The first CPU's block until there is a heap. */
	.bss
	.balign LAYOUT_CPU_BLOCK
	.skip LAYOUT_CPU_BLOCK
boot_stack_end:

	.section .note.GNU-stack, "", @progbits
