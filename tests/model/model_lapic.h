/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An executable specification of the local APIC: what liblapic is compared with.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)". It is written from the
 * manual, to be read beside it: one boolean for each vector, one field for each thing that software
 * sees, PPR computed from scratch, no bit tricks and nothing cached. It shares no code with lapic/;
 * of its headers it takes the vocabulary of the contract: configuration, message, names of
 * registers. Where the manual leaves a choice it follows docs/deviations.md and cites the entry.
 */
#ifndef TESTS_MODEL_LAPIC_H
#define TESTS_MODEL_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "lapic/apic_msg.h"
#include "lapic/lapic.h"

enum model_mode {
	MODEL_OFF,
	MODEL_XAPIC,
	MODEL_X2APIC,
};

/* One entry of the local vector table; an entry has the fields that its figure shows. */
struct model_lvt {
	uint8_t vector;
	enum apic_delivery_mode delivery;
	bool active_low;
	bool remote_irr;
	bool level;
	bool masked;
	enum lapic_timer_mode timer_mode;
};

enum model_error {
	MODEL_REDIRECTABLE_IPI,
	MODEL_SEND_ILLEGAL_VECTOR,
	MODEL_RECEIVE_ILLEGAL_VECTOR,
	MODEL_ILLEGAL_REGISTER,
	MODEL_ERRORS,
};

/* Of the last remote read: "Remote Read Status". */
enum model_read_status {
	MODEL_READ_INVALID,
	MODEL_READ_IN_PROGRESS,
	MODEL_READ_VALID,
};

/* What has been latched for the CPU itself and is not a vector. */
struct model_events {
	uint8_t nmis; /* the CPU tells two apart */
	bool smi;
	bool init;
	bool sipi;
	uint8_t sipi_vector;
	bool extint;
};

struct model_apic {
	struct lapic_config config;
	enum model_mode mode;
	uint64_t page;
	bool bsp_flag;

	uint8_t xapic_id; /* as software may have written it */
	uint8_t logical_id;
	uint8_t dfr_model;
	uint8_t tpr;
	uint8_t spurious_vector;
	bool software_enabled;
	bool suppress_eoi;

	bool irr[256];
	bool isr[256];
	bool level[256]; /* TMR */

	bool error_shown[MODEL_ERRORS]; /* ESR as it reads */
	bool error_new[MODEL_ERRORS];   /* since ESR was written last */

	struct model_lvt timer;
	struct model_lvt thermal;
	struct model_lvt pmc;
	struct model_lvt lint0;
	struct model_lvt lint1;
	struct model_lvt error;
	struct model_lvt cmci;

	uint32_t icr; /* bits 31:0 as they read */
	uint32_t icr_dest;

	enum model_read_status read_status;
	struct apic_msg read_command; /* the last remote read */
	uint32_t rrd;

	bool seoi_enabled; /* AMD's extended control register */
	bool ier_enabled;
	bool ier[256]; /* false: the vector is not delivered */

	uint32_t initial_count;
	uint32_t divide; /* TIMER_DCR as it reads */
	bool running;    /* counting, or armed by IA32_TSC_DEADLINE */
	uint64_t end;    /* when the count is 0, or the deadline comes; ns */
	uint64_t tsc_deadline;

	bool line[2];
	uint8_t lint0_accepted;     /* the vector that remote IRR stands for */
	struct model_events events; /* from the pins and the LVTs */
	bool wait_for_sipi;
};

/* What a write asks of the world; illegal: #GP for WRMSR. */
struct model_result {
	bool illegal;
	enum lapic_effect_kind kind;
	uint8_t eoi_vector;
	struct apic_msg msg;
};

/* ---- model_lapic.c: states, priorities, acceptance ------------------------------------------- */

void model_power_up(struct model_apic *m, const struct lapic_config *config);
void model_init(struct model_apic *m);
bool model_sipi(struct model_apic *m);
bool model_base_write(struct model_apic *m, uint64_t value);
uint64_t model_base(const struct model_apic *m);

bool model_cr8_write(struct model_apic *m, uint64_t value);

int model_highest(const bool set[256]);
uint8_t model_ppr(const struct model_apic *m);
uint8_t model_apr(const struct model_apic *m);
int model_pending(const struct model_apic *m);
int model_held_by_tpr(const struct model_apic *m);
int model_silent_eoi(const struct model_apic *m);
void model_accept(struct model_apic *m, uint8_t vector, bool level);
void model_ack(struct model_apic *m, uint8_t vector);
void model_end_of_interrupt(struct model_apic *m, struct model_result *result);
void model_end_vector(struct model_apic *m, int vector, struct model_result *result);
void model_error(struct model_apic *m, enum model_error which);

