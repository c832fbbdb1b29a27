/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of liblapic share among themselves; nothing outside of lapic/ includes it.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#ifndef LAPIC_LAPIC_PRIV_H
#define LAPIC_LAPIC_PRIV_H

#include "lapic/lapic.h"
#include "lapic/lapic_state.h"

/* Vectors below this one are reserved. SDM "Valid Interrupt Vectors" (R46..R49, R57). */
#define LAPIC_FIRST_VECTOR 16

#define LAPIC_BUS_CYCLE_NS_MAX 1000u

/* ---- the register page ----------------------------------------------------------------------- */

/* The slot at a byte offset below LAPIC_REGS_SIZE. */
static inline struct lapic_slot *lapic_slot(struct lapic *a, uint32_t offset)
{
	return (struct lapic_slot *)&a->regs + offset / sizeof(struct lapic_slot);
}

static inline uint32_t lapic_reg_value(const struct lapic *a, uint32_t offset)
{
	return ((const struct lapic_slot *)&a->regs)[offset / sizeof(struct lapic_slot)].reg;
}

static inline bool lapic_enabled(const struct lapic *a)
{
	return (a->base & LAPIC_BASE_EN) != 0;
}

static inline bool lapic_x2apic(const struct lapic *a)
{
	return (a->base & LAPIC_BASE_EXTD) != 0; /* never without EN (R14) */
}

static inline bool lapic_software_enabled(const struct lapic *a)
{
	return (a->regs.svr.reg & LAPIC_SVR_ENABLE) != 0;
}

/* ---- lapic_map.c ----------------------------------------------------------------------------- */

/* One row of the map: the public description, and what x2APIC mode is stricter about. */
struct lapic_row {
	struct lapic_reg_desc desc;
	uint32_t x2apic; /* bits that a WRMSR may have set; any other one is #GP (R27..R30) */
};

/* The row of the register at offset, or NULL where the page has none. */
const struct lapic_row *lapic_row_at(uint32_t offset);

/* The row of the register at offset if this APIC, in its present mode, has it; else NULL. */
const struct lapic_row *lapic_row(const struct lapic *a, uint32_t offset);

/* The row's writable bits and its x2APIC bits, less those of features that config leaves out. */
uint32_t lapic_row_writable(const struct lapic *a, const struct lapic_row *row);
uint32_t lapic_row_x2apic(const struct lapic *a, const struct lapic_row *row);

/* ---- lapic.c --------------------------------------------------------------------------------- */

void lapic_svr_write(struct lapic *a, uint32_t svr);

/* The registers that change on the way from xAPIC to x2APIC mode; the base is the caller's. */
void lapic_enter_x2apic(struct lapic *a);

/* ---- lapic_inbox.c, lapic_read.c ------------------------------------------------------------- */

struct lapic_inbox;

/* True: the inbox was empty before. */
bool lapic_set_events(struct lapic_inbox *inbox, uint32_t events);

/* A remote read of this CPU: it has been commanded; its registers are restored; what came of it. */
void lapic_read_begins(struct lapic *a, const struct apic_msg *msg);
void lapic_read_restore(struct lapic *a);
void lapic_take_answer(struct lapic *a, uint64_t answer);

/* ---- lapic_access.c -------------------------------------------------------------------------- */

/* A register as software would read it, without anything happening because of it. */
uint64_t lapic_load(const struct lapic *a, const struct lapic_row *row, uint64_t now);

/* ---- lapic_prio.c ---------------------------------------------------------------------------- */

/* Put vector, not below LAPIC_FIRST_VECTOR, into IRR with its trigger mode. */
void lapic_request(struct lapic *a, uint32_t vector, bool level);

void lapic_tpr_write(struct lapic *a, uint32_t tpr);
void lapic_eoi(struct lapic *a, struct lapic_effect *effect);
/* The same for one vector, wherever it is in ISR. */
void lapic_specific_eoi(struct lapic *a, uint8_t vector, struct lapic_effect *effect);
uint8_t lapic_apr(const struct lapic *a);

/* ---- lapic_ext.c ----------------------------------------------------------------------------- */

bool lapic_ext_has(const struct lapic *a, uint32_t offset);
void lapic_ext_reset(struct lapic_extended *extended);
bool lapic_ext_is_reset(const struct lapic_extended *extended);
/* Of a register that lapic_ext_has(); *value is 0 before. */
enum lapic_result lapic_ext_read(const struct lapic *a, uint32_t offset, uint64_t *value);
enum lapic_result lapic_ext_write(struct lapic *a, uint32_t offset, uint64_t value,
				  struct lapic_effect *effect);

/* ---- lapic_timer.c --------------------------------------------------------------------------- */

void lapic_timer_stop(struct lapic *a);
uint32_t lapic_timer_count(const struct lapic *a, uint64_t now);
void lapic_timer_initial_write(struct lapic *a, uint32_t count, uint64_t now);
void lapic_timer_divide_write(struct lapic *a, uint32_t divide, uint64_t now);

/* The length of one count, at most 128000 ns; bus_cycle_ns is clamped to its range. */
uint64_t lapic_timer_tick_ns(uint32_t bus_cycle_ns, uint32_t dcr);

/*
 * The registers are restored: let the timer go on with remaining ns to its expiry, or with the TSC
 * deadline, whichever its mode asks for. Other values of the two are ignored or clamped.
 */
void lapic_timer_restore(struct lapic *a, uint64_t remaining, uint64_t tsc_deadline,
			 uint64_t guest_tsc, uint64_t now);

/* LVT_TIMER is about to change to lvt: what a change of its mode does to a running count. */
void lapic_timer_mode_write(struct lapic *a, uint32_t lvt);

/* ---- lapic_ipi.c ----------------------------------------------------------------------------- */

/* ICR holds a new command: carry it out. */
struct apic_msg lapic_icr_message(const struct lapic *a);
void lapic_icr_command(struct lapic *a, struct lapic_effect *effect);
void lapic_self_ipi(struct lapic *a, uint8_t vector);

/* ---- lapic_lvt.c ----------------------------------------------------------------------------- */

/* An error was detected; bits are of LAPIC_ESR_*. */
void lapic_error(struct lapic *a, uint32_t bits);
void lapic_esr_write(struct lapic *a);

/* Set the mask bit of every LVT (R6). */
void lapic_lvt_mask_all(struct lapic *a);

/* Store value, whose read-only bits are merged already, in the LVT at offset. */
void lapic_lvt_write(struct lapic *a, uint32_t offset, uint32_t value);

/* Only LINT0 as a fixed interrupt has a level mode of its own (R101). */
bool lapic_lint0_is_level(const struct lapic *a);

/* vector's EOI: the LINT0 pin may be waiting for it (R102). */
void lapic_lint0_eoi(struct lapic *a, uint32_t vector);

/*
 * The registers are restored: remote IRR stands for a level that was accepted under vector, 0 being
 * the entry's own. What no EOI would end is none (D18).
 */
void lapic_lint0_restore(struct lapic *a, uint8_t vector);

/* ---- lapic_state.c --------------------------------------------------------------------------- */

/* Is *state of this version, and consistent as far as that can be told without a configuration? */
enum lapic_state_error lapic_state_check(const struct lapic_state *state);

#endif
