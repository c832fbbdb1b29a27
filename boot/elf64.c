/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain ELF64 images, entered in long mode at e_entry. System V ABI, "Object Files", chapter
 * "Program Header"; the state at entry is boot/README.md, "ELF64".
 */
#include "boot/cpu_state.h"
#include "boot/elf_file.h"
#include "boot/handoff.h"

int elf64_load(struct elf_file *file, struct boot_entry *entry)
{
	struct boot_image *image = file->image;
	const struct boot_ram *ram = &image->params->ram;
	struct boot_handoff handoff;

	int ret = elf_file_load(file, file->header.e_entry, "entry point");
	if (ret < 0)
		return ret;
	ret = handoff_prepare(image, NULL, &handoff);
	if (ret < 0)
		return ret;

	*entry = (struct boot_entry){
		.format = "ELF64",
		.rip = file->header.e_entry,
		.rdi = start_info_write(ram, &handoff),
	};
	cpu_state_long64(ram, entry);
	return 0;
}
