/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The differential guest: random programs of APIC accesses on all CPUs, one access at a time, and
 * after each one the registers and received interrupts of every CPU. Everything that it prints is
 * determined by its seed and by how the APICs work; two machines whose output differs have APICs
 * that differ. SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef GUESTS_DIFF_DIFF_H
#define GUESTS_DIFF_DIFF_H

#include "lib/kernel.h"

#define DIFF_MAX_CPUS  4u
#define DIFF_SLOTS     64u /* registers of an APIC: one each 16 bytes */
#define DIFF_LOG       64u
#define DIFF_FIRST_PIN 16u
#define DIFF_PINS      4u

enum op_kind {
	OP_WRITE, /* register reg := value */
	OP_READ,  /* register reg */
	OP_ICR,   /* ICR := value, both halves */
	OP_CR8,   /* CR8 := value */
	OP_BASE,  /* IA32_APIC_BASE := value */
	OP_MSI,   /* address reg, data value */
	OP_RTE,   /* pin reg, entry value */
	OP_PIN,   /* pin reg to level value */
};

struct op {
	enum op_kind kind;
	uint32_t cpu;
	uint32_t reg;
	uint64_t value;
};

/* What a CPU is asked to do next. */
enum phase {
	PHASE_RESET, /* bring the APIC into the state that an episode starts from */
	PHASE_OP,    /* the operation */
	PHASE_LOOK,  /* read every register, let interrupts come in, read every register again */
};

struct observed {
	uint32_t reg[DIFF_SLOTS];
	bool readable[DIFF_SLOTS]; /* the read did not fault */
	uint32_t cr8;
	uint8_t log[DIFF_LOG]; /* vectors in the order of their arrival */
	uint32_t logged;
};

struct diff {
	uint64_t random;
	bool x2apic;
	bool eoi_in_handler;   /* handlers end their vector; else EOI is an operation like others */
	_Atomic uint32_t turn; /* index of the CPU that acts, 0 is the conductor */
	_Atomic uint32_t started;
	enum phase phase;
	struct op op;
	bool faulted;    /* the operation was answered with #GP */
	uint64_t result; /* of OP_READ */
	struct observed now[DIFF_MAX_CPUS];
	struct observed arrived[DIFF_MAX_CPUS]; /* as now was before interrupts were let in */
	struct observed before[DIFF_MAX_CPUS];  /* what was printed last */
};

static inline struct diff *diff_of(const struct kernel *kernel)
{
	return kernel->application;
}

/* program.c: the next operation. */
void program_next(struct diff *diff, const struct kernel *kernel, struct op *op);
void program_print(const struct op *op);
uint32_t random_below(struct diff *diff, uint32_t limit);

/* perform.c: on the CPU that it concerns. */
void perform_reset(struct kernel *kernel, struct cpu *cpu);
void perform_op(struct kernel *kernel, struct cpu *cpu);
void perform_window(struct kernel *kernel, struct cpu *cpu);
void perform_yield(void);
void perform_handlers(struct kernel *kernel);

/* observe.c: read the registers; print what has changed since it was printed last. */
void observe_cpu(struct kernel *kernel, struct cpu *cpu);
void observe_print(struct diff *diff, uint32_t index, const struct observed *seen);

#endif
