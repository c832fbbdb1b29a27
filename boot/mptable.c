/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MP table, for guests without ACPI. MultiProcessor Specification 1.4, chapter "MP
 * Configuration Table".
 */
#include <string.h>

#include "boot/layout.h"
#include "boot/tables.h"

#define MP_SPEC_REVISION 4u /* 1.4 */
#define MP_ALIGNMENT     16u

enum mp_type {
	MP_PROCESSOR = 0,
	MP_BUS = 1,
	MP_IOAPIC = 2,
	MP_IO_INTERRUPT = 3,
	MP_LOCAL_INTERRUPT = 4,
};

enum mp_interrupt {
	MP_INT = 0,
	MP_NMI = 1,
	MP_EXTINT = 3,
};

#define MP_CONFORMS          0u
#define MP_LEVEL_ACTIVE_HIGH 0xdu

#define MP_CPU_ENABLED   0x01u
#define MP_CPU_BOOTSTRAP 0x02u
#define MP_CPU_FAMILY_6  0x600u
#define MP_CPU_FPU_APIC  0x201u /* feature flags as in CPUID.1:EDX */

#define LOCAL_APIC_VERSION 0x14u
#define IOAPIC_VERSION     0x20u
#define IOAPIC_ENABLED     1u

#define ISA_BUS         0u
#define ISA_IRQS        16u
#define ISA_TIMER       0u
#define ISA_CASCADE     2u
#define TIMER_PIN       2u /* R149 */
#define EXTINT_PIN      0u
#define ALL_LOCAL_APICS 0xffu
#define PIN_LINT0       0u
#define PIN_LINT1       1u

struct mp_pointer {
	char signature[4];
	uint32_t table;
	uint8_t length; /* in units of 16 bytes */
	uint8_t revision;
	uint8_t checksum;
	uint8_t features[5]; /* all 0: there is a table; virtual wire mode */
};

struct mp_table {
	char signature[4];
	uint16_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[8];
	char product_id[12];
	uint32_t oem_table;
	uint16_t oem_table_size;
	uint16_t nr_entries;
	uint32_t local_apic_address;
	uint16_t extended_length;
	uint8_t extended_checksum;
	uint8_t reserved;
};

struct mp_processor {
	uint8_t type;
	uint8_t apic_id;
	uint8_t apic_version;
	uint8_t flags;
	uint32_t signature;
	uint32_t features;
	uint32_t reserved[2];
};

struct mp_bus {
	uint8_t type;
	uint8_t id;
	char name[6];
};

struct mp_ioapic {
	uint8_t type;
	uint8_t id;
	uint8_t version;
	uint8_t flags;
	uint32_t address;
};

/* An I/O interrupt's destination is an I/O APIC, a local interrupt's a local APIC. */
struct mp_assignment {
	uint8_t type;
	uint8_t interrupt;
	uint16_t flags;
	uint8_t source_bus;
	uint8_t source_irq;
	uint8_t apic_id;
	uint8_t pin;
};

_Static_assert(sizeof(struct mp_pointer) == 16, "MP 1.4");
_Static_assert(sizeof(struct mp_table) == 44, "MP 1.4");
_Static_assert(sizeof(struct mp_processor) == 20, "MP 1.4");
_Static_assert(sizeof(struct mp_bus) == 8, "MP 1.4");
_Static_assert(sizeof(struct mp_ioapic) == 8, "MP 1.4");
_Static_assert(sizeof(struct mp_assignment) == 8, "MP 1.4");

/* Every put_ function returns how many entries it wrote. */
static uint32_t put_processors(struct table_area *area, const struct boot_platform *platform)
{
	uint32_t n = 0;

	for (; n < platform->nr_cpus && platform->first_apic_id + n < XAPIC_ID_END; n++) {
		const struct mp_processor cpu = {
			.type = MP_PROCESSOR,
			.apic_id = (uint8_t)(platform->first_apic_id + n),
			.apic_version = LOCAL_APIC_VERSION,
			.flags = MP_CPU_ENABLED | (n == 0 ? MP_CPU_BOOTSTRAP : 0),
			.signature = MP_CPU_FAMILY_6,
			.features = MP_CPU_FPU_APIC,
		};
		table_put(area, &cpu, sizeof(cpu));
	}
	return n;
}

