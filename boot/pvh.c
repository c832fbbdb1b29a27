/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH images: ELF with the note XEN_ELFNOTE_PHYS32_ENTRY, entered in 32-bit protected mode. Xen
 * documentation, "x86/HVM direct boot ABI"; note format: System V ABI, "Note Section".
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "boot/cpu_state.h"
#include "boot/elf_file.h"
#include "boot/handoff.h"

#define XEN_NOTE_NAME         "Xen"
#define XEN_NOTE_PHYS32_ENTRY 18u

/* Each vmlinux since 4.20 has it, whatever its configuration. */
#define LINUX_NOTE_NAME       "Linux"
#define LINUX_NOTE_BUILD_SALT 0x100u

struct wanted_note {
	const char *name;
	uint32_t type;
};

struct found_note {
	const char *descriptor;
	uint64_t size;
};

/* The note's descriptor has the size of an address of the image: 4 or 8 bytes. */
static int read_entry(const struct elf_file *file, const struct found_note *note, uint64_t *start)
{
	uint64_t value = 0;

	if (note->size != sizeof(uint32_t) && note->size != sizeof(uint64_t)) {
		return boot_refuse(file->image, ENOEXEC,
				   "damaged PVH note: entry point of %" PRIu64 " bytes",
				   note->size);
	}
	memcpy(&value, note->descriptor, note->size);
	if (value > UINT32_MAX) {
		return boot_refuse(file->image, ENOEXEC,
				   "PVH entry point 0x%" PRIx64 " is above 4 GiB", value);
	}
	*start = value;
	return 1;
}

/* What is found lives as long as the file is open. */
static int search_notes(const struct elf_file *file, const GElf_Phdr *header,
			const struct wanted_note *wanted, struct found_note *found)
{
	const struct boot_image *image = file->image;

	if (!image_has(image, header->p_offset, header->p_filesz)) {
		return boot_refuse(image, ENOEXEC,
				   "truncated: notes of 0x%" PRIx64
				   " bytes at file offset 0x%" PRIx64 ", the file has 0x%zx",
				   header->p_filesz, header->p_offset, image->size);
	}
	Elf_Data *notes = elf_getdata_rawchunk(file->elf, (int64_t)header->p_offset,
					       header->p_filesz,
					       header->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	if (notes == NULL)
		return 0;

	GElf_Nhdr note;
	size_t name;
	size_t descriptor;
	size_t next = gelf_getnote(notes, 0, &note, &name, &descriptor);
	while (next > 0) {
		const char *bytes = notes->d_buf;
		if (note.n_type == wanted->type && note.n_namesz == strlen(wanted->name) + 1 &&
		    !memcmp(bytes + name, wanted->name, note.n_namesz)) {
			*found = (struct found_note){ bytes + descriptor, note.n_descsz };
			return 1;
		}
		next = gelf_getnote(notes, next, &note, &name, &descriptor);
	}
	return 0;
}

static int find_note(const struct elf_file *file, const struct wanted_note *wanted,
		     struct found_note *found)
{
	for (size_t n = 0; n < file->nr_segments; n++) {
		GElf_Phdr header;
		int ret = elf_file_segment(file, n, &header);
		if (ret < 0)
			return ret;
		if (header.p_type != PT_NOTE)
			continue;
		ret = search_notes(file, &header, wanted, found);
		if (ret != 0)
			return ret;
	}
	return 0;
}

int pvh_find(const struct elf_file *file, uint64_t *start)
{
	static const struct wanted_note wanted = { XEN_NOTE_NAME, XEN_NOTE_PHYS32_ENTRY };
	struct found_note note;
	int ret = find_note(file, &wanted, &note);

	return ret > 0 ? read_entry(file, &note, start) : ret;
}

int pvh_is_linux(const struct elf_file *file)
{
	static const struct wanted_note wanted = { LINUX_NOTE_NAME, LINUX_NOTE_BUILD_SALT };
	struct found_note note;

	return find_note(file, &wanted, &note);
}

int pvh_load(struct elf_file *file, uint64_t start, struct boot_entry *entry)
{
	struct boot_image *image = file->image;
	const struct boot_ram *ram = &image->params->ram;
	struct boot_handoff handoff;

	int ret = elf_file_load(file, start, "PVH entry point");
	if (ret < 0)
		return ret;
	ret = handoff_prepare(image, NULL, &handoff);
	if (ret < 0)
		return ret;

	*entry = (struct boot_entry){
		.format = "PVH ELF",
		.rip = start,
		.rbx = start_info_write(ram, &handoff),
	};
	cpu_state_protected32(ram, entry);
	return 0;
}
