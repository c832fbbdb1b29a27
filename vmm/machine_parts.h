/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of machine_create() that have files of their own. For machine*.c and board.c only. */
#ifndef VMM_MACHINE_PARTS_H
#define VMM_MACHINE_PARTS_H

#include "vmm/machine.h"

/* Log "what: the words of error" and return code. */
int machine_failed(struct machine *m, const char *what, int error, int code);

/* Open KVM, choose the shape and the features, create the VM. 0 or an exit code, logged. */
int machine_create_vm(struct machine *m);

/* Everything on the buses. 0 or an exit code, logged; either way machine_destroy_devices() follows. */
int machine_create_devices(struct machine *m, struct serial_sink sink);
void machine_destroy_devices(struct machine *m);

#endif
