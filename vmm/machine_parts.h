/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of machine_create() that have files of their own. For machine*.c and board.c only. */
#ifndef VMM_MACHINE_PARTS_H
#define VMM_MACHINE_PARTS_H

#include "vmm/machine.h"

/* Log "what: the words of error" and return code. */
int machine_failed(struct machine *m, const char *what, int error, int code);

/* Open KVM, choose the shape and the features, create the VM. 0 or an exit code, logged. */
int machine_create_vm(struct machine *m);

/* Load the image, with the first CPU about to enter it. 0 or an exit code, logged. */
int machine_load_guest(struct machine *m);

/*
 * Everything on the buses. 0 or an exit code, logged; either way machine_destroy_devices() follows.
 */
int machine_create_devices(struct machine *m, const struct machine_sinks *sinks);
void machine_destroy_devices(struct machine *m);

/*
 * The virtio devices that were asked for; part of machine_create_devices(). 0 or an exit code,
 * logged.
 */
int machine_create_virtio(struct machine *m, struct virtio_console_sink sink);
void machine_destroy_virtio(struct machine *m);
/* Their I/O threads. 0 or -errno. */
int machine_start_virtio(struct machine *m);
void machine_stop_virtio(struct machine *m);
/* The PCI bus and what is on it, as the guest found them first. On a vCPU's thread. */
void machine_reset_pci(struct machine *m);

#endif
