/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The six modes of an 8254 counter as functions of the time since its count was loaded.
 * Intel 8254 Programmable Interval Timer data sheet, "Mode Definitions", "Operation Common to All
 * Modes", "Read Operations".
 */
#include "vmm/devices/i8254_counter.h"

enum i8254_mode {
	MODE_TERMINAL_COUNT = 0,
	MODE_ONE_SHOT = 1,
	MODE_RATE = 2,
	MODE_SQUARE = 3,
	MODE_SOFTWARE_STROBE = 4,
	MODE_HARDWARE_STROBE = 5,
};

enum i8254_access {
	ACCESS_LOW = 1,
	ACCESS_HIGH = 2,
	ACCESS_BOTH = 3,
};

#define BINARY_RANGE 0x10000u
#define BCD_RANGE    10000u
#define MODE_X       0x3u /* modes 6 and 7 are 2 and 3: bit 2 does not count there */

#define STATUS_OUT        0x80u
#define STATUS_NULL_COUNT 0x40u
#define CONTROL_BITS      0x3fu

static enum i8254_mode mode_of(const struct i8254_counter *c)
{
	uint32_t mode = (c->control >> I8254_MODE_SHIFT) & 0x7u;

	return (enum i8254_mode)(mode > MODE_HARDWARE_STROBE ? mode & MODE_X : mode);
}

static enum i8254_access access_of(const struct i8254_counter *c)
{
	return (enum i8254_access)(c->control >> I8254_ACCESS_SHIFT & 0x3u);
}

static bool is_periodic(enum i8254_mode mode)
{
	return mode == MODE_RATE || mode == MODE_SQUARE;
}

/* Started by a rising GATE, which is indifferent otherwise. */
static bool is_triggered(enum i8254_mode mode)
{
	return mode == MODE_ONE_SHOT || mode == MODE_HARDWARE_STROBE;
}

/* The longer half of a square wave is the high one. */
static int64_t high_ticks(uint32_t count)
{
	return (count + 1) / 2;
}

/* ---- counts as written and as read ----------------------------------------------------------- */

static uint32_t from_bcd(uint32_t value)
{
	return (value >> 12 & 0xf) * 1000 + (value >> 8 & 0xf) * 100 + (value >> 4 & 0xf) * 10 +
	       (value & 0xf);
}

static uint32_t to_bcd(uint32_t value)
{
	return value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
}

/* 0 is the largest count. */
static uint32_t count_from(const struct i8254_counter *c, uint16_t written)
{
	bool bcd = c->control & I8254_BCD;
	uint32_t count = bcd ? from_bcd(written) : written;

	if (count)
		return count;
	return bcd ? BCD_RANGE : BINARY_RANGE;
}

static uint16_t count_shown(const struct i8254_counter *c, int64_t value)
{
	bool bcd = c->control & I8254_BCD;
	int64_t range = bcd ? BCD_RANGE : BINARY_RANGE;
	uint32_t count = (uint32_t)((value % range + range) % range);

	return (uint16_t)(bcd ? to_bcd(count) : count);
}

/* ---- CE -------------------------------------------------------------------------------------- */

/* CE holds count in the tick after the one of the write or trigger. */
static void load(struct i8254_counter *c, int64_t origin)
{
	c->count = c->next_count;
	c->origin = origin;
	c->loaded = true;
	c->pending = false;
	c->paused = !c->gate && !is_triggered(mode_of(c));
	c->paused_at = origin;
}

/*
 * At the end of the cycle (mode 2) or half-cycle (mode 3) CE takes over what was written meanwhile.
 * The low half of a square wave goes on as a low half.
 */
static void load_pending(struct i8254_counter *c)
{
	int64_t elapsed = (c->pending_at - c->origin) % c->count;

	load(c, elapsed ? c->pending_at - high_ticks(c->next_count) : c->pending_at);
}

static void advance(struct i8254_counter *c, int64_t tick)
{
	if (c->pending && !c->paused && tick >= c->pending_at)
		load_pending(c);
}

