/* SPDX-License-Identifier: BSD-2-Clause */
/* The VM of a machine: is this KVM able to, which shape of irqchip it gets, and what is offered. */
#include <string.h>

#include "ioapic/ioapic.h"
#include "vmm/machine.h"
#include "vmm/machine_parts.h"

/* xAPIC ids are 8 bits and 255 is the broadcast: with higher ids, CPUs start in x2APIC mode. */
#define XAPIC_MAX_ID 254

/* Its times are in ticks of the guest's TSC, whose frequency has to be known. */
static bool can_trap_tsc_deadline(const struct machine *m)
{
	return m->probe.passed[PROBE_TSC_DEADLINE_MSR] && m->probe.tsc_khz;
}

static int choose_shape(struct machine *m)
{
	const struct options *o = m->options;
	int ret;

	if (o->lapic == LAPIC_CHOICE_KERNEL) {
		m->shape = IRQCHIP_KERNEL;
		return 0;
	}
	ret = kvm_probe(m->kvm_fd, &m->probe);
	if (ret)
		return machine_failed(m, "probing KVM with a scratch VM", ret, EXIT_CODE_NO_KVM);
	m->shape = IRQCHIP_PARKED;
	if (o->irqchip == IRQCHIP_CHOICE_NONE ||
	    (o->irqchip == IRQCHIP_CHOICE_AUTO && !m->probe.parked_is_sound))
		m->shape = IRQCHIP_NONE;
	if (o->irqchip == IRQCHIP_CHOICE_SPLIT && !m->probe.parked_is_sound)
		log_line(m->log, LOG_WARN,
			 "the probe finds --irqchip split unsound on this host; see --check");
	if (o->tsc_deadline == TRISTATE_ON && !can_trap_tsc_deadline(m)) {
		log_line(m->log, LOG_ERROR,
			 "%s: this host's KVM does not let IA32_TSC_DEADLINE be trapped; use "
			 "--lapic kernel%s",
			 o->restore_path ? "the state was saved with TSC-deadline"
					 : "--tsc-deadline on",
			 o->restore_path ? "" : " or --tsc-deadline auto");
		return EXIT_CODE_NO_KVM;
	}
	return 0;
}

static void choose_features(struct machine *m)
{
	const struct options *o = m->options;

	m->x2apic = o->x2apic != TRISTATE_OFF;
	m->start_in_x2apic = o->x2apic == TRISTATE_ON ||
			     (m->x2apic && o->apic_id_offset + o->cpus - 1 > XAPIC_MAX_ID);
	m->tsc_deadline = o->tsc_deadline != TRISTATE_OFF &&
			  (m->shape == IRQCHIP_KERNEL || can_trap_tsc_deadline(m));
}

/* Capabilities that no shape can do without, by the name under which KVM's manual has them. */
static int check_capabilities(struct machine *m)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} needed[] = {
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS" },
		{ KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP" },
		{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR" },
		{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER" },
	};
	int max;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (kvm_check_extension(m->kvm_fd, needed[i].cap) > 0)
			continue;
		log_line(m->log, LOG_ERROR, "this KVM lacks %s; Linux 5.10 or newer has it",
			 needed[i].name);
		return EXIT_CODE_NO_KVM;
	}
	max = kvm_check_extension(m->kvm_fd, KVM_CAP_MAX_VCPUS);
	if (max > 0 && m->nr_vcpus > (uint32_t)max) {
		log_line(m->log, LOG_ERROR, "--cpus %u: this KVM allows %d", m->nr_vcpus, max);
		return EXIT_CODE_USAGE;
	}
	max = kvm_check_extension(m->kvm_fd, KVM_CAP_MAX_VCPU_ID);
	if (max > 0 && m->options->apic_id_offset + m->nr_vcpus > (uint32_t)max) {
		log_line(m->log, LOG_ERROR, "--apic-id-offset %u: this KVM's ids end at %d",
			 m->options->apic_id_offset, max - 1);
		return EXIT_CODE_USAGE;
	}
	return 0;
}

static int enable_irqchip(struct machine *m)
{
	uint64_t pins = m->shape == IRQCHIP_KERNEL ? IOAPIC_PINS : 0;
	int ret = 0;

	if (m->shape != IRQCHIP_NONE)
		ret = kvm_enable_cap(m->vm_fd, KVM_CAP_SPLIT_IRQCHIP, pins);
	if (ret == 0 && m->shape == IRQCHIP_KERNEL)
		ret = kvm_enable_cap(m->vm_fd, KVM_CAP_X2APIC_API,
				     KVM_X2APIC_API_USE_32BIT_IDS |
					     KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
	if (ret == 0 && m->shape != IRQCHIP_NONE && m->options->apic_id_offset)
		ret = kvm_ioctl_value(m->vm_fd, KVM_SET_BOOT_CPU_ID, m->options->apic_id_offset);
	return ret;
}

/* A jump of the TSC is an armed deadline's affair, and of nobody else here (R120, D39). */
static int trap_msrs(const struct machine *m)
{
	const struct kvm_msr_traps traps = {
		.tsc_deadline = m->tsc_deadline,
		.tsc_writes = m->tsc_deadline && m->probe.passed[PROBE_TSC_WRITE],
	};

	return kvm_trap_msrs(m->vm_fd, &traps);
}

int machine_create_vm(struct machine *m)
{
	int ret;

	m->kvm_fd = kvm_open(m->log);
	if (m->kvm_fd < 0)
		return EXIT_CODE_NO_KVM;
	ret = check_capabilities(m);
	if (ret)
		return ret;
	ret = choose_shape(m);
	if (ret)
		return ret;
	choose_features(m);
	m->vm_fd = kvm_ioctl_value(m->kvm_fd, KVM_CREATE_VM, 0);
	if (m->vm_fd < 0)
		return machine_failed(m, "KVM_CREATE_VM", m->vm_fd, EXIT_CODE_NO_KVM);
	ret = enable_irqchip(m);
	if (ret)
		return machine_failed(m, "setting up the split irqchip", ret, EXIT_CODE_NO_KVM);
	ret = cpuid_hide_pmu(m->vm_fd);
	if (ret)
		return machine_failed(m, "KVM_CAP_PMU_CAPABILITY", ret, EXIT_CODE_NO_KVM);
	if (m->shape == IRQCHIP_KERNEL)
		return 0;
	ret = trap_msrs(m);
	return ret ? machine_failed(m, "KVM_X86_SET_MSR_FILTER", ret, EXIT_CODE_NO_KVM) : 0;
}
