/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ACPI table files share: the header of every table. ACPI, "System Description Table
 * Header".
 */
#ifndef BOOT_ACPI_H
#define BOOT_ACPI_H

#include "boot/tables.h"

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
};

_Static_assert(sizeof(struct acpi_header) == 36, "ACPI");

/* A header to begin a table with; acpi_finish() fills in length and checksum. */
struct acpi_header acpi_begin(const char signature[4], uint8_t revision);
void acpi_finish(struct table_area *area, uint32_t table);

void madt_write(struct table_area *area, const struct boot_platform *platform);

/* What belongs into Scope(\_SB) of the DSDT; nothing where there is no PCI. */
void dsdt_put_pci(struct table_area *area, const struct boot_pci *pci);

#endif