/* Ticks since CE held its initial count; negative while it is about to. */
static int64_t elapsed_at(const struct i8254_counter *c, int64_t tick)
{
	return (c->paused ? c->paused_at : tick) - c->origin;
}

static int64_t element(const struct i8254_counter *c, int64_t tick)
{
	int64_t elapsed = elapsed_at(c, tick);
	int64_t high = high_ticks(c->count);

	if (!c->loaded)
		return 0;
	if (elapsed < 0)
		return c->count;
	switch (mode_of(c)) {
	case MODE_RATE:
		return c->count - elapsed % c->count;
	case MODE_SQUARE:
		/* By twos, from the even number below an odd count. */
		elapsed %= c->count;
		if (elapsed >= high)
			elapsed -= high;
		return (c->count & ~1u) - 2 * elapsed;
	case MODE_TERMINAL_COUNT:
	case MODE_ONE_SHOT:
	case MODE_SOFTWARE_STROBE:
	case MODE_HARDWARE_STROBE:
	default:
		return c->count - elapsed;
	}
}

/* A count of 1 is illegal in modes 2 and 3: OUT stays high. */
static bool out(const struct i8254_counter *c, int64_t tick)
{
	enum i8254_mode mode = mode_of(c);
	int64_t elapsed = elapsed_at(c, tick);

	if (!c->loaded || (mode == MODE_TERMINAL_COUNT && c->half_written))
		return mode != MODE_TERMINAL_COUNT;
	switch (mode) {
	case MODE_TERMINAL_COUNT:
		return elapsed >= c->count;
	case MODE_ONE_SHOT:
		return elapsed >= c->count || (elapsed < 0 && !c->retriggered);
	case MODE_RATE:
		return c->paused || c->count == 1 || elapsed < 0 ||
		       elapsed % c->count != c->count - 1;
	case MODE_SQUARE:
		return c->paused || elapsed < 0 || elapsed % c->count < high_ticks(c->count);
	case MODE_SOFTWARE_STROBE:
	case MODE_HARDWARE_STROBE:
	default:
		return elapsed != c->count;
	}
}

bool i8254_counter_out(struct i8254_counter *c, int64_t tick)
{
	advance(c, tick);
	return out(c, tick);
}

bool i8254_counter_rests_high(const struct i8254_counter *c)
{
	return mode_of(c) != MODE_TERMINAL_COUNT;
}

/* The count that waits begins at pending_at, with a rise or with a low half before the next one. */
static int64_t rise_with_pending(const struct i8254_counter *c)
{
	struct i8254_counter next = *c;

	load_pending(&next);
	return next.origin == c->pending_at ? c->pending_at : next.origin + next.count;
}

static int64_t periodic_rise(const struct i8254_counter *c, int64_t tick)
{
	int64_t cycles = tick < c->origin ? 1 : (tick - c->origin) / c->count + 1;

	/* A trigger begins no period; only a forged state waits for one here. */
	if (c->pending && c->pending_at != I8254_NEVER)
		return rise_with_pending(c);
	return c->count == 1 ? I8254_NEVER : c->origin + cycles * c->count;
}

int64_t i8254_counter_next_rise(struct i8254_counter *c, int64_t tick)
{
	enum i8254_mode mode = mode_of(c);
	int64_t rise;

	advance(c, tick);
	if (!c->loaded || c->paused)
		return I8254_NEVER;
	if (is_periodic(mode))
		return periodic_rise(c, tick);
	rise = c->origin + c->count;
	/* A strobe is low for the tick in which the count has expired. */
	if (mode == MODE_SOFTWARE_STROBE || mode == MODE_HARDWARE_STROBE)
		rise++;
	return rise > tick ? rise : I8254_NEVER;
}

/* ---- control words, counts, GATE ------------------------------------------------------------- */

void i8254_counter_reset(struct i8254_counter *c, bool gate)
{
	*c = (struct i8254_counter){
		.control = ACCESS_BOTH << I8254_ACCESS_SHIFT | MODE_SQUARE << I8254_MODE_SHIFT,
		.gate = gate,
		.count = BINARY_RANGE,
		.next_count = BINARY_RANGE,
	};
}

