/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One CPU of a saved machine: everything that its guest can see of it, whoever emulates its APIC.
 *
 * Linux documentation, "The Definitive KVM API Documentation", on the ioctls; the structs of KVM
 * are ABI and go into the file as they are. A saved CPU is at rest (vcpu_come_to_rest()): no
 * instruction half finished, no vector out of sight. Its APIC is always a struct lapic_state, be it
 * ours or KVM's, so that it can go on in any of the three shapes.
 */
#ifndef VMM_VCPU_STATE_H
#define VMM_VCPU_STATE_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "lapic/lapic_state.h"
#include "vmm/state_buffer.h"
#include "vmm/state_file.h"

struct vcpu;

#define VCPU_STATE_VERSION  2
#define VCPU_STATE_MSRS     1024
#define VCPU_STATE_XSAVE    (64u << 10)
#define VCPU_XSAVE_SIZE_MIN sizeof(struct kvm_xsave)

struct saved_vcpu {
	struct lapic_state lapic;
	bool halted;     /* in HLT */
	uint32_t events; /* LAPIC_EVENT_NMI, LAPIC_EVENT_EXTINT: came and were not acted on */
	uint64_t tsc;    /* when the board clock stood still */
	uint64_t pv_eoi; /* MSR_KVM_PV_EOI_EN */
	struct kvm_regs regs;
	struct kvm_sregs sregs; /* apic_base: as the guest sees it; no pending interrupt */
	struct kvm_debugregs debug;
	struct kvm_vcpu_events kvm_events;
	struct kvm_xcrs xcrs;
	uint32_t xsave_size;
	uint8_t xsave[VCPU_STATE_XSAVE];
	uint32_t nr_msrs;
	struct kvm_msr_entry msrs[VCPU_STATE_MSRS];
};

/*
 * From the CPU, but for its TSC, and into it before its thread is started. The board clock stands
 * still. 0, or -1 and *error.
 */
int vcpu_state_take(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error);
int vcpu_state_apply(struct vcpu *vcpu, const struct saved_vcpu *state, struct state_error *error);

/* To and from bytes. Decoding refuses what cannot be; the rest is checked when it is applied. */
void vcpu_state_encode(const struct saved_vcpu *state, struct state_writer *out);
void vcpu_state_decode(struct saved_vcpu *state, struct state_reader *in);

/* ---- parts of it, in files of their own ------------------------------------------------------ */

/* vcpu_state_msr.c: every MSR that KVM lists, but for those that have members of their own. */
int vcpu_state_take_msrs(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error);
int vcpu_state_apply_msrs(struct vcpu *vcpu, const struct saved_vcpu *state,
			  struct state_error *error);
/* IA32_TSC_ADJUST among them; 0 where it is not. */
uint64_t vcpu_state_tsc_adjust(const struct saved_vcpu *state);

/* vcpu_state_lapic.c: the APIC, by shape. apply: after the TSC, before IA32_TSC_DEADLINE. */
int vcpu_state_take_lapic(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error);
int vcpu_state_apply_lapic(struct vcpu *vcpu, const struct saved_vcpu *state,
			   struct state_error *error);

/* "CPU n: what: the words of failure", for -errno. Always -1. */
int vcpu_state_fail(const struct vcpu *vcpu, const char *what, int failure,
		    struct state_error *error);

#endif
