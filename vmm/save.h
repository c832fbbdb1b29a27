/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine that is to be saved: bring it to rest, save it, end or go on. The main thread only. */
#ifndef VMM_SAVE_H
#define VMM_SAVE_H

#include "vmm/machine.h"

enum save_result {
	SAVE_DONE,     /* saved, or ended in another way after all: the machine stays stopped */
	SAVE_GOING_ON, /* not saved, for a reason that has been logged; the guest runs on */
	SAVE_AGAIN,  /* a CPU has to run a little first; it does, and the save is asked for again */
	SAVE_BROKEN, /* the guest cannot run on either; logged */
};

/* attempts counts those of this save, from 0. All threads have ended, by machine_stop(). */
enum save_result save_stopped(struct machine *machine, uint32_t attempts);

#endif
