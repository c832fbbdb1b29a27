/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the image loaders: ELF64, PVH, multiboot and bzImage. An image is loaded or refused with
 * one line; the entry point of a loaded one is in memory.
 *
 * boot/README.md, "Errors".
 */
#define _GNU_SOURCE

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "boot/boot.h"
#include "tests/fuzz/target.h"
#include "tests/unit/bzimage_builder.h"
#include "tests/unit/elf_builder.h"

#define RAM_SIZE 0x400000u
#define CODE_AT  0x200000u
#define GUARD    0x10000u

static struct boot_params machine(uint8_t *ram)
{
	return (struct boot_params){
		.ram = { .low = ram, .low_size = RAM_SIZE },
		.platform = {
			.nr_cpus = 4,
			.ioapic_id = 4,
			.ioapic_address = 0xfec00000,
			.pm1a_event_port = 0x600,
			.pm1a_control_port = 0x604,
			.pm_timer_port = 0x608,
			.reset_port = 0xcf9,
			.reset_value = 6,
			.sci_irq = 9,
			.s5_sleep_type = 5,
		},
		.cmdline = "one two",
	};
}

/*
 * Guest memory between two pieces that nobody may touch. Fresh pages are zero, and those that an
 * image does not reach cost nothing, which an allocator that a sanitizer watches over does not
 * give.
 */
static uint8_t *map_ram(void)
{
	uint8_t *map = mmap(NULL, GUARD + RAM_SIZE + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	FUZZ_REQUIRE(map != MAP_FAILED);
	FUZZ_REQUIRE(mprotect(map + GUARD, RAM_SIZE, PROT_READ | PROT_WRITE) == 0);
	return map + GUARD;
}

static void unmap_ram(uint8_t *ram)
{
	munmap(ram - GUARD, GUARD + RAM_SIZE + GUARD);
}

/* The image lies in memory of its own size, so that a sanitizer sees what is read beyond it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *ram = map_ram();
	struct boot_params params = machine(ram);
	struct boot_entry entry;
	char error[BOOT_ERROR_SIZE];
	int ret;

	memset(error, 0x5a, sizeof(error));
	ret = boot_load_image("guest.img", data, size, &params, &entry, error);
	FUZZ_REQUIRE(memchr(error, '\0', sizeof(error)) != NULL);
	if (ret == 0) {
		FUZZ_REQUIRE(error[0] == '\0');
		FUZZ_REQUIRE(entry.rip < RAM_SIZE);
		FUZZ_REQUIRE(entry.rsp <= RAM_SIZE);
		FUZZ_REQUIRE(entry.format != NULL);
	} else {
		FUZZ_REQUIRE(ret == -ENOEXEC || ret == -ENOMEM || ret == -E2BIG);
		FUZZ_REQUIRE(strncmp(error, "guest.img: ", 11) == 0);
		FUZZ_REQUIRE(strchr(error, '\n') == NULL);
	}
	unmap_ram(ram);
	return 0;
}

/* Everything that an ELF image can have, by the bits of kind. */
static void build(struct elf_builder *builder, size_t kind)
{
	const uint32_t load_end = kind & 4 ? CODE_AT + 0x60 : 0;
	const uint32_t addresses[5] = { CODE_AT, CODE_AT, load_end, 0, CODE_AT };
	uint8_t code[64] = { 0 };
	uint8_t notes[64];
	uint64_t entry = CODE_AT;
	size_t size;

	builder_start(builder, kind & 1, CODE_AT);
	builder_multiboot(code, kind & 2 ? 0x10000 : 0);
	memcpy(code + MULTIBOOT_HEADER_SIZE, addresses, sizeof(addresses));
	builder_add(builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, 64, 256 });
	size = builder_note(notes, "GNU", 3, "id", 2);
	if (kind & 8)
		size += builder_note(notes + size, "Xen", 18, &entry, 8);
	builder_add(builder, &(struct builder_segment){ PT_NOTE, 0, notes, size, size });
}

size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	struct bzimage_builder linux_image;
	struct elf_builder builder;
	uint8_t *header = buffer;

	if (n < 16) {
		build(&builder, n);
		memcpy(buffer, builder.bytes, builder.size);
		return builder.size;
	}
	if (n == 16) {
		bz_start(&linux_image);
		memcpy(buffer, linux_image.bytes, sizeof(linux_image.bytes));
		return sizeof(linux_image.bytes);
	}
	if (n > 17)
		return 0;
	/* A flat multiboot image, as objcopy makes it. */
	memset(buffer, 0x90, 128);
	builder_multiboot(header, 0x10000);
	memcpy(header + MULTIBOOT_HEADER_SIZE,
	       (const uint32_t[5]){ CODE_AT, CODE_AT, 0, 0, CODE_AT + 0x40 }, 20);
	return 128;
}
