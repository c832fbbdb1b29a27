/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RSDP to MADT and FADT. ACPI, "Root System Description Pointer (RSDP)", "Finding the RSDP on IA-PC
 * Systems", "Multiple APIC Description Table (MADT)".
 */
#include "lib/acpi.h"

#include "lib/string.h"

#define RSDP_SEARCH_START 0xe0000u
#define RSDP_SEARCH_END   0x100000u
#define RSDP_V1_SIZE      20u
#define TABLE_MAX         0x100000u

#define MADT_LOCAL_APIC   0
#define MADT_IO_APIC      1
#define MADT_LOCAL_X2APIC 9
#define MADT_CPU_ENABLED  1u

#define FADT_PM_TIMER 76u

struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
};

struct __attribute__((packed)) table {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[26];
};

/* After the header: the local APIC's address and flags, then entries of {type, length, ...}. */
struct __attribute__((packed)) madt {
	struct table header;
	uint32_t local_apic;
	uint32_t flags;
	uint8_t entries[];
};

static uint32_t load32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool sums_to_zero(const void *data, size_t size)
{
	const uint8_t *p = data;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + p[i]);
	return sum == 0;
}

static const struct rsdp *find_rsdp(uint64_t told)
{
	const struct rsdp *rsdp;

	for (uintptr_t at = RSDP_SEARCH_START; !told && at < RSDP_SEARCH_END; at += 16) {
		if (!memcmp((const void *)at, "RSD PTR ", 8) &&
		    sums_to_zero((const void *)at, RSDP_V1_SIZE))
			told = at;
	}
	rsdp = (const struct rsdp *)(uintptr_t)told;
	if (!told || memcmp(rsdp->signature, "RSD PTR ", 8) || !sums_to_zero(rsdp, RSDP_V1_SIZE))
		return NULL;
	return rsdp;
}

static const struct table *find_table(const struct rsdp *rsdp, const char *signature)
{
	bool wide = rsdp->revision >= 2 && rsdp->xsdt;
	const struct table *root = (const struct table *)(uintptr_t)(wide ? rsdp->xsdt
									  : rsdp->rsdt);
	const uint8_t *entry = (const uint8_t *)(root + 1);
	const uint8_t *end = (const uint8_t *)root + root->length;
	size_t step = wide ? 8 : 4;

	for (; entry + step <= end; entry += step) {
		uint64_t address = load32(entry);
		const struct table *table;

		if (wide)
			address |= (uint64_t)load32(entry + 4) << 32;
		table = (const struct table *)(uintptr_t)address;
		if (!memcmp(table->signature, signature, 4) && table->length < TABLE_MAX &&
		    sums_to_zero(table, table->length))
			return table;
	}
	return NULL;
}

static const char *add_cpu(struct kernel *kernel, uint32_t id, uint32_t flags, uint32_t boot_id)
{
	if (!(flags & MADT_CPU_ENABLED) || id == boot_id)
		return NULL;
	if (kernel->nr_cpus == KERNEL_MAX_CPUS)
		return "more CPUs than this guest has room for";
	for (uint32_t i = 0; i < kernel->nr_cpus; i++) {
		if (kernel->apic_ids[i] == id)
			return "an APIC id is in the MADT twice";
	}
	kernel->apic_ids[kernel->nr_cpus++] = id;
	if (id > kernel->max_apic_id)
		kernel->max_apic_id = id;
	return NULL;
}

static const char *parse_madt(struct kernel *kernel, const struct madt *madt, uint32_t boot_id)
{
	const uint8_t *entry = madt->entries;
	const uint8_t *end = (const uint8_t *)madt + madt->header.length;
	const char *error = NULL;
	bool boot_seen = false;

	for (; !error && entry + 2 <= end && entry[1] >= 2; entry += entry[1]) {
		if (entry[0] == MADT_LOCAL_APIC && entry[1] >= 8) {
			boot_seen |= entry[3] == boot_id;
			error = add_cpu(kernel, entry[3], load32(entry + 4), boot_id);
		} else if (entry[0] == MADT_LOCAL_X2APIC && entry[1] >= 16) {
			boot_seen |= load32(entry + 4) == boot_id;
			error = add_cpu(kernel, load32(entry + 4), load32(entry + 8), boot_id);
		} else if (entry[0] == MADT_IO_APIC && entry[1] >= 12 && !kernel->ioapic.address) {
			kernel->ioapic.address = load32(entry + 4);
		}
	}
	if (!error && !boot_seen)
		error = "the boot CPU's APIC id is not in the MADT";
	return error;
}

const char *acpi_parse(struct kernel *kernel, uint32_t boot_id)
{
	const struct rsdp *rsdp = find_rsdp(kernel->rsdp);
	const struct table *madt, *fadt;

	kernel->nr_cpus = 1;
	kernel->apic_ids[0] = boot_id;
	kernel->max_apic_id = boot_id;
	if (!rsdp)
		return "no RSDP";
	fadt = find_table(rsdp, "FACP");
	if (fadt && fadt->length >= FADT_PM_TIMER + 4)
		kernel->pm_timer_port = load32((const uint8_t *)fadt + FADT_PM_TIMER);
	madt = find_table(rsdp, "APIC");
	if (!madt)
		return "no MADT";
	return parse_madt(kernel, (const struct madt *)(const void *)madt, boot_id);
}
