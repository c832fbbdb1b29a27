/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real-time clock: divider chain, update cycles, interrupts, and the ports.
 * Motorola MC146818 data sheet, "Registers", "Update Cycle", "Interrupts".
 *
 * Nothing happens in the background: each access, and the alarm of the board clock when an enabled
 * interrupt is due, first makes up for the ticks of the crystal that have passed.
 */
#include "vmm/devices/mc146818.h"

#include "vmm/devices/device_state.h"
#include "vmm/devices/rtc_calendar.h"

#define REG_A 0x0a
#define REG_B 0x0b
#define REG_C 0x0c
#define REG_D 0x0d

#define A_UIP            0x80u
#define A_DIVIDER        0x70u
#define A_DIVIDER_32768  0x20u
#define A_RATE           0x0fu
#define A_RATE_1024_HZ   0x06u
#define B_SET            0x80u
#define B_UIE            0x10u
#define B_BINARY         0x04u
#define B_24_HOURS       0x02u
#define C_IRQF           0x80u
#define C_PF             0x40u
#define C_AF             0x20u
#define C_UF             0x10u
#define INTERRUPTS       (C_PF | C_AF | C_UF) /* the same bits enable them in B */
#define D_VALID          0x80u
#define SECONDS_WRITABLE 0x7fu

#define NMI_MASK 0x80u
#define NR_PORTS 2

/* UIP goes up 244 us before an update of 1984 us, at whose end the new time is there. */
#define UIP_TICKS 73

/* After a reset of the divider chain the first update is half a second away. */
#define RELEASE_NS (BOARD_CLOCK_HZ / 2)

static struct rtc_format format_of(const struct mc146818 *rtc)
{
	return (struct rtc_format){
		.binary = rtc->cmos[REG_B] & B_BINARY,
		.hours_24 = rtc->cmos[REG_B] & B_24_HOURS,
	};
}

/* ---- time ------------------------------------------------------------------------------------ */

/* The other dividers are for other crystals, or hold the chain in reset. */
static bool is_running(const struct mc146818 *rtc)
{
	return (rtc->cmos[REG_A] & A_DIVIDER) == A_DIVIDER_32768;
}

static bool is_updating(const struct mc146818 *rtc)
{
	return is_running(rtc) && !(rtc->cmos[REG_B] & B_SET);
}

/* Ticks between two periodic interrupts; 0: none. Rates 1 and 2 are those of 8 and 9. */
static uint64_t period_of(const struct mc146818 *rtc)
{
	uint32_t rate = rtc->cmos[REG_A] & A_RATE;

	if (rate == 0)
		return 0;
	return UINT64_C(1) << (rate <= 2 ? rate + 6 : rate - 1);
}

static void update_time(struct mc146818 *rtc, uint64_t seconds)
{
	uint32_t alarm = rtc_calendar_next_alarm(rtc->cmos, format_of(rtc));

	if (alarm && alarm <= seconds)
		rtc->cmos[REG_C] |= C_AF;
	rtc->cmos[REG_C] |= C_UF;
	rtc_calendar_advance(rtc->cmos, format_of(rtc), seconds);
}

static void catch_up(struct mc146818 *rtc)
{
	uint64_t now = board_clock_now(&rtc->clock);
	uint64_t tick = board_clock_scale(now - rtc->origin, MC146818_TICKS, MC146818_TICKS_NS);
	uint64_t seconds = tick / MC146818_HZ - rtc->tick / MC146818_HZ;
	uint64_t period = period_of(rtc);

	if (!is_running(rtc))
		return;
	if (period && tick / period != rtc->tick / period)
		rtc->cmos[REG_C] |= C_PF;
	if (seconds && is_updating(rtc))
		update_time(rtc, seconds);
	rtc->tick = tick;
}

