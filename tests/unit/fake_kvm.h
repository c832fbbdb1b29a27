/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A machine on a made-up KVM, for tests of the code around KVM_RUN.
 *
 * fake_kvm.c takes the place of vmm/kvm.c's wrappers, for which a test is linked with
 * -Wl,--wrap=kvm_run_vcpu and so on (tests/unit/CMakeLists.txt). The descriptor of a made-up vCPU
 * is a file that holds the address of its struct fake_vcpu.
 */
#ifndef TESTS_UNIT_FAKE_KVM_H
#define TESTS_UNIT_FAKE_KVM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/machine.h"

#define FAKE_MAX_CPUS  4u
#define FAKE_NO_VECTOR (-1)

struct fake_vcpu {
	struct kvm_run run;
	/* What KVM_RUN does when immediate_exit is clear; 0 or -errno. NULL: -EINTR. */
	int (*enter)(struct fake_vcpu *fake);
	uint32_t runs;       /* KVM_RUNs, all of them */
	uint32_t unfinished; /* exits that the last instruction still has, immediate_exit or not */
	int vector;          /* queued by KVM_INTERRUPT and not taken by the guest */
	int refusal;         /* what KVM_INTERRUPT answers: 0, or -errno */
	uint32_t interrupts; /* vectors that were queued */
	uint32_t nmis;
	uint8_t parked_tpr; /* of the parked LAPIC */
	uint8_t parked_irr; /* the vector in it, or 0 */
	uint32_t parks;     /* times that these were set */
	int park_refusal;   /* what looking at it answers: 0, or -errno */
	uint64_t tsc;       /* stands still, unless it is written */
	uint64_t tsc_adjust;
	bool no_tsc_adjust; /* CPUID: writes of it are forgotten */
	bool no_tsc_offset; /* it cannot be moved */
	bool no_tsc_write;  /* a write is taken for a wish to have the TSCs equal, which they are */
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	uint64_t late_ns; /* how long that guest's KVM_RUN takes until it looks at immediate_exit */
	_Atomic bool halts;          /* the guest of fake_guest_enter() executes HLT when idle */
	_Atomic uint32_t taken[256]; /* interrupts that it has taken, by vector */
};

struct fake_board {
	struct machine machine;
	struct options options;
	struct log log;
	struct fake_vcpu vcpu[FAKE_MAX_CPUS];
};

/*
 * nr_cpus CPUs with software-enabled APICs in xAPIC mode, APIC ids from 0 on, the irqchip on its
 * buses, everything published. CPU 0 does not wait for SIPI, the others do if aps_wait says so.
 */
struct fake_board *fake_board_new(uint32_t nr_cpus, enum irqchip_shape shape, bool aps_wait);
void fake_board_free(struct fake_board *board);

/*
 * A guest for enter: takes the queued vector and ends it by a store to EOI; with nothing to do it
 * executes HLT or, halts being false, stays inside until a signal or immediate_exit.
 */
int fake_guest_enter(struct fake_vcpu *fake);

/* A register of CPU number cpu's APIC, written as by its guest. */
void fake_apic_write(struct fake_board *board, uint32_t cpu, uint32_t offset, uint32_t value);
bool fake_irr(const struct fake_board *board, uint32_t cpu, uint8_t vector);
bool fake_isr(const struct fake_board *board, uint32_t cpu, uint8_t vector);
/* An edge-triggered vector arrives at that APIC. */
void fake_accept(struct fake_board *board, uint32_t cpu, uint8_t vector);

/* The wrappers' stand-ins. */
int __wrap_kvm_run_vcpu(int fd);
int __wrap_kvm_interrupt(int fd, uint8_t vector);
int __wrap_kvm_get(int fd, unsigned long request, void *argument);
int __wrap_kvm_set(int fd, unsigned long request, const void *argument);
int __wrap_kvm_get_msr(int fd, uint32_t index, uint64_t *value);
int __wrap_kvm_set_msr(int fd, uint32_t index, uint64_t value);
int __wrap_kvm_tsc_offset(int fd, uint64_t *offset);
int __wrap_kvm_move_tsc(int fd, uint64_t delta);
int __wrap_kvm_park_set(int fd, uint32_t vcpu_id, uint8_t tpr, uint8_t lent);
int __wrap_kvm_park_waits(int fd, uint8_t lent);

#endif
