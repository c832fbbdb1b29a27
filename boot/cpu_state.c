/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state that a guest starts in, as far as it lies in memory. SDM volume 3, "Segment
 * Descriptors", "TSS Descriptor in 64-bit Mode" and "4-Level Paging and 5-Level Paging".
 */
#include "boot/cpu_state.h"

#include <string.h>

#include "boot/layout.h"
#include "boot/linux_params.h"

/* Flat descriptors: base 0, limit 4 GiB, present, accessed, privilege level 0. */
#define DESCRIPTOR_CODE64 0x00af9b000000ffffull
#define DESCRIPTOR_CODE32 0x00cf9b000000ffffull
#define DESCRIPTOR_DATA   0x00cf93000000ffffull
#define DESCRIPTOR_TSS    0x00008b0000000000ull /* present, busy; base and limit to be added */

#define DESCRIPTOR_BASE_SHIFT 16

/* Both layouts of the TSS have 0x68 bytes; a map base behind the limit means no I/O permissions. */
#define TSS_SIZE        0x68u
#define TSS_IO_MAP_BASE 0x66u

#define PTE_PRESENT  0x01ull
#define PTE_WRITABLE 0x02ull
#define PTE_LARGE    0x80ull

#define LARGE_PAGE_SIZE  0x200000ull
#define ENTRIES_PER_PAGE 512u
#define MAPPED_GIB       4u

/*
 * Descriptors: code, data and TSS in this order, the first one at the index that the format wants.
 */
#define GDT_FIRST         1u
#define GDT_FIRST_LINUX   (LINUX_BOOT_CS / DESCRIPTOR_SIZE)
#define GDT_ENTRIES_MAX   6u
#define DESCRIPTOR_SIZE   8u
#define TSS_DESCRIPTORS32 1u
#define TSS_DESCRIPTORS64 2u /* the second one is its upper half, 0 here */

_Static_assert(LINUX_BOOT_DS == LINUX_BOOT_CS + DESCRIPTOR_SIZE, "data behind code");
_Static_assert(GDT_FIRST_LINUX + 2 + TSS_DESCRIPTORS64 <= GDT_ENTRIES_MAX, "room for all");
_Static_assert(LAYOUT_TSS < 1u << 24, "the base fits the field at bit 16");

static void put_u64(const struct boot_ram *ram, uint32_t address, uint64_t value)
{
	memcpy(ram->low + address, &value, sizeof(value));
}

static void write_segments(const struct boot_ram *ram, uint64_t code, uint32_t first,
			   uint32_t tss_descriptors, struct boot_entry *entry)
{
	const uint16_t io_map_base = TSS_SIZE;
	uint32_t entries = first + 2 + tss_descriptors;
	uint64_t gdt[GDT_ENTRIES_MAX] = { 0 };

	gdt[first] = code;
	gdt[first + 1] = DESCRIPTOR_DATA;
	gdt[first + 2] = DESCRIPTOR_TSS | (uint64_t)LAYOUT_TSS << DESCRIPTOR_BASE_SHIFT |
			 (TSS_SIZE - 1);
	memcpy(ram->low + LAYOUT_GDT, gdt, entries * sizeof(gdt[0]));
	memset(ram->low + LAYOUT_TSS, 0, TSS_SIZE);
	memcpy(ram->low + LAYOUT_TSS + TSS_IO_MAP_BASE, &io_map_base, sizeof(io_map_base));
	entry->gdt_base = LAYOUT_GDT;
	entry->gdt_limit = (uint16_t)(entries * sizeof(gdt[0]) - 1);
	entry->code_selector = (uint16_t)(first * DESCRIPTOR_SIZE);
	entry->data_selector = (uint16_t)((first + 1) * DESCRIPTOR_SIZE);
	entry->tss_selector = (uint16_t)((first + 2) * DESCRIPTOR_SIZE);
}

/* Identity mapping of the first 4 GiB. */
static void write_page_tables(const struct boot_ram *ram)
{
	put_u64(ram, LAYOUT_PML4, LAYOUT_PDPT | PTE_PRESENT | PTE_WRITABLE);
	for (uint32_t gib = 0; gib < MAPPED_GIB; gib++) {
		uint32_t directory = LAYOUT_PAGE_DIR + gib * LAYOUT_PAGE;
		put_u64(ram, LAYOUT_PDPT + gib * 8, directory | PTE_PRESENT | PTE_WRITABLE);
	}
	for (uint32_t n = 0; n < MAPPED_GIB * ENTRIES_PER_PAGE; n++) {
		put_u64(ram, LAYOUT_PAGE_DIR + n * 8,
			n * LARGE_PAGE_SIZE | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE);
	}
}

static void enter_long64(const struct boot_ram *ram, uint32_t first, struct boot_entry *entry)
{
	write_page_tables(ram);
	write_segments(ram, DESCRIPTOR_CODE64, first, TSS_DESCRIPTORS64, entry);
	entry->mode = BOOT_CPU_LONG64;
	entry->cr3 = LAYOUT_PML4;
	/*
	 * As if called: the System V ABI wants RSP + 8 to be a multiple of 16 at a function's
	 * start.
	 */
	entry->rsp = LAYOUT_STACK_TOP - 8;
}

void cpu_state_long64(const struct boot_ram *ram, struct boot_entry *entry)
{
	enter_long64(ram, GDT_FIRST, entry);
}

void cpu_state_linux64(const struct boot_ram *ram, struct boot_entry *entry)
{
	enter_long64(ram, GDT_FIRST_LINUX, entry);
}

void cpu_state_protected32(const struct boot_ram *ram, struct boot_entry *entry)
{
	write_segments(ram, DESCRIPTOR_CODE32, GDT_FIRST, TSS_DESCRIPTORS32, entry);
	entry->mode = BOOT_CPU_PROTECTED32;
	entry->rsp = LAYOUT_STACK_TOP;
}
