/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest entered in long mode or by PVH finds at the address in RDI or EBX. Xen
 * documentation, "x86/HVM direct boot ABI", version 1. Guests may include this file.
 */
#ifndef BOOT_START_INFO_H
#define BOOT_START_INFO_H

#include <stdint.h>

#define HVM_START_MAGIC   0x336ec578u
#define HVM_START_VERSION 1u

struct hvm_start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist_paddr;
	uint64_t cmdline_paddr;
	uint64_t rsdp_paddr;
	uint64_t memmap_paddr;
	uint32_t memmap_entries;
	uint32_t reserved;
};

struct hvm_modlist_entry {
	uint64_t paddr;
	uint64_t size;
	uint64_t cmdline_paddr;
	uint64_t reserved;
};

/* Types as in ACPI, "Address Range Types". */
#define HVM_MEMMAP_RAM      1u
#define HVM_MEMMAP_RESERVED 2u

struct hvm_memmap_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

_Static_assert(sizeof(struct hvm_start_info) == 56, "Xen ABI");
_Static_assert(sizeof(struct hvm_modlist_entry) == 32, "Xen ABI");
_Static_assert(sizeof(struct hvm_memmap_entry) == 24, "Xen ABI");

#endif
