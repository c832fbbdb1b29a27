/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random rings and descriptor tables: whatever a driver writes into its memory, the device stays
 * inside it, comes to an end, and works again after a reset.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "Split Virtqueues".
 */
#include "tests/unit/virtio_fixture.h"
#include "vmm/virtio/virtio_rng.h"

#define ROUNDS 5000
#define GUARD  0x1000u
#define CANARY 0x5a

/* Often something sensible, often at an edge, now and then anything. */
static uint64_t random_address(uint32_t *seed)
{
	uint32_t r = fake_random(seed);

	switch (r % 8) {
	case 0:
		return RIG_RAM - (r >> 8) % 32;
	case 1:
		return MEMORY_HIGH_START + RIG_HIGH - (r >> 8) % 32;
	case 2:
		return (uint64_t)fake_random(seed) << 32 | r;
	case 3:
		return RIG_QUEUE(0) + (r >> 8) % 0x10000; /* the rings themselves */
	default:
		return RIG_BUFFERS + (r >> 8) % 0x10000;
	}
}

static uint32_t random_len(uint32_t *seed)
{
	uint32_t r = fake_random(seed);

	return r % 16 == 0 ? r : (r >> 8) % 4 * 16;
}

static void random_table(struct virtio_rig *rig, uint32_t *seed)
{
	for (uint16_t i = 0; i < 16; i++) {
		uint32_t r = fake_random(seed);
		uint32_t flags = r % 4 == 0 ? (r >> 4) & 7 : (r >> 4) & 3;

		descriptor(rig, 0, i, random_address(seed), random_len(seed), flags,
			   (uint16_t)((r >> 16) % 17));
		put_descriptor(rig, RIG_QUEUE(0) + RIG_INDIRECT, i, random_address(seed),
			       random_len(seed), (r >> 8) & 3, (uint16_t)((r >> 16) % 17));
	}
}

START_TEST(random_descriptors)
{
	struct virtio_rig *rig = rig_create();
	uint32_t seed = 2024 + (uint32_t)_i;
	uint8_t *guard;

	/* Bytes behind the guest's memory that nothing may touch. */
	free(rig->memory.host);
	rig->memory.host = calloc(1, RIG_RAM + RIG_HIGH + GUARD);
	guard = rig->memory.host + RIG_RAM + RIG_HIGH;
	memset(guard, CANARY, GUARD);
	rig_plug(rig, virtio_rng_create(&rig->host));
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t r = fake_random(&seed);

		bring_up(rig, r & 1 ? RIG_ALL_FEATURES : RIG_ONLY_VERSION1);
		random_table(rig, &seed);
		for (uint32_t i = 0; i < (r >> 4) % 20; i++)
			offer(rig, 0, (uint16_t)(fake_random(&seed) % 17));
		run(rig, 0);
		/*
		 * The ring may have been a buffer of a request; what was served is bounded all the
		 * same.
		 */
		ck_assert_uint_le(rig->transport.dev->queue[0].next_used, 16);
	}
	for (uint32_t i = 0; i < GUARD; i++)
		ck_assert_uint_eq(guard[i], CANARY);
	ck_assert_uint_gt(rig->mistakes, 0);
	bring_up(rig, RIG_ALL_FEATURES);
	request(rig, 0, RIG_BUFFERS, 4, VRING_DESC_F_WRITE);
	ck_assert_uint_eq(take_used(rig, 0, 0), 4);
	rig_destroy(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("random virtqueues");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, random_descriptors, 0, 3);
	tcase_set_timeout(all, 60);
	suite_add_tcase(suite, all);
	return rig_main(suite);
}
