/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares all that can be seen of liblapic's local APICs with the specification's.
 *
 * SDM vol. 3, "Local APIC Register Address Map".
 */
#include "tests/property/lapic_world.h"

#define ALL_REGISTERS 0x500u /* with AMD's */

static void compare_registers(struct world *w, uint32_t cpu, struct lapic *core,
			      struct model_apic *model)
{
	for (uint32_t offset = 0; offset < ALL_REGISTERS; offset += 16) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);
		uint64_t want;
		uint64_t got;

		/* what is no register in this mode would leave an error; it is read at random */
		if (!model_is_readable(model, offset))
			continue;
		model_read(model, offset, w->now, &want);
		if (lapic_read(core, offset, w->now, &got) != LAPIC_OK)
			world_differs(w, "cpu%u: no register 0x%x", cpu, offset);
		else
			world_same(w, cpu, desc ? desc->name : "?", got, want);
	}
}

/* The errors that a write of ESR would show, and the events that a look would find. */
static void compare_latched(struct world *w, uint32_t cpu, struct lapic *core,
			    struct model_apic *model)
{
	const struct model_events *e = &model->events;
	uint32_t events = (e->nmis ? LAPIC_EVENT_NMI : 0) | (e->smi ? LAPIC_EVENT_SMI : 0) |
			  (e->init ? LAPIC_EVENT_INIT : 0);
	struct lapic_inbox nothing;
	struct lapic_effect effect;
	uint64_t got = 0;
	uint64_t want;

	lapic_inbox_reset(&nothing);
	world_same(w, cpu, "local events", lapic_drain(core, &nothing), events);
	if (model->mode == MODEL_OFF)
		return;
	lapic_write(core, LAPIC_ESR, 0, w->now, &effect);
	model_write(model, LAPIC_ESR, 0, w->now);
	lapic_read(core, LAPIC_ESR, w->now, &got);
	model_read(model, LAPIC_ESR, w->now, &want);
	world_same(w, cpu, "new errors", got, want);
}

static void compare_cpu(struct world *w, uint32_t cpu)
{
	struct lapic core = w->core[cpu];
	struct model_apic model = w->model[cpu];
	uint64_t deadline = model.running ? model.end : LAPIC_NEVER;
	uint64_t got = 0;

	world_same(w, cpu, "base", core.base, model_base(&model));
	world_same(w, cpu, "enabled", lapic_is_enabled(&core), model.mode != MODEL_OFF);
	world_same(w, cpu, "x2APIC mode", lapic_is_x2apic(&core), model.mode == MODEL_X2APIC);
	world_same(w, cpu, "page", lapic_page(&core), model.page);
	world_same(w, cpu, "CR8", lapic_cr8(&core), model.tpr / 16);
	world_same(w, cpu, "PPR", lapic_ppr(&core), model_ppr(&model));
	world_same(w, cpu, "PPR in the page", core.regs.ppr.reg, model_ppr(&model));
	world_same(w, cpu, "pending", (uint64_t)lapic_pending(&core),
		   (uint64_t)model_pending(&model));
	world_same(w, cpu, "held by TPR", (uint64_t)lapic_held_by_tpr(&core),
		   (uint64_t)model_held_by_tpr(&model));
	world_same(w, cpu, "silent EOI", (uint64_t)lapic_silent_eoi(&core),
		   (uint64_t)model_silent_eoi(&model));
	world_same(w, cpu, "accepts ExtINT", lapic_accepts_extint(&core),
		   model_accepts_extint(&model));
	world_same(w, cpu, "published ExtINT", lapic_published_extint(&w->directory, cpu),
		   model_accepts_extint(&model));
	world_same(w, cpu, "waits for SIPI", core.wait_for_sipi, model.wait_for_sipi);
	if (lapic_deadline(&core) < UINT64_MAX / 4 || deadline < UINT64_MAX / 4)
		world_same(w, cpu, "deadline", lapic_deadline(&core), deadline);
	if (lapic_tsc_deadline_read(&core, &got) == LAPIC_OK)
		world_same(w, cpu, "IA32_TSC_DEADLINE", got, model.tsc_deadline);
	world_same(w, cpu, "something in the inbox", lapic_inbox_pending(&w->inbox[cpu]),
		   !w->model_inbox[cpu].empty);
	compare_registers(w, cpu, &core, &model);
	compare_latched(w, cpu, &core, &model);
}

void world_compare(struct world *w)
{
	for (uint32_t i = 0; i < w->nr_cpus && !w->differs; i++)
		compare_cpu(w, i);
}

static size_t run(const uint64_t *words, size_t count, char mismatch[MISMATCH_SIZE])
{
	struct lapic_setup setup = lapic_setup_of(count > 0 ? words[0] : 0);
	struct world w;
	size_t done;

	world_power_up(&w, &setup);
	world_compare(&w);
	for (done = 1; done < count && !w.differs; done++) {
		struct lapic_op op = lapic_op_of(words[done], setup.nr_cpus);

		world_step(&w, &op);
		if (!w.differs)
			world_compare(&w);
	}
	if (!w.differs)
		return 0;
	snprintf(mismatch, MISMATCH_SIZE, "%s", w.mismatch);
	return done;
}

static void print(FILE *out, const uint64_t *words, size_t i)
{
	struct lapic_setup setup = lapic_setup_of(words[0]);
	struct lapic_op op = lapic_op_of(words[i], setup.nr_cpus);

	if (i == 0)
		lapic_setup_print(out, &setup);
	else
		lapic_op_print(out, &op);
}

const struct subject lapic_subject = {
	.name = "property_lapic",
	.run = run,
	.print = print,
};
