/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A made-up KVM that supports every leaf of CPUID there is, in the place of vmm/kvm.c's wrappers,
 * for which a test is linked with -Wl,--wrap (tests/unit/CMakeLists.txt).
 */
#ifndef TESTS_UNIT_FAKE_CPUID_H
#define TESTS_UNIT_FAKE_CPUID_H

#include <stdint.h>

#include "vmm/machine.h"

#define BIT(n) (UINT32_C(1) << (n))
#define ONES   UINT32_MAX

#define FAKE_TSC_KHZ 2600000

struct fake_cpuid {
	struct kvm_cpuid_buffer supported;
	int refusal;      /* what the calls answer: 0 or -errno */
	int pmu_switches; /* KVM_CAP_PMU_CAPABILITY */
	uint32_t nr_enabled;
	unsigned int enabled_cap;
	uint64_t enabled_switches;
	struct options options;
	struct machine machine; /* its kvm_fd is a file that holds the address of this struct */
};

struct fake_cpuid *fake_cpuid_new(uint32_t cpus, uint32_t first_id);
void fake_cpuid_free(struct fake_cpuid *fake);

/* NULL: there is none. */
struct kvm_cpuid_entry2 *fake_cpuid_find(struct kvm_cpuid_buffer *cpuid, uint32_t function,
					 uint32_t index);
/* One leaf, which has to be there, as CPU number cpu sees it. */
struct kvm_cpuid_entry2 fake_cpuid_leaf(struct fake_cpuid *fake, uint32_t cpu, uint32_t function,
					uint32_t index);
void fake_cpuid_expect_clear(struct fake_cpuid *fake, uint32_t function);

/* The wrappers' stand-ins. */
int __wrap_kvm_get_supported_cpuid(int fd, struct kvm_cpuid_buffer *cpuid);
int __wrap_kvm_check_extension(int fd, unsigned int cap);
int __wrap_kvm_enable_cap(int fd, unsigned int cap, uint64_t arg0);

#endif
