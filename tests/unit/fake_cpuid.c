/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The made-up KVM of the tests of CPUID. Linux documentation, "The Definitive KVM API
 * Documentation", "KVM_GET_SUPPORTED_CPUID", "KVM_CAP_PMU_CAPABILITY".
 */
#include "tests/unit/fake_cpuid.h"

#include <check.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Function, index, flags, EAX, EBX, ECX, EDX. */
static const uint32_t supported[][7] = {
	{ 0, 0, 0, 0x23, 0x11111111, 0x22222222, 0x33333333 },
	{ 1, 0, 0, 0x00b00f21, ONES, ONES, ONES },
	/* L1 data and code, L2, L3: of a host with two threads a core */
	{ 4, 0, 1, 0x1c004121, 0x02c0003f, 0x3f, 0 },
	{ 4, 1, 1, 0x1c004122, 0x01c0003f, 0x3f, 0 },
	{ 4, 2, 1, 0x1c004143, 0x03c0003f, 0x3ff, 0 },
	{ 4, 3, 1, 0x1c03c163, 0x03c0003f, 0x7fff, 4 },
	{ 4, 4, 1, 0, 0, 0, 0 },
	{ 5, 0, 0, ONES, ONES, ONES, ONES },
	{ 6, 0, 0, ONES, ONES, ONES, ONES },
	{ 7, 0, 1, 1, ONES, ONES, ONES },
	{ 7, 1, 1, ONES, ONES, ONES, ONES },
	{ 0xa, 0, 0, ONES, ONES, ONES, ONES },
	{ 0xb, 0, 1, 1, 2, 0x100, 77 },
	{ 0xb, 1, 1, 4, 16, 0x201, 77 },
	{ 0x14, 0, 1, ONES, ONES, ONES, ONES },
	{ 0x15, 0, 0, 2, 3, 24000000, 0 },
	{ 0x1c, 0, 0, ONES, ONES, ONES, ONES },
	{ 0x1f, 0, 1, 1, 2, 0x100, 77 },
	{ 0x23, 0, 1, ONES, ONES, ONES, ONES },
	{ 0x40000000, 0, 0, 0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d },
	{ 0x40000001, 0, 0, ONES, 0, 0, ONES },
	{ 0x80000000, 0, 0, 0x80000026, 0x11111111, 0x22222222, 0x33333333 },
	{ 0x80000001, 0, 0, 0x00b00f21, 0x40000000, ONES, ONES },
	{ 0x80000008, 0, 0, 0x3030, 0, 0x7001, 0 },
	{ 0x8000000a, 0, 0, ONES, ONES, ONES, ONES },
	{ 0x8000001b, 0, 0, ONES, ONES, ONES, ONES },
	{ 0x8000001d, 0, 1, 0x00004121, 0x02c0003f, 0x3f, 0 },
	{ 0x8000001d, 2, 1, 0x00004143, 0x03c0003f, 0x3ff, 2 },
	{ 0x8000001d, 3, 1, 0x0003c163, 0x03c0003f, 0x7fff, 1 },
	{ 0x8000001d, 4, 1, 0, 0, 0, 0 },
	{ 0x8000001e, 0, 0, 77, ONES, ONES, 0 },
	{ 0x80000022, 0, 0, ONES, ONES, ONES, ONES },
	{ 0x80000026, 0, 1, ONES, ONES, ONES, ONES },
};

#define NR_SUPPORTED (sizeof(supported) / sizeof(supported[0]))

static struct fake_cpuid *fake_of(int fd)
{
	struct fake_cpuid *fake;

	ck_assert_int_eq(pread(fd, &fake, sizeof(fake), 0), sizeof(fake));
	return fake;
}

int __wrap_kvm_get_supported_cpuid(int fd, struct kvm_cpuid_buffer *cpuid)
{
	const struct fake_cpuid *fake = fake_of(fd);

	*cpuid = fake->supported;
	return fake->refusal;
}

int __wrap_kvm_check_extension(int fd, unsigned int cap)
{
	return cap == KVM_CAP_PMU_CAPABILITY ? fake_of(fd)->pmu_switches : 0;
}

int __wrap_kvm_enable_cap(int fd, unsigned int cap, uint64_t arg0)
{
	struct fake_cpuid *fake = fake_of(fd);

	fake->nr_enabled++;
	fake->enabled_cap = cap;
	fake->enabled_switches = arg0;
	return fake->refusal;
}

struct fake_cpuid *fake_cpuid_new(uint32_t cpus, uint32_t first_id)
{
	struct fake_cpuid *fake = calloc(1, sizeof(*fake));
	struct machine *m;

	ck_assert_ptr_nonnull(fake);
	m = &fake->machine;
	fake->supported.nent = NR_SUPPORTED;
	for (uint32_t i = 0; i < NR_SUPPORTED; i++)
		fake->supported.entries[i] = (struct kvm_cpuid_entry2){
			.function = supported[i][0],
			.index = supported[i][1],
			.flags = supported[i][2],
			.eax = supported[i][3],
			.ebx = supported[i][4],
			.ecx = supported[i][5],
			.edx = supported[i][6],
		};
	fake->options.cpuid = CPUID_CHOICE_HOST;
	fake->options.apic_id_offset = first_id;
	m->options = &fake->options;
	m->nr_vcpus = cpus;
	m->tsc_khz = FAKE_TSC_KHZ;
	m->kvm_fd = memfd_create("kvm", MFD_CLOEXEC);
	ck_assert_int_eq(pwrite(m->kvm_fd, &fake, sizeof(fake), 0), sizeof(fake));
	return fake;
}

void fake_cpuid_free(struct fake_cpuid *fake)
{
	close(fake->machine.kvm_fd);
	free(fake);
}

struct kvm_cpuid_entry2 *fake_cpuid_find(struct kvm_cpuid_buffer *cpuid, uint32_t function,
					 uint32_t index)
{
	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == function && cpuid->entries[i].index == index)
			return &cpuid->entries[i];
	return NULL;
}

struct kvm_cpuid_entry2 fake_cpuid_leaf(struct fake_cpuid *fake, uint32_t cpu, uint32_t function,
					uint32_t index)
{
	struct kvm_cpuid_buffer cpuid;
	struct kvm_cpuid_entry2 *e;

	ck_assert_int_eq(cpuid_prepare(&fake->machine), 0);
	cpuid_for_vcpu(&fake->machine, cpu, &cpuid);
	e = fake_cpuid_find(&cpuid, function, index);
	ck_assert_msg(e != NULL, "no leaf %x.%u", function, index);
	return *e;
}

void fake_cpuid_expect_clear(struct fake_cpuid *fake, uint32_t function)
{
	struct kvm_cpuid_entry2 e = fake_cpuid_leaf(fake, 0, function, 0);

	ck_assert_msg(!e.eax && !e.ebx && !e.ecx && !e.edx, "leaf %x is not 0", function);
}
