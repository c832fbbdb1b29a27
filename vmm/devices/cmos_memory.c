/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PC's firmware writes into CMOS memory about RAM, and the checksum over it.
 * IBM PC/AT Technical Reference, "CMOS RAM Address Map"; the bytes from 0x30 on are later habit.
 */
#include "vmm/devices/mc146818.h"

#define CMOS_BASE_KIB      0x15 /* below 640 KiB */
#define CMOS_EXTENDED_KIB  0x17 /* above 1 MiB */
#define CMOS_EXTENDED_KIB2 0x30 /* the same */
#define CMOS_ABOVE_16M     0x34 /* in 64 KiB */
#define CMOS_ABOVE_4G      0x5b /* in 64 KiB, three bytes */
#define CMOS_SUM           0x2e /* of CMOS_SUM_FIRST..LAST, high byte first */
#define CMOS_SUM_FIRST     0x10
#define CMOS_SUM_LAST      0x2d

#define BASE_KIB    640u
#define SHIFT_KIB   10
#define SHIFT_64KIB 16
#define MIB         (UINT64_C(1) << 20)

/* What is there beyond start, in units of 1 << shift, as far as a number of so many bytes goes. */
static uint64_t beyond(uint64_t size, uint64_t start, uint32_t shift, uint32_t bytes)
{
	uint64_t max = (UINT64_C(1) << (8 * bytes)) - 1;
	uint64_t units = size > start ? (size - start) >> shift : 0;

	return units < max ? units : max;
}

static void put(struct mc146818 *rtc, uint32_t at, uint64_t value, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		rtc->cmos[at + i] = (uint8_t)(value >> (8 * i));
}

void mc146818_set_memory(struct mc146818 *rtc, uint64_t low, uint64_t high)
{
	uint64_t extended = beyond(low, MIB, SHIFT_KIB, 2);
	uint32_t sum = 0;

	pthread_mutex_lock(&rtc->lock);
	put(rtc, CMOS_BASE_KIB, BASE_KIB, 2);
	put(rtc, CMOS_EXTENDED_KIB, extended, 2);
	put(rtc, CMOS_EXTENDED_KIB2, extended, 2);
	put(rtc, CMOS_ABOVE_16M, beyond(low, 16 * MIB, SHIFT_64KIB, 2), 2);
	put(rtc, CMOS_ABOVE_4G, beyond(high, 0, SHIFT_64KIB, 3), 3);
	for (uint32_t i = CMOS_SUM_FIRST; i <= CMOS_SUM_LAST; i++)
		sum += rtc->cmos[i];
	rtc->cmos[CMOS_SUM] = (uint8_t)(sum >> 8);
	rtc->cmos[CMOS_SUM + 1] = (uint8_t)sum;
	pthread_mutex_unlock(&rtc->lock);
}
