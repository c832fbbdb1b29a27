/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CR8: the upper half of TPR as instructions see it, and vectors that wait for it to fall. SDM vol. 3,
 * "Interaction of Task Priorities between CR8 and APIC".
 */
#include "vmm/machine.h"
#include "vmm/vcpu.h"

#define TPR_POLL_MIN_NS UINT64_C(50000)
#define TPR_POLL_MAX_NS UINT64_C(1000000)

void vcpu_cr8_after_run(struct vcpu *vcpu)
{
	if (vcpu->machine->shape == IRQCHIP_KERNEL || vcpu->run->cr8 == vcpu->cr8)
		return;
	vcpu->cr8 = (uint32_t)vcpu->run->cr8;
	lapic_cr8_write(&vcpu->lapic, vcpu->cr8);
}

/* The guest may have written TPR through its register: CR8 has to read the same. */
int vcpu_cr8_before_run(struct vcpu *vcpu)
{
	uint32_t cr8 = lapic_cr8(&vcpu->lapic);
	int ret = 0;

	if (vcpu->machine->shape == IRQCHIP_NONE)
		vcpu->run->cr8 = cr8;
	else if (cr8 != vcpu->cr8)
		ret = kvm_park_tpr(vcpu->fd, vcpu_apic_id(vcpu), (uint8_t)(cr8 << 4));
	vcpu->cr8 = cr8;
	return ret;
}

/*
 * KVM reports a lowered CR8 in no shape on all hosts: with a LAPIC in KVM never, without one only
 * where MOV CR8 is not emulated (R165). As long as a vector waits for nothing else, CR8 is
 * looked at again after a while, at growing intervals. Guests that leave CR8 alone never get here.
 */
uint64_t vcpu_cr8_poll_deadline(struct vcpu *vcpu, uint64_t now)
{
	if (lapic_held_by_tpr(&vcpu->lapic) == LAPIC_NO_VECTOR) {
		vcpu->tpr_poll_ns = 0;
		return LAPIC_NEVER;
	}
	vcpu->stats.tpr_polls++;
	vcpu->tpr_poll_ns = vcpu->tpr_poll_ns ? vcpu->tpr_poll_ns * 2 : TPR_POLL_MIN_NS;
	if (vcpu->tpr_poll_ns > TPR_POLL_MAX_NS)
		vcpu->tpr_poll_ns = TPR_POLL_MAX_NS;
	return now + vcpu->tpr_poll_ns;
}
