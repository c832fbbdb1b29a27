/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A local APIC's state as the 1 KiB page of KVM_GET_LAPIC and KVM_SET_LAPIC, both ways.
 *
 * KVM API documentation, "KVM_GET_LAPIC", "KVM_SET_LAPIC" and "KVM_CAP_X2APIC_API"; SDM vol. 3,
 * table "Local APIC Register Address Map". The layout is all there is of KVM here: no header of it.
 */
#include "lapic/lapic_page.h"
#include "lapic/lapic_priv.h"
#include "lapic/lapic_state.h"

#define XAPIC_ID_SHIFT 24
#define XAPIC_ID_MAX   0xffu

/* Registers only: what lies between them means nothing here. */
static void copy_registers(uint8_t to[LAPIC_REGS_SIZE], const uint8_t from[LAPIC_REGS_SIZE])
{
	__builtin_memset(to, 0, LAPIC_REGS_SIZE);
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += sizeof(struct lapic_slot))
		if (lapic_reg_desc(offset))
			lapic_page_store(to, offset, lapic_page_load(from, offset));
}

/* R44, R48: there are no interrupts with these vectors. R65: a count is at most the whole one. */
static void clamp_registers(uint8_t page[LAPIC_REGS_SIZE])
{
	uint32_t whole = lapic_page_load(page, LAPIC_TIMER_ICR);

	for (uint32_t bitmap = LAPIC_ISR; bitmap <= LAPIC_IRR; bitmap += LAPIC_TMR - LAPIC_ISR)
		lapic_page_store(page, bitmap,
				 lapic_page_load(page, bitmap) & UINT32_MAX << LAPIC_FIRST_VECTOR);
	if (lapic_page_load(page, LAPIC_TIMER_CCR) > whole)
		lapic_page_store(page, LAPIC_TIMER_CCR, whole);
}

enum lapic_state_error lapic_state_to_kvm(const struct lapic_state *state, bool ids_32bit,
					  uint8_t page[LAPIC_REGS_SIZE])
{
	enum lapic_state_error error = lapic_state_check(state);

	if (error != LAPIC_STATE_OK)
		return error;
	if (!lapic_ext_is_reset(&state->extended))
		return LAPIC_STATE_NO_EXTENDED;
	if (!(state->base & LAPIC_BASE_EXTD)) {
		copy_registers(page, state->page);
		clamp_registers(page);
		return LAPIC_STATE_OK;
	}
	if (lapic_page_load(state->page, LAPIC_ID) != state->id)
		return LAPIC_STATE_BAD_ID;
	if (!ids_32bit && state->id > XAPIC_ID_MAX)
		return LAPIC_STATE_ID_TOO_LARGE;
	copy_registers(page, state->page);
	clamp_registers(page);
	lapic_page_store(page, LAPIC_ID, ids_32bit ? state->id : state->id << XAPIC_ID_SHIFT);
	lapic_page_store(page, LAPIC_LDR, lapic_x2apic_ldr(state->id)); /* R91 */
	return LAPIC_STATE_OK;
}

/* The count as time. KVM rounds it down, and it is 0 also when the timer has expired (D50). */
static uint64_t remaining_ns(const uint8_t page[LAPIC_REGS_SIZE], uint32_t bus_cycle_ns)
{
	uint32_t mode = lapic_page_load(page, LAPIC_LVT_TIMER) & LAPIC_LVT_TIMER_MODE;
	uint32_t divide = lapic_page_load(page, LAPIC_TIMER_DCR);

	if (mode > (uint32_t)LAPIC_TIMER_PERIODIC << LAPIC_LVT_TIMER_SHIFT ||
	    lapic_page_load(page, LAPIC_TIMER_ICR) == 0)
		return LAPIC_NEVER;
	return lapic_page_load(page, LAPIC_TIMER_CCR) * lapic_timer_tick_ns(bus_cycle_ns, divide);
}

enum lapic_state_error lapic_state_from_kvm(struct lapic_state *state,
					    const uint8_t page[LAPIC_REGS_SIZE],
					    const struct lapic_kvm_context *kvm)
{
	bool x2apic = (kvm->base & LAPIC_BASE_EXTD) != 0;
	uint32_t id = kvm->ids_32bit ? kvm->id : kvm->id << XAPIC_ID_SHIFT;
	struct lapic_state new = {
		.magic = LAPIC_STATE_MAGIC,
		.version = LAPIC_STATE_VERSION,
		.size = sizeof(new),
		.flags = kvm->wait_for_sipi ? LAPIC_STATE_WAIT_FOR_SIPI : 0,
		.base = kvm->base,
		.tsc_deadline = kvm->tsc_deadline,
		.id = kvm->id,
	};

	lapic_ext_reset(&new.extended);
	if (lapic_state_check(&new) != LAPIC_STATE_OK)
		return LAPIC_STATE_BAD_BASE;
	if (x2apic && lapic_page_load(page, LAPIC_ID) != id)
		return LAPIC_STATE_BAD_ID;
	copy_registers(new.page, page);
	clamp_registers(new.page);
	new.timer_remaining = remaining_ns(new.page, kvm->bus_cycle_ns);
	if (x2apic) {
		lapic_page_store(new.page, LAPIC_ID, kvm->id);
		lapic_page_store(new.page, LAPIC_LDR, lapic_x2apic_ldr(kvm->id)); /* R91 */
	}
	*state = new;
	return LAPIC_STATE_OK;
}
