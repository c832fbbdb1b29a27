/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of the MSRs that the VMM handles. SDM vol. 4; KVM's own in Linux' asm/kvm_para.h. */
#ifndef VMM_MSR_INDEX_H
#define VMM_MSR_INDEX_H

#define MSR_IA32_TSC            0x10u
#define MSR_IA32_APIC_BASE      0x1bu
#define MSR_IA32_TSC_ADJUST     0x3bu
#define MSR_IA32_TSC_DEADLINE   0x6e0u
#define MSR_HYPERV_FIRST        0x40000000u
#define MSR_KVM_SYSTEM_TIME     0x12u
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01u
#define MSR_KVM_ASYNC_PF_EN     0x4b564d02u
#define MSR_KVM_STEAL_TIME      0x4b564d03u
#define MSR_KVM_PV_EOI_EN       0x4b564d04u

#endif
