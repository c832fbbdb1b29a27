/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Application processors: start them, give them work, wait for each other in HLT. SDM vol. 3,
 * "Multiple-Processor (MP) Initialization".
 *
 * CPU 0 conducts: smp_run publishes a job and returns when all have done it. Nobody spins for
 * another CPU. Whoever waits sleeps in HLT; CPU 0's timer ticks, so that its waits end in time, and
 * when one of them does it makes everybody else's end too.
 */
#ifndef GUESTS_LIB_SMP_H
#define GUESTS_LIB_SMP_H

#include "lib/kernel.h"

/* Blocks for all CPUs of kernel->nr_cpus, the trampoline, CPU 0 onto its own stack and function. */
void smp_init(struct kernel *kernel, void (*next)(struct kernel *kernel)) __attribute__((noreturn));
/* CPU 0's periodic tick on or off; waits of CPU 0 need it on. */
void smp_tick(const struct kernel *kernel, bool on);

/* INIT, SIPI, SIPI to the CPUs first..last. True when each of them has come up once more. */
bool smp_start(struct kernel *kernel, uint32_t first, uint32_t last);
void smp_send_init(const struct kernel *kernel, uint32_t index);
void smp_send_sipi(const struct kernel *kernel, uint32_t index);

/* False: not all were done in time (they are now, or panic). */
bool smp_run(struct kernel *kernel, job_fn job, uint32_t first, uint32_t last);
bool smp_run_all(struct kernel *kernel, job_fn job);

/*
 * Sleep until *counter has reached value. An interrupt has to come with each change: that of the
 * test itself, or a kick. False: out of time (CPU 0), or CPU 0 was.
 */
bool smp_wait(const _Atomic uint32_t *counter, uint32_t value);
/* After a wait of CPU 0 outside of any job that ran out of time: the next ones count again. */
void smp_clear_abort(struct kernel *kernel);
/* CPU 0 only, and no concern of the others: it sleeps so long at most. */
bool smp_wait_us(const _Atomic uint32_t *counter, uint32_t value, uint64_t us);

#endif
