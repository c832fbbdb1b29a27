/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Damaged images by the thousand: they may be refused or loaded, but must never do harm. Worth most
 * under AddressSanitizer.
 *
 * boot/README.md, "Errors".
 */
#define _POSIX_C_SOURCE 200809L

#include "boot_fixture.h"

#define FUZZ_ROUNDS 4000u
#define FUZZ_SEED   UINT64_C(0x9e3779b97f4a7c15)

/* xorshift64: the same damage on every run. */
static uint32_t fuzz_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

/* An image that has a bit of everything: segments, notes, a multiboot header. */
static void fuzz_build(struct elf_builder *builder, uint32_t kind)
{
	const uint32_t load_end = kind & 4 ? CODE_AT + 0x60 : 0;
	const uint32_t addresses[5] = { CODE_AT, CODE_AT, load_end, 0, CODE_AT };
	uint8_t code[64] = { 0 };
	uint8_t notes[64];
	uint64_t entry = CODE_AT;

	builder_start(builder, kind & 1, CODE_AT);
	builder_multiboot(code, kind & 2 ? 0x10000 : 0);
	memcpy(code + MULTIBOOT_HEADER_SIZE, addresses, sizeof(addresses));
	builder_add(builder, &(struct builder_segment){ PT_LOAD, CODE_AT, code, 64, 256 });
	builder_add(builder, &(struct builder_segment){ PT_LOAD, 0x8000, code, 64, 64 });
	size_t size = builder_note(notes, "GNU", 3, "id", 2);
	if (kind & 8)
		size += builder_note(notes + size, "Xen", 18, &entry, 8);
	builder_add(builder, &(struct builder_segment){ PT_NOTE, 0, notes, size, size });
}

static void fuzz_damage(struct elf_builder *builder, uint64_t *state)
{
	static const uint32_t edges[] = { 0,          1,          0xff,       0xffff,  0x7fffffff,
					  0x80000000, 0xfffffff0, 0xffffffff, 0x100000 };
	uint32_t hits = 1 + fuzz_next(state) % 3;

	for (uint32_t i = 0; i < hits; i++) {
		/* Half of the hits go to the headers, where they do the most. */
		size_t range = fuzz_next(state) & 1 ? 256 : builder->size;
		size_t at = fuzz_next(state) % (range - 4);
		uint32_t value = fuzz_next(state) & 1 ? edges[fuzz_next(state) % BOOT_COUNT(edges)]
						      : fuzz_next(state);
		size_t width = (size_t)1 << fuzz_next(state) % 3;
		memcpy(builder->bytes + at, &value, width);
	}
	if (fuzz_next(state) % 4 == 0)
		builder->size = fuzz_next(state) % builder->size;
}

START_TEST(damaged_images_do_no_harm)
{
	uint64_t state = FUZZ_SEED;
	uint32_t loaded = 0;
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	for (uint32_t round = 0; round < FUZZ_ROUNDS; round++) {
		fuzz_build(&builder, round);
		fuzz_damage(&builder, &state);
		int ret = machine_try(&machine, builder.bytes, builder.size);
		if (ret == 0) {
			loaded++;
			ck_assert_str_eq(machine.error, "");
			ck_assert_uint_lt(machine.entry.rip, RAM_SIZE);
			continue;
		}
		ck_assert_msg(ret == -ENOEXEC || ret == -ENOMEM, "round %u: %d", round, ret);
		ck_assert_ptr_nonnull(memchr(machine.error, '\0', sizeof(machine.error)));
		ck_assert_ptr_eq(strstr(machine.error, "guest.img: "), machine.error);
	}
	/* Damage that always or never matters would test nothing. */
	ck_assert_uint_gt(loaded, FUZZ_ROUNDS / 20);
	ck_assert_uint_lt(loaded, FUZZ_ROUNDS - FUZZ_ROUNDS / 20);
	machine_end(&machine);
}
END_TEST

START_TEST(images_cut_anywhere_do_no_harm)
{
	struct boot_machine machine;
	struct elf_builder builder;

	machine_start(&machine);
	for (uint32_t kind = 0; kind < 16; kind++) {
		fuzz_build(&builder, kind);
		size_t size = builder.size;
		for (size_t cut = 0; cut < size; cut += 5)
			machine_try(&machine, builder.bytes, cut);
		machine_load(&machine, &builder);
	}
	machine_end(&machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot: random damage");
	TCase *fuzz = tcase_create("images");

	tcase_add_test(fuzz, damaged_images_do_no_harm);
	tcase_add_test(fuzz, images_cut_anywhere_do_no_harm);
	suite_add_tcase(suite, fuzz);
	return suite_run(suite);
}
