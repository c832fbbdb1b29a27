/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paravirtual end of interrupt: a guest that finds a flag set in its own memory clears it in place
 * of writing EOI, which saves the exit. Linux documentation, "KVM-specific MSRs",
 * MSR_KVM_PV_EOI_EN.
 *
 * All of it happens on the vCPU's own thread. Other vCPUs of the guest may write the byte at any
 * time; they harm only their own guest, which loses or repeats an EOI.
 */
#ifndef VMM_PV_EOI_H
#define VMM_PV_EOI_H

#include <stdbool.h>
#include <stdint.h>

#include "lapic/lapic.h"
#include "vmm/memory.h"

struct pv_eoi {
	uint64_t msr;  /* as the guest wrote it: address and enable bit */
	uint8_t *flag; /* in guest RAM, NULL: not enabled */
	bool offered;  /* the flag is set and the guest may run */
};

/* The guest's WRMSR; LAPIC_ILLEGAL for reserved bits and for an address that is no RAM. */
enum lapic_result pv_eoi_write(struct pv_eoi *pv, const struct memory *memory, uint64_t value);

/* The last step before KVM_RUN: set the flag if the EOI that comes next may be silent. */
void pv_eoi_before_run(struct pv_eoi *pv, const struct lapic *lapic);

/*
 * The first step after KVM_RUN, before anything looks at the local APIC (R180). True: the guest has
 * ended the vector, and so does this call. False: it has not; from now on only a write of EOI does.
 */
bool pv_eoi_after_run(struct pv_eoi *pv, struct lapic *lapic);

#endif
