/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a file to a machine that is ready to run: find the format by looking, clear what the
 * platform keeps for itself, load, write the tables. The contract with guests is boot/README.md.
 */
#include "boot/boot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bzimage.h"
#include "boot/elf_file.h"
#include "boot/image.h"
#include "boot/layout.h"
#include "boot/multiboot.h"
#include "boot/read_file.h"
#include "boot/tables.h"

#define ACCEPTED "accepted are bzImage, ELF64, ELF with a PVH note, and multiboot 1"

/* What tells the format lies within this much of the file, but for the ELF formats' details. */
#define HEAD_SIZE (64 * LAYOUT_KIB)

static int check_params(const struct boot_image *image)
{
	const struct boot_ram *ram = &image->params->ram;
	const struct boot_platform *platform = &image->params->platform;

	if (ram->low_size <= LAYOUT_HIGH_START) {
		return boot_refuse(image, ENOMEM,
				   "guest memory of %" PRIu64 " KiB is too small for any image: "
				   "give the guest more than 1 MiB",
				   ram->low_size / LAYOUT_KIB);
	}
	if (ram->low_size > LAYOUT_LOW_RAM_MAX || ram->low_size % LAYOUT_PAGE != 0) {
		return boot_refuse(image, EINVAL,
				   "low guest memory of 0x%" PRIx64 " bytes is not a multiple of 4 "
				   "KiB up to 3 GiB",
				   ram->low_size);
	}
	if (platform->nr_cpus == 0 || platform->first_apic_id > UINT32_MAX - platform->nr_cpus) {
		return boot_refuse(image, EINVAL, "%" PRIu32 " CPUs from APIC id %" PRIu32 " on",
				   platform->nr_cpus, platform->first_apic_id);
	}
	return 0;
}

static void clear(const struct boot_ram *ram, uint32_t start, uint32_t end)
{
	memset(ram->low + start, 0, end - start);
}

static void put_u16(const struct boot_ram *ram, uint32_t address, uint16_t value)
{
	memcpy(ram->low + address, &value, sizeof(value));
}

/* The reserved memory starts clean even when the machine has run before. */
static void prepare_low_memory(const struct boot_ram *ram)
{
	clear(ram, 0, LAYOUT_LOW_START);
	clear(ram, LAYOUT_BOOT_START, LAYOUT_EBDA_END);
	clear(ram, LAYOUT_TABLES, LAYOUT_TABLES_END);
	put_u16(ram, LAYOUT_BDA_EBDA, LAYOUT_EBDA >> 4);
	put_u16(ram, LAYOUT_BDA_BASE_KIB, LAYOUT_EBDA / LAYOUT_KIB);
	ram->low[LAYOUT_EBDA] = (LAYOUT_EBDA_END - LAYOUT_EBDA) / LAYOUT_KIB;
}

static int write_tables(const struct boot_image *image)
{
	const struct boot_params *params = image->params;
	struct table_area area = {
		.bytes = params->ram.low + LAYOUT_TABLES,
		.address = LAYOUT_TABLES,
		.size = LAYOUT_BIOS - LAYOUT_TABLES,
	};

	acpi_write(&area, &params->platform);
	mptable_write(&area, &params->platform, params->ram.low);
	if (area.full) {
		return boot_refuse(image, ENOMEM,
				   "firmware tables for %" PRIu32 " CPUs do not fit into %" PRIu32
				   " bytes: start fewer CPUs",
				   params->platform.nr_cpus, area.size);
	}
	return 0;
}

