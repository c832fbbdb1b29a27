/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carries messages between the CPUs of a world, by way of liblapic's inboxes and the
 * specification's.
 *
 * SDM vol. 3, "Determining IPI Destination", "MP Initialization Protocol Algorithm"; 82489DX
 * datasheet, "Remote Read".
 */
#include "tests/property/lapic_world.h"

/* Of the CPUs that a lowest-priority message names, the enabled ones of the lowest PPR (D11). */
static bool may_arbitrate(const struct world *w, uint32_t cpu, int from, const struct apic_msg *msg)
{
	const struct model_apic *m = &w->model[cpu];

	if (!m->software_enabled || !model_named(m, (int)cpu, from, msg))
		return false;
	for (uint32_t i = 0; i < w->nr_cpus; i++) {
		const struct model_apic *other = &w->model[i];

		if (other->software_enabled && model_named(other, (int)i, from, msg) &&
		    model_ppr(other) < model_ppr(m))
			return false;
	}
	return true;
}

static void check_targets(struct world *w, int from, const struct apic_msg *msg,
			  const uint16_t *targets, uint32_t count)
{
	bool lowest = msg->mode == APIC_MODE_LOWEST_PRIORITY;
	uint32_t next = 0;
	uint32_t allowed = 0;

	for (uint32_t i = 0; i < w->nr_cpus; i++) {
		bool want = lowest ? may_arbitrate(w, i, from, msg)
				   : model_named(&w->model[i], (int)i, from, msg);
		bool got = next < count && targets[next] == i;

		allowed += want;
		next += got;
		if (got && !want)
			world_differs(w, "message to dest 0x%x reaches cpu%u", msg->dest, i);
		if (want && !got && !lowest)
			world_differs(w, "message to dest 0x%x does not reach cpu%u", msg->dest, i);
	}
	if (next != count)
		world_differs(w, "message to dest 0x%x: targets out of order", msg->dest);
	if (lowest && count != (allowed > 0))
		world_differs(w, "lowest priority to dest 0x%x reaches %u CPUs of %u", msg->dest,
			      count, allowed);
}

/* A question that names one CPU goes there; the answer comes when that one looks (D59). */
static void send_read(struct world *w, uint32_t from, const struct apic_msg *msg,
		      const uint16_t *targets, uint32_t count)
{
	bool want_kick = false;
	bool kick = false;
	bool posted = false;
	bool want = false;

	if (count == 1) {
		posted = lapic_post_read(&w->inbox[targets[0]], from, msg, &kick);
		want = model_post_read(&w->model_inbox[targets[0]], from, msg, &want_kick);
		world_same(w, targets[0], "question posted", posted, want);
		world_same(w, targets[0], "first post", kick, want_kick);
	}
	if (!posted)
		lapic_read_failed(&w->core[from]);
	if (!want)
		model_read_failed(&w->model[from]);
}

void world_send(struct world *w, int from, const struct apic_msg *msg)
{
	uint16_t targets[WORLD_MAX_CPUS];
	uint32_t count = lapic_route(&w->directory, from, msg, targets);

	check_targets(w, from, msg, targets, count);
	if (from >= 0 && msg->mode == APIC_MODE_REMOTE_READ) {
		send_read(w, (uint32_t)from, msg, targets, count);
		return;
	}
	for (uint32_t i = 0; i < count && !w->differs; i++) {
		uint32_t cpu = targets[i];
		bool kick = lapic_post(&w->inbox[cpu], msg);

		world_same(w, cpu, "first post", kick, model_post(&w->model_inbox[cpu], msg));
	}
}

static uint32_t event_bits(const struct model_events *e)
{
	return (e->nmis ? LAPIC_EVENT_NMI : 0) | (e->nmis > 1 ? LAPIC_EVENT_NMI2 : 0) |
	       (e->smi ? LAPIC_EVENT_SMI : 0) | (e->init ? LAPIC_EVENT_INIT : 0) |
	       (e->extint ? LAPIC_EVENT_EXTINT : 0) | (e->sipi ? LAPIC_EVENT_SIPI : 0) |
	       (e->sipi ? (uint32_t)e->sipi_vector << LAPIC_EVENT_SIPI_SHIFT : 0);
}

/* Another CPU asks for a register. */
static void answer(struct world *w, uint32_t cpu)
{
	uint32_t reader = w->model_inbox[cpu].reader;
	struct model_answer want = model_answer_read(&w->model[cpu], &w->model_inbox[cpu], w->now);
	bool want_kick = model_post_answer(&w->model_inbox[reader], &want);
	uint32_t from = UINT32_MAX;
	uint64_t got = 0;

	world_same(w, cpu, "question",
		   lapic_answer_read(&w->core[cpu], &w->inbox[cpu], w->now, &from, &got), true);
	world_same(w, cpu, "who asks", from, reader);
	if (from == reader)
		world_same(w, reader, "first post", lapic_post_answer(&w->inbox[from], got),
			   want_kick);
}

/* What has been sent to a CPU arrives before the CPU does anything more. */
void world_arrive(struct world *w, uint32_t cpu)
{
	bool asked = w->model_inbox[cpu].asked;
	struct model_events events = model_drain(&w->model[cpu], &w->model_inbox[cpu]);
	uint32_t bits = lapic_drain(&w->core[cpu], &w->inbox[cpu]);

	world_same(w, cpu, "events", bits & ~LAPIC_EVENT_VECTORS,
		   event_bits(&events) | (asked ? LAPIC_EVENT_READ : 0));
	if (asked && !w->differs)
		answer(w, cpu);
	if (events.init) {
		lapic_init_signal(&w->core[cpu]);
		model_init(&w->model[cpu]);
	}
	if (events.sipi)
		world_same(w, cpu, "SIPI taken", lapic_sipi(&w->core[cpu]),
			   model_sipi(&w->model[cpu]));
}
