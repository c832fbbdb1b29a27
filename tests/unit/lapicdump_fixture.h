/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the unit tests of lapicdump share: inputs made of a local APIC.
 *
 * SDM vol. 3, table "Local APIC Register Address Map".
 */
#ifndef TESTS_LAPICDUMP_FIXTURE_H
#define TESTS_LAPICDUMP_FIXTURE_H

#include "lapic_fixture.h"
#include "vmm/lapicdump/lapicdump.h"

#define STATE_SIZE sizeof(struct lapic_state)

struct bytes {
	_Alignas(struct lapic_state) uint8_t at[LAPICDUMP_MAX_SIZE + 1];
	size_t size;
};

/* What KVM gives of an APIC, in 1 KiB. */
static inline struct bytes page_of(struct lapic *a, bool ids_32bit)
{
	struct bytes bytes = { .size = LAPIC_REGS_SIZE };
	struct lapic_state state;

	lapic_state_save(a, FX_NOW, &state);
	ck_assert_int_eq(lapic_state_to_kvm(&state, ids_32bit, bytes.at), LAPIC_STATE_OK);
	return bytes;
}

static inline struct bytes state_of(struct lapic *a)
{
	struct bytes bytes = { .size = STATE_SIZE };

	lapic_state_save(a, FX_NOW, (struct lapic_state *)bytes.at);
	return bytes;
}

static inline struct lapicdump_input accepted(const struct bytes *bytes, bool x2apic)
{
	struct lapicdump_input input = { .name = "test", .x2apic = x2apic };
	char error[512] = "";

	ck_assert_msg(lapicdump_judge(&input, bytes->at, bytes->size, false, error, sizeof(error)),
		      "%s", error);
	return input;
}

#endif
