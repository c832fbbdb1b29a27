/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interval timer and port 0x61 in a saved state: their clock stands still while it is in a
 * file. docs/architecture.md, "Saving and restoring".
 */
#include "vmm/devices/device_state.h"
#include "vmm/devices/i8254.h"
#include "vmm/devices/port61.h"

#define COUNT_MAX 0x10000u

/* Ticks are saved relative to now; what is further away than 30 years cannot be. */
#define DISTANCE_MAX (INT64_C(1) << 50)

static void put_tick(struct state_writer *out, int64_t tick, int64_t now)
{
	state_put_u64(out, (uint64_t)(tick - now));
}

static int64_t get_tick(struct state_reader *in, int64_t now)
{
	int64_t distance = (int64_t)state_get_u64(in);

	if (distance >= -DISTANCE_MAX && distance <= DISTANCE_MAX)
		return now + distance;
	in->failed = true;
	return now;
}

static void counter_save(const struct i8254_counter *c, int64_t now, struct state_writer *out)
{
	bool foreseen = c->pending && c->pending_at != I8254_NEVER;

	state_put_u8(out, c->control);
	state_put_bool(out, c->gate);
	state_put_bool(out, c->half_written);
	state_put_u8(out, c->low);
	state_put_bool(out, c->next_high);
	state_put_bool(out, c->latched);
	state_put_bool(out, c->status_latched);
	state_put_u16(out, c->latch);
	state_put_u8(out, c->status);
	state_put_bool(out, c->loaded);
	state_put_bool(out, c->pending);
	state_put_bool(out, c->paused);
	state_put_bool(out, c->retriggered);
	state_put_u32(out, c->count);
	state_put_u32(out, c->next_count);
	put_tick(out, c->loaded ? c->origin : now, now);
	put_tick(out, c->paused ? c->paused_at : now, now);
	state_put_bool(out, foreseen);
	put_tick(out, foreseen ? c->pending_at : now, now);
}

static uint32_t get_count(struct state_reader *in)
{
	uint32_t count = state_get_u32(in);

	if (count >= 1 && count <= COUNT_MAX)
		return count;
	in->failed = true;
	return COUNT_MAX;
}

static void counter_restore(struct i8254_counter *c, int64_t now, struct state_reader *in)
{
	bool foreseen;

	i8254_counter_control(c, state_get_u8(in));
	c->gate = state_get_bool(in);
	c->half_written = state_get_bool(in);
	c->low = state_get_u8(in);
	c->next_high = state_get_bool(in);
	c->latched = state_get_bool(in);
	c->status_latched = state_get_bool(in);
	c->latch = state_get_u16(in);
	c->status = state_get_u8(in);
	c->loaded = state_get_bool(in);
	c->pending = state_get_bool(in);
	c->paused = state_get_bool(in);
	c->retriggered = state_get_bool(in);
	c->count = get_count(in);
	c->next_count = get_count(in);
	c->origin = get_tick(in, now);
	c->paused_at = get_tick(in, now);
	foreseen = state_get_bool(in);
	c->pending_at = get_tick(in, now);
	if (!foreseen)
		c->pending_at = I8254_NEVER;
}

/*
 * Nothing is raised here: CPUs and interrupt controllers are in the file already. What is due and
 * has not come will be due in the restored machine.
 */
void i8254_save(void *device, struct state_writer *out)
{
	struct i8254 *pit = device;
	bool foreseen;
	uint64_t ns;
	int64_t now;

	pthread_mutex_lock(&pit->lock);
	foreseen = pit->rise != I8254_NEVER;
	ns = board_clock_now(&pit->clock);
	now = i8254_ticks(ns);
	for (uint32_t i = 0; i < I8254_COUNTERS; i++)
		counter_save(&pit->counter[i], now, out);
	state_put_bool(out, pit->level);
	state_put_bool(out, foreseen);
	put_tick(out, foreseen ? pit->rise : now, now);
	state_put_u32(out, pit->not_before > ns ? (uint32_t)(pit->not_before - ns) : 0);
	pthread_mutex_unlock(&pit->lock);
}

/*
 * The line is not driven: what the interrupt controllers know of it was restored with them, which
 * may be that it has been high since before they listened.
 */
void i8254_restore(void *device, struct state_reader *in)
{
	struct i8254 *pit = device;
	uint32_t wait;
	bool foreseen;
	uint64_t ns;
	int64_t now;

	pthread_mutex_lock(&pit->lock);
	ns = board_clock_now(&pit->clock);
	now = i8254_ticks(ns);
	for (uint32_t i = 0; i < I8254_COUNTERS; i++)
		counter_restore(&pit->counter[i], now, in);
	pit->level = state_get_bool(in);
	foreseen = state_get_bool(in);
	pit->rise = get_tick(in, now);
	if (!foreseen)
		pit->rise = I8254_NEVER;
	wait = state_get_u32(in);
	if (wait > I8254_MIN_PERIOD_NS) {
		in->failed = true;
		wait = 0;
	}
	pit->not_before = ns + wait;
	i8254_arm(pit);
	pthread_mutex_unlock(&pit->lock);
}

void port61_save(void *device, struct state_writer *out)
{
	struct port61 *port = device;

	pthread_mutex_lock(&port->lock);
	state_put_u8(out, port->control);
	pthread_mutex_unlock(&port->lock);
}

/* Counter 2's GATE is in the timer's own state. */
void port61_restore(void *device, struct state_reader *in)
{
	struct port61 *port = device;
	uint8_t control = state_get_u8(in);

	if (control & ~PORT61_WRITABLE)
		in->failed = true;
	pthread_mutex_lock(&port->lock);
	port->control = control & PORT61_WRITABLE;
	pthread_mutex_unlock(&port->lock);
}
