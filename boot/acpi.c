/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RSDP, RSDT, XSDT, FADT and FACS. ACPI 5.0, sections "Root System Description Pointer", "Extended
 * System Description Table", "Fixed ACPI Description Table" and "Firmware ACPI Control Structure".
 */
#include "boot/acpi.h"

#include <string.h>

#define RSDP_REVISION 2u
#define FADT_REVISION 5u
#define FACS_VERSION  2u

#define RSDP_ALIGNMENT  16u
#define FACS_ALIGNMENT  64u
#define TABLE_ALIGNMENT 16u
#define RSDP_V1_SIZE    20u /* what the first checksum covers */

#define FADT_PROFILE_DESKTOP 1u

#define BOOT_ARCH_LEGACY_DEVICES (1u << 0)
#define BOOT_ARCH_8042           (1u << 1)
#define BOOT_ARCH_NO_VGA         (1u << 2)

#define FADT_WBINVD       (1u << 0)
#define FADT_C1           (1u << 2)
#define FADT_POWER_BUTTON (1u << 4) /* not a fixed feature: there is none */
#define FADT_SLEEP_BUTTON (1u << 5) /* the same */
#define FADT_FIX_RTC      (1u << 6) /* RTC wake-up is not in the fixed registers */
#define FADT_TMR_VAL_EXT  (1u << 8) /* the PM timer has 32 bits, not 24 */
#define FADT_RESET_REG    (1u << 10)

/* Latencies beyond these bounds say that C2 and C3 are not supported. */
#define NO_C2_LATENCY 101u
#define NO_C3_LATENCY 1001u

#define PM1_EVENT_SIZE   4u
#define PM1_CONTROL_SIZE 2u
#define PM_TIMER_SIZE    4u

/* Generic Address Structure. */
struct acpi_gas {
	uint8_t space;
	uint8_t bit_width;
	uint8_t bit_offset;
	uint8_t access;
	uint64_t address;
} __attribute__((packed));

#define GAS_SYSTEM_IO    1u
#define GAS_ACCESS_BYTE  1u
#define GAS_ACCESS_WORD  2u
#define GAS_ACCESS_DWORD 3u

struct acpi_rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt_address;
	uint32_t length;
	uint64_t xsdt_address;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} __attribute__((packed));

struct acpi_facs {
	char signature[4];
	uint32_t length;
	uint32_t hardware_signature;
	uint32_t waking_vector;
	uint32_t global_lock;
	uint32_t flags;
	uint64_t x_waking_vector;
	uint8_t version;
	uint8_t reserved[31];
};

struct acpi_fadt {
	struct acpi_header header;
	uint32_t facs;
	uint32_t dsdt;
	uint8_t reserved1;
	uint8_t preferred_profile;
	uint16_t sci_interrupt;
	uint32_t smi_command; /* 0: the machine is always in ACPI mode */
	uint8_t smi_values[4];
	uint32_t pm1a_event;
	uint32_t pm1b_event;
	uint32_t pm1a_control;
	uint32_t pm1b_control;
	uint32_t pm2_control;
	uint32_t pm_timer;
	uint32_t gpe0;
	uint32_t gpe1;
	uint8_t pm1_event_length;
	uint8_t pm1_control_length;
	uint8_t pm2_control_length;
	uint8_t pm_timer_length;
	uint8_t gpe0_length;
	uint8_t gpe1_length;
	uint8_t gpe1_base;
	uint8_t cst_control;
	uint16_t c2_latency;
	uint16_t c3_latency;
	uint16_t flush_size;
	uint16_t flush_stride;
	uint8_t duty_offset;
	uint8_t duty_width;
	uint8_t day_alarm;
	uint8_t month_alarm;
	uint8_t century;
	uint16_t boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct acpi_gas reset_register;
	uint8_t reset_value;
	uint8_t reserved3[3];
	uint64_t x_facs;
	uint64_t x_dsdt;
	struct acpi_gas x_pm1a_event;
	struct acpi_gas x_pm1b_event;
	struct acpi_gas x_pm1a_control;
	struct acpi_gas x_pm1b_control;
	struct acpi_gas x_pm2_control;
	struct acpi_gas x_pm_timer;
	struct acpi_gas x_gpe0;
	struct acpi_gas x_gpe1;
	struct acpi_gas sleep_control;
	struct acpi_gas sleep_status;
} __attribute__((packed));

_Static_assert(sizeof(struct acpi_gas) == 12, "ACPI");
_Static_assert(sizeof(struct acpi_rsdp) == 36, "ACPI");
_Static_assert(sizeof(struct acpi_facs) == 64, "ACPI");
_Static_assert(sizeof(struct acpi_fadt) == 268, "ACPI");
_Static_assert(offsetof(struct acpi_fadt, boot_arch) == 109, "ACPI");
_Static_assert(offsetof(struct acpi_fadt, reset_register) == 116, "ACPI");
_Static_assert(offsetof(struct acpi_fadt, x_pm_timer) == 208, "ACPI");

struct acpi_header acpi_begin(const char signature[4], uint8_t revision)
{
	struct acpi_header header = {
		.revision = revision,
		.oem_id = "VMM   ",
		.oem_table_id = "VMMTABLE",
		.oem_revision = 1,
		.creator_id = "VMM ",
		.creator_revision = 1,
	};

	memcpy(header.signature, signature, sizeof(header.signature));
	return header;
}

