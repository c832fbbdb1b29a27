/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The specification's states, priorities and acceptance of interrupts.
 *
 * SDM vol. 3, "Local APIC State", "Enabling or Disabling the Local APIC", "x2APIC State
 * Transitions", "Task and Processor Priorities", "Interrupt Acceptance for Fixed Interrupts",
 * "Signaling Interrupt Servicing Completion", "Error Handling".
 */
#include <stddef.h>

#include "tests/model/model_lapic.h"

static const struct model_lvt masked = { .masked = true };

/* Everything that a reset of any kind resets. The pins are wires: nobody resets them. */
static void reset_registers(struct model_apic *m)
{
	m->logical_id = 0;
	m->dfr_model = 0xf;
	m->tpr = 0;
	m->spurious_vector = 0xff;
	m->software_enabled = false;
	m->suppress_eoi = false;
	for (int v = 0; v < 256; v++) {
		m->irr[v] = false;
		m->isr[v] = false;
		m->level[v] = false;
	}
	for (int e = 0; e < MODEL_ERRORS; e++) {
		m->error_shown[e] = false;
		m->error_new[e] = false;
	}
	m->timer = masked;
	m->thermal = masked;
	m->pmc = masked;
	m->lint0 = masked;
	m->lint1 = masked;
	m->error = masked;
	m->cmci = masked;
	if (m->config.bsp && m->config.lint0_extint) /* D44 */
		m->lint0 = (struct model_lvt){ .delivery = APIC_MODE_EXTINT };
	m->read_status = MODEL_READ_INVALID;
	m->rrd = 0;
	model_ext_reset(m);
	m->icr = 0;
	m->icr_dest = 0;
	m->initial_count = 0;
	m->divide = 0;
	m->running = false;
	m->tsc_deadline = 0;
}

void model_power_up(struct model_apic *m, const struct lapic_config *config)
{
	*m = (struct model_apic){
		.config = *config,
		.mode = MODEL_XAPIC,
		.page = LAPIC_BASE_DEFAULT,
		.bsp_flag = config->bsp,
		.xapic_id = (uint8_t)(config->id % 256),
		.wait_for_sipi = !config->bsp,
	};
	reset_registers(m);
}

/* "Local APIC State After It Receives an INIT-Deassert IPI", "Wait-for-SIPI": id and mode stay. */
void model_init(struct model_apic *m)
{
	reset_registers(m);
	m->events = (struct model_events){ 0 };
	m->wait_for_sipi = !m->config.bsp;
}

bool model_sipi(struct model_apic *m)
{
	bool waited = m->wait_for_sipi;

	m->wait_for_sipi = false;
	return waited;
}

uint64_t model_base(const struct model_apic *m)
{
	return m->page + (m->bsp_flag ? LAPIC_BASE_BSP : 0) +
	       (m->mode != MODEL_OFF ? LAPIC_BASE_EN : 0) +
	       (m->mode == MODEL_X2APIC ? LAPIC_BASE_EXTD : 0);
}

static void change_mode(struct model_apic *m, enum model_mode to)
{
	uint8_t tpr = m->tpr;

	if (to == MODEL_OFF && m->mode != MODEL_OFF) {
		reset_registers(m);
		m->tpr = tpr; /* D8 */
	}
	if (to == MODEL_XAPIC && m->mode == MODEL_OFF) {
		reset_registers(m);
		m->xapic_id = (uint8_t)(m->config.id % 256);
	}
	if (to == MODEL_X2APIC && m->mode == MODEL_XAPIC) {
		m->icr_dest = 0;
		m->read_status = MODEL_READ_INVALID; /* D59 */
	}
	m->mode = to;
}

/* False: #GP. */
bool model_base_write(struct model_apic *m, uint64_t value)
{
	bool en = (value & LAPIC_BASE_EN) != 0;
	bool extd = (value & LAPIC_BASE_EXTD) != 0;
	enum model_mode to = !en ? MODEL_OFF : extd ? MODEL_X2APIC : MODEL_XAPIC;

	if (value % 256 != 0 || (value >> 9) % 2 != 0 || value >> m->config.maxphyaddr != 0)
		return false;
	if (extd && (!en || !m->config.x2apic))
		return false;
	if (m->mode == MODEL_OFF && to == MODEL_X2APIC)
		return false;
	if (m->mode == MODEL_X2APIC && to == MODEL_XAPIC)
		return false;
	change_mode(m, to);
	m->page = value / 4096 * 4096;
	m->bsp_flag = (value & LAPIC_BASE_BSP) != 0;
	return true;
}

