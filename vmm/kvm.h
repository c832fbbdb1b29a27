/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM's ioctls, one checked wrapper each: 0 or -errno (a descriptor or a value where the name says
 * so). Callers name the ioctl in their messages.
 */
#ifndef VMM_KVM_H
#define VMM_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/log.h"

#define KVM_DEVICE    "/dev/kvm"
#define KVM_CPUID_MAX 256

/*
 * struct kvm_cpuid2 with its entries. KVM's own structs end in flexible arrays, which cannot be
 * members of others: here, as for MSRs and routes, the layout is spelled out and asserted.
 */
struct kvm_cpuid_buffer {
	uint32_t nent;
	uint32_t padding;
	struct kvm_cpuid_entry2 entries[KVM_CPUID_MAX];
};

_Static_assert(offsetof(struct kvm_cpuid_buffer, entries) == sizeof(struct kvm_cpuid2),
	       "the layout of struct kvm_cpuid2");

/* How the VM's interrupt controllers are set up in KVM. docs/architecture.md, "Three shapes". */
enum irqchip_shape {
	IRQCHIP_PARKED, /* split irqchip, KVM's LAPICs parked, ours used */
	IRQCHIP_NONE,   /* no irqchip in KVM, ours used */
	IRQCHIP_KERNEL, /* split irqchip, KVM's LAPICs used */
};

/* ioctl(2), repeated when a signal interrupts it. The value, or -errno. */
int kvm_get(int fd, unsigned long request, void *argument);
int kvm_set(int fd, unsigned long request, const void *argument);
int kvm_ioctl_value(int fd, unsigned long request, unsigned long argument);

/* /dev/kvm, checked for the API version; -errno, with the reason and remedy logged. */
int kvm_open(const struct log *log);

int kvm_check_extension(int fd, unsigned int cap);
int kvm_enable_cap(int fd, unsigned int cap, uint64_t arg0);
int kvm_get_supported_cpuid(int kvm_fd, struct kvm_cpuid_buffer *cpuid);

/* What is trapped beyond IA32_APIC_BASE and the paravirtual MSRs. */
struct kvm_msr_traps {
	bool tsc_deadline;
	bool tsc_writes; /* of IA32_TSC and IA32_TSC_ADJUST; reading them stays KVM's */
};

/* MSR exits for what KVM would answer with #GP, and for the MSRs of the filter. */
int kvm_trap_msrs(int vm_fd, const struct kvm_msr_traps *traps);

/* The vCPU's shared page; NULL and errno when it cannot be mapped. */
struct kvm_run *kvm_map_run(int vcpu_fd, size_t size);

/* KVM_RUN, once. 0, -EINTR after a kick, or another -errno. */
int kvm_run_vcpu(int vcpu_fd);

/* Queue vector for injection. -EEXIST: the slot is taken. */
int kvm_interrupt(int vcpu_fd, uint8_t vector);

/* MSRs, one at a time. */
int kvm_get_msr(int vcpu_fd, uint32_t index, uint64_t *value);
int kvm_set_msr(int vcpu_fd, uint32_t index, uint64_t value);

/*
 * What KVM adds to the host's TSC, in ticks of the guest's, and a jump of the vCPU's TSC by delta
 * such ticks, exactly: KVM_SET_MSRS would make it equal to another vCPU's that is less than a
 * second away. KVM_CAP_VCPU_ATTRIBUTES says whether KVM can (Linux 5.16).
 */
int kvm_tsc_offset(int vcpu_fd, uint64_t *offset);
int kvm_move_tsc(int vcpu_fd, uint64_t delta);

/*
 * Park KVM's LAPIC of a split irqchip: KVM_INTERRUPT injects, nothing else happens, and the guest
 * cannot reach it. page is the guest-physical address of a page that RAM always backs: RAM wins
 * over the LAPIC there. vcpu_id is the one the vCPU was created with.
 */
int kvm_park_lapic(int vcpu_fd, uint64_t page, uint32_t vcpu_id, bool bsp);
/*
 * What a parked LAPIC holds while the guest runs: the TPR that CR8 reads, and a vector in IRR that
 * KVM is to deliver as soon as CR8 lets it. lent is that vector; 0, which is none: the LAPIC is
 * software-disabled.
 */
int kvm_park_set(int vcpu_fd, uint32_t vcpu_id, uint8_t tpr, uint8_t lent);
/* 1 while a vector that was lent is in IRR; 0: KVM has taken it, to deliver it; or -errno. */
int kvm_park_waits(int vcpu_fd, uint8_t lent);

#endif