void i8254_counter_control(struct i8254_counter *c, uint8_t control)
{
	bool gate = c->gate;

	i8254_counter_reset(c, gate);
	c->control = control & CONTROL_BITS;
}

/* A whole count has reached CR. */
static void new_count(struct i8254_counter *c, int64_t tick, uint16_t written)
{
	enum i8254_mode mode = mode_of(c);
	int64_t cycle, into = 0;

	c->next_count = count_from(c, written);
	c->pending = true;
	c->pending_at = I8254_NEVER;
	if (is_triggered(mode))
		return;
	if (!c->loaded || !is_periodic(mode)) {
		load(c, tick + 1);
		return;
	}
	cycle = c->origin;
	if (tick > c->origin) {
		into = (tick - c->origin) % c->count;
		cycle = tick - into;
	}
	if (mode == MODE_SQUARE && into < high_ticks(c->count) && c->count > 1)
		c->pending_at = cycle + high_ticks(c->count);
	else
		c->pending_at = cycle + c->count;
}

void i8254_counter_write(struct i8254_counter *c, int64_t tick, uint8_t value)
{
	advance(c, tick);
	switch (access_of(c)) {
	case ACCESS_LOW:
		new_count(c, tick, value);
		return;
	case ACCESS_HIGH:
		new_count(c, tick, (uint16_t)(value << 8));
		return;
	case ACCESS_BOTH:
	default:
		break;
	}
	if (c->half_written) {
		c->half_written = false;
		new_count(c, tick, (uint16_t)(value << 8 | c->low));
		return;
	}
	c->half_written = true;
	c->low = value;
	if (mode_of(c) == MODE_TERMINAL_COUNT && !c->paused) {
		c->paused = true;
		c->paused_at = tick;
	}
}

/* A trigger begins the count anew; in modes 1 and 5 only if one has been written. */
static void trigger(struct i8254_counter *c, int64_t tick)
{
	bool was_low = !out(c, tick);

	if (!c->loaded && !c->pending)
		return;
	load(c, tick + 1);
	c->retriggered = was_low;
}

void i8254_counter_set_gate(struct i8254_counter *c, int64_t tick, bool gate)
{
	enum i8254_mode mode = mode_of(c);
	bool rises = gate && !c->gate;

	advance(c, tick);
	if (gate == c->gate)
		return;
	c->gate = gate;
	if (is_triggered(mode) || is_periodic(mode)) {
		if (rises)
			trigger(c, tick);
		else if (is_periodic(mode)) {
			c->paused = true;
			c->paused_at = tick;
		}
		return;
	}
	if (!rises && !c->paused) {
		c->paused = true;
		c->paused_at = tick > c->origin ? tick : c->origin;
	} else if (rises && !c->half_written) {
		c->origin += tick - c->paused_at;
		c->paused = false;
	}
}

/* ---- reading --------------------------------------------------------------------------------- */

void i8254_counter_latch(struct i8254_counter *c, int64_t tick)
{
	advance(c, tick);
	if (c->latched)
		return;
	c->latch = count_shown(c, element(c, tick));
	c->latched = true;
}

void i8254_counter_latch_status(struct i8254_counter *c, int64_t tick)
{
	bool null_count;

	advance(c, tick);
	if (c->status_latched)
		return;
	null_count = !c->loaded || c->pending || elapsed_at(c, tick) < 0;
	c->status = (uint8_t)((out(c, tick) ? STATUS_OUT : 0) |
			      (null_count ? STATUS_NULL_COUNT : 0) | c->control);
	c->status_latched = true;
}

/* Status first, then a latched count, else the live one. */
uint8_t i8254_counter_read(struct i8254_counter *c, int64_t tick)
{
	enum i8254_access access = access_of(c);
	bool high = access == ACCESS_HIGH || (access == ACCESS_BOTH && c->next_high);
	uint16_t count;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	advance(c, tick);
	count = c->latched ? c->latch : count_shown(c, element(c, tick));
	c->next_high = access == ACCESS_BOTH && !high;
	if (!c->next_high)
		c->latched = false;
	return (uint8_t)(high ? count >> 8 : count);
}
