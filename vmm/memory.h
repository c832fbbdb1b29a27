/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest RAM: one anonymous mapping, shown to the guest from 0 up to 3 GiB and, what is more, from
 * 4 GiB on. The hole holds the APICs.
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_LOW_MAX    (UINT64_C(3) << 30)
#define MEMORY_HIGH_START (UINT64_C(4) << 30)
#define MEMORY_ALIGNMENT  (UINT64_C(2) << 20) /* of its host address: a huge page */

struct memory {
	uint8_t *host; /* NULL: none yet */
	uint64_t size;
	uint64_t low_size;  /* bytes from guest-physical 0 */
	uint64_t high_size; /* bytes from 4 GiB */
};

/* Map size bytes that no VM knows of yet. 0 or -errno. */
int memory_map(struct memory *memory, uint64_t size);

/* Map size bytes and register them with the VM. 0 or -errno; *memory is then as good as unused. */
int memory_create(struct memory *memory, int vm_fd, uint64_t size);
void memory_destroy(struct memory *memory);

/* Host address of len bytes at guest-physical address gpa, or NULL if that is not all RAM. */
void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t len);

/*
 * Take the page at guest-physical address gpa out of KVM's tables; what is in it stays, and so it
 * can be used meanwhile. An address that is not RAM does nothing, and neither does a host that
 * refuses.
 */
void memory_flush(const struct memory *memory, uint64_t gpa);

#endif