/* The highest vector of a set, or -1. */
int model_highest(const bool set[256])
{
	for (int v = 255; v >= 0; v--) {
		if (set[v])
			return v;
	}
	return -1;
}

/* Priority class of a vector or of TPR; that of no vector is 0. */
static int class_of(int vector)
{
	return vector < 0 ? 0 : vector / 16;
}

uint8_t model_ppr(const struct model_apic *m)
{
	int in_service = class_of(model_highest(m->isr));

	if (class_of(m->tpr) >= in_service) /* where equal, D9 */
		return m->tpr;
	return (uint8_t)(in_service * 16);
}

/* "Arbitration Priority Register (APR)", D5; the AND is the manual's. */
uint8_t model_apr(const struct model_apic *m)
{
	int tpr = class_of(m->tpr);
	int irr = class_of(model_highest(m->irr));
	int isr = class_of(model_highest(m->isr));
	int both = tpr & isr;

	if (tpr >= irr && tpr > isr)
		return m->tpr;
	return (uint8_t)((both > irr ? both : irr) * 16);
}

/* The highest request that the interrupt enable registers let through, or -1. */
static int highest_enabled(const struct model_apic *m)
{
	for (int v = 255; v >= 0; v--) {
		if (m->irr[v] && m->ier[v])
			return v;
	}
	return -1;
}

int model_pending(const struct model_apic *m)
{
	int vector = highest_enabled(m);

	return class_of(vector) > class_of(model_ppr(m)) ? vector : LAPIC_NO_VECTOR;
}

int model_held_by_tpr(const struct model_apic *m)
{
	int vector = highest_enabled(m);
	bool above_service = class_of(vector) > class_of(model_highest(m->isr));
	bool above_task = class_of(vector) > class_of(m->tpr);

	return above_service && !above_task ? vector : LAPIC_NO_VECTOR;
}

/* The vector in service whose EOI would be neither broadcast nor release another one (R179). */
int model_silent_eoi(const struct model_apic *m)
{
	int vector = model_highest(m->isr);

	if (vector < 0 || m->level[vector] || model_highest(m->irr) >= 0)
		return LAPIC_NO_VECTOR;
	return vector;
}

/* "Task Priority in IA-32e Mode": CR8 is TPR[7:4]. False: #GP. */
bool model_cr8_write(struct model_apic *m, uint64_t value)
{
	if (value > 15)
		return false;
	m->tpr = (uint8_t)(value * 16);
	return true;
}

/* A fixed interrupt from anywhere, this APIC itself included. */
void model_accept(struct model_apic *m, uint8_t vector, bool level)
{
	if (m->mode == MODEL_OFF || !m->software_enabled)
		return;
	if (vector < 16) {
		model_error(m, MODEL_RECEIVE_ILLEGAL_VECTOR);
		return;
	}
	m->irr[vector] = true;
	m->level[vector] = level;
}

void model_ack(struct model_apic *m, uint8_t vector)
{
	m->irr[vector] = false;
	m->isr[vector] = true;
}

void model_end_of_interrupt(struct model_apic *m, struct model_result *result)
{
	int vector = model_highest(m->isr);

	if (vector >= 0)
		model_end_vector(m, vector, result);
}

void model_end_vector(struct model_apic *m, int vector, struct model_result *result)
{
	m->isr[vector] = false;
	if (m->level[vector] && !m->suppress_eoi) {
		result->kind = LAPIC_EFFECT_EOI;
		result->eoi_vector = (uint8_t)vector;
	}
	if (m->lint0.remote_irr && m->lint0_accepted == vector) {
		m->lint0.remote_irr = false;
		model_sample_lint0(m);
	}
}

/* LVT_ERROR fires for an error that is new since ESR was written last (D6). */
void model_error(struct model_apic *m, enum model_error which)
{
	if (m->error_new[which])
		return;
	m->error_new[which] = true;
	if (!m->error.masked)
		model_accept(m, m->error.vector, false);
}
