/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A triple fault with known registers, for the machine's crash report. SDM vol. 3, "Interrupt
 * 8--Double Fault Exception (#DF)": with no IDT the fault of UD2 cannot be delivered, nor the next.
 */
#include "lib/kernel.h"
#include "lib/print.h"

struct __attribute__((packed)) idt_pointer {
	uint16_t limit;
	uint64_t base;
};

int guest_main(struct kernel *kernel)
{
	const struct idt_pointer none = { 0 };

	(void)kernel;
	print("crash: triple fault\n");
	/*
	 * Every register a value that can be told from the others; crash_here is in the symbol
	 * table.
	 */
	__asm__ volatile("lidt %0\n"
			 "movabsq $0xa1a1a1a1a1a1a1a1, %%rax\n"
			 "movabsq $0xb1b1b1b1b1b1b1b1, %%rbx\n"
			 "movabsq $0xc1c1c1c1c1c1c1c1, %%rcx\n"
			 "movabsq $0xd1d1d1d1d1d1d1d1, %%rdx\n"
			 "movabsq $0x5151515151515151, %%rsi\n"
			 "movabsq $0xd2d2d2d2d2d2d2d2, %%rdi\n"
			 "movabsq $0x0808080808080808, %%r8\n"
			 "movabsq $0x0909090909090909, %%r9\n"
			 "movabsq $0x1010101010101010, %%r10\n"
			 "movabsq $0x1111111111111111, %%r11\n"
			 "movabsq $0x1212121212121212, %%r12\n"
			 "movabsq $0x1313131313131313, %%r13\n"
			 "movabsq $0x1414141414141414, %%r14\n"
			 "movabsq $0x1515151515151515, %%r15\n"
			 ".globl crash_here\n"
			 "crash_here: ud2\n"
			 :
			 : "m"(none)
			 : "memory", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10",
			   "r11", "r12", "r13", "r14", "r15");
	return 1;
}
