/* SPDX-License-Identifier: BSD-2-Clause */
/* The devices as a BIOS leaves them, for images that were written for a boot loader. */
#ifndef VMM_BIOS_STATE_H
#define VMM_BIOS_STATE_H

#include "vmm/bus.h"

/* Before any vCPU runs: through the ports, as a BIOS would. */
void bios_state_set(const struct bus *ports);

#endif
