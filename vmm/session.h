/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A session: one machine from its start to its end, with the user's terminal, signals and time-out.
 * Everything here runs on the main thread.
 */
#ifndef VMM_SESSION_H
#define VMM_SESSION_H

#include "vmm/log.h"
#include "vmm/options.h"

/* Build the machine, run it, take it apart. Returns the process's exit status. */
int session_run(const struct options *options, const struct log *log);

#endif
