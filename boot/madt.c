/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interrupt controllers of the machine. ACPI 5.0, section "Multiple APIC Description Table".
 */
#include "boot/acpi.h"
#include "boot/layout.h"

#define MADT_REVISION    3u
#define MADT_PCAT_COMPAT 1u /* there is an 8259 pair too */

enum madt_type {
	MADT_LOCAL_APIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LOCAL_APIC_NMI = 4,
	MADT_LOCAL_X2APIC = 9,
	MADT_LOCAL_X2APIC_NMI = 10,
};

#define MADT_CPU_ENABLED 1u

#define MADT_ALL_XAPIC_CPUS  0xffu
#define MADT_ALL_X2APIC_CPUS 0xffffffffu
#define MADT_NMI_PIN         1u /* LINT1 */

/* MPS INTI flags. */
#define MADT_CONFORMS          0u
#define MADT_LEVEL_ACTIVE_HIGH 0xdu

#define ISA_BUS   0u
#define ISA_TIMER 0u
#define TIMER_GSI 2u /* the 8254 is wired to pin 2: R149 */

struct madt {
	struct acpi_header header;
	uint32_t local_apic_address;
	uint32_t flags;
};

struct madt_local_apic {
	uint8_t type;
	uint8_t length;
	uint8_t processor_uid;
	uint8_t apic_id;
	uint32_t flags;
};

struct madt_ioapic {
	uint8_t type;
	uint8_t length;
	uint8_t id;
	uint8_t reserved;
	uint32_t address;
	uint32_t gsi_base;
};

struct madt_override {
	uint8_t type;
	uint8_t length;
	uint8_t bus;
	uint8_t source;
	uint32_t gsi;
	uint16_t flags;
} __attribute__((packed));

struct madt_local_apic_nmi {
	uint8_t type;
	uint8_t length;
	uint8_t processor_uid;
	uint16_t flags;
	uint8_t pin;
} __attribute__((packed));

struct madt_local_x2apic {
	uint8_t type;
	uint8_t length;
	uint16_t reserved;
	uint32_t x2apic_id;
	uint32_t flags;
	uint32_t processor_uid;
};

struct madt_local_x2apic_nmi {
	uint8_t type;
	uint8_t length;
	uint16_t flags;
	uint32_t processor_uid;
	uint8_t pin;
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct madt) == 44, "ACPI");
_Static_assert(sizeof(struct madt_local_apic) == 8, "ACPI");
_Static_assert(sizeof(struct madt_ioapic) == 12, "ACPI");
_Static_assert(sizeof(struct madt_override) == 10, "ACPI");
_Static_assert(sizeof(struct madt_local_apic_nmi) == 6, "ACPI");
_Static_assert(sizeof(struct madt_local_x2apic) == 16, "ACPI");
_Static_assert(sizeof(struct madt_local_x2apic_nmi) == 12, "ACPI");

static void put_xapic(struct table_area *area, uint32_t uid, uint32_t id)
{
	const struct madt_local_apic cpu = {
		.type = MADT_LOCAL_APIC,
		.length = sizeof(cpu),
		.processor_uid = (uint8_t)uid,
		.apic_id = (uint8_t)id,
		.flags = MADT_CPU_ENABLED,
	};

	table_put(area, &cpu, sizeof(cpu));
}

static void put_x2apic(struct table_area *area, uint32_t uid, uint32_t id)
{
	const struct madt_local_x2apic cpu = {
		.type = MADT_LOCAL_X2APIC,
		.length = sizeof(cpu),
		.x2apic_id = id,
		.flags = MADT_CPU_ENABLED,
		.processor_uid = uid,
	};

	table_put(area, &cpu, sizeof(cpu));
}

static void put_processors(struct table_area *area, const struct boot_platform *platform)
{
	for (uint32_t n = 0; n < platform->nr_cpus; n++) {
		uint32_t id = platform->first_apic_id + n;
		if (id < XAPIC_ID_END)
			put_xapic(area, n, id);
		else
			put_x2apic(area, n, id);
	}
}

static void put_override(struct table_area *area, uint8_t source, uint32_t gsi, uint16_t flags)
{
	const struct madt_override override = {
		.type = MADT_OVERRIDE,
		.length = sizeof(override),
		.bus = ISA_BUS,
		.source = source,
		.gsi = gsi,
		.flags = flags,
	};

	table_put(area, &override, sizeof(override));
}

/* Each of the two kinds of processor entry has its own "all processors". */
static void put_nmi(struct table_area *area, const struct boot_platform *platform)
{
	const struct madt_local_apic_nmi xapic = {
		.type = MADT_LOCAL_APIC_NMI,
		.length = sizeof(xapic),
		.processor_uid = MADT_ALL_XAPIC_CPUS,
		.flags = MADT_CONFORMS,
		.pin = MADT_NMI_PIN,
	};
	const struct madt_local_x2apic_nmi x2apic = {
		.type = MADT_LOCAL_X2APIC_NMI,
		.length = sizeof(x2apic),
		.flags = MADT_CONFORMS,
		.processor_uid = MADT_ALL_X2APIC_CPUS,
		.pin = MADT_NMI_PIN,
	};

	if (platform->first_apic_id < XAPIC_ID_END)
		table_put(area, &xapic, sizeof(xapic));
	if (platform->first_apic_id + platform->nr_cpus > XAPIC_ID_END)
		table_put(area, &x2apic, sizeof(x2apic));
}

void madt_write(struct table_area *area, const struct boot_platform *platform)
{
	const struct madt madt = {
		.header = acpi_begin("APIC", MADT_REVISION),
		.local_apic_address = LAYOUT_LOCAL_APIC,
		.flags = MADT_PCAT_COMPAT,
	};
	const struct madt_ioapic ioapic = {
		.type = MADT_IOAPIC,
		.length = sizeof(ioapic),
		.id = platform->ioapic_id,
		.address = platform->ioapic_address,
	};

	uint32_t address = table_align(area, 1);
	table_put(area, &madt, sizeof(madt));
	put_processors(area, platform);
	table_put(area, &ioapic, sizeof(ioapic));
	put_override(area, ISA_TIMER, TIMER_GSI, MADT_CONFORMS);
	put_override(area, (uint8_t)platform->sci_irq, platform->sci_irq, MADT_LEVEL_ACTIVE_HIGH);
	put_nmi(area, platform);
	acpi_finish(area, address);
}