void acpi_finish(struct table_area *area, uint32_t table)
{
	uint8_t *bytes = table_at(area, table);
	uint32_t length = area->address + area->used - table;

	if (bytes == NULL)
		return;
	memcpy(bytes + offsetof(struct acpi_header, length), &length, sizeof(length));
	bytes[offsetof(struct acpi_header, checksum)] = 0;
	bytes[offsetof(struct acpi_header, checksum)] = table_checksum(bytes, length);
}

static struct acpi_gas io_register(uint16_t port, uint32_t size, uint8_t access)
{
	if (port == 0)
		return (struct acpi_gas){ 0 };
	return (struct acpi_gas){
		.space = GAS_SYSTEM_IO,
		.bit_width = (uint8_t)(size * 8),
		.access = access,
		.address = port,
	};
}

static uint32_t facs_write(struct table_area *area)
{
	const struct acpi_facs facs = {
		.signature = { 'F', 'A', 'C', 'S' },
		.length = sizeof(facs),
		.version = FACS_VERSION,
	};

	uint32_t address = table_align(area, FACS_ALIGNMENT);
	table_put(area, &facs, sizeof(facs));
	return address;
}

static uint32_t fadt_write(struct table_area *area, const struct boot_platform *platform,
			   uint32_t facs, uint32_t dsdt)
{
	uint16_t timer = platform->pm_timer_port;
	const struct acpi_fadt fadt = {
		.header = acpi_begin("FACP", FADT_REVISION),
		/* Only one of facs and x_facs may be set; both of dsdt and x_dsdt may. */
		.facs = facs,
		.dsdt = dsdt,
		.x_dsdt = dsdt,
		.preferred_profile = FADT_PROFILE_DESKTOP,
		.sci_interrupt = platform->sci_irq,
		.pm1a_event = platform->pm1a_event_port,
		.pm1a_control = platform->pm1a_control_port,
		.pm_timer = timer,
		.pm1_event_length = PM1_EVENT_SIZE,
		.pm1_control_length = PM1_CONTROL_SIZE,
		.pm_timer_length = timer == 0 ? 0 : PM_TIMER_SIZE,
		.c2_latency = NO_C2_LATENCY,
		.c3_latency = NO_C3_LATENCY,
		.century = platform->rtc_century,
		.boot_arch = BOOT_ARCH_LEGACY_DEVICES | BOOT_ARCH_8042 | BOOT_ARCH_NO_VGA,
		.flags = FADT_WBINVD | FADT_C1 | FADT_POWER_BUTTON | FADT_SLEEP_BUTTON |
			 FADT_FIX_RTC | FADT_TMR_VAL_EXT | FADT_RESET_REG,
		.reset_register = io_register(platform->reset_port, 1, GAS_ACCESS_BYTE),
		.reset_value = platform->reset_value,
		.x_pm1a_event = io_register(platform->pm1a_event_port, PM1_EVENT_SIZE,
					    GAS_ACCESS_WORD),
		.x_pm1a_control = io_register(platform->pm1a_control_port, PM1_CONTROL_SIZE,
					      GAS_ACCESS_WORD),
		.x_pm_timer = io_register(timer, PM_TIMER_SIZE, GAS_ACCESS_DWORD),
	};

	uint32_t address = table_align(area, TABLE_ALIGNMENT);
	table_put(area, &fadt, sizeof(fadt));
	acpi_finish(area, address);
	return address;
}

/* RSDT and XSDT differ in the size of their entries only. */
static uint32_t root_write(struct table_area *area, const char signature[4], size_t entry_size,
			   const uint64_t *tables, size_t nr_tables)
{
	const struct acpi_header header = acpi_begin(signature, 1);

	uint32_t address = table_align(area, TABLE_ALIGNMENT);
	table_put(area, &header, sizeof(header));
	for (size_t i = 0; i < nr_tables; i++)
		table_put(area, &tables[i], entry_size);
	acpi_finish(area, address);
	return address;
}

static void rsdp_fill(struct table_area *area, uint32_t rsdp, uint32_t rsdt, uint32_t xsdt)
{
	uint8_t *to = table_at(area, rsdp);
	struct acpi_rsdp pointer = {
		.oem_id = "VMM   ",
		.revision = RSDP_REVISION,
		.rsdt_address = rsdt,
		.length = sizeof(pointer),
		.xsdt_address = xsdt,
	};

	if (to == NULL)
		return;
	memcpy(pointer.signature, "RSD PTR ", sizeof(pointer.signature));
	memcpy(to, &pointer, sizeof(pointer));
	to[offsetof(struct acpi_rsdp, checksum)] = table_checksum(to, RSDP_V1_SIZE);
	to[offsetof(struct acpi_rsdp, extended_checksum)] = table_checksum(to, sizeof(pointer));
}

void acpi_write(struct table_area *area, const struct boot_platform *platform)
{
	const struct acpi_rsdp room = { 0 };

	uint32_t rsdp = table_align(area, RSDP_ALIGNMENT);
	table_put(area, &room, sizeof(room));
	uint32_t facs = facs_write(area);
	uint32_t dsdt = table_align(area, TABLE_ALIGNMENT);
	dsdt_write(area, platform);
	uint32_t fadt = fadt_write(area, platform, facs, dsdt);
	uint32_t madt = table_align(area, TABLE_ALIGNMENT);
	madt_write(area, platform);

	const uint64_t tables[] = { fadt, madt };
	const size_t nr_tables = sizeof(tables) / sizeof(tables[0]);
	uint32_t rsdt = root_write(area, "RSDT", sizeof(uint32_t), tables, nr_tables);
	uint32_t xsdt = root_write(area, "XSDT", sizeof(uint64_t), tables, nr_tables);
	rsdp_fill(area, rsdp, rsdt, xsdt);
}
