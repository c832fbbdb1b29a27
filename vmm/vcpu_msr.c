/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSR exits: the x2APIC's registers, IA32_APIC_BASE, IA32_TSC_DEADLINE, writes of the TSC,
 * paravirtual EOI. Every other MSR that comes here is one that KVM would have answered with #GP,
 * and gets just that.
 */
#include <string.h>

#include "vmm/machine.h"
#include "vmm/msr_index.h"
#include "vmm/vcpu.h"

static void answer(struct vcpu *vcpu, enum lapic_result result)
{
	vcpu->run->msr.error = result == LAPIC_ILLEGAL;
	vcpu->gp_pending = result == LAPIC_ILLEGAL;
}

static bool is_x2apic_msr(uint32_t index)
{
	return index >= LAPIC_X2APIC_MSR_FIRST && index <= LAPIC_X2APIC_MSR_LAST;
}

static void x2apic_write(struct vcpu *vcpu)
{
	struct lapic_effect effect = { .kind = LAPIC_EFFECT_NONE };
	struct kvm_run *run = vcpu->run;
	uint32_t slot = run->msr.index - LAPIC_X2APIC_MSR_FIRST;

	vcpu->stats.exits[VCPU_EXIT_LAPIC_MSR]++;
	if (slot < LAPIC_SLOTS)
		vcpu->stats.reg_writes[slot]++;
	vcpu_drain(vcpu);
	answer(vcpu, lapic_msr_write(&vcpu->lapic, run->msr.index, run->msr.data, kick_clock_ns(),
				     &effect));
	vcpu_apic_effect(vcpu, &effect);
}

static void x2apic_read(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint32_t slot = run->msr.index - LAPIC_X2APIC_MSR_FIRST;
	uint64_t value = 0;

	vcpu->stats.exits[VCPU_EXIT_LAPIC_MSR]++;
	if (slot < LAPIC_SLOTS)
		vcpu->stats.reg_reads[slot]++;
	vcpu_drain(vcpu);
	answer(vcpu, lapic_msr_read(&vcpu->lapic, run->msr.index, kick_clock_ns(), &value));
	run->msr.data = value;
}

/*
 * KVM derives CPUID.01H:EDX.APIC from its copy of the base (R9). A parked LAPIC stays on its page;
 * it injects as an ExtINT what KVM_INTERRUPT queues whether it is enabled or not.
 */
static int base_to_kvm(struct vcpu *vcpu, uint64_t value)
{
	struct kvm_sregs sregs;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs);

	if (ret)
		return ret;
	if (vcpu->machine->shape == IRQCHIP_PARKED) {
		if (((sregs.apic_base ^ value) & LAPIC_BASE_EN) == 0)
			return 0;
		value = sregs.apic_base ^ LAPIC_BASE_EN;
	}
	sregs.apic_base = value;
	return kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
}

static enum lapic_result apic_base_write(struct vcpu *vcpu, uint64_t value)
{
	enum lapic_result result;
	int ret;

	vcpu_drain(vcpu);
	result = lapic_base_write(&vcpu->lapic, value);
	if (result == LAPIC_ILLEGAL)
		return result;
	lapic_publish(&vcpu->machine->irqchip.directory, vcpu->index, &vcpu->lapic);
	ret = base_to_kvm(vcpu, value);
	if (ret && log_guest_mistake(&vcpu->machine->guest_mistakes))
		log_line(vcpu->machine->log, LOG_WARN,
			 "vCPU %u: KVM does not take IA32_APIC_BASE 0x%llx over: %s", vcpu->index,
			 (unsigned long long)value, strerror(-ret));
	return result;
}

static enum lapic_result tsc_deadline_write(struct vcpu *vcpu, uint64_t value)
{
	uint64_t guest_tsc;

	if (!vcpu->machine->tsc_deadline)
		return LAPIC_ILLEGAL;
	vcpu_drain(vcpu);
	if (kvm_get_msr(vcpu->fd, MSR_IA32_TSC, &guest_tsc))
		return LAPIC_ILLEGAL;
	return lapic_tsc_deadline_write(&vcpu->lapic, value, guest_tsc, kick_clock_ns());
}

