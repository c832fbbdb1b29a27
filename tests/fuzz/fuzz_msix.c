/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes MSI-X against its specification, with the operations of the property test.
 *
 * PCI Local Bus Specification 3.0, "MSI-X Capability and Table Structures".
 */
#include "tests/fuzz/programs.h"
#include "tests/property/msix_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_program(&msix_subject, data, size);
	return 0;
}

size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	return fuzz_program_seed(n, buffer);
}
