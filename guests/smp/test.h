/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the SMP test kernel share: result, environment, waits and exchanges.
 * SDM vol. 3, "Advanced Programmable Interrupt Controller (APIC)", is what they all test.
 */
#ifndef GUESTS_SMP_TEST_H
#define GUESTS_SMP_TEST_H

#include "lib/kernel.h"

#define TEST_WHY 100u

/*
 * run is called on CPU 0, with the tick on and all counts zero. unfit says why the test makes no
 * sense on this machine or in this mode, or NULL.
 */
struct test {
	const char *name;
	const char *rules; /* "R45 R46", or empty */
	void (*run)(struct kernel *kernel);
	const char *(*unfit)(const struct kernel *kernel);
};

/* Parameters of the exchange that is going on (exchange.c). */
struct exchange {
	uint32_t members;      /* CPUs 0..members-1 take part */
	uint32_t first, count; /* offsets to the target of this round */
	uint32_t low;          /* the ICR's low half without the vector */
	uint32_t (*dest)(const struct kernel *kernel, uint32_t index);
};

struct environment {
	_Atomic bool failed;
	bool declined; /* by test_skip() */
	char why[TEST_WHY];
	const char *running; /* the test's name; NULL: none */
	uint32_t passed, failures, skipped;
	bool has_pins; /* the test device's interrupt lines */
	bool has_msi;
	bool save_between;     /* the machine is to be saved after each test */
	uint32_t storm_rounds; /* 0: chosen by the number of CPUs */
	uint32_t parameter[4]; /* the running test's, written by CPU 0 between jobs */
	struct exchange exchange;
};

static inline struct environment *test_env(const struct kernel *kernel)
{
	return kernel->application;
}

/* From any CPU; the first one is told. */
void test_fail(struct kernel *kernel, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool test_failed(const struct kernel *kernel);
/* On CPU 0: nothing is wrong, but nothing could be shown either, and why. */
void test_skip(struct kernel *kernel, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* smp_run, with a failure that says how far the CPUs got. */
void test_run_on(struct kernel *kernel, job_fn job, uint32_t first, uint32_t last);
void test_run(struct kernel *kernel, job_fn job);

/* For interrupts that this CPU causes itself: a spin with interrupts on, bounded. */
bool test_spin(struct cpu *cpu, const _Atomic uint32_t *counter, uint32_t value);

uint32_t test_load(const _Atomic uint32_t *counter);
void test_store(_Atomic uint32_t *counter, uint32_t value);
/* Vectors VECTOR_FIRST + [0, vectors) came once each to this CPU, and nothing else did. */
void test_expect_each_once(struct kernel *kernel, const struct cpu *cpu, uint32_t vectors);
void test_expect_no_strays(struct kernel *kernel, const struct cpu *cpu);
/* No CPU up to members has more or fewer than count application interrupts. */
void test_expect_totals(struct kernel *kernel, uint32_t members, uint32_t count);

/*
 * For interrupts from outside, of which CPU 0 waits for each: a handler that counts for all CPUs
 * together too, by test_note; that vector has come count times to that CPU; that count came to all
 * CPUs together and no more follow.
 */
void test_handler(struct cpu *cpu, struct frame *frame);
void test_note(const struct cpu *cpu);
void test_expect_at(struct kernel *kernel, uint32_t index, uint32_t vector, uint32_t count);
void test_expect_sum(struct kernel *kernel, uint32_t count);

/* Each member to each member, itself included: exchange->low and ->dest say how. */
void exchange_matrix(struct kernel *kernel, const struct exchange *exchange);

uint32_t dest_physical(const struct kernel *kernel, uint32_t index);

bool in_x2apic(const struct kernel *kernel);
const char *unfit_single(const struct kernel *kernel);

#define TEST_SINGLE "1 CPU"

#endif
