/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of the benchmark guest share: an operation that times itself, groups of them, and
 * the state of the running one. SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)", is
 * what they exercise.
 */
#ifndef GUESTS_BENCH_BENCH_H
#define GUESTS_BENCH_BENCH_H

#include "lib/apic_regs.h"
#include "lib/cpu.h"
#include "lib/kernel.h"

enum bench_vector {
	BENCH_VECTOR_SELF = VECTOR_FIRST,
	BENCH_VECTOR_EOI,
	BENCH_VECTOR_PING,
	BENCH_VECTOR_PONG,
	BENCH_VECTOR_BROADCAST,
	BENCH_VECTOR_TIMER,
};

#define BENCH_MAX_ROUNDS 200u
#define BENCH_MAX_OPS    8u

/* The times of one operation in TSC ticks, round by round. */
struct bench_series {
	uint64_t max;
	uint64_t low[BENCH_MAX_ROUNDS];
	uint64_t median[BENCH_MAX_ROUNDS];
};

struct bench {
	struct kernel *kernel;
	bool x2apic;
	bool halted;   /* whoever waits does it in HLT, not in a loop */
	bool deadline; /* the timer's operations use TSC-deadline mode */
	uint32_t rounds;
	uint64_t settle; /* TSC ticks after which an idle CPU surely sleeps, or runs guest code */
	uint64_t ticks;  /* what the EOI handler measured */
	uint64_t fired;  /* when the timer's handler ran */
	uint32_t random;
	_Atomic uint32_t arrived;                      /* handlers of a broadcast that have ended */
	_Atomic uint32_t stop;                         /* ends the targets' job */
	struct bench_series series[BENCH_MAX_OPS + 1]; /* of the running group, the exit's last */
	uint64_t ratio[BENCH_MAX_ROUNDS];
};

static inline struct bench *bench_of(const struct kernel *kernel)
{
	return kernel->application;
}

/* Does its work once; the TSC ticks that the measured part took. On CPU 0. */
typedef uint64_t (*bench_fn)(struct bench *bench);

struct bench_op {
	const char *name;
	bench_fn run;
	uint32_t batch; /* times in a row, in each round */
};

/*
 * Measure the operations in turn, one batch each, in bench->rounds rounds, and print a line for
 * each: "bench" and
 *   name=NAME mode=xapic|x2apic n=N ns_min=NS ns_low=NS ns_median=NS ns_max=NS exit_permille=P
 * ns_min and ns_max are the fastest and the slowest of all; ns_low and ns_median are medians over
 * the rounds, of each round's fastest and of each round's median. exit_permille is a median over
 * the rounds, too: the round's fastest divided by the fastest do-nothing exit of the same round. So
 * a host that is slow for a while is slow for both, and one that takes a CPU away now and then, as
 * one with other work does, spoils ns_median long before it spoils this.
 */
void bench_group(struct bench *bench, const struct bench_op *ops, uint32_t count);

/* The do-nothing exit of the present mode's kind. */
uint64_t bench_exit(struct bench *bench);

/* A store to a register of the local APIC in the present mode: one exit, where it is one. */
static inline void bench_apic_write(const struct bench *bench, uint32_t reg, uint64_t value)
{
	if (bench->x2apic)
		wrmsr(APIC_X2_MSR + reg / 16, value);
	else
		mmio_write(APIC_MMIO + reg, (uint32_t)value);
}

/*
 * Between two looks at a counter. No PAUSE: a hypervisor may take it for a waste of time and exit,
 * and QEMU's TCG, where the amd lane's host runs, takes its one big lock for each.
 */
static inline void bench_spin(void)
{
	__asm__ volatile("" : : : "memory");
}

/* On this CPU, with interrupts on: until *counter has changed from before. */
void bench_await(const struct bench *bench, const _Atomic uint32_t *counter, uint32_t before);

/* Give the other CPUs time to fall asleep, or to come back into guest code. */
void bench_settle(const struct bench *bench);

/* exits.c: what one CPU can do alone. */
void bench_exits(struct bench *bench);
/* ipi.c: CPU 1 has to be up for the first, all CPUs for the second. */
void bench_pair(struct bench *bench);
void bench_broadcast(struct bench *bench);
/* timer.c */
void bench_timer(struct bench *bench);

#endif
