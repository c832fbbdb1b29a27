/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the 8259 pair against its specification, with the operations of the property test.
 *
 * Intel 8259A Programmable Interrupt Controller datasheet.
 */
#include "tests/fuzz/programs.h"
#include "tests/property/pic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_program(&pic_subject, data, size);
	return 0;
}

size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	return fuzz_program_seed(n, buffer);
}
