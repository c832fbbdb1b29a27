/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a local APIC as data: saved, kept, sent elsewhere, and restored.
 *
 * SDM vol. 3, "Local APIC State" and table "Local APIC Register Address Map"; the other format is
 * the 1 KiB page of KVM's ioctls KVM_GET_LAPIC and KVM_SET_LAPIC (KVM API documentation).
 *
 * A struct lapic_state is a snapshot of everything but the configuration and the counters. It is
 * plain data without padding, little-endian, and may come from anywhere: restoring clamps what can
 * be clamped and refuses the rest, so that a forged state is at worst one that a guest could have
 * made (R64, R65).
 *
 * Time in it is relative: the timer is what remains until it expires, so that a state continues on
 * another clock with its count and the grid of its periods kept (R123). A TSC deadline is a value
 * of the guest's TSC and stays one; restore the guest's TSC first.
 *
 * What the inbox holds is not in it: drain it first (R182), and keep the events that this gives
 * with the rest of the CPU's state.
 */
#ifndef LAPIC_LAPIC_STATE_H
#define LAPIC_LAPIC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lapic/lapic_regs.h"

struct lapic;

#define LAPIC_STATE_MAGIC   0x4350414cu /* "LAPC" in memory */
#define LAPIC_STATE_VERSION 2

/* Bits of flags. */
#define LAPIC_STATE_WAIT_FOR_SIPI (1u << 0)
#define LAPIC_STATE_LINT0         (1u << 1) /* the pin is asserted */
#define LAPIC_STATE_LINT1         (1u << 2)

struct lapic_state {
	uint32_t magic;
	uint32_t version;
	uint32_t size; /* of this struct, bytes */
	uint32_t flags;
	uint64_t base;            /* IA32_APIC_BASE */
	uint64_t timer_remaining; /* ns until the count reaches 0; LAPIC_NEVER: it does not run */
	uint64_t tsc_deadline;    /* IA32_TSC_DEADLINE, 0 outside of TSC-deadline mode */
	uint32_t id;              /* initial APIC id: whose state it is */
	uint32_t esr_pending;     /* errors since the last write of ESR (R45) */
	uint32_t events;          /* LAPIC_EVENT_* of local origin, not taken yet */
	/* Accepted under remote IRR (R102); 0: the one in LVT_LINT0, or none. */
	uint32_t lint0_vector;
	uint8_t page[LAPIC_REGS_SIZE];  /* the registers as software reads them, TIMER_CCR too */
	struct lapic_extended extended; /* AMD's registers; where there are none as after reset */
	uint32_t reserved;              /* 0 */
};

_Static_assert(sizeof(struct lapic_state) == 96 + LAPIC_REGS_SIZE, "a state has no padding");
_Static_assert(offsetof(struct lapic_state, page) == 56, "a state has no padding");

enum lapic_state_error {
	LAPIC_STATE_OK = 0,
	LAPIC_STATE_TRUNCATED,       /* fewer bytes than a state has */
	LAPIC_STATE_BAD_MAGIC,       /* no state of a local APIC */
	LAPIC_STATE_BAD_VERSION,     /* of another version */
	LAPIC_STATE_BAD_SIZE,        /* its size is not that of its version */
	LAPIC_STATE_BAD_RESERVED,    /* a bit is set that its version does not define */
	LAPIC_STATE_BAD_BASE,        /* IA32_APIC_BASE is a value that no guest can write */
	LAPIC_STATE_BAD_ID,          /* the state of another CPU */
	LAPIC_STATE_NO_X2APIC,       /* in x2APIC mode, which this CPU does not offer */
	LAPIC_STATE_NO_TSC_DEADLINE, /* its timer is in TSC-deadline mode, not offered either */
	LAPIC_STATE_NO_EXTENDED,   /* AMD's registers are in use, which it does not offer either */
	LAPIC_STATE_LOST_EXTENDED, /* of version 1, which has left AMD's registers out */
	LAPIC_STATE_ID_TOO_LARGE,  /* the id does not fit in KVM's 8-bit format */
};

/* One line for people, without a full stop; never NULL. */
const char *lapic_state_strerror(enum lapic_state_error error);

/*
 * The state of *a at the moment now, in ns of the clock that *a is driven by. A periodic or
 * one-shot timer that is due by then has expired in the state; *a itself is left alone. All of
 * *state is assigned.
 */
void lapic_state_save(const struct lapic *a, uint64_t now, struct lapic_state *state);

/*
 * *a becomes what *state says, but keeps its configuration, by lapic_power_up(), and its counters.
 * Any mode may follow any other one here (R20). guest_tsc is the guest's counter at the moment now;
 * a timer that is due fires at the next lapic_expire() (TSC deadline: at once). Anything but
 * LAPIC_STATE_OK: *a is unchanged. Afterwards publish it (lapic_publish()) and look at
 * lapic_deadline() and lapic_pending().
 *
 * Clamped are: reserved and read-only bits of registers, vectors below 16, the mask bits of a
 * software-disabled APIC, a time or count above the timer's period, the registers of a
 * hardware-disabled APIC, wait_for_sipi of the BSP. VERSION, PPR and the LDR of x2APIC mode are
 * computed (R91).
 */
enum lapic_state_error lapic_state_restore(struct lapic *a, const struct lapic_state *state,
					   uint64_t guest_tsc, uint64_t now);

/*
 * A state from size bytes at any address, its header checked; *state is untouched on error. Version
 * 1, which ended with the page and had no lint0_vector, becomes one of this version, unless VERSION
 * says that the APIC had AMD's registers.
 */
enum lapic_state_error lapic_state_from_bytes(struct lapic_state *state, const void *bytes,
					      size_t size);

/* ---- KVM's page ------------------------------------------------------------------------------ */

/*
 * KVM's struct kvm_lapic_state is the register page. In x2APIC mode ID is the whole id
 * (KVM_X2APIC_API_USE_32BIT_IDS) or its low byte in bits 31:24, and ICR is split in two registers
 * as in xAPIC mode. TIMER_CCR is what remains of the count; the rest is in other ioctls' structs.
 */
struct lapic_kvm_context {
	uint64_t base;         /* kvm_sregs.apic_base */
	uint64_t tsc_deadline; /* IA32_TSC_DEADLINE by KVM_GET_MSRS */
	uint32_t id;           /* initial APIC id, KVM's vCPU id */
	uint32_t bus_cycle_ns; /* as in struct lapic_config */
	bool ids_32bit;        /* KVM_X2APIC_API_USE_32BIT_IDS is on */
	bool wait_for_sipi;    /* KVM_GET_MP_STATE: uninitialized or INIT received */
};

/*
 * *state for KVM_SET_LAPIC; set base, TSC and the rest of the CPU first, IA32_TSC_DEADLINE after
 * it. Lost are: errors that ESR does not show yet, local events and the levels of the LINT pins.
 * AMD's registers are refused if they are in use. The page is untouched on error.
 */
enum lapic_state_error lapic_state_to_kvm(const struct lapic_state *state, bool ids_32bit,
					  uint8_t page[LAPIC_REGS_SIZE]);

/*
 * A page of KVM_GET_LAPIC as a state. A count that is 0 although an initial count is set is due:
 * KVM may hold its interrupt where no ioctl shows it (D50). *state is untouched on error.
 */
enum lapic_state_error lapic_state_from_kvm(struct lapic_state *state,
					    const uint8_t page[LAPIC_REGS_SIZE],
					    const struct lapic_kvm_context *kvm);

#endif
