/* SPDX-License-Identifier: BSD-2-Clause */
/* The two halves of the start-up probe: the scratch VM, and the questions that are put to it. */
#ifndef VMM_KVM_PROBE_PRIV_H
#define VMM_KVM_PROBE_PRIV_H

#include <stddef.h>

#include "vmm/kick.h"
#include "vmm/kvm_probe.h"

/* Where a snippet finds itself: guest-physical addresses, all of them in the scratch VM's RAM. */
#define PROBE_CODE    0x1000u
#define PROBE_HANDLER 0x1800u
#define PROBE_VECTOR  0x31u /* its gate leads to PROBE_HANDLER */

#define PROBE_PORT_DONE    0x10 /* the snippet has ended; EDX is its answer */
#define PROBE_PORT_HANDLER 0x11 /* the interrupt has arrived */
#define PROBE_PORT_MISSED  0x12 /* the snippet was left at its end */

struct probe {
	int vm;
	int vcpu;
	uint8_t *ram;
	struct kvm_run *run;
	size_t run_size;
	struct kick_timer timer;
};

/* One question: code, in 32-bit or 64-bit mode, and what its exits say. */
struct probe_snippet {
	const char *name;
	const uint8_t *code;
	size_t size;
	bool (*judge)(struct probe *p);
	bool long_mode;
	bool optional; /* a parked LAPIC can do without it */
};

extern const struct probe_snippet probe_snippets[PROBE_CHECKS];

#endif
