/* SPDX-License-Identifier: BSD-2-Clause */
/* --check: can this host run the VMM, and how? */
#ifndef VMM_CHECK_H
#define VMM_CHECK_H

#include "vmm/log.h"

/* Print the findings to stdout. The process's exit status: 0, or EXIT_CODE_NO_KVM. */
int check_host(const struct log *log);

#endif
