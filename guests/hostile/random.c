/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random numbers and the values made of them. Marsaglia, "Xorshift RNGs"; SDM vol. 3, "Local Vector
 * Table", for the delivery modes that are avoided.
 */
#include "hostile/hostile.h"

#include "lib/apic_regs.h"

#define MODE_MASK   7u
#define MODE_NMI    (APIC_MODE_NMI >> 8) /* INIT and SIPI are NMI with another bit set */
#define MODE_EXTINT (APIC_MODE_EXTINT >> 8)
#define VECTOR_AC   17u /* of the vectors left, the one for which the CPU pushes an error code */

uint64_t random64(struct attacker *attacker)
{
	uint64_t x = attacker->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	attacker->state = x;
	return x;
}

uint32_t random_below(struct attacker *attacker, uint32_t limit)
{
	return (uint32_t)(random64(attacker) >> 32) % limit;
}

/* The delivery mode is the low end of some byte in ICR, LVT, RTE and MSI data alike. */
static uint64_t tame(uint64_t value)
{
	for (uint32_t shift = 0; shift < 64; shift += 8) {
		uint64_t mode = value >> shift & MODE_MASK;

		if (mode >= MODE_NMI && mode != MODE_EXTINT)
			value &= ~((uint64_t)MODE_NMI << shift);
		if ((value >> shift & 0xff) == VECTOR_AC)
			value ^= UINT64_C(1) << shift;
	}
	return value;
}

uint64_t random_value(struct attacker *attacker)
{
	uint64_t value = random64(attacker);

	switch (random_below(attacker, 8)) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return tame(UINT64_C(1) << (value & 63));
	case 3:
		return tame(value & 0xff);
	case 4:
		return tame(value & 0x1ffff);
	default:
		return tame(value);
	}
}
