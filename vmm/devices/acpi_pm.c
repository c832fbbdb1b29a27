/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI fixed hardware: power-off, the power management timer with its interrupt, the reset
 * register. ACPI Specification, "ACPI Register Model", "Power Management Timer", "Reset Register".
 */
#include "vmm/devices/devices.h"

#include "vmm/devices/device_state.h"

#define PM1_EVENT_SIZE   4 /* PM1_STS, then PM1_EN */
#define PM1_ENABLE_SHIFT 16
#define PM1_CONTROL_SIZE 2
#define PM_TIMER_SIZE    4

/* 315/88 MHz: a quarter of a PC's crystal, three times the 8254's clock. */
#define PM_TIMER_TICKS     315
#define PM_TIMER_TICKS_NS  88000
#define PM_TIMER_MSB_SHIFT 31

/* PM1_STS and PM1_EN. Nothing else happens on this board. */
#define PM1_TMR 0x0001u

#define PM1_CNT_SCI_EN        0x0001u
#define PM1_CNT_GBL_RLS       0x0004u
#define PM1_CNT_SLP_TYP_SHIFT 10
#define PM1_CNT_SLP_TYP_MASK  0x7u
#define PM1_CNT_SLP_EN        0x2000u
/* These start something and read as zero. */
#define PM1_CNT_WRITE_ONLY    (PM1_CNT_GBL_RLS | PM1_CNT_SLP_EN)

#define RESET_BOARD 0x02u
#define RESET_CPU   0x04u

/* The bits of a register that an access of len bytes at offset covers. */
static uint32_t acpi_lanes(uint64_t offset, uint32_t len)
{
	uint64_t mask = (UINT64_C(1) << (8 * len)) - 1;

	return (uint32_t)(mask << (8 * offset));
}

/* ---- the timer, and the SCI ------------------------------------------------------------------ */

static uint64_t acpi_timer_ticks(const struct acpi_pm *pm)
{
	uint64_t now = board_clock_now(&pm->clock);

	return board_clock_scale(now, PM_TIMER_TICKS, PM_TIMER_TICKS_NS) + pm->offset;
}

/* TMR_STS is set whenever the highest bit changes. */
static void acpi_catch_up(struct acpi_pm *pm)
{
	uint64_t ticks = acpi_timer_ticks(pm);

	if (ticks >> PM_TIMER_MSB_SHIFT != pm->ticks >> PM_TIMER_MSB_SHIFT)
		pm->status |= PM1_TMR;
	pm->ticks = ticks;
}

/* The SCI is a level; an alarm is needed for an interrupt that is enabled and not there yet. */
static void acpi_update_sci(struct acpi_pm *pm)
{
	bool level = pm->status & pm->enable;
	uint64_t deadline = BOARD_CLOCK_NEVER;
	uint64_t half;

	if (level != pm->level) {
		pm->level = level;
		irq_line_set(&pm->sci, level);
	}
	if (pm->enable & (uint16_t)~pm->status & PM1_TMR) {
		half = ((pm->ticks >> PM_TIMER_MSB_SHIFT) + 1) << PM_TIMER_MSB_SHIFT;
		deadline = board_clock_scale_up(half - pm->offset, PM_TIMER_TICKS_NS,
						PM_TIMER_TICKS);
	}
	board_clock_arm(&pm->clock, &pm->timer, deadline);
}

static void acpi_expire(void *device)
{
	struct acpi_pm *pm = device;

	pthread_mutex_lock(&pm->lock);
	acpi_catch_up(pm);
	acpi_update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
}

/* ---- PM1a event block ------------------------------------------------------------------------ */

static uint64_t acpi_event_read(void *device, uint64_t offset, uint32_t len)
{
	struct acpi_pm *pm = device;
	uint32_t value;

	(void)len;
	pthread_mutex_lock(&pm->lock);
	acpi_catch_up(pm);
	value = pm->status | (uint32_t)pm->enable << PM1_ENABLE_SHIFT;
	pthread_mutex_unlock(&pm->lock);
	return value >> (8 * offset);
}

static void acpi_event_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct acpi_pm *pm = device;
	uint32_t lanes = acpi_lanes(offset, len);
	uint32_t written = (uint32_t)(value << (8 * offset)) & lanes;
	uint16_t enable_lanes = (uint16_t)(lanes >> PM1_ENABLE_SHIFT);

	pthread_mutex_lock(&pm->lock);
	acpi_catch_up(pm);
	pm->status &= (uint16_t)~written;
	pm->enable = (uint16_t)((pm->enable & ~enable_lanes) | written >> PM1_ENABLE_SHIFT);
	acpi_update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
}

static const struct bus_ops acpi_event_ops = {
	.read = acpi_event_read,
	.write = acpi_event_write,
};

/* ---- PM1a control block ---------------------------------------------------------------------- */

