/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR8: the upper half of TPR as instructions see it, and vectors that wait for it to fall.
 * SDM vol. 3, "Interaction of Task Priorities between CR8 and APIC"; R61, R63, R165.
 *
 * A guest lowers CR8 without an exit: with a LAPIC in KVM always, without one where MOV CR8 is
 * emulated. So a vector that nothing but TPR holds back is lent to the parked LAPIC: it waits in
 * that one's IRR, and KVM delivers it at the instruction that lowers CR8 far enough. It stays in
 * our IRR meanwhile; after each KVM_RUN we look whether it is gone from KVM's, and if so move it
 * from IRR to ISR here as well, before anything else can look at our registers.
 *
 * KVM's LAPIC knows nothing of our ISR and of our other requests, and need not: what is lent is the
 * highest request, above everything in service, at a time when nothing else can be injected. Before
 * each KVM_RUN it is looked at again, and taken back when that is no more so; what other threads
 * post meanwhile kicks the vCPU out, as ever.
 *
 * Where the probe saw this fail, and without a LAPIC in KVM, CR8 is looked at again after a while
 * as long as a vector waits for it, at growing intervals. Guests that leave CR8 alone meet none of
 * this.
 */
#include "vmm/machine.h"
#include "vmm/vcpu.h"

#define POLL_MIN_NS UINT64_C(50000)
#define POLL_MAX_NS UINT64_C(1000000)

static bool can_lend(const struct vcpu *vcpu)
{
	return vcpu->machine->shape == IRQCHIP_PARKED && vcpu->machine->probe.passed[PROBE_CR8];
}

/* lent: a vector, or 0. */
static int set_parked(struct vcpu *vcpu, uint32_t cr8, uint8_t lent)
{
	int ret;

	if (cr8 == vcpu->cr8 && lent == vcpu->lent)
		return 0;
	ret = kvm_park_set(vcpu->fd, vcpu_apic_id(vcpu), (uint8_t)(cr8 << 4), lent);
	if (ret == 0 && lent && lent != vcpu->lent)
		vcpu->stats.lent++;
	if (ret == 0)
		vcpu->lent = lent;
	return ret;
}

int vcpu_cr8_take_back(struct vcpu *vcpu)
{
	return vcpu->lent ? set_parked(vcpu, vcpu->cr8, 0) : 0;
}

/*
 * The INTA cycle that KVM has had with its own LAPIC, in ours; and the vector leaves KVM's ISR
 * (R60).
 */
static void follow_lent(struct vcpu *vcpu)
{
	int ret = kvm_park_waits(vcpu->fd, vcpu->lent);

	if (ret == 0) {
		lapic_ack(&vcpu->lapic, vcpu->lent);
		vcpu->stats.lent_taken++;
		ret = vcpu_cr8_take_back(vcpu);
	}
	if (ret < 0)
		vcpu_kvm_failed(vcpu, "KVM_GET_LAPIC or KVM_SET_LAPIC", ret);
}

void vcpu_cr8_after_run(struct vcpu *vcpu)
{
	if (vcpu->machine->shape == IRQCHIP_KERNEL)
		return;
	if (vcpu->run->cr8 != vcpu->cr8) {
		vcpu->cr8 = (uint32_t)vcpu->run->cr8;
		lapic_cr8_write(&vcpu->lapic, vcpu->cr8);
	}
	if (vcpu->lent)
		follow_lent(vcpu);
}

int vcpu_cr8_before_run(struct vcpu *vcpu)
{
	/* The guest may have written TPR through its register: CR8 has to read the same. */
	uint32_t cr8 = lapic_cr8(&vcpu->lapic);
	int held = LAPIC_NO_VECTOR;
	int ret = 0;

	if (can_lend(vcpu))
		held = lapic_held_by_tpr(&vcpu->lapic);
	if (vcpu->machine->shape == IRQCHIP_NONE)
		vcpu->run->cr8 = cr8;
	else
		ret = set_parked(vcpu, cr8, held == LAPIC_NO_VECTOR ? 0 : (uint8_t)held);
	vcpu->cr8 = cr8;
	return ret;
}

uint64_t vcpu_cr8_poll_deadline(struct vcpu *vcpu, uint64_t now)
{
	if (can_lend(vcpu) || lapic_held_by_tpr(&vcpu->lapic) == LAPIC_NO_VECTOR) {
		vcpu->tpr_poll_ns = 0;
		return LAPIC_NEVER;
	}
	vcpu->stats.tpr_polls++;
	vcpu->tpr_poll_ns = vcpu->tpr_poll_ns ? vcpu->tpr_poll_ns * 2 : POLL_MIN_NS;
	if (vcpu->tpr_poll_ns > POLL_MAX_NS)
		vcpu->tpr_poll_ns = POLL_MAX_NS;
	return now + vcpu->tpr_poll_ns;
}
