/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest RAM: mapping it, and the one checked way to get at it. */
#include "vmm/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/kvm.h"

static int add_slot(int vm_fd, uint32_t slot, uint64_t gpa, uint64_t size, uint8_t *host)
{
	const struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uint64_t)host,
	};

	return size ? kvm_set(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) : 0;
}

/*
 * KVM maps a huge page as a whole only where host and guest addresses agree below its size; a
 * kernel's boot has 600 faults then and not tens of thousands. A host without huge pages does as
 * well.
 */
static uint8_t *map_aligned(uint64_t size)
{
	uint8_t *host = mmap(NULL, size + MEMORY_ALIGNMENT, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (host == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)host % MEMORY_ALIGNMENT;
	if (before)
		munmap(host, before);
	munmap(host + before + size, MEMORY_ALIGNMENT - before);
	madvise(host + before, size, MADV_HUGEPAGE);
	return host + before;
}

int memory_map(struct memory *memory, uint64_t size)
{
	uint8_t *host = map_aligned(size);

	if (!host)
		return -errno;
	*memory = (struct memory){
		.host = host,
		.size = size,
		.low_size = size < MEMORY_LOW_MAX ? size : MEMORY_LOW_MAX,
	};
	memory->high_size = size - memory->low_size;
	return 0;
}

int memory_create(struct memory *memory, int vm_fd, uint64_t size)
{
	int ret = memory_map(memory, size);

	if (ret)
		return ret;
	ret = add_slot(vm_fd, 0, 0, memory->low_size, memory->host);
	if (ret == 0)
		ret = add_slot(vm_fd, 1, MEMORY_HIGH_START, memory->high_size,
			       memory->host + memory->low_size);
	if (ret)
		memory_destroy(memory);
	return ret;
}

void memory_destroy(struct memory *memory)
{
	if (memory->host)
		munmap(memory->host, memory->size);
	*memory = (struct memory){ .host = NULL };
}

void *memory_at(const struct memory *memory, uint64_t gpa, uint64_t len)
{
	if (gpa < memory->low_size && len <= memory->low_size - gpa)
		return memory->host + gpa;
	if (gpa < MEMORY_HIGH_START)
		return NULL;
	gpa -= MEMORY_HIGH_START;
	if (gpa < memory->high_size && len <= memory->high_size - gpa)
		return memory->host + memory->low_size + gpa;
	return NULL;
}

/* KVM follows each change of a mapping's rights, even of one that it has no use for. */
void memory_flush(const struct memory *memory, uint64_t gpa)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *host = memory_at(memory, gpa & ~(uint64_t)(page - 1), page);

	if (host && mprotect(host, page, PROT_READ | PROT_WRITE | PROT_EXEC) == 0)
		mprotect(host, page, PROT_READ | PROT_WRITE);
}
