/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carries out operations on liblapic and on the specification.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#include <string.h>

#include "tests/property/lapic_world.h"

void world_differs(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->differs)
		return;
	w->differs = true;
	va_start(args, format);
	vsnprintf(w->mismatch, sizeof(w->mismatch), format, args);
	va_end(args);
}

void world_same(struct world *w, uint32_t cpu, const char *what, uint64_t core, uint64_t model)
{
	if (core != model)
		world_differs(w, "cpu%u %s: liblapic 0x%llx, specification 0x%llx", cpu, what,
			      (unsigned long long)core, (unsigned long long)model);
}

void world_power_up(struct world *w, const struct lapic_setup *setup)
{
	w->nr_cpus = setup->nr_cpus;
	w->now = 1000000000;
	w->tsc_jumps = 0;
	w->differs = false;
	lapic_directory_reset(&w->directory, setup->nr_cpus, setup->config.id);
	for (uint32_t i = 0; i < setup->nr_cpus; i++) {
		struct lapic_config config = setup->config;

		config.id += i;
		config.bsp = i == 0;
		lapic_power_up(&w->core[i], &config);
		lapic_inbox_reset(&w->inbox[i]);
		lapic_publish(&w->directory, i, &w->core[i]);
		model_power_up(&w->model[i], &config);
		w->model_inbox[i] = (struct model_inbox){ .empty = true };
	}
}

/* The guest's TSC. khz / 10^6 ticks a nanosecond, without an overflow. */
static uint64_t tsc_at(const struct world *w, uint32_t cpu)
{
	uint64_t khz = w->core[cpu].config.tsc_khz;

	return w->now / 1000000 * khz + w->now % 1000000 * khz / 1000000 + w->tsc_jumps;
}

/* ---- accesses -------------------------------------------------------------------------------- */

static void check_effect(struct world *w, uint32_t cpu, const struct lapic_effect *effect,
			 const struct model_result *want)
{
	const struct apic_msg *got = &effect->msg;

	world_same(w, cpu, "effect", effect->kind, want->kind);
	if (want->kind == LAPIC_EFFECT_EOI)
		world_same(w, cpu, "EOI broadcast", effect->eoi_vector, want->eoi_vector);
	if (want->kind != LAPIC_EFFECT_MSG)
		return;
	world_same(w, cpu, "message vector", got->vector, want->msg.vector);
	world_same(w, cpu, "message mode", got->mode, want->msg.mode);
	world_same(w, cpu, "message shorthand", got->shorthand, want->msg.shorthand);
	if (want->msg.mode == APIC_MODE_FIXED)
		world_same(w, cpu, "message trigger mode", got->level_trigger, false);
	if (want->msg.shorthand != APIC_SHORTHAND_NONE)
		return;
	world_same(w, cpu, "message dest", got->dest, want->msg.dest);
	world_same(w, cpu, "message destination mode", got->logical, want->msg.logical);
}

static void write_register(struct world *w, const struct lapic_op *op, uint32_t offset,
			   uint64_t value)
{
	struct model_apic *m = &w->model[op->cpu];
	struct lapic *a = &w->core[op->cpu];
	struct lapic_effect effect;
	struct model_result want;
	uint8_t data[8];
	bool illegal = false;

	for (uint32_t i = 0; i < 8; i++)
		data[i] = (uint8_t)(value >> (8 * i));
	if (op->kind == OP_MMIO_WRITE) {
		lapic_mmio_write(a, offset, op->len, data, w->now, &effect);
		want = model_mmio_write(m, offset, op->len, data, w->now);
		want.illegal = false;
	} else if (op->kind == OP_MSR_WRITE) {
		illegal = lapic_msr_write(a, offset, value, w->now, &effect) == LAPIC_ILLEGAL;
		want = model_msr_write(m, offset, value, w->now);
	} else {
		illegal = lapic_write(a, offset, value, w->now, &effect) == LAPIC_ILLEGAL;
		want = model_write(m, offset, value, w->now);
	}
	world_same(w, op->cpu, "illegal", illegal, want.illegal);
	check_effect(w, op->cpu, &effect, &want);
	lapic_publish(&w->directory, op->cpu, a);
	if (want.kind == LAPIC_EFFECT_MSG && !w->differs)
		world_send(w, (int)op->cpu, &effect.msg);
}

