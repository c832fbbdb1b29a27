/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's ioctls, wrapped: errors as -errno, arguments put together. */
#include "vmm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lapic/apic_msg.h"
#include "lapic/lapic_regs.h"
#include "vmm/msr_index.h"

#define HYPERV_MSRS 256

int kvm_ioctl_value(int fd, unsigned long request, unsigned long argument)
{
	int ret;

	do {
		ret = ioctl(fd, request, argument);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

int kvm_get(int fd, unsigned long request, void *argument)
{
	return kvm_ioctl_value(fd, request, (unsigned long)argument);
}

int kvm_set(int fd, unsigned long request, const void *argument)
{
	return kvm_ioctl_value(fd, request, (unsigned long)argument);
}

int kvm_open(const struct log *log)
{
	int fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		log_line(log, LOG_ERROR,
			 "no permission to open " KVM_DEVICE
			 "; join its group, usually: sudo adduser $USER kvm, and log in again");
		return -EACCES;
	}
	if (fd < 0) {
		log_line(
			log, LOG_ERROR,
			"cannot open " KVM_DEVICE
			": %s; enable virtualization in the firmware and load kvm_intel or kvm_amd",
			strerror(errno));
		return -errno;
	}
	version = kvm_ioctl_value(fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION) {
		log_line(log, LOG_ERROR, KVM_DEVICE " speaks API version %d, not %d", version,
			 KVM_API_VERSION);
		close(fd);
		return -ENOTSUP;
	}
	return fd;
}

int kvm_check_extension(int fd, unsigned int cap)
{
	return kvm_ioctl_value(fd, KVM_CHECK_EXTENSION, cap);
}

int kvm_enable_cap(int fd, unsigned int cap, uint64_t arg0)
{
	struct kvm_enable_cap enable = { .cap = cap, .args = { arg0 } };

	return kvm_set(fd, KVM_ENABLE_CAP, &enable);
}

int kvm_get_supported_cpuid(int kvm_fd, struct kvm_cpuid_buffer *cpuid)
{
	memset(cpuid, 0, sizeof(*cpuid));
	cpuid->nent = KVM_CPUID_MAX;
	return kvm_get(kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid);
}

int kvm_trap_msrs(int vm_fd, const struct kvm_msr_traps *traps)
{
	/* A clear bit denies the access, which then exits to us. */
	uint8_t deny[HYPERV_MSRS / 8] = { 0 };
	struct kvm_msr_filter filter = {
		.flags = KVM_MSR_FILTER_DEFAULT_ALLOW,
		.ranges = {
			{ .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			  .nmsrs = 1, .base = MSR_IA32_APIC_BASE, .bitmap = deny },
			{ .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			  .nmsrs = 1, .base = MSR_KVM_PV_EOI_EN, .bitmap = deny },
			{ .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			  .nmsrs = traps->tsc_deadline ? 1 : 0, .base = MSR_IA32_TSC_DEADLINE,
			  .bitmap = deny },
			{ .flags = KVM_MSR_FILTER_WRITE,
			  .nmsrs = traps->tsc_writes ? 1 : 0, .base = MSR_IA32_TSC,
			  .bitmap = deny },
			{ .flags = KVM_MSR_FILTER_WRITE,
			  .nmsrs = traps->tsc_writes ? 1 : 0, .base = MSR_IA32_TSC_ADJUST,
			  .bitmap = deny },
			/* Hyper-V's would reach KVM's LAPIC, where there is one. */
			{ .flags = KVM_MSR_FILTER_READ | KVM_MSR_FILTER_WRITE,
			  .nmsrs = HYPERV_MSRS,
			  .base = MSR_HYPERV_FIRST,
			  .bitmap = deny },
		},
	};
	int ret = kvm_enable_cap(vm_fd, KVM_CAP_X86_USER_SPACE_MSR,
				 KVM_MSR_EXIT_REASON_INVAL | KVM_MSR_EXIT_REASON_UNKNOWN |
					 KVM_MSR_EXIT_REASON_FILTER);

	if (ret < 0)
		return ret;
	return kvm_set(vm_fd, KVM_X86_SET_MSR_FILTER, &filter);
}

struct kvm_run *kvm_map_run(int vcpu_fd, size_t size)
{
	void *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);

	return run == MAP_FAILED ? NULL : run;
}

int kvm_run_vcpu(int vcpu_fd)
{
	return ioctl(vcpu_fd, KVM_RUN, 0) < 0 ? -errno : 0;
}

int kvm_interrupt(int vcpu_fd, uint8_t vector)
{
	struct kvm_interrupt irq = { .irq = vector };

	return kvm_set(vcpu_fd, KVM_INTERRUPT, &irq);
}

