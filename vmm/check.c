/* SPDX-License-Identifier: BSD-2-Clause */
/* --check: the device, the module behind it, the capabilities and the probe's findings. */
#include "vmm/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/kvm_host.h"
#include "vmm/machine.h"

static const struct {
	unsigned int cap;
	const char *name;
} capabilities[] = {
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP" },
	{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR" },
	{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER" },
	{ KVM_CAP_X2APIC_API, "KVM_CAP_X2APIC_API" },
};

static bool print_capabilities(int kvm_fd)
{
	bool all = true;

	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		bool there = kvm_check_extension(kvm_fd, capabilities[i].cap) > 0;

		printf("  %-45s %s\n", capabilities[i].name, there ? "yes" : "MISSING");
		all = all && there;
	}
	return all;
}

static void print_probe(const struct probe_result *probe)
{
	for (int i = 0; i < PROBE_CHECKS; i++)
		printf("  %-45s %s\n", probe_check_name((enum probe_check)i),
		       probe->passed[i] ? "yes" : "no");
	printf("--lapic user: --irqchip %s is chosen; TSC-deadline %s\n",
	       probe->parked_is_sound ? "split" : "none",
	       probe->passed[PROBE_TSC_DEADLINE_MSR] && probe->tsc_khz ? "offered" : "hidden");
}

int check_host(const struct log *log)
{
	struct probe_result probe;
	bool usable;
	int fd;
	int ret;

	ret = kick_setup();
	if (ret) {
		log_line(log, LOG_ERROR, "sigaction: %s", strerror(-ret));
		return EXIT_CODE_INTERNAL;
	}
	fd = kvm_open(log);
	if (fd < 0)
		return EXIT_CODE_NO_KVM;
	printf("%s: can be opened; module %s\n", KVM_DEVICE, kvm_host_module());
	usable = print_capabilities(fd);
	ret = kvm_probe(fd, &probe);
	if (ret)
		printf("  probe: %s\n", strerror(-ret));
	else
		print_probe(&probe);
	if (kvm_host_emulates_kernels())
		printf("--cpuid basic is chosen: the emulator lacks instructions\n");
	printf("up to %d vCPUs\n", kvm_check_extension(fd, KVM_CAP_MAX_VCPUS));
	close(fd);
	return usable && ret == 0 ? EXIT_CODE_POWER_OFF : EXIT_CODE_NO_KVM;
}
