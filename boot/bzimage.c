/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux bzImages, entered in long mode. Linux documentation, "The Linux/x86 Boot Protocol",
 * sections "The Real-Mode Kernel Header" and "64-bit Boot Protocol". What is inside may be
 * compressed in any way, or not at all: the kernel unpacks itself.
 */
#include "boot/bzimage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "boot/cpu_state.h"
#include "boot/handoff.h"
#include "boot/layout.h"
#include "boot/linux_params.h"

struct bzimage {
	struct linux_setup_header header;
	uint64_t code;      /* file offset of the protected-mode code */
	uint64_t code_size; /* in the file */
};

_Static_assert(HANDOFF_RANGES_MAX <= LINUX_ZERO_E820_MAX, "the memory map fits");

bool bzimage_is(const struct boot_image *image)
{
	struct linux_setup_header header;

	if (!image_has(image, LINUX_HEADER_OFFSET,
		       offsetof(struct linux_setup_header, realmode_swtch)))
		return false;
	memcpy(&header, image->data + LINUX_HEADER_OFFSET,
	       offsetof(struct linux_setup_header, realmode_swtch));
	return header.boot_flag == LINUX_BOOT_FLAG && !memcmp(header.magic, "HdrS", 4);
}

static uint64_t header_end(const struct linux_setup_header *header)
{
	return LINUX_HEADER_JUMP_BASE + header->jump_length;
}

/* Is this a kernel that has a 64-bit entry point? */
static int check_entry(const struct boot_image *image, const struct linux_setup_header *header)
{
	if (header->version < LINUX_VERSION_64) {
		return boot_refuse(
			image, ENOEXEC,
			"Linux bzImage of boot protocol %u.%02u (version): the 64-bit entry "
			"needs 2.12, Linux 3.8 or newer",
			header->version >> 8, header->version & 0xffu);
	}
	if (header_end(header) < LINUX_HEADER_OFFSET + sizeof(*header)) {
		return boot_refuse(image, ENOEXEC,
				   "damaged Linux bzImage: its set-up header ends at 0x%" PRIx64
				   " (jump), that of boot protocol 2.12 at 0x264 or later",
				   header_end(header));
	}
	if ((header->loadflags & LINUX_LOADED_HIGH) == 0) {
		return boot_refuse(image, ENOEXEC,
				   "Linux zImage, loaded below 1 MiB (loadflags 0x%x): make a "
				   "bzImage",
				   header->loadflags);
	}
	if ((header->xloadflags & LINUX_XLF_KERNEL_64) == 0) {
		return boot_refuse(
			image, ENOEXEC,
			"Linux bzImage without 64-bit entry (xloadflags 0x%x), of a 32-bit "
			"kernel probably: use one built for x86-64",
			header->xloadflags);
	}
	return 0;
}

/* The code as far as the header counts it; a signature may follow. */
static int find_code(const struct boot_image *image, struct bzimage *kernel)
{
	uint32_t sectors = kernel->header.setup_sects;
	uint64_t size = (uint64_t)kernel->header.syssize * LINUX_PARAGRAPH;

	if (sectors == 0)
		sectors = LINUX_DEFAULT_SECTORS;
	kernel->code = (sectors + 1) * LINUX_SECTOR;
	if (size <= LINUX_ENTRY_64) {
		return boot_refuse(image, ENOEXEC,
				   "damaged Linux bzImage: 0x%" PRIx64
				   " bytes of code (syssize) end before the 64-bit entry",
				   size);
	}
	/* The last paragraph may be there in part. */
	if (!image_has(image, kernel->code, size - (LINUX_PARAGRAPH - 1))) {
		return boot_refuse(image, ENOEXEC,
				   "truncated Linux bzImage: 0x%" PRIx64
				   " bytes of code (syssize) at file offset 0x%" PRIx64
				   " (setup_sects), the file has 0x%zx",
				   size, kernel->code, image->size);
	}
	kernel->code_size = image->size - kernel->code;
	if (kernel->code_size > size)
		kernel->code_size = size;
	return 0;
}

/*
 * A kernel runs at its preferred address or above it. One that is loaded elsewhere moves itself
 * there, so that nothing is gained where memory is too small for that.
 */