static int load_elf(struct elf_file *file, struct boot_entry *entry)
{
	struct multiboot_header header;
	uint64_t start;

	int ret = pvh_find(file, &start);
	if (ret < 0)
		return ret;
	if (ret > 0)
		return pvh_load(file, start, entry);
	ret = pvh_is_linux(file);
	if (ret < 0)
		return ret;
	if (ret > 0) {
		return boot_refuse(file->image, ENOEXEC,
				   "Linux vmlinux without PVH note (built without CONFIG_PVH): use "
				   "the bzImage of the same build");
	}

	bool multiboot = multiboot_find(file->image, &header);
	if (multiboot && (header.flags & MULTIBOOT_ADDRESSES) != 0)
		return multiboot_load_flat(file->image, &header, entry);
	if (file->header.e_ident[EI_CLASS] == ELFCLASS64)
		return elf64_load(file, entry);
	if (multiboot)
		return multiboot_load_elf(file, &header, entry);
	return boot_refuse(file->image, ENOEXEC,
			   "ELF32 with neither PVH note nor multiboot header: " ACCEPTED);
}

static int load_any(struct boot_image *image, struct boot_entry *entry)
{
	struct multiboot_header header;
	struct elf_file file;

	if (elf_file_is(image)) {
		int ret = elf_file_open(&file, image);
		if (ret < 0)
			return ret;
		ret = load_elf(&file, entry);
		elf_file_close(&file);
		return ret;
	}
	if (bzimage_is(image))
		return bzimage_load(image, entry);
	if (multiboot_find(image, &header) && (header.flags & MULTIBOOT_ADDRESSES) != 0)
		return multiboot_load_flat(image, &header, entry);
	return boot_refuse(image, ENOEXEC, "%s: " ACCEPTED, image_describe(image));
}

/* The image's bytes are in memory of our own. */
static int load_bytes(struct boot_image *image, struct boot_entry *entry)
{
	int ret = check_params(image);
	if (ret < 0)
		return ret;
	prepare_low_memory(&image->params->ram);
	ret = load_any(image, entry);
	if (ret < 0)
		return ret;
	return write_tables(image);
}

/* The next bytes of the file, up to size of them in all; image->data grows for them. */
static int read_up_to(struct boot_image *image, const struct file_reader *reader, uint64_t size)
{
	uint64_t done = image->size;
	char *data = size < SIZE_MAX ? realloc(image->data, size + 1) : NULL; /* never 0 bytes */

	if (data == NULL)
		return boot_refuse(image, ENOMEM, "no memory to read %" PRIu64 " bytes", size);
	image->data = data;
	image->size = size;
	return file_read(image, reader, data + done, size - done);
}

/* Not the whole of a file that turns out to be none of ours: it may be a disk. */
static int read_image(struct boot_image *image, const struct file_reader *reader)
{
	struct multiboot_header header;
	uint64_t head = reader->size < HEAD_SIZE ? reader->size : HEAD_SIZE;

	int ret = read_up_to(image, reader, head);
	if (ret < 0 || head == reader->size)
		return ret;
	if (!elf_file_is(image) && !bzimage_is(image) && !multiboot_find(image, &header))
		return boot_refuse(image, ENOEXEC, "%s: " ACCEPTED, image_describe(image));
	return read_up_to(image, reader, reader->size);
}

int boot_load(const char *path, const struct boot_params *params, struct boot_entry *entry,
	      char error[BOOT_ERROR_SIZE])
{
	struct boot_image image = { .name = path, .params = params, .error = error };
	struct file_reader reader;

	error[0] = '\0';
	int ret = file_open(&image, &reader);
	if (ret < 0)
		return ret;
	ret = read_image(&image, &reader);
	file_close(&reader);
	if (ret == 0)
		ret = load_bytes(&image, entry);
	free(image.data);
	return ret;
}

int boot_load_image(const char *name, const void *data, size_t size,
		    const struct boot_params *params, struct boot_entry *entry,
		    char error[BOOT_ERROR_SIZE])
{
	struct boot_image image = { .name = name, .size = size, .params = params, .error = error };

	error[0] = '\0';
	/* A copy: aligned as libelf likes it, and writable as its interface asks for. */
	image.data = malloc(size + 1);
	if (image.data == NULL)
		return boot_refuse(&image, ENOMEM, "no memory to hold %zu bytes", size);
	memcpy(image.data, data, size);
	int ret = load_bytes(&image, entry);
	free(image.data);
	return ret;
}
