/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on local APICs, decoded from the words of a program.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef TESTS_PROPERTY_LAPIC_OPS_H
#define TESTS_PROPERTY_LAPIC_OPS_H

#include <stdint.h>
#include <stdio.h>

#include "lapic/apic_msg.h"
#include "lapic/lapic.h"

#define WORLD_MAX_CPUS 4

enum lapic_op_kind {
	OP_READ,  /* a register, in the way of the present mode */
	OP_WRITE, /* likewise */
	OP_MMIO_READ,
	OP_MMIO_WRITE,
	OP_MSR_READ,
	OP_MSR_WRITE,
	OP_BASE,
	OP_CR8,
	OP_TAKE, /* the CPU takes what is pending */
	OP_EOI,
	OP_SEOI,         /* of something in service, by AMD's register */
	OP_ASK,          /* a remote read of another CPU's register */
	OP_DEVICE,       /* a message from an I/O APIC or an MSI */
	OP_ACCEPT,       /* a vector, not by message */
	OP_PIN,          /* a LINT pin changes */
	OP_FIRE,         /* a local event */
	OP_TIME,         /* time passes, and the timers look */
	OP_LATE,         /* time passes, and the timers are served late */
	OP_TSC_DEADLINE, /* relative to the TSC */
	OP_TSC_ADJUST,   /* the TSC jumps */
	OP_RESTORE,      /* its state is saved and restored */
	OP_INIT,         /* INIT from the VMM, at once */
};

struct lapic_op {
	enum lapic_op_kind kind;
	uint32_t cpu;
	uint32_t offset; /* register, place in the page, MSR, LVT or pin */
	uint32_t len;
	uint64_t value;
	struct apic_msg msg;
};

/* What one program runs on. */
struct lapic_setup {
	uint32_t nr_cpus;
	struct lapic_config config; /* of the first CPU; the others' ids follow */
};

struct lapic_setup lapic_setup_of(uint64_t word);
struct lapic_op lapic_op_of(uint64_t word, uint32_t nr_cpus);

void lapic_setup_print(FILE *out, const struct lapic_setup *setup);
void lapic_op_print(FILE *out, const struct lapic_op *op);

#endif
