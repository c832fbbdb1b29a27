/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the entry's two arguments to guest_main. Xen, "x86/HVM direct boot ABI" (struct
 * hvm_start_info); Multiboot Specification 0.6.96, "Boot information format".
 */
#include "lib/kernel.h"

#include "lib/power.h"
#include "lib/print.h"
#include "lib/string.h"

#define START_INFO_MAGIC 0x336ec578u

#define MULTIBOOT_HAS_CMDLINE (1u << 2)

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modules;
	uint64_t cmdline;
	uint64_t rsdp;
};

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower;
	uint32_t mem_upper;
	uint32_t boot_device;
	uint32_t cmdline;
};

/* What is kept of them. */
struct boot_arguments {
	uint64_t rsdp;
	char cmdline[KERNEL_CMDLINE];
};

extern uint8_t kernel_end[];

void kernel_entry(uint32_t kind, const void *info) __attribute__((noreturn));

void *kernel_alloc(struct kernel *kernel, size_t size, size_t align)
{
	uintptr_t start = (kernel->heap + align - 1) & ~(uintptr_t)(align - 1);

	kernel->heap = start + size;
	return memset((void *)start, 0, size);
}

static void copy_cmdline(struct boot_arguments *arguments, const char *from)
{
	size_t length = 0;

	while (from && length < KERNEL_CMDLINE - 1 && from[length])
		length++;
	memcpy(arguments->cmdline, from, length);
}

static void take_info(struct boot_arguments *arguments, uint32_t kind, const void *info)
{
	const struct start_info *start = info;
	const struct multiboot_info *multiboot = info;

	if (kind == LAYOUT_ENTRY_MULTIBOOT) {
		if (multiboot->flags & MULTIBOOT_HAS_CMDLINE)
			copy_cmdline(arguments, (const char *)(uintptr_t)multiboot->cmdline);
	} else if (info && start->magic == START_INFO_MAGIC) {
		copy_cmdline(arguments, (const char *)(uintptr_t)start->cmdline);
		arguments->rsdp = start->rsdp;
	}
}

void kernel_finish(int result)
{
	if (result)
		debug_exit((uint8_t)result);
	power_off();
}

void kernel_entry(uint32_t kind, const void *info)
{
	struct kernel *kernel = (struct kernel *)(void *)kernel_end;
	struct boot_arguments arguments = { 0 };

	/*
	 * Loaders put the originals anywhere, right behind the image too: copy before the first
	 * write.
	 */
	take_info(&arguments, kind, info);
	memset(kernel, 0, sizeof(*kernel));
	memcpy(kernel->cmdline, arguments.cmdline, sizeof(kernel->cmdline));
	kernel->rsdp = arguments.rsdp;
	kernel->heap = (uintptr_t)kernel_end + sizeof(*kernel);
	this_cpu()->kernel = kernel;
	serial_init();
	kernel_finish(guest_main(kernel));
}
