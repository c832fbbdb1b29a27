/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DSDT: how to power off, and what enumeration does not find. ACPI 5.0, sections
 * "Differentiated System Description Table" and "\_Sx (System States)".
 */
#include "boot/acpi.h"
#include "boot/aml.h"

#define DSDT_REVISION 2u /* 64-bit integers */

/* A device that sits where it does on every PC. */
struct isa_device {
	const char *name;
	uint32_t hid;
	uint32_t uid;
	uint16_t port;
	uint8_t ports;
	uint8_t irq;
};

static const struct isa_device isa_devices[] = {
	{ "COM1", AML_PNP0501, 1, 0x3f8, 8, 4 },
	{ "TIMR", AML_PNP0100, 0, 0x40, 4, 0 },
	{ "RTC_", AML_PNP0B00, 0, 0x70, 2, 8 },
};

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

/* Device(name) {_HID, _UID, _CRS} */
static void put_isa_device(struct table_area *area, const struct isa_device *isa)
{
	uint32_t device = aml_device_begin(area, isa->name);
	aml_name(area, "_HID");
	aml_integer32(area, isa->hid);
	aml_name(area, "_UID");
	aml_integer32(area, isa->uid);

	struct aml_resources resources = aml_resources_begin(area);
	aml_resource_io(area, isa->port, isa->ports);
	aml_resource_irq(area, isa->irq);
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
	for (size_t i = 0; i < sizeof(isa_devices) / sizeof(isa_devices[0]); i++)
		put_isa_device(area, &isa_devices[i]);
	dsdt_put_pci(area, &platform->pci);
	aml_end(area, scope);
	acpi_finish(area, address);
}
