/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DSDT's PCI host bridge: where memory BARs may be and which pins interrupts come in at. ACPI
 * 5.0, sections "PCI Routing Tables (_PRT)" and "Address Space Resource Descriptors"; PCI Firmware
 * Specification, "PCI Host Bridge".
 */
#include "boot/acpi.h"
#include "boot/aml.h"

#define PNP0A03 0x030ad041u /* PCI bus, as a compressed EISA id */

#define CONFIG_PORT  0xcf8u
#define CONFIG_PORTS 8u

#define INTA     0u
#define ANY_FUNC 0xffffu /* low half of an address in the _PRT */
#define NR_SLOTS 32u

/* Name(_CRS): bus 0, the ports of configuration mechanism #1, the window. */
static void put_resources(struct table_area *area, const struct boot_pci *pci)
{
	struct aml_resources resources = aml_resources_begin(area);

	aml_resource_bus0(area);
	aml_resource_io(area, CONFIG_PORT, CONFIG_PORTS);
	aml_resource_memory(area, pci->window_base, pci->window_size);
	aml_resources_end(area, resources);
}

/*
 * Name(_PRT): INTA# of every slot but the bridge's own, without link devices: the pins are fixed.
 */
static void put_routing(struct table_area *area, const struct boot_pci *pci)
{
	aml_name(area, "_PRT");
	uint32_t table = aml_package_begin(area, NR_SLOTS - 1);

	for (uint32_t slot = 1; slot < NR_SLOTS; slot++) {
		uint32_t entry = aml_package_begin(area, 4);
		aml_integer32(area, slot << 16 | ANY_FUNC);
		aml_integer8(area, INTA);
		aml_zero(area); /* no link device: what follows is the GSI */
		aml_integer8(area, (uint8_t)(pci->first_gsi + slot % pci->nr_gsis));
		aml_end(area, entry);
	}
	aml_end(area, table);
}

void dsdt_put_pci(struct table_area *area, const struct boot_pci *pci)
{
	if (pci->window_size == 0 || pci->nr_gsis == 0)
		return;
	uint32_t device = aml_device_begin(area, "PCI0");
	aml_name(area, "_HID");
	aml_integer32(area, PNP0A03);
	aml_name(area, "_UID");
	aml_zero(area);
	aml_name(area, "_BBN");
	aml_zero(area);
	put_resources(area, pci);
	put_routing(area, pci);
	aml_end(area, device);
}
