/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a local APIC: power-up, INIT, SIPI, software enable and the modes of IA32_APIC_BASE.
 *
 * SDM vol. 3, "Local APIC State", "Local APIC Status and Location", "x2APIC State Transitions".
 */
#include "lapic/lapic_priv.h"

#define BASE_ADDRESS_MASK UINT64_C(0x000ffffffffff000)

#define MAX_LVT_WITHOUT_CMCI 5u
#define MAX_LVT_WITH_CMCI    6u

static uint32_t clamp(uint32_t value, uint32_t low, uint32_t high)
{
	if (value < low)
		return low;
	return value > high ? high : value;
}

static struct lapic_config valid_config(const struct lapic_config *config)
{
	struct lapic_config c = *config;

	c.maxphyaddr = (uint8_t)clamp(c.maxphyaddr, 32, 52);
	c.bus_cycle_ns = clamp(c.bus_cycle_ns, 1, LAPIC_BUS_CYCLE_NS_MAX);
	if (c.tsc_khz == 0)
		c.tsc_khz = 1;
	return c;
}

static uint32_t version(const struct lapic_config *config)
{
	uint32_t max_lvt = config->cmci ? MAX_LVT_WITH_CMCI : MAX_LVT_WITHOUT_CMCI; /* R40 */

	return LAPIC_VERSION_INTEGRATED | max_lvt << LAPIC_VERSION_MAX_LVT_SHIFT |
	       (config->directed_eoi ? LAPIC_VERSION_DIRECTED_EOI : 0) | /* R75 */
	       (config->extended ? LAPIC_VERSION_EXTENDED : 0);
}

static uint32_t xapic_id(uint32_t id)
{
	return id << 24;
}

/* SDM "Deriving Logical x2APIC ID from the Local x2APIC ID" (R91). */
uint32_t lapic_x2apic_ldr(uint32_t id)
{
	return (id >> 4) << 16 | 1u << (id & 15);
}

/* Every register to its reset value; ID and LDR those of the present mode (R1, R2). */
static void reset_regs(struct lapic *a)
{
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += sizeof(struct lapic_slot)) {
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

		*lapic_slot(a, offset) = (struct lapic_slot){ .reg = desc ? desc->reset : 0 };
	}
	a->regs.version.reg = version(&a->config);
	a->regs.id.reg = lapic_x2apic(a) ? a->config.id : xapic_id(a->config.id);
	a->regs.ldr.reg = lapic_x2apic(a) ? lapic_x2apic_ldr(a->config.id) : 0;
	if (a->config.lint0_extint && a->config.bsp)
		a->regs.lvt_lint0.reg = (uint32_t)APIC_MODE_EXTINT << LAPIC_LVT_MODE_SHIFT;
	a->esr_pending = 0;
	lapic_ext_reset(&a->extended);
	lapic_timer_stop(a);
}

void lapic_power_up(struct lapic *a, const struct lapic_config *config)
{
	*a = (struct lapic){
		.config = valid_config(config),
		.base = LAPIC_BASE_DEFAULT | LAPIC_BASE_EN | (config->bsp ? LAPIC_BASE_BSP : 0),
		.wait_for_sipi = !config->bsp,
	};
	reset_regs(a);
}

void lapic_init_signal(struct lapic *a)
{
	struct lapic_slot id = a->regs.id;

	reset_regs(a);
	a->regs.id = id;                   /* also where software has written it (R2) */
	a->events = 0;                     /* an INIT discards what waits to be injected (R132) */
	a->wait_for_sipi = !a->config.bsp; /* R131; IA32_APIC_BASE[8] does not matter (R18, D7) */
}

bool lapic_sipi(struct lapic *a)
{
	bool waited = a->wait_for_sipi;

	a->wait_for_sipi = false;
	return waited;
}

/* SDM "Local APIC State After It Has Been Software Disabled" (R6). */
void lapic_svr_write(struct lapic *a, uint32_t svr)
{
	a->regs.svr.reg = svr;
	if (!lapic_software_enabled(a))
		lapic_lvt_mask_all(a);
}

bool lapic_is_enabled(const struct lapic *a)
{
	return lapic_enabled(a);
}

bool lapic_is_x2apic(const struct lapic *a)
{
	return lapic_x2apic(a);
}

uint64_t lapic_page(const struct lapic *a)
{
	return a->base & BASE_ADDRESS_MASK;
}

/* R14..R17: the three modes form a ring that can be walked in one direction only. */
static bool base_is_legal(const struct lapic *a, uint64_t value)
{
	uint64_t address = BASE_ADDRESS_MASK & ((UINT64_C(1) << a->config.maxphyaddr) - 1);
	uint64_t defined = address | LAPIC_BASE_BSP | LAPIC_BASE_EN |
			   (a->config.x2apic ? LAPIC_BASE_EXTD : 0);
	bool enable = (value & LAPIC_BASE_EN) != 0;
	bool extend = (value & LAPIC_BASE_EXTD) != 0;

	if (value & ~defined)
		return false;
	if (extend)
		return enable && lapic_enabled(a); /* R14, R15 */
	return !(enable && lapic_x2apic(a));       /* R16 */
}

/* R19: everything else stays as it is, the running timer too. */
void lapic_enter_x2apic(struct lapic *a)
{
	a->regs.id.reg = a->config.id;
	a->regs.ldr.reg = lapic_x2apic_ldr(a->config.id);
	a->regs.icr_high.reg = 0;
	a->regs.icr.reg &= ~LAPIC_ICR_READ_STATUS; /* reserved there (R30, D59) */
}

enum lapic_result lapic_base_write(struct lapic *a, uint64_t value)
{
	bool was_enabled = lapic_enabled(a);
	bool was_x2apic = lapic_x2apic(a);
	uint32_t tpr = a->regs.tpr.reg;

	if (!base_is_legal(a, value))
		return LAPIC_ILLEGAL;
	a->base = value;
	if (was_enabled != lapic_enabled(a)) {
		reset_regs(a); /* R10 */
		if (was_enabled)
			lapic_tpr_write(a, tpr); /* CR8 works on as its own register (R12, D8) */
	} else if (lapic_x2apic(a) && !was_x2apic) {
		lapic_enter_x2apic(a);
	}
	return LAPIC_OK;
}

enum lapic_result lapic_cr8_write(struct lapic *a, uint64_t cr8)
{
	if (cr8 > 15)
		return LAPIC_ILLEGAL;
	lapic_tpr_write(a, (uint32_t)cr8 << 4); /* R61 */
	return LAPIC_OK;
}

uint32_t lapic_cr8(const struct lapic *a)
{
	return a->regs.tpr.reg >> 4;
}
