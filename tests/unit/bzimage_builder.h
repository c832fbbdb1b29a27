/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bzImage for the tests of boot/, sound as built, and open to damage. Offsets are written out as
 * the manual has them: the tests do not include boot/linux_params.h.
 *
 * Linux documentation, "The Linux/x86 Boot Protocol", section "Details of Header Fields".
 */
#ifndef TESTS_BZIMAGE_BUILDER_H
#define TESTS_BZIMAGE_BUILDER_H

#include <stdint.h>
#include <string.h>

#define BZ_SETUP_SECTS  0x1f1u
#define BZ_SYSSIZE      0x1f4u
#define BZ_BOOT_FLAG    0x1feu
#define BZ_JUMP         0x200u
#define BZ_MAGIC        0x202u
#define BZ_VERSION      0x206u
#define BZ_LOADER       0x210u
#define BZ_LOADFLAGS    0x211u
#define BZ_CODE32       0x214u
#define BZ_INITRD       0x218u
#define BZ_INITRD_SIZE  0x21cu
#define BZ_CMDLINE      0x228u
#define BZ_INITRD_MAX   0x22cu
#define BZ_ALIGNMENT    0x230u
#define BZ_RELOCATABLE  0x234u
#define BZ_XLOADFLAGS   0x236u
#define BZ_CMDLINE_SIZE 0x238u
#define BZ_PREF_ADDRESS 0x258u
#define BZ_INIT_SIZE    0x260u
#define BZ_HANDOVER     0x264u

#define BZ_CODE_AT   0x600u /* in the file: two sectors of set-up behind the boot sector */
#define BZ_CODE_SIZE 0x800u
#define BZ_SIZE      (BZ_CODE_AT + BZ_CODE_SIZE)
#define BZ_LOAD_AT   0x200000u
#define BZ_MEMORY    0x100000u
#define BZ_CODE_BYTE 0x90

struct bzimage_builder {
	uint8_t bytes[BZ_SIZE];
};

static inline void bz_put(struct bzimage_builder *builder, uint32_t offset, uint64_t value,
			  size_t size)
{
	memcpy(builder->bytes + offset, &value, size);
}

/* Protocol 2.15, as Linux 6.1 has it, for a machine of some MiB. */
static inline void bz_start(struct bzimage_builder *builder)
{
	memset(builder, 0, sizeof(*builder));
	memset(builder->bytes + BZ_CODE_AT, BZ_CODE_BYTE, BZ_CODE_SIZE);
	memcpy(builder->bytes, "MZ", 2);
	memcpy(builder->bytes + BZ_MAGIC, "HdrS", 4);
	bz_put(builder, BZ_SETUP_SECTS, 2, 1);
	bz_put(builder, BZ_SYSSIZE, BZ_CODE_SIZE / 16, 4);
	bz_put(builder, BZ_BOOT_FLAG, 0xaa55, 2);
	bz_put(builder, BZ_JUMP, 0x6aeb, 2); /* the header ends at 0x26c */
	bz_put(builder, BZ_VERSION, 0x20f, 2);
	bz_put(builder, BZ_LOADFLAGS, 1, 1);
	bz_put(builder, BZ_CODE32, 0x100000, 4);
	bz_put(builder, BZ_INITRD_MAX, 0x7fffffff, 4);
	bz_put(builder, BZ_ALIGNMENT, 0x200000, 4);
	bz_put(builder, BZ_RELOCATABLE, 1, 1);
	bz_put(builder, BZ_XLOADFLAGS, 0x3f, 2);
	bz_put(builder, BZ_CMDLINE_SIZE, 2047, 4);
	bz_put(builder, BZ_PREF_ADDRESS, BZ_LOAD_AT, 8);
	bz_put(builder, BZ_INIT_SIZE, BZ_MEMORY, 4);
	bz_put(builder, BZ_HANDOVER, 0x190, 4);
}

#endif
