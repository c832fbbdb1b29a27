/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which KVM this host has, as far as it shows outside of its ioctls.
 */
#ifndef VMM_KVM_HOST_H
#define VMM_KVM_HOST_H

#include <stdbool.h>

/* The vendor's half of KVM: "kvm_intel", ...; "unknown" where it is built in. For messages. */
const char *kvm_host_module(void);

/*
 * True where KVM runs the kernel mode of guests in its instruction emulator, which lacks some
 * instructions. Where the processor has VMX or SVM it does not.
 */
bool kvm_host_emulates_kernels(void);

#endif