/*
 * What is added to IA32_TSC or IA32_TSC_ADJUST is added to the other too: SDM vol. 3,
 * "IA32_TSC_ADJUST Register Support". A host's write of the second, as here, moves nothing in KVM,
 * and is not even kept where CPUID.07H:EBX.TSC_ADJUST is 0. A deadline that passed before the jump
 * has fired, and one that the jump passes fires now (R120).
 */
static enum lapic_result tsc_write(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	uint64_t adjust;
	uint64_t delta;
	uint64_t kept;
	uint64_t tsc;
	uint64_t now;

	vcpu_drain(vcpu);
	if (kvm_get_msr(vcpu->fd, MSR_IA32_TSC_ADJUST, &adjust) ||
	    kvm_get_msr(vcpu->fd, MSR_IA32_TSC, &tsc))
		return LAPIC_ILLEGAL;
	now = kick_clock_ns();
	delta = value - (index == MSR_IA32_TSC ? tsc : adjust);
	if (kvm_set_msr(vcpu->fd, MSR_IA32_TSC_ADJUST, adjust + delta) ||
	    kvm_get_msr(vcpu->fd, MSR_IA32_TSC_ADJUST, &kept))
		return LAPIC_ILLEGAL;
	if (index == MSR_IA32_TSC_ADJUST && kept != value)
		return LAPIC_ILLEGAL;
	if (kvm_move_tsc(vcpu->fd, delta))
		return LAPIC_ILLEGAL;
	lapic_expire(&vcpu->lapic, now);
	lapic_tsc_adjusted(&vcpu->lapic, tsc + delta, now);
	return LAPIC_OK;
}

/* The MSRs that exit because the filter names them. */
static enum lapic_result filtered_write(struct vcpu *vcpu, uint32_t index, uint64_t value)
{
	switch (index) {
	case MSR_IA32_APIC_BASE:
		return apic_base_write(vcpu, value);
	case MSR_KVM_PV_EOI_EN:
		return pv_eoi_write(&vcpu->pv_eoi, &vcpu->machine->memory, value);
	case MSR_IA32_TSC_DEADLINE:
		return tsc_deadline_write(vcpu, value);
	case MSR_IA32_TSC:
	case MSR_IA32_TSC_ADJUST:
		return tsc_write(vcpu, index, value);
	default:
		return LAPIC_ILLEGAL;
	}
}

void vcpu_handle_wrmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	if (vcpu->machine->shape != IRQCHIP_KERNEL && is_x2apic_msr(run->msr.index)) {
		x2apic_write(vcpu);
		return;
	}
	vcpu->stats.exits[VCPU_EXIT_MSR]++;
	if (run->msr.reason == KVM_MSR_EXIT_REASON_FILTER)
		answer(vcpu, filtered_write(vcpu, run->msr.index, run->msr.data));
	else
		answer(vcpu, LAPIC_ILLEGAL);
}

void vcpu_handle_rdmsr(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t value = 0;

	if (vcpu->machine->shape != IRQCHIP_KERNEL && is_x2apic_msr(run->msr.index)) {
		x2apic_read(vcpu);
		return;
	}
	vcpu->stats.exits[VCPU_EXIT_MSR]++;
	if (run->msr.reason == KVM_MSR_EXIT_REASON_FILTER && run->msr.index == MSR_IA32_APIC_BASE) {
		value = vcpu->lapic.base;
		answer(vcpu, LAPIC_OK);
	} else if (run->msr.reason == KVM_MSR_EXIT_REASON_FILTER &&
		   run->msr.index == MSR_KVM_PV_EOI_EN) {
		value = vcpu->pv_eoi.msr;
		answer(vcpu, LAPIC_OK);
	} else if (run->msr.reason == KVM_MSR_EXIT_REASON_FILTER &&
		   run->msr.index == MSR_IA32_TSC_DEADLINE) {
		answer(vcpu, lapic_tsc_deadline_read(&vcpu->lapic, &value));
	} else {
		answer(vcpu, LAPIC_ILLEGAL);
	}
	run->msr.data = value;
}
