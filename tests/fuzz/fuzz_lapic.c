/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes liblapic against its specification, with the operations of the property test.
 *
 * SDM vol. 3, chapter "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "tests/fuzz/programs.h"
#include "tests/property/lapic_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_program(&lapic_subject, data, size);
	return 0;
}

size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	return fuzz_program_seed(n, buffer);
}
