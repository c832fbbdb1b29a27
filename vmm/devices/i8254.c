/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interval timer's ports, and its interrupt.
 * Intel 8254 Programmable Interval Timer data sheet, "Programming the 8254", "Read-Back Command".
 *
 * The line follows OUT 0 as far as those who listen for edges can tell: it rises when OUT does, and
 * falls when the guest's programming makes OUT low. The low tick of mode 2, the low half of mode 3
 * and the strobe of mode 4 come just before the rise that ends them; so a request stays up until
 * the next one, and the host has to wake up only once in a period (D60).
 */
#include "vmm/devices/i8254.h"

#define CONTROL_PORT 3
#define NR_PORTS     4

/* A control word: counter in 7:6 (3: read-back), access in 5:4 (0: latch), mode, BCD. */
#define SELECT_SHIFT        6
#define SELECT_READ_BACK    3u
#define ACCESS_BITS         0x30u
#define READ_BACK_NO_COUNT  0x20u
#define READ_BACK_NO_STATUS 0x10u
#define READ_BACK_SHIFT     1 /* of the bit of counter 0 */

/* ---- the interrupt line ---------------------------------------------------------------------- */

static void set_line(struct i8254 *pit, bool level)
{
	if (pit->level == level)
		return;
	pit->level = level;
	irq_line_set(&pit->irq, level);
}

/* When irq rises next: not at the pace of a guest that programs a period of some ticks. */
void i8254_arm(struct i8254 *pit)
{
	uint64_t deadline = BOARD_CLOCK_NEVER;

	if (pit->rise != I8254_NEVER) {
		deadline = board_clock_scale_up((uint64_t)pit->rise, I8254_TICKS_NS, I8254_TICKS);
		if (deadline < pit->not_before)
			deadline = pit->not_before;
	}
	board_clock_arm(&pit->clock, &pit->timer, deadline);
}

/* What was due by now happens. However many rises a late host has missed, the line rises once. */
void i8254_catch_up(struct i8254 *pit)
{
	uint64_t now = board_clock_now(&pit->clock);
	int64_t tick = i8254_ticks(now);

	if (pit->rise > tick || now < pit->not_before)
		return;
	set_line(pit, false);
	set_line(pit, true);
	pit->nr_rises++;
	pit->not_before = now + I8254_MIN_PERIOD_NS;
	pit->rise = i8254_counter_next_rise(&pit->counter[0], tick);
	i8254_arm(pit);
}

static void expire(void *device)
{
	struct i8254 *pit = device;

	pthread_mutex_lock(&pit->lock);
	i8254_catch_up(pit);
	i8254_arm(pit);
	pthread_mutex_unlock(&pit->lock);
}

/* Counter 0 has a new control word or count. */
static void reprogrammed(struct i8254 *pit, int64_t tick)
{
	struct i8254_counter *c = &pit->counter[0];

	set_line(pit, i8254_counter_rests_high(c) || i8254_counter_out(c, tick));
	pit->rise = i8254_counter_next_rise(c, tick);
	i8254_arm(pit);
}

/* ---- ports ----------------------------------------------------------------------------------- */

static void read_back(struct i8254 *pit, int64_t tick, uint8_t command)
{
	for (uint32_t i = 0; i < I8254_COUNTERS; i++) {
		struct i8254_counter *c = &pit->counter[i];

		if (!(command >> READ_BACK_SHIFT >> i & 1))
			continue;
		if (!(command & READ_BACK_NO_COUNT))
			i8254_counter_latch(c, tick);
		if (!(command & READ_BACK_NO_STATUS))
			i8254_counter_latch_status(c, tick);
	}
}

static void write_control(struct i8254 *pit, int64_t tick, uint8_t value)
{
	uint32_t select = value >> SELECT_SHIFT;

	if (select == SELECT_READ_BACK) {
		read_back(pit, tick, value);
		return;
	}
	if (!(value & ACCESS_BITS)) {
		i8254_counter_latch(&pit->counter[select], tick);
		return;
	}
	i8254_counter_control(&pit->counter[select], value);
	if (select == 0)
		reprogrammed(pit, tick);
}

static void write_port(struct i8254 *pit, int64_t tick, uint64_t port, uint8_t value)
{
	if (port == CONTROL_PORT) {
		write_control(pit, tick, value);
		return;
	}
	i8254_counter_write(&pit->counter[port], tick, value);
	if (port == 0)
		reprogrammed(pit, tick);
}

/* A wide access is as many byte cycles, as on the ISA bus. The control port cannot be read. */
static uint64_t i8254_read(void *device, uint64_t offset, uint32_t len)
{
	struct i8254 *pit = device;
	uint64_t value = 0;
	int64_t tick;

	pthread_mutex_lock(&pit->lock);
	i8254_catch_up(pit);
	tick = i8254_ticks(board_clock_now(&pit->clock));
	for (uint32_t i = 0; i < len; i++) {
		uint64_t port = offset + i;
		uint64_t byte = UINT8_MAX;

		if (port < I8254_COUNTERS)
			byte = i8254_counter_read(&pit->counter[port], tick);
		value |= byte << (8 * i);
	}
	pthread_mutex_unlock(&pit->lock);
	return value;
}

static void i8254_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct i8254 *pit = device;
	int64_t tick;

	pthread_mutex_lock(&pit->lock);
	i8254_catch_up(pit);
	tick = i8254_ticks(board_clock_now(&pit->clock));
	for (uint32_t i = 0; i < len; i++)
		write_port(pit, tick, offset + i, (uint8_t)(value >> (8 * i)));
	pthread_mutex_unlock(&pit->lock);
}

static const struct bus_ops i8254_ops = {
	.read = i8254_read,
	.write = i8254_write,
};

/* ---- counter 2's wires ----------------------------------------------------------------------- */

void i8254_set_gate2(struct i8254 *pit, bool gate)
{
	pthread_mutex_lock(&pit->lock);
	i8254_counter_set_gate(&pit->counter[2], i8254_ticks(board_clock_now(&pit->clock)), gate);
	pthread_mutex_unlock(&pit->lock);
}

bool i8254_out2(struct i8254 *pit)
{
	bool out;

	pthread_mutex_lock(&pit->lock);
	out = i8254_counter_out(&pit->counter[2], i8254_ticks(board_clock_now(&pit->clock)));
	pthread_mutex_unlock(&pit->lock);
	return out;
}

/* GATE 0 and 1 are wired to high. OUT 0 is high already, from before anybody listened. */
int i8254_init(struct i8254 *pit, struct bus *ports, struct irq_line irq,
	       const struct board_clock *clock)
{
	*pit = (struct i8254){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.clock = *clock,
		.timer = { .expire = expire, .device = pit },
		.irq = irq,
		.level = true,
		.rise = I8254_NEVER,
	};
	for (uint32_t i = 0; i < I8254_COUNTERS; i++)
		i8254_counter_reset(&pit->counter[i], i != 2);
	return bus_add(ports, "pit", I8254_PORT, NR_PORTS, &i8254_ops, pit);
}