static void read_register(struct world *w, const struct lapic_op *op)
{
	struct model_apic *m = &w->model[op->cpu];
	struct lapic *a = &w->core[op->cpu];
	uint64_t got = 0;
	uint64_t want = 0;
	bool illegal;
	bool legal;

	if (op->kind == OP_MSR_READ) {
		illegal = lapic_msr_read(a, op->offset, w->now, &got) == LAPIC_ILLEGAL;
		legal = model_msr_read(m, op->offset, w->now, &want);
	} else {
		illegal = lapic_read(a, op->offset, w->now, &got) == LAPIC_ILLEGAL;
		legal = model_read(m, op->offset, w->now, &want);
	}
	world_same(w, op->cpu, "illegal", illegal, !legal);
	world_same(w, op->cpu, "value", got, want);
}

static void load(struct world *w, const struct lapic_op *op)
{
	uint8_t got[8] = { 0 };
	uint8_t want[8] = { 0 };

	lapic_mmio_read(&w->core[op->cpu], op->offset, op->len, w->now, got);
	model_mmio_read(&w->model[op->cpu], op->offset, op->len, w->now, want);
	for (uint32_t i = 0; i < 8; i++)
		world_same(w, op->cpu, "byte loaded", got[i], want[i]);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void take(struct world *w, uint32_t cpu)
{
	int vector = model_pending(&w->model[cpu]);

	world_same(w, cpu, "pending", (uint64_t)lapic_pending(&w->core[cpu]), (uint64_t)vector);
	if (vector < 0 || w->differs)
		return;
	lapic_ack(&w->core[cpu], (uint8_t)vector);
	model_ack(&w->model[cpu], (uint8_t)vector);
}

static void pass_time(struct world *w, uint64_t ns)
{
	w->now += ns;
	for (uint32_t i = 0; i < w->nr_cpus; i++) {
		lapic_expire(&w->core[i], w->now);
		model_time(&w->model[i], w->now);
	}
}

static void tsc_deadline(struct world *w, uint32_t cpu, uint64_t ahead)
{
	uint64_t tsc = tsc_at(w, cpu);
	uint64_t value = ahead % 8 == 1 ? 0 : tsc - 1000 + ahead;
	enum lapic_result result = lapic_tsc_deadline_write(&w->core[cpu], value, tsc, w->now);
	bool offered = w->model[cpu].config.tsc_deadline;

	world_same(w, cpu, "illegal", result == LAPIC_ILLEGAL, !offered);
	if (offered)
		model_tsc_deadline(&w->model[cpu], value, tsc, w->now);
}

static void tsc_jump(struct world *w, uint64_t ahead)
{
	w->tsc_jumps += ahead;
	for (uint32_t i = 0; i < w->nr_cpus; i++) {
		lapic_tsc_adjusted(&w->core[i], tsc_at(w, i), w->now);
		model_tsc_adjusted(&w->model[i], tsc_at(w, i), w->now);
	}
}

static void base(struct world *w, const struct lapic_op *op)
{
	bool illegal = lapic_base_write(&w->core[op->cpu], op->value) == LAPIC_ILLEGAL;

	world_same(w, op->cpu, "illegal", illegal,
		   !model_base_write(&w->model[op->cpu], op->value));
}

static void cr8(struct world *w, const struct lapic_op *op)
{
	bool illegal = lapic_cr8_write(&w->core[op->cpu], op->value) == LAPIC_ILLEGAL;

	world_same(w, op->cpu, "illegal", illegal, !model_cr8_write(&w->model[op->cpu], op->value));
}

/*
 * A state that has been saved and restored is the same state, except that its timer has been
 * looked at. The APIC that it is restored into has been through other things. An answer to a remote
 * read that is still on its way is no part of it.
 */
static void restore(struct world *w, uint32_t cpu)
{
	struct model_apic *m = &w->model[cpu];
	struct lapic_state state;

	if (m->read_status == MODEL_READ_IN_PROGRESS)
		return;
	lapic_state_save(&w->core[cpu], w->now, &state);
	lapic_power_up(&w->core[cpu], &m->config);
	world_same(w, cpu, "restore",
		   lapic_state_restore(&w->core[cpu], &state, tsc_at(w, cpu), w->now),
		   LAPIC_STATE_OK);
	lapic_expire(&w->core[cpu], w->now);
	model_tsc_adjusted(m, tsc_at(w, cpu), w->now);
	model_time(m, w->now);
}

/* A vector in service, counted round from the lowest one; any if there is none. */
static uint64_t in_service(const struct world *w, uint32_t cpu, uint64_t number)
{
	uint64_t count = 0;

	for (int v = 0; v < 256; v++)
		count += w->model[cpu].isr[v];
	number = count ? number % count : UINT64_MAX;
	for (uint64_t v = 0; v < 256; v++) {
		if (w->model[cpu].isr[v] && number-- == 0)
			return v;
	}
	return UINT8_MAX;
}

/* The target is one of the CPUs, or sometimes several, or none. */
static void ask(struct world *w, const struct lapic_op *op)
{
	uint32_t target = (uint32_t)op->value % w->nr_cpus;
	bool logical = op->value >> 8 & 1;
	uint32_t dest = logical ? 1u << target : w->model[target].xapic_id;

	if (!w->model[op->cpu].config.remote_read || w->model[op->cpu].mode != MODEL_XAPIC)
		return;
	write_register(w, op, LAPIC_ICR_HIGH, (uint64_t)dest << 24);
	write_register(w, op, LAPIC_ICR,
		       (APIC_MODE_REMOTE_READ << 8) + (logical ? 0x800u : 0) +
			       op->offset / 16 % 256);
}

static void access_register(struct world *w, const struct lapic_op *op)
{
	switch ((unsigned int)op->kind) {
	case OP_READ:
	case OP_MSR_READ:
		read_register(w, op);
		break;
	case OP_WRITE:
	case OP_MMIO_WRITE:
	case OP_MSR_WRITE:
		write_register(w, op, op->offset, op->value);
		break;
	case OP_EOI:
		write_register(w, op, LAPIC_EOI, 0);
		break;
	case OP_ASK:
		ask(w, op);
		break;
	case OP_SEOI:
		if (w->model[op->cpu].config.extended)
			write_register(w, op, LAPIC_SEOI, in_service(w, op->cpu, op->value));
		break;
	case OP_MMIO_READ:
		load(w, op);
		break;
	case OP_BASE:
		base(w, op);
		break;
	case OP_CR8:
		cr8(w, op);
		break;
	default:
		break;
	}
}

static void happen(struct world *w, const struct lapic_op *op)
{
	struct model_apic *m = &w->model[op->cpu];
	struct lapic *a = &w->core[op->cpu];

	switch ((unsigned int)op->kind) {
	case OP_TAKE:
		take(w, op->cpu);
		break;
	case OP_DEVICE:
		world_send(w, LAPIC_FROM_NO_CPU, &op->msg);
		break;
	case OP_ACCEPT:
		lapic_accept(a, (uint8_t)op->offset, op->value != 0);
		model_accept(m, (uint8_t)op->offset, op->value != 0);
		break;
	case OP_PIN:
		lapic_lint_set(a, (enum lapic_lint)op->offset, op->value != 0);
		model_pin(m, (int)op->offset, op->value != 0);
		break;
	case OP_FIRE:
		lapic_lvt_fire(a, (enum lapic_reg)op->offset);
		model_lvt_fire(m, op->offset);
		break;
	case OP_TIME:
		pass_time(w, op->value);
		break;
	case OP_LATE:
		w->now += op->value;
		break;
	case OP_TSC_DEADLINE:
		tsc_deadline(w, op->cpu, op->value);
		break;
	case OP_TSC_ADJUST:
		tsc_jump(w, op->value);
		break;
	case OP_RESTORE:
		restore(w, op->cpu);
		break;
	case OP_INIT:
		lapic_init_signal(a);
		model_init(m);
		break;
	default:
		break;
	}
}

void world_step(struct world *w, const struct lapic_op *op)
{
	if (op->kind != OP_INIT)
		world_arrive(w, op->cpu);
	lapic_publish(&w->directory, op->cpu, &w->core[op->cpu]);
	access_register(w, op);
	happen(w, op);
	for (uint32_t i = 0; i < w->nr_cpus; i++)
		lapic_publish(&w->directory, i, &w->core[i]);
}