/* There is no legacy mode to leave: SCI_EN is always set. */
static uint64_t acpi_control_read(void *device, uint64_t offset, uint32_t len)
{
	struct acpi_pm *pm = device;
	uint32_t value;

	(void)len;
	pthread_mutex_lock(&pm->lock);
	value = pm->control | PM1_CNT_SCI_EN;
	pthread_mutex_unlock(&pm->lock);
	return value >> (8 * offset);
}

static void acpi_control_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct acpi_pm *pm = device;
	uint32_t lanes = acpi_lanes(offset, len);
	uint32_t written = (uint32_t)(value << (8 * offset)) & lanes;
	uint32_t sleep_type;

	pthread_mutex_lock(&pm->lock);
	pm->control = (uint16_t)((pm->control & ~lanes) | (written & ~PM1_CNT_WRITE_ONLY));
	sleep_type = (pm->control >> PM1_CNT_SLP_TYP_SHIFT) & PM1_CNT_SLP_TYP_MASK;
	pthread_mutex_unlock(&pm->lock);

	if ((written & PM1_CNT_SLP_EN) && sleep_type == ACPI_S5_SLEEP_TYPE)
		pm->end.request(pm->end.machine, END_POWER_OFF, 0);
}

static const struct bus_ops acpi_control_ops = {
	.read = acpi_control_read,
	.write = acpi_control_write,
};

/* ---- PM timer block -------------------------------------------------------------------------- */

/* What is fixed once CPUs run needs no lock. */
static uint64_t acpi_timer_read(void *device, uint64_t offset, uint32_t len)
{
	(void)len;
	return (acpi_timer_ticks(device) & UINT32_MAX) >> (8 * offset);
}

static void acpi_timer_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	(void)device;
	(void)offset;
	(void)len;
	(void)value;
}

static const struct bus_ops acpi_timer_ops = {
	.read = acpi_timer_read,
	.write = acpi_timer_write,
};

/* ---- reset register -------------------------------------------------------------------------- */

static uint64_t acpi_reset_read(void *device, uint64_t offset, uint32_t len)
{
	struct acpi_pm *pm = device;
	uint8_t value;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&pm->lock);
	value = pm->reset;
	pthread_mutex_unlock(&pm->lock);
	return value;
}

static void acpi_reset_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct acpi_pm *pm = device;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&pm->lock);
	pm->reset = (uint8_t)(value & ~(uint64_t)RESET_CPU);
	pthread_mutex_unlock(&pm->lock);

	if (value & RESET_CPU)
		pm->end.request(pm->end.machine, value & RESET_BOARD ? END_RESET : END_INIT, 0);
}

static const struct bus_ops acpi_reset_ops = {
	.read = acpi_reset_read,
	.write = acpi_reset_write,
};

int acpi_pm_init(struct acpi_pm *pm, struct bus *ports, struct irq_line sci,
		 const struct board_clock *clock, struct end_request end)
{
	int error;

	*pm = (struct acpi_pm){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.clock = *clock,
		.timer = { .expire = acpi_expire, .device = pm },
		.sci = sci,
		.end = end,
	};
	pm->ticks = acpi_timer_ticks(pm);

	error = bus_add(ports, "acpi-pm1a-event", ACPI_PM1A_EVENT_PORT, PM1_EVENT_SIZE,
			&acpi_event_ops, pm);
	if (error)
		return error;
	error = bus_add(ports, "acpi-pm1a-control", ACPI_PM1A_CONTROL_PORT, PM1_CONTROL_SIZE,
			&acpi_control_ops, pm);
	if (error)
		return error;
	error = bus_add(ports, "acpi-pm-timer", ACPI_PM_TIMER_PORT, PM_TIMER_SIZE, &acpi_timer_ops,
			pm);
	if (error)
		return error;
	return bus_add(ports, "acpi-reset", ACPI_RESET_PORT, 1, &acpi_reset_ops, pm);
}

/* The timer stands still while the machine is in a file. */
void acpi_pm_save(void *device, struct state_writer *out)
{
	struct acpi_pm *pm = device;

	pthread_mutex_lock(&pm->lock);
	acpi_catch_up(pm);
	state_put_u16(out, pm->status);
	state_put_u16(out, pm->enable);
	state_put_u16(out, pm->control);
	state_put_u8(out, pm->reset);
	state_put_u32(out, (uint32_t)pm->ticks);
	pthread_mutex_unlock(&pm->lock);
}

void acpi_pm_restore(void *device, struct state_reader *in)
{
	struct acpi_pm *pm = device;

	pthread_mutex_lock(&pm->lock);
	pm->status = state_get_u16(in);
	pm->enable = state_get_u16(in);
	pm->control = state_get_u16(in);
	pm->reset = state_get_u8(in);
	pm->offset += state_get_u32(in) - acpi_timer_ticks(pm);
	pm->ticks = acpi_timer_ticks(pm);
	acpi_update_sci(pm);
	pthread_mutex_unlock(&pm->lock);
}
