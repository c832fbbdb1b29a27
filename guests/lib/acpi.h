/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest takes from the firmware's tables: the CPUs, the I/O APIC, the PM timer. ACPI,
 * "Multiple APIC Description Table (MADT)", "Fixed ACPI Description Table (FADT)".
 */
#ifndef GUESTS_LIB_ACPI_H
#define GUESTS_LIB_ACPI_H

#include "lib/kernel.h"

/*
 * Fill nr_cpus, apic_ids (boot_id first), max_apic_id, ioapic.address and pm_timer_port of *kernel.
 * NULL, or what is wrong with the tables.
 */
const char *acpi_parse(struct kernel *kernel, uint32_t boot_id);

#endif
