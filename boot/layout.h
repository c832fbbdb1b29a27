/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where everything lies in the guest's first MiB. PC addresses as in ACPI, "Finding the RSDP on
 * IA-PC Systems", and MultiProcessor Specification 1.4, "MP Floating Pointer Structure".
 */
#ifndef BOOT_LAYOUT_H
#define BOOT_LAYOUT_H

#define LAYOUT_KIB 0x400u
#define LAYOUT_MIB 0x100000u
#define LAYOUT_GIB 0x40000000u

/* Page 0: real-mode vectors and the BIOS data area. */
#define LAYOUT_MP_POINTER_LOW 0x3f0u /* in the first KiB, where Linux looks first */
#define LAYOUT_BDA_EBDA       0x40eu /* real-mode segment of the EBDA, 16 bits */
#define LAYOUT_BDA_BASE_KIB   0x413u /* KiB of memory below the EBDA, 16 bits */

/* Free for the guest. */
#define LAYOUT_LOW_START 0x1000u
#define LAYOUT_LOW_END   0x80000u

/* Boot structures. */
#define LAYOUT_BOOT_START   0x80000u
#define LAYOUT_PML4         0x80000u
#define LAYOUT_PDPT         0x81000u
#define LAYOUT_PAGE_DIR     0x82000u /* four pages: one for each GiB */
#define LAYOUT_GDT          0x86000u
#define LAYOUT_TSS          0x86100u
#define LAYOUT_INFO         0x87000u /* one page: start info, multiboot information or zero page */
#define LAYOUT_STACK        0x88000u
#define LAYOUT_STACK_TOP    0x8c000u
#define LAYOUT_CMDLINE      0x8c000u
#define LAYOUT_CMDLINE_SIZE 0x4000u /* with the final 0 */
#define LAYOUT_BOOT_END     0x9fc00u

/* Extended BIOS data area: its size in KiB, then the second MP floating pointer. */
#define LAYOUT_EBDA       0x9fc00u
#define LAYOUT_MP_POINTER 0x9fc10u
#define LAYOUT_EBDA_END   0xa0000u

/* ACPI and MP tables; the RSDP is the first thing in it. */
#define LAYOUT_TABLES     0xe0000u
#define LAYOUT_TABLES_END 0x100000u

/* In the last page of it: handlers of the real-mode vectors, for multiboot images. */
#define LAYOUT_BIOS        0xff000u
#define LAYOUT_BIOS_IRET   0xfff53u /* where IBM's BIOS has it */
#define LAYOUT_BIOS_MASTER 0xfff60u
#define LAYOUT_BIOS_SLAVE  0xfff70u
#define LAYOUT_BIOS_RESET  0xffff0u /* where a jump to FFFF:0000 leads */

#define LAYOUT_HIGH_START  LAYOUT_MIB /* free for the guest, to the end of low RAM */
#define LAYOUT_LOW_RAM_MAX (3ull * LAYOUT_GIB)
#define LAYOUT_HIGH_RAM    (4ull * LAYOUT_GIB)

#define LAYOUT_LOCAL_APIC 0xfee00000u

#define LAYOUT_PAGE 0x1000u

#endif