/* The divider chain has counted for so many ns. */
static void start_chain(struct mc146818 *rtc, uint64_t ns)
{
	rtc->origin = board_clock_now(&rtc->clock) - ns;
	rtc->tick = board_clock_scale(ns, MC146818_TICKS, MC146818_TICKS_NS);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* The tick at which an enabled interrupt will raise the line. */
static uint64_t next_interrupt(const struct mc146818 *rtc)
{
	uint8_t waiting = rtc->cmos[REG_B] & (uint8_t)~rtc->cmos[REG_C];
	uint64_t second = rtc->tick / MC146818_HZ;
	uint64_t period = period_of(rtc);
	uint64_t next = UINT64_MAX;
	uint32_t alarm;

	if ((waiting & C_PF) && period && is_running(rtc))
		next = (rtc->tick / period + 1) * period;
	if (!is_updating(rtc))
		return next;
	if (waiting & C_UF)
		next = earlier(next, (second + 1) * MC146818_HZ);
	alarm = waiting & C_AF ? rtc_calendar_next_alarm(rtc->cmos, format_of(rtc)) : 0;
	return alarm ? earlier(next, (second + alarm) * MC146818_HZ) : next;
}

static bool is_requesting(const struct mc146818 *rtc)
{
	return rtc->cmos[REG_B] & rtc->cmos[REG_C] & INTERRUPTS;
}

/* IRQ is up from an enabled interrupt to the reading of C; what comes in between, merges. */
static void update_irq(struct mc146818 *rtc)
{
	bool level = is_requesting(rtc);
	uint64_t deadline = BOARD_CLOCK_NEVER;
	uint64_t tick;

	if (level != rtc->level) {
		rtc->level = level;
		irq_line_set(&rtc->irq, level);
	}
	tick = level ? UINT64_MAX : next_interrupt(rtc);
	if (tick != UINT64_MAX)
		deadline = rtc->origin +
			   board_clock_scale_up(tick, MC146818_TICKS_NS, MC146818_TICKS);
	if (deadline == rtc->deadline)
		return;
	rtc->deadline = deadline;
	board_clock_arm(&rtc->clock, &rtc->timer, deadline);
}

static void expire(void *device)
{
	struct mc146818 *rtc = device;

	pthread_mutex_lock(&rtc->lock);
	rtc->deadline = BOARD_CLOCK_NEVER;
	catch_up(rtc);
	update_irq(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint8_t read_register(struct mc146818 *rtc, uint32_t reg)
{
	uint8_t value = rtc->cmos[reg];

	if (reg == REG_C) {
		value |= is_requesting(rtc) ? C_IRQF : 0;
		rtc->cmos[REG_C] = 0;
	}
	if (reg == REG_A && is_updating(rtc) && rtc->tick % MC146818_HZ >= MC146818_HZ - UIP_TICKS)
		value |= A_UIP;
	return value;
}

static void write_a(struct mc146818 *rtc, uint8_t value)
{
	bool was_running = is_running(rtc);

	rtc->cmos[REG_A] = value & (uint8_t)~A_UIP;
	if (is_running(rtc) && !was_running)
		start_chain(rtc, RELEASE_NS);
}

/* SET going high clears UIE. */
static void write_b(struct mc146818 *rtc, uint8_t value)
{
	rtc->cmos[REG_B] = value & B_SET ? value & (uint8_t)~B_UIE : value;
}

static void write_register(struct mc146818 *rtc, uint32_t reg, uint8_t value)
{
	switch (reg) {
	case REG_A:
		write_a(rtc, value);
		break;
	case REG_B:
		write_b(rtc, value);
		break;
	case REG_C:
	case REG_D:
		break;
	case RTC_SECONDS:
		rtc->cmos[reg] = value & SECONDS_WRITABLE;
		break;
	default:
		rtc->cmos[reg] = value;
		break;
	}
}

/* ---- ports ----------------------------------------------------------------------------------- */

/* A wide access is as many byte cycles, as on the ISA bus. The index port can be read back. */
static uint64_t mc146818_read(void *device, uint64_t offset, uint32_t len)
{
	struct mc146818 *rtc = device;
	uint64_t value = 0;

	pthread_mutex_lock(&rtc->lock);
	catch_up(rtc);
	for (uint32_t i = 0; i < len; i++) {
		uint32_t reg = rtc->index & (uint8_t)~NMI_MASK;
		uint64_t byte = offset + i ? read_register(rtc, reg) : rtc->index;

		value |= byte << (8 * i);
	}
	update_irq(rtc);
	pthread_mutex_unlock(&rtc->lock);
	return value;
}

static void mc146818_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct mc146818 *rtc = device;

	pthread_mutex_lock(&rtc->lock);
	catch_up(rtc);
	for (uint32_t i = 0; i < len; i++) {
		uint8_t byte = (uint8_t)(value >> (8 * i));

		if (offset + i)
			write_register(rtc, rtc->index & (uint8_t)~NMI_MASK, byte);
		else
			rtc->index = byte;
	}
	update_irq(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

static const struct bus_ops mc146818_ops = {
	.read = mc146818_read,
	.write = mc146818_write,
};

/* ---- state ----------------------------------------------------------------------------------- */

/* The clock stands still while the machine is in a file; all periods divide a second. */
void mc146818_save(void *device, struct state_writer *out)
{
	struct mc146818 *rtc = device;
	uint64_t ns;

	pthread_mutex_lock(&rtc->lock);
	catch_up(rtc);
	ns = board_clock_now(&rtc->clock) - rtc->origin;
	state_put_u8(out, rtc->index);
	state_put(out, rtc->cmos, sizeof(rtc->cmos));
	state_put_u32(out, (uint32_t)(ns % BOARD_CLOCK_HZ));
	pthread_mutex_unlock(&rtc->lock);
}

void mc146818_restore(void *device, struct state_reader *in)
{
	struct mc146818 *rtc = device;
	uint32_t ns;

	pthread_mutex_lock(&rtc->lock);
	rtc->index = state_get_u8(in);
	state_get(in, rtc->cmos, sizeof(rtc->cmos));
	rtc->cmos[REG_A] &= (uint8_t)~A_UIP;
	rtc->cmos[REG_C] &= INTERRUPTS;
	rtc->cmos[REG_D] = D_VALID;
	ns = state_get_u32(in);
	if (ns >= BOARD_CLOCK_HZ)
		in->failed = true;
	start_chain(rtc, ns % BOARD_CLOCK_HZ);
	update_irq(rtc);
	pthread_mutex_unlock(&rtc->lock);
}

/* ---- set-up ---------------------------------------------------------------------------------- */

int mc146818_init(struct mc146818 *rtc, struct bus *ports, struct irq_line irq,
		  const struct board_clock *clock, uint64_t utc_ns)
{
	*rtc = (struct mc146818){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.clock = *clock,
		.timer = { .expire = expire, .device = rtc },
		.deadline = BOARD_CLOCK_NEVER,
		.irq = irq,
		.cmos = {
			[REG_A] = A_DIVIDER_32768 | A_RATE_1024_HZ,
			[REG_B] = B_24_HOURS,
			[REG_D] = D_VALID,
		},
	};
	start_chain(rtc, utc_ns % BOARD_CLOCK_HZ);
	rtc_calendar_set(rtc->cmos, format_of(rtc), utc_ns / BOARD_CLOCK_HZ);
	return bus_add(ports, "rtc", MC146818_PORT, NR_PORTS, &mc146818_ops, rtc);
}
