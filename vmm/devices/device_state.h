/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of a device is in a saved state. docs/architecture.md, "Saving and restoring".
 *
 * A device's save puts what a guest can see or has set; its restore, called once on a device fresh
 * from its init and before any vCPU runs, takes the same in the same order. Values that cannot be
 * make it set reader->failed; whatever else a forged state holds, the device has to be total over
 * it, as over the guest's input. Both take the device's own lock. A restore drives the device's
 * line to its level: the interrupt controllers have been restored before.
 */
#ifndef VMM_DEVICES_DEVICE_STATE_H
#define VMM_DEVICES_DEVICE_STATE_H

#include "vmm/state_buffer.h"

void serial_save(void *device, struct state_writer *out);
void serial_restore(void *device, struct state_reader *in);
void i8042_save(void *device, struct state_writer *out);
void i8042_restore(void *device, struct state_reader *in);
void acpi_pm_save(void *device, struct state_writer *out);
void acpi_pm_restore(void *device, struct state_reader *in);
void i8254_save(void *device, struct state_writer *out);
void i8254_restore(void *device, struct state_reader *in);
void port61_save(void *device, struct state_writer *out);
void port61_restore(void *device, struct state_reader *in);
void port92_save(void *device, struct state_writer *out);
void port92_restore(void *device, struct state_reader *in);
void mc146818_save(void *device, struct state_writer *out);
void mc146818_restore(void *device, struct state_reader *in);
void fw_cfg_save(void *device, struct state_writer *out);
void fw_cfg_restore(void *device, struct state_reader *in);
void test_device_save(void *device, struct state_writer *out);
void test_device_restore(void *device, struct state_reader *in);
void echo_device_save(void *device, struct state_writer *out);
void echo_device_restore(void *device, struct state_reader *in);

#endif
