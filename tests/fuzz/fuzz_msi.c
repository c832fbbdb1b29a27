/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzzes the MSI format: what is decoded can be encoded again, and means the same.
 *
 * SDM vol. 3, "Message Address Register Format", "Message Data Register Format".
 */
#include <string.h>

#include "ioapic/msi.h"
#include "tests/fuzz/target.h"

struct input {
	uint64_t address;
	uint32_t data;
	uint8_t ext_dest;
};

static void check_same(const struct apic_msg *x, const struct apic_msg *y)
{
	FUZZ_REQUIRE(x->dest == y->dest);
	FUZZ_REQUIRE(x->vector == y->vector);
	FUZZ_REQUIRE(x->mode == y->mode);
	FUZZ_REQUIRE(x->logical == y->logical);
	FUZZ_REQUIRE(x->level_trigger == y->level_trigger);
	FUZZ_REQUIRE(!x->level_trigger || x->asserted == y->asserted);
	FUZZ_REQUIRE(x->shorthand == APIC_SHORTHAND_NONE && y->shorthand == APIC_SHORTHAND_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .address = 0 };
	struct apic_msg msg;
	struct apic_msg again;
	uint64_t address;
	uint32_t value;

	memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
	if (!msi_decode(in.address, in.data, in.ext_dest % 2 != 0, &msg))
		return 0;
	FUZZ_REQUIRE(in.address >> 20 == MSI_ADDRESS_BASE >> 20);
	FUZZ_REQUIRE(msg.dest < (in.ext_dest % 2 != 0 ? 0x8000u : 0x100u));
	FUZZ_REQUIRE(msi_encode(&msg, in.ext_dest % 2 != 0, &address, &value));
	FUZZ_REQUIRE(msi_decode(address, value, in.ext_dest % 2 != 0, &again));
	check_same(&msg, &again);
	return 0;
}

size_t fuzz_seed(size_t n, uint8_t buffer[FUZZ_INPUT_MAX])
{
	static const struct input seeds[] = {
		{ 0xfee01004, 0x4041, 0 }, { 0xfee0f00c, 0xc151, 0 }, { 0xfee01fe0, 0x0400, 1 },
		{ 0xfee00010, 0x4041, 0 }, { 0xfec00000, 0x0041, 0 },
	};

	if (n >= sizeof(seeds) / sizeof(seeds[0]))
		return 0;
	memcpy(buffer, &seeds[n], sizeof(seeds[n]));
	return sizeof(seeds[n]);
}