/* ---- model_access.c: registers --------------------------------------------------------------- */

/* May the register at offset be read in the present mode, without leaving an error? */
bool model_is_readable(struct model_apic *m, uint32_t offset);
/* The value of one that can be read, as it is: not even the timer is looked at. */
void model_load(struct model_apic *m, uint32_t offset, uint64_t now, uint64_t *value);
bool model_read(struct model_apic *m, uint32_t offset, uint64_t now, uint64_t *value);
struct model_result model_write(struct model_apic *m, uint32_t offset, uint64_t value,
				uint64_t now);

/* ---- model_ext.c: AMD's extended registers --------------------------------------------------- */

bool model_is_ext(const struct model_apic *m, uint32_t offset);
bool model_is_ier(uint32_t offset);
void model_ext_reset(struct model_apic *m);
uint64_t model_ext_value(const struct model_apic *m, uint32_t offset);
uint64_t model_ext_reserved(uint32_t offset);
void model_ext_store(struct model_apic *m, uint32_t offset, uint32_t value,
		     struct model_result *result);

/* ---- model_mmio.c: the registers by MMIO and by MSR ------------------------------------------ */

void model_mmio_read(struct model_apic *m, uint32_t offset, uint32_t len, uint64_t now,
		     uint8_t data[8]);
struct model_result model_mmio_write(struct model_apic *m, uint32_t offset, uint32_t len,
				     const uint8_t data[8], uint64_t now);

/* RDMSR and WRMSR of the x2APIC range. */
bool model_msr_read(struct model_apic *m, uint32_t msr, uint64_t now, uint64_t *value);
struct model_result model_msr_write(struct model_apic *m, uint32_t msr, uint64_t value,
				    uint64_t now);

/* ---- model_lvt.c: local sources and the timer ------------------------------------------------ */

/* The entry at an offset of the page, or NULL. */
struct model_lvt *model_lvt_at(struct model_apic *m, uint32_t offset);
uint32_t model_lvt_read(const struct model_lvt *lvt);
void model_lvt_write(struct model_apic *m, uint32_t offset, uint32_t value);
void model_lvt_fire(struct model_apic *m, uint32_t offset);
void model_pin(struct model_apic *m, int pin, bool asserted);
void model_sample_lint0(struct model_apic *m);
bool model_accepts_extint(const struct model_apic *m);

uint64_t model_tick(const struct model_apic *m); /* ns */
void model_initial_count(struct model_apic *m, uint32_t count, uint64_t now);
void model_divide(struct model_apic *m, uint32_t value, uint64_t now);
uint32_t model_current_count(const struct model_apic *m, uint64_t now);
void model_time(struct model_apic *m, uint64_t now);
void model_tsc_deadline(struct model_apic *m, uint64_t value, uint64_t tsc, uint64_t now);
void model_tsc_adjusted(struct model_apic *m, uint64_t tsc, uint64_t now);

/* ---- model_messages.c: ICR, destinations, what other CPUs send ------------------------------- */

/* What comes back to a CPU that reads another one's register. */
struct model_answer {
	bool there;
	struct apic_msg command;
	bool valid;
	uint32_t value;
};

/* What is on its way to a CPU. */
struct model_inbox {
	bool empty; /* nothing posted since the last drain */
	bool vector[256];
	bool level[256];
	struct model_events events;
	bool asked; /* by CPU number reader */
	uint32_t reader;
	struct apic_msg question;
	struct model_answer answer;
};

void model_command(struct model_apic *m, struct model_result *result);
void model_self_ipi(struct model_apic *m, uint8_t vector);
/* Does msg, sent by CPU number from (-1: a device), name CPU number cpu? */
bool model_named(const struct model_apic *m, int cpu, int from, const struct apic_msg *msg);
bool model_post(struct model_inbox *inbox, const struct apic_msg *msg);
/* Everything on its way arrives, but for questions. The events are the caller's to act on. */
struct model_events model_drain(struct model_apic *m, struct model_inbox *inbox);

/* ---- model_read.c: remote read --------------------------------------------------------------- */

/* The ICR's mode 3: is it one, and not a reserved mode? */
bool model_is_read(const struct model_apic *m, const struct apic_msg *msg);
void model_read_begins(struct model_apic *m, const struct apic_msg *msg);
void model_read_failed(struct model_apic *m);
/* False: another CPU's question still waits. *first as for model_post(). */
bool model_post_read(struct model_inbox *target, uint32_t from, const struct apic_msg *msg,
		     bool *first);
struct model_answer model_answer_read(struct model_apic *m, struct model_inbox *own, uint64_t now);
bool model_post_answer(struct model_inbox *reader, const struct model_answer *answer);
void model_take_answer(struct model_apic *m, const struct model_answer *answer);

#endif
