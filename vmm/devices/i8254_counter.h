/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One counter of an 8254, computed rather than counted: time is a parameter, in ticks of its CLK.
 * Intel 8254 Programmable Interval Timer data sheet, "Mode Definitions", "Read Operations".
 *
 * Total over what a guest writes. Ticks are any int64_t that does not decrease between calls.
 */
#ifndef VMM_DEVICES_I8254_COUNTER_H
#define VMM_DEVICES_I8254_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

#define I8254_NEVER INT64_MAX

/* Bits 5:0 of a control word. */
#define I8254_ACCESS_SHIFT 4
#define I8254_MODE_SHIFT   1
#define I8254_BCD          0x01u

/* CE is the counting element, CR the count register in front of it. */
struct i8254_counter {
	uint8_t control;     /* the control word's bits 5:0, as written */
	bool gate;           /* level of GATE */
	bool half_written;   /* the low byte of two has been written to CR */
	uint8_t low;         /* that byte */
	bool next_high;      /* the next read gives the high byte */
	bool latched;        /* latch waits to be read */
	bool status_latched; /* status does, before it */
	uint16_t latch;
	uint8_t status;
	bool loaded;         /* CE counts, or would if it were not paused */
	bool pending;        /* CR has a count that CE has not */
	bool paused;         /* by GATE, or in mode 0 by the first byte of two */
	bool retriggered;    /* the one-shot of mode 1 was triggered while its output was low */
	uint32_t count;      /* CE's initial count, 1..65536 */
	uint32_t next_count; /* CR, the same */
	int64_t origin;      /* tick at which CE held count */
	int64_t paused_at;
	int64_t pending_at; /* tick at which CE will take CR over, I8254_NEVER: by a trigger */
};

/* As firmware leaves it: a square wave to be, no count yet, OUT high. */
void i8254_counter_reset(struct i8254_counter *c, bool gate);

/* A control word that selects this counter; bits 5:0, not the latch command. */
void i8254_counter_control(struct i8254_counter *c, uint8_t control);

/*
 * What the latch and read-back commands keep. A second latch before the first is read is ignored.
 */
void i8254_counter_latch(struct i8254_counter *c, int64_t tick);
void i8254_counter_latch_status(struct i8254_counter *c, int64_t tick);

uint8_t i8254_counter_read(struct i8254_counter *c, int64_t tick);
void i8254_counter_write(struct i8254_counter *c, int64_t tick, uint8_t value);
void i8254_counter_set_gate(struct i8254_counter *c, int64_t tick, bool gate);

/* Level of OUT. */
bool i8254_counter_out(struct i8254_counter *c, int64_t tick);

/* Is OUT high but for a strobe or the low part of a period? So it is in all modes but 0. */
bool i8254_counter_rests_high(const struct i8254_counter *c);

/* The first tick after tick at which OUT rises by counting alone; I8254_NEVER if it does not. */
int64_t i8254_counter_next_rise(struct i8254_counter *c, int64_t tick);

#endif
