/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Operations on local APICs in words.
 */
#include <inttypes.h>

#include "tests/property/lapic_ops.h"

void lapic_setup_print(FILE *out, const struct lapic_setup *setup)
{
	const struct lapic_config *c = &setup->config;

	fprintf(out,
		"%u CPUs from id 0x%x on: x2apic=%d tsc_deadline=%d cmci=%d directed_eoi=%d "
		"lint0_extint=%d lowest_priority=%d remote_read=%d extended=%d maxphyaddr=%u "
		"bus_cycle_ns=%u min_period_ns=%u tsc_khz=%u",
		setup->nr_cpus, c->id, c->x2apic, c->tsc_deadline, c->cmci, c->directed_eoi,
		c->lint0_extint, c->lowest_priority, c->remote_read, c->extended, c->maxphyaddr,
		c->bus_cycle_ns, c->min_period_ns, c->tsc_khz);
}

static void print_register(FILE *out, const char *verb, uint32_t offset)
{
	const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

	fprintf(out, "%s %s (0x%x)", verb, desc ? desc->name : "?", offset);
}

static void print_message(FILE *out, const struct apic_msg *msg)
{
	static const char *const modes[] = { "fixed", "lowest", "SMI",  "reserved",
					     "NMI",   "INIT",   "SIPI", "ExtINT" };

	fprintf(out, "a device sends %s vector 0x%x to %s 0x%x, %s, %s", modes[msg->mode & 7],
		msg->vector, msg->logical ? "logical" : "physical", msg->dest,
		msg->level_trigger ? "level" : "edge", msg->asserted ? "assert" : "de-assert");
}

static void print_access(FILE *out, const struct lapic_op *op)
{
	switch ((unsigned int)op->kind) {
	case OP_READ:
		print_register(out, "read", op->offset);
		break;
	case OP_WRITE:
		print_register(out, "write", op->offset);
		fprintf(out, " = 0x%" PRIx64, op->value);
		break;
	case OP_MMIO_READ:
		fprintf(out, "load %u bytes at page + 0x%x", op->len, op->offset);
		break;
	case OP_MMIO_WRITE:
		fprintf(out, "store %u bytes of 0x%" PRIx64 " at page + 0x%x", op->len, op->value,
			op->offset);
		break;
	case OP_MSR_READ:
		fprintf(out, "RDMSR 0x%x", op->offset);
		break;
	case OP_MSR_WRITE:
		fprintf(out, "WRMSR 0x%x = 0x%" PRIx64, op->offset, op->value);
		break;
	default:
		fprintf(out, "WRMSR IA32_APIC_BASE = 0x%" PRIx64, op->value);
		break;
	}
}

void lapic_op_print(FILE *out, const struct lapic_op *op)
{
	fprintf(out, "cpu%u: ", op->cpu);
	switch (op->kind) {
	case OP_READ:
	case OP_WRITE:
	case OP_MMIO_READ:
	case OP_MMIO_WRITE:
	case OP_MSR_READ:
	case OP_MSR_WRITE:
	case OP_BASE:
		print_access(out, op);
		break;
	case OP_CR8:
		fprintf(out, "CR8 = 0x%" PRIx64, op->value);
		break;
	case OP_TAKE:
		fprintf(out, "takes what is pending");
		break;
	case OP_EOI:
		fprintf(out, "write EOI = 0");
		break;
	case OP_ASK:
		fprintf(out, "asks cpu %" PRIu64 " (modulo their number) %s for register 0x%x",
			op->value % 256, op->value >> 8 & 1 ? "logically" : "physically",
			op->offset / 16 % 256 * 16);
		break;
	case OP_SEOI:
		fprintf(out, "write SEOI = vector %" PRIu64 " of those in service", op->value);
		break;
	case OP_DEVICE:
		print_message(out, &op->msg);
		break;
	case OP_ACCEPT:
		fprintf(out, "accepts vector 0x%x, %s", op->offset, op->value ? "level" : "edge");
		break;
	case OP_PIN:
		fprintf(out, "LINT%u %s", op->offset, op->value ? "rises" : "falls");
		break;
	case OP_FIRE:
		print_register(out, "local event at", op->offset);
		break;
	case OP_TIME:
		fprintf(out, "%" PRIu64 " ns pass", op->value);
		break;
	case OP_LATE:
		fprintf(out, "%" PRIu64 " ns pass, and timers are late", op->value);
		break;
	case OP_TSC_DEADLINE:
		fprintf(out, "IA32_TSC_DEADLINE = TSC + %" PRIu64, op->value);
		break;
	case OP_TSC_ADJUST:
		fprintf(out, "TSC jumps on by %" PRIu64, op->value);
		break;
	case OP_RESTORE:
		fprintf(out, "is saved and restored");
		break;
	case OP_INIT:
		fprintf(out, "gets an INIT");
		break;
	}
}
