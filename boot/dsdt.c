/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DSDT: how to power off, and what enumeration does not find. ACPI 5.0, sections "Differentiated
 * System Description Table" and "\_Sx (System States)".
 */
#include "boot/acpi.h"
#include "boot/aml.h"

#define DSDT_REVISION 2u /* 64-bit integers */

#define COM1_PORT  0x3f8u
#define COM1_PORTS 8u
#define COM1_IRQ   4u

/* Name(_S5_, Package(4) {SLP_TYPa, SLP_TYPb, 0, 0}) */
static void put_s5(struct table_area *area, uint8_t sleep_type)
{
	aml_name(area, "_S5_");
	uint32_t package = aml_package_begin(area, 4);
	aml_integer8(area, sleep_type);
	aml_integer8(area, sleep_type);
	aml_zero(area);
	aml_zero(area);
	aml_end(area, package);
}

/* Device(COM1) {_HID PNP0501, _UID 1, _CRS} */
static void put_com1(struct table_area *area)
{
	uint32_t device = aml_device_begin(area, "COM1");
	aml_name(area, "_HID");
	aml_integer32(area, AML_PNP0501);
	aml_name(area, "_UID");
	aml_integer32(area, 1);

	struct aml_resources resources = aml_resources_begin(area);
	aml_resource_io(area, COM1_PORT, COM1_PORTS);
	aml_resource_irq(area, COM1_IRQ);
	aml_resources_end(area, resources);
	aml_end(area, device);
}

void dsdt_write(struct table_area *area, const struct boot_platform *platform)
{
	const struct acpi_header header = acpi_begin("DSDT", DSDT_REVISION);

	uint32_t address = table_align(area, 1);
	table_put(area, &header, sizeof(header));
	put_s5(area, platform->s5_sleep_type);

	uint32_t scope = aml_scope_begin(area, "_SB_");
	put_com1(area);
	dsdt_put_pci(area, &platform->pci);
	aml_end(area, scope);
	acpi_finish(area, address);
}
