/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The start info of PVH guests and of plain ELF64 guests. Xen documentation, "x86/HVM direct boot
 * ABI".
 */
#include "boot/start_info.h"

#include <string.h>

#include "boot/handoff.h"
#include "boot/layout.h"

/* All of it in one page. */
struct info_page {
	struct hvm_start_info info;
	struct hvm_modlist_entry module;
	struct hvm_memmap_entry ranges[HANDOFF_RANGES_MAX];
};

_Static_assert(sizeof(struct info_page) <= LAYOUT_PAGE, "fits its page");

uint32_t start_info_write(const struct boot_ram *ram, const struct boot_handoff *handoff)
{
	bool has_module = handoff->initrd_size != 0;
	struct info_page page = {
		.info = {
			.magic = HVM_START_MAGIC,
			.version = HVM_START_VERSION,
			.nr_modules = has_module,
			.cmdline_paddr = handoff->cmdline,
			.rsdp_paddr = LAYOUT_TABLES,
			.memmap_paddr = LAYOUT_INFO + offsetof(struct info_page, ranges),
			.memmap_entries = handoff->nr_ranges,
		},
		.module = {.paddr = handoff->initrd, .size = handoff->initrd_size},
	};

	if (has_module)
		page.info.modlist_paddr = LAYOUT_INFO + offsetof(struct info_page, module);
	memcpy(page.ranges, handoff->ranges, sizeof(page.ranges));
	memcpy(ram->low + LAYOUT_INFO, &page, sizeof(page));
	return LAYOUT_INFO;
}