static uint32_t put_bus_and_ioapic(struct table_area *area, const struct boot_platform *platform)
{
	const struct mp_bus bus = { .type = MP_BUS, .id = ISA_BUS, .name = "ISA   " };
	const struct mp_ioapic ioapic = {
		.type = MP_IOAPIC,
		.id = platform->ioapic_id,
		.version = IOAPIC_VERSION,
		.flags = IOAPIC_ENABLED,
		.address = platform->ioapic_address,
	};

	table_put(area, &bus, sizeof(bus));
	table_put(area, &ioapic, sizeof(ioapic));
	return 2;
}

static uint32_t put_io_interrupts(struct table_area *area, const struct boot_platform *platform)
{
	struct mp_assignment assignment = {
		.type = MP_IO_INTERRUPT,
		.interrupt = MP_EXTINT,
		.source_bus = ISA_BUS,
		.apic_id = platform->ioapic_id,
		.pin = EXTINT_PIN,
	};
	uint32_t count = 1;

	table_put(area, &assignment, sizeof(assignment));
	assignment.interrupt = MP_INT;
	for (uint8_t irq = 0; irq < ISA_IRQS; irq++) {
		if (irq == ISA_CASCADE)
			continue;
		assignment.flags = irq == platform->sci_irq ? MP_LEVEL_ACTIVE_HIGH : MP_CONFORMS;
		assignment.source_irq = irq;
		assignment.pin = irq == ISA_TIMER ? TIMER_PIN : irq;
		table_put(area, &assignment, sizeof(assignment));
		count++;
	}
	return count;
}

static uint32_t put_local_interrupts(struct table_area *area)
{
	const struct mp_assignment extint = {
		.type = MP_LOCAL_INTERRUPT,
		.interrupt = MP_EXTINT,
		.source_bus = ISA_BUS,
		.apic_id = ALL_LOCAL_APICS,
		.pin = PIN_LINT0,
	};
	struct mp_assignment nmi = extint;

	nmi.interrupt = MP_NMI;
	nmi.pin = PIN_LINT1;
	table_put(area, &extint, sizeof(extint));
	table_put(area, &nmi, sizeof(nmi));
	return 2;
}

static void write_pointers(uint8_t *low_ram, uint32_t table)
{
	struct mp_pointer pointer = {
		.signature = { '_', 'M', 'P', '_' },
		.table = table,
		.length = 1,
		.revision = MP_SPEC_REVISION,
	};
	uint8_t bytes[sizeof(pointer)];

	memcpy(bytes, &pointer, sizeof(pointer));
	bytes[offsetof(struct mp_pointer, checksum)] = table_checksum(bytes, sizeof(bytes));
	memcpy(low_ram + LAYOUT_MP_POINTER_LOW, bytes, sizeof(bytes));
	memcpy(low_ram + LAYOUT_MP_POINTER, bytes, sizeof(bytes));
}

void mptable_write(struct table_area *area, const struct boot_platform *platform, uint8_t *low_ram)
{
	struct mp_table table = {
		.signature = { 'P', 'C', 'M', 'P' },
		.revision = MP_SPEC_REVISION,
		.local_apic_address = LAYOUT_LOCAL_APIC,
	};

	if (platform->first_apic_id >= XAPIC_ID_END)
		return;
	uint32_t address = table_align(area, MP_ALIGNMENT);
	table_put(area, &table, sizeof(table));
	uint32_t entries = put_processors(area, platform);
	entries += put_bus_and_ioapic(area, platform);
	entries += put_io_interrupts(area, platform);
	entries += put_local_interrupts(area);

	uint8_t *to = table_at(area, address);
	if (to == NULL)
		return;
	memcpy(table.oem_id, "VMM     ", sizeof(table.oem_id));
	memcpy(table.product_id, "VMM         ", sizeof(table.product_id));
	table.length = (uint16_t)(area->address + area->used - address);
	table.nr_entries = (uint16_t)entries;
	memcpy(to, &table, sizeof(table));
	to[offsetof(struct mp_table, checksum)] = table_checksum(to, table.length);
	write_pointers(low_ram, address);
}
