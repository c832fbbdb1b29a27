/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instructions that C has no words for. SDM vol. 2, "Instruction Set Reference".
 */
#ifndef GUESTS_LIB_CPU_H
#define GUESTS_LIB_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define MSR_TSC          0x10u
#define MSR_APIC_BASE    0x1bu
#define MSR_TSC_ADJUST   0x3bu
#define MSR_TSC_DEADLINE 0x6e0u

#define RFLAGS_IF (UINT64_C(1) << 9)

static inline void outb(uint8_t value, uint16_t port)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outw(uint16_t value, uint16_t port)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void outl(uint32_t value, uint16_t port)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/*
 * Device registers take one plain load or store of their own width, never a combined instruction.
 */
static inline uint32_t mmio_read(uintptr_t address)
{
	uint32_t value;

	__asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(address) : "memory");
	return value;
}

static inline void mmio_write(uintptr_t address, uint32_t value)
{
	__asm__ volatile("movl %0, (%1)" : : "r"(value), "r"(address) : "memory");
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return low | (uint64_t)high << 32;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

/* True if it worked; a #GP is caught by the fixup table (lib/irq.c). */
static inline bool wrmsr_safe(uint32_t msr, uint64_t value)
{
	uint32_t failed = 1;

	__asm__ volatile("1: wrmsr\n"
			 "xorl %0, %0\n"
			 "2:\n"
			 ".pushsection .fixups, \"a\"\n"
			 ".quad 1b, 2b\n"
			 ".popsection"
			 : "+r"(failed)
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory", "cc");
	return failed == 0;
}

static inline bool rdmsr_safe(uint32_t msr, uint64_t *value)
{
	uint32_t failed = 1, low = 0, high = 0;

	__asm__ volatile("1: rdmsr\n"
			 "xorl %0, %0\n"
			 "2:\n"
			 ".pushsection .fixups, \"a\"\n"
			 ".quad 1b, 2b\n"
			 ".popsection"
			 : "+r"(failed), "+a"(low), "+d"(high)
			 : "c"(msr)
			 : "memory", "cc");
	*value = low | (uint64_t)high << 32;
	return failed == 0;
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline void write_cr8(uint64_t value)
{
	__asm__ volatile("movq %0, %%cr8" : : "r"(value) : "memory");
}

static inline bool write_cr8_safe(uint64_t value)
{
	uint32_t failed = 1;

	__asm__ volatile("1: movq %1, %%cr8\n"
			 "xorl %0, %0\n"
			 "2:\n"
			 ".pushsection .fixups, \"a\"\n"
			 ".quad 1b, 2b\n"
			 ".popsection"
			 : "+r"(failed)
			 : "r"(value)
			 : "memory", "cc");
	return failed == 0;
}

static inline uint64_t read_cr8(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr8, %0" : "=r"(value) : : "memory");
	return value;
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/*
 * Sleep with interrupts on and come back with them off. STI holds interrupts off for one more
 * instruction, so one that arrives after the caller's check still ends the HLT.
 */
static inline void irq_halt(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* Interrupts off; what to give to irq_restore. */
static inline uint64_t irq_save(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void irq_restore(uint64_t flags)
{
	if (flags & RFLAGS_IF)
		irq_enable();
}

static inline void cpu_stop(void)
{
	__asm__ volatile("cli; hlt" : : : "memory");
}

#endif
