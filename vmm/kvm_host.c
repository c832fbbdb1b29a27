/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which KVM this host has. SDM vol. 2, "CPUID - CPU Identification"; APM vol. 3, "CPUID
 * Fn8000_0001_ECX Feature Identifiers".
 */
#include "vmm/kvm_host.h"

#include <cpuid.h>
#include <stddef.h>
#include <unistd.h>

#define CPUID_1_ECX_VMX   (1u << 5)
#define CPUID_EXT_ECX_SVM (1u << 2)

#define PVM_MODULE "/sys/module/kvm_pvm"

const char *kvm_host_module(void)
{
	static const char *const modules[][2] = {
		{ "/sys/module/kvm_intel", "kvm_intel" },
		{ "/sys/module/kvm_amd", "kvm_amd" },
		{ PVM_MODULE, "kvm_pvm (emulates kernel code: slow)" },
	};

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (access(modules[i][0], F_OK) == 0)
			return modules[i][1];
	return "unknown";
}

static bool has_vmx_or_svm(void)
{
	unsigned int a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) && (c & CPUID_1_ECX_VMX))
		return true;
	return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & CPUID_EXT_ECX_SVM);
}

bool kvm_host_emulates_kernels(void)
{
	return !has_vmx_or_svm() && access(PVM_MODULE, F_OK) == 0;
}
