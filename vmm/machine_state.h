/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole machine in a file, and back. docs/architecture.md, "Saving and restoring".
 *
 * The sections come in this order, each exactly once but for "ram" and "vcpu": "machine", "cpuid",
 * "ram" (the last one is empty), "clock", "vcpu" for each CPU, then the board's devices.
 */
#ifndef VMM_MACHINE_STATE_H
#define VMM_MACHINE_STATE_H

#include "vmm/machine.h"
#include "vmm/state_file.h"

/*
 * options->restore_path: take the shape of the machine from the file, as far as the command line
 * has left it open; where the two contradict each other, -1 and *error.
 */
int machine_state_adopt(struct options *options, struct state_error *error);

/*
 * Save a machine whose vCPU threads have all ended at rest. 0, or -1 and *error; the machine can
 * run on either way.
 */
int machine_state_save(struct machine *machine, const char *path, struct state_error *error);

/* Into a machine that has been created as adopted and has not run. 0, or -1 and *error. */
int machine_state_restore(struct machine *machine, const char *path, struct state_error *error);

/* ---- board_state.c: the devices, for machine_state.c only ------------------------------------ */

int board_state_save(struct machine *machine, struct state_output *out, struct state_error *error);
int board_state_restore(struct machine *machine, struct state_input *in, struct state_error *error);

/* The next section has to be this one. 0, or -1 and *error. */
int machine_state_expect(struct state_input *in, const char *name, uint32_t version,
			 uint32_t instance, struct state_error *error);
/* The present section has been taken: was it what it should be? 0, or -1 and *error. */
int machine_state_taken(const struct state_input *in, struct state_error *error);

#endif