/* struct kvm_msrs with a single entry. */
struct one_msr {
	uint32_t nmsrs;
	uint32_t padding;
	struct kvm_msr_entry entry;
};

_Static_assert(offsetof(struct one_msr, entry) == sizeof(struct kvm_msrs),
	       "the layout of struct kvm_msrs");

int kvm_get_msr(int vcpu_fd, uint32_t index, uint64_t *value)
{
	struct one_msr msr = { .nmsrs = 1, .entry = { .index = index } };
	int ret = kvm_get(vcpu_fd, KVM_GET_MSRS, &msr);

	if (ret < 0)
		return ret;
	*value = msr.entry.data;
	return ret == 1 ? 0 : -EINVAL;
}

int kvm_set_msr(int vcpu_fd, uint32_t index, uint64_t value)
{
	struct one_msr msr = {
		.nmsrs = 1,
		.entry = { .index = index, .data = value },
	};
	int ret = kvm_set(vcpu_fd, KVM_SET_MSRS, &msr);

	if (ret < 0)
		return ret;
	return ret == 1 ? 0 : -EINVAL;
}

static struct kvm_device_attr tsc_offset_at(uint64_t *offset)
{
	return (struct kvm_device_attr){
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};
}

int kvm_tsc_offset(int vcpu_fd, uint64_t *offset)
{
	struct kvm_device_attr attr = tsc_offset_at(offset);

	return kvm_get(vcpu_fd, KVM_GET_DEVICE_ATTR, &attr);
}

int kvm_move_tsc(int vcpu_fd, uint64_t delta)
{
	uint64_t offset = 0;
	struct kvm_device_attr attr = tsc_offset_at(&offset);
	int ret = kvm_tsc_offset(vcpu_fd, &offset);

	if (ret < 0)
		return ret;
	offset += delta;
	return kvm_set(vcpu_fd, KVM_SET_DEVICE_ATTR, &attr);
}

/*
 * SVR says software-disabled unless a vector is lent, so that KVM drops whatever one of its own
 * features might post; LVT LINT0 says unmasked ExtINT, which is what makes KVM_INTERRUPT inject.
 */
int kvm_park_set(int vcpu_fd, uint32_t vcpu_id, uint8_t tpr, uint8_t lent)
{
	struct kvm_lapic_state state;
	struct lapic_regs regs = {
		.id = { .reg = vcpu_id << 24 },
		.tpr = { .reg = tpr },
		.dfr = { .reg = LAPIC_DFR_FLAT },
		.svr = { .reg = LAPIC_SVR_VECTOR | (lent ? LAPIC_SVR_ENABLE : 0) },
		.lvt_cmci = { .reg = LAPIC_LVT_MASKED },
		.lvt_timer = { .reg = LAPIC_LVT_MASKED },
		.lvt_thermal = { .reg = LAPIC_LVT_MASKED },
		.lvt_pmc = { .reg = LAPIC_LVT_MASKED },
		.lvt_lint0 = { .reg = APIC_MODE_EXTINT << LAPIC_LVT_MODE_SHIFT },
		.lvt_lint1 = { .reg = LAPIC_LVT_MASKED },
		.lvt_error = { .reg = LAPIC_LVT_MASKED },
	};

	if (lent)
		regs.irr[lent / 32].reg = 1u << lent % 32;
	memcpy(state.regs, &regs, sizeof(regs));
	return kvm_set(vcpu_fd, KVM_SET_LAPIC, &state);
}

int kvm_park_waits(int vcpu_fd, uint8_t lent)
{
	struct kvm_lapic_state state;
	struct lapic_regs regs;
	int ret = kvm_get(vcpu_fd, KVM_GET_LAPIC, &state);

	if (ret < 0)
		return ret;
	memcpy(&regs, state.regs, sizeof(regs));
	return (regs.irr[lent / 32].reg >> lent % 32 & 1) != 0;
}

int kvm_park_lapic(int vcpu_fd, uint64_t page, uint32_t vcpu_id, bool bsp)
{
	struct kvm_sregs sregs;
	int ret = kvm_get(vcpu_fd, KVM_GET_SREGS, &sregs);

	if (ret < 0)
		return ret;
	sregs.apic_base = page | LAPIC_BASE_EN | (bsp ? LAPIC_BASE_BSP : 0);
	ret = kvm_set(vcpu_fd, KVM_SET_SREGS, &sregs);
	if (ret < 0)
		return ret;
	return kvm_park_set(vcpu_fd, vcpu_id, 0, 0);
}
