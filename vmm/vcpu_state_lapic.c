/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's local APIC to and from a saved state, in each of the three shapes. Linux documentation,
 * "The Definitive KVM API Documentation", "KVM_GET_LAPIC", "KVM_SET_LAPIC".
 */
#include <string.h>

#include "vmm/machine.h"
#include "vmm/msr_index.h"
#include "vmm/vcpu_state.h"

static int lapic_fail(const struct vcpu *vcpu, enum lapic_state_error why,
		      struct state_error *error)
{
	return state_fail(error, "the local APIC of CPU %u: %s", vcpu->index,
			  lapic_state_strerror(why));
}

static int take_kvm_lapic(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error)
{
	struct lapic_kvm_context context = {
		.base = state->sregs.apic_base,
		.id = vcpu_apic_id(vcpu),
		.bus_cycle_ns = VCPU_APIC_BUS_CYCLE_NS,
		.ids_32bit = true,
	};
	enum lapic_state_error why;
	struct kvm_lapic_state page;
	struct kvm_mp_state mp;
	int ret = kvm_get(vcpu->fd, KVM_GET_MP_STATE, &mp);

	if (ret == 0)
		ret = kvm_get(vcpu->fd, KVM_GET_LAPIC, &page);
	if (ret)
		return vcpu_state_fail(vcpu, "KVM_GET_LAPIC", ret, error);
	/* A CPU without them has neither. */
	if (kvm_get_msr(vcpu->fd, MSR_IA32_TSC_DEADLINE, &context.tsc_deadline))
		context.tsc_deadline = 0;
	if (kvm_get_msr(vcpu->fd, MSR_KVM_PV_EOI_EN, &state->pv_eoi))
		state->pv_eoi = 0;
	context.wait_for_sipi = mp.mp_state == KVM_MP_STATE_UNINITIALIZED ||
				mp.mp_state == KVM_MP_STATE_INIT_RECEIVED;
	why = lapic_state_from_kvm(&state->lapic, (const uint8_t *)page.regs, &context);
	return why ? lapic_fail(vcpu, why, error) : 0;
}

int vcpu_state_take_lapic(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error)
{
	if (vcpu->machine->shape == IRQCHIP_KERNEL)
		return take_kvm_lapic(vcpu, state, error);
	lapic_state_save(&vcpu->lapic, vcpu->machine->timers.frozen, &state->lapic);
	state->sregs.apic_base = vcpu->lapic.base;
	state->pv_eoi = vcpu->pv_eoi.msr;
	return 0;
}

/* Into the model, which clamps what it is given (R64, R65). */
static int apply_model(struct vcpu *vcpu, struct lapic *lapic, const struct saved_vcpu *state,
		       struct state_error *error)
{
	const struct lapic_config config = vcpu_lapic_config(vcpu);
	enum lapic_state_error why;

	lapic_power_up(lapic, &config);
	why = lapic_state_restore(lapic, &state->lapic, state->tsc, vcpu->machine->timers.frozen);
	return why ? lapic_fail(vcpu, why, error) : 0;
}

static int apply_kvm_lapic(struct vcpu *vcpu, const struct saved_vcpu *state,
			   struct state_error *error)
{
	enum lapic_state_error why;
	struct lapic_state clamped;
	struct kvm_lapic_state page;
	struct lapic lapic;
	int ret;

	if (apply_model(vcpu, &lapic, state, error))
		return -1;
	lapic_state_save(&lapic, kick_clock_ns(), &clamped);
	why = lapic_state_to_kvm(&clamped, true, (uint8_t *)page.regs);
	if (why)
		return lapic_fail(vcpu, why, error);
	ret = kvm_set(vcpu->fd, KVM_SET_LAPIC, &page);
	if (ret)
		return vcpu_state_fail(vcpu, "KVM_SET_LAPIC", ret, error);
	if (clamped.tsc_deadline)
		ret = kvm_set_msr(vcpu->fd, MSR_IA32_TSC_DEADLINE, clamped.tsc_deadline);
	if (ret)
		return vcpu_state_fail(vcpu, "setting IA32_TSC_DEADLINE", ret, error);
	if (state->pv_eoi)
		ret = kvm_set_msr(vcpu->fd, MSR_KVM_PV_EOI_EN, state->pv_eoi);
	return ret ? vcpu_state_fail(vcpu, "setting MSR_KVM_PV_EOI_EN", ret, error) : 0;
}

int vcpu_state_apply_lapic(struct vcpu *vcpu, const struct saved_vcpu *state,
			   struct state_error *error)
{
	struct machine *m = vcpu->machine;

	if (m->shape == IRQCHIP_KERNEL)
		return apply_kvm_lapic(vcpu, state, error);
	if (apply_model(vcpu, &vcpu->lapic, state, error))
		return -1;
	lapic_publish(&m->irqchip.directory, vcpu->index, &vcpu->lapic);
	if (pv_eoi_write(&vcpu->pv_eoi, &m->memory, state->pv_eoi))
		return state_fail(error,
				  "CPU %u: its paravirtual EOI is at 0x%llx, which is no RAM",
				  vcpu->index, (unsigned long long)state->pv_eoi);
	return 0;
}