static int check_place(const struct boot_image *image, const struct bzimage *kernel)
{
	const struct linux_setup_header *header = &kernel->header;
	uint64_t ram_end = image->params->ram.low_size;
	uint64_t start = header->pref_address;
	uint32_t alignment = header->kernel_alignment;

	if (kernel->code_size > header->init_size) {
		return boot_refuse(image, ENOEXEC,
				   "damaged Linux bzImage: needs 0x%x bytes of memory (init_size) "
				   "for 0x%" PRIx64 " of code",
				   header->init_size, kernel->code_size);
	}
	if (header->relocatable_kernel != 0 &&
	    (alignment == 0 || (alignment & (alignment - 1)) != 0 || start % alignment != 0)) {
		return boot_refuse(image, ENOEXEC,
				   "damaged Linux bzImage: address 0x%" PRIx64
				   " (pref_address) and alignment 0x%x (kernel_alignment)",
				   start, alignment);
	}
	if (start < LAYOUT_HIGH_START || start > LAYOUT_LOW_RAM_MAX) {
		return boot_refuse(image, ENOEXEC,
				   "Linux bzImage for address 0x%" PRIx64
				   " (pref_address): it has to be from 1 MiB to 3 GiB",
				   start);
	}
	if (start > ram_end || header->init_size > ram_end - start) {
		return boot_refuse(image, ENOMEM,
				   "Linux bzImage needs memory up to 0x%" PRIx64
				   " (pref_address, init_size), the guest's ends at 0x%" PRIx64
				   ": give the guest more memory",
				   start + header->init_size, ram_end);
	}
	return 0;
}

static int check_header(const struct boot_image *image, struct bzimage *kernel)
{
	if (!image_has(image, LINUX_HEADER_OFFSET, sizeof(kernel->header))) {
		return boot_refuse(image, ENOEXEC,
				   "truncated Linux bzImage: 0x%zx bytes, its header has more",
				   image->size);
	}
	memcpy(&kernel->header, image->data + LINUX_HEADER_OFFSET, sizeof(kernel->header));
	int ret = check_entry(image, &kernel->header);
	if (ret == 0)
		ret = find_code(image, kernel);
	return ret == 0 ? check_place(image, kernel) : ret;
}

/* What is not the header's is 0, the header's tail is copied as it is in the file. */
static void write_zero_page(const struct boot_image *image, const struct bzimage *kernel,
			    const struct boot_handoff *handoff)
{
	uint8_t *page = image->params->ram.low + LAYOUT_INFO;
	struct linux_setup_header header = kernel->header;
	const uint64_t rsdp = LAYOUT_TABLES;
	uint64_t end = header_end(&header);

	if (end > LINUX_HEADER_LIMIT)
		end = LINUX_HEADER_LIMIT;
	if (end > image->size)
		end = image->size;
	memset(page, 0, LAYOUT_PAGE);
	memcpy(page + LINUX_HEADER_OFFSET, image->data + LINUX_HEADER_OFFSET,
	       end - LINUX_HEADER_OFFSET);
	header.type_of_loader = LINUX_LOADER_UNKNOWN;
	header.code32_start = (uint32_t)header.pref_address;
	header.cmd_line_ptr = handoff->cmdline;
	header.ramdisk_image = handoff->initrd;
	header.ramdisk_size = handoff->initrd_size;
	memcpy(page + LINUX_HEADER_OFFSET, &header, sizeof(header));
	/* Kernels of older protocols search for it. */
	if (header.version >= LINUX_VERSION_RSDP)
		memcpy(page + LINUX_ZERO_ACPI_RSDP, &rsdp, sizeof(rsdp));

	page[LINUX_ZERO_E820_ENTRIES] = (uint8_t)handoff->nr_ranges;
	for (uint32_t i = 0; i < handoff->nr_ranges; i++) {
		const struct hvm_memmap_entry *range = &handoff->ranges[i];
		const struct linux_e820_entry entry = { range->addr, range->size, range->type };
		memcpy(page + LINUX_ZERO_E820_TABLE + i * sizeof(entry), &entry, sizeof(entry));
	}
}

int bzimage_load(struct boot_image *image, struct boot_entry *entry)
{
	const struct boot_ram *ram = &image->params->ram;
	struct boot_handoff handoff;
	struct bzimage kernel = { 0 };

	int ret = check_header(image, &kernel);
	if (ret != 0)
		return ret;
	memcpy(ram->low + kernel.header.pref_address, image->data + kernel.code, kernel.code_size);
	image->loaded_end = kernel.header.pref_address + kernel.header.init_size;
	image->cmdline_max = kernel.header.cmdline_size;
	image->initrd_end = (uint64_t)kernel.header.initrd_addr_max + 1;
	ret = handoff_prepare(image, NULL, &handoff);
	if (ret < 0)
		return ret;
	write_zero_page(image, &kernel, &handoff);

	*entry = (struct boot_entry){
		.format = "Linux bzImage",
		.rip = kernel.header.pref_address + LINUX_ENTRY_64,
		.rsi = LAYOUT_INFO,
	};
	cpu_state_linux64(ram, entry);
	return 0;
}
