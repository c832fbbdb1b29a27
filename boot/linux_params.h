/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The set-up header of a bzImage, and the page that it becomes a part of. Linux documentation, "The
 * Linux/x86 Boot Protocol", section "Details of Header Fields", and "Zero Page".
 */
#ifndef BOOT_LINUX_PARAMS_H
#define BOOT_LINUX_PARAMS_H

#include <stddef.h>
#include <stdint.h>

/* At this offset both in the file and in the zero page. */
#define LINUX_HEADER_OFFSET 0x1f1u

/* In the zero page other fields begin here, however long the header says it is. */
#define LINUX_HEADER_LIMIT 0x290u

/* The header ends this far behind its jump instruction's operand. */
#define LINUX_HEADER_JUMP_BASE 0x202u

struct linux_setup_header {
	uint8_t setup_sects;
	uint16_t root_flags;
	uint32_t syssize; /* of the protected-mode code, in 16 bytes */
	uint16_t ram_size;
	uint16_t vid_mode;
	uint16_t root_dev;
	uint16_t boot_flag;
	uint8_t jump_opcode;
	uint8_t jump_length;
	uint8_t magic[4];
	uint16_t version;
	uint32_t realmode_swtch;
	uint16_t start_sys_seg;
	uint16_t kernel_version;
	uint8_t type_of_loader;
	uint8_t loadflags;
	uint16_t setup_move_size;
	uint32_t code32_start;
	uint32_t ramdisk_image;
	uint32_t ramdisk_size;
	uint32_t bootsect_kludge;
	uint16_t heap_end_ptr;
	uint8_t ext_loader_ver;
	uint8_t ext_loader_type;
	uint32_t cmd_line_ptr;
	uint32_t initrd_addr_max; /* the initrd's last byte may lie here */
	uint32_t kernel_alignment;
	uint8_t relocatable_kernel;
	uint8_t min_alignment;
	uint16_t xloadflags;
	uint32_t cmdline_size; /* without the final 0 */
	uint32_t hardware_subarch;
	uint64_t hardware_subarch_data;
	uint32_t payload_offset;
	uint32_t payload_length;
	uint64_t setup_data;
	uint64_t pref_address;
	uint32_t init_size; /* memory that the kernel needs from its load address on */
} __attribute__((packed));

_Static_assert(LINUX_HEADER_OFFSET + offsetof(struct linux_setup_header, version) == 0x206, "2.00");
_Static_assert(LINUX_HEADER_OFFSET + offsetof(struct linux_setup_header, xloadflags) == 0x236,
	       "2.12");
_Static_assert(LINUX_HEADER_OFFSET + sizeof(struct linux_setup_header) == 0x264, "2.10");

#define LINUX_BOOT_FLAG      0xaa55u
#define LINUX_VERSION_64     0x20cu /* protocol 2.12: xloadflags, and with it the 64-bit entry */
#define LINUX_VERSION_RSDP   0x20eu /* protocol 2.14: acpi_rsdp_addr */
#define LINUX_LOADED_HIGH    0x01u  /* loadflags */
#define LINUX_XLF_KERNEL_64  0x01u  /* xloadflags */
#define LINUX_LOADER_UNKNOWN 0xffu  /* type_of_loader: none that has a number */

/* setup_sects 0 means 4, and the boot sector is not counted. */
#define LINUX_SECTOR          512u
#define LINUX_DEFAULT_SECTORS 4u
#define LINUX_PARAGRAPH       16u

/* The 64-bit entry point, from the load address on. */
#define LINUX_ENTRY_64 0x200u

/* The rest of the zero page. */
#define LINUX_ZERO_ACPI_RSDP    0x070u
#define LINUX_ZERO_E820_ENTRIES 0x1e8u
#define LINUX_ZERO_E820_TABLE   0x2d0u
#define LINUX_ZERO_E820_MAX     128u

struct linux_e820_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type; /* as in ACPI, "Address Range Types" */
} __attribute__((packed));

_Static_assert(sizeof(struct linux_e820_entry) == 20, "Zero Page");

/* Selectors at the 64-bit entry point. */
#define LINUX_BOOT_CS 0x10u
#define LINUX_BOOT_DS 0x18u

#endif
