/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts into the guest: timers that are due, the highest vector, the 8259, CR8.
 *
 * KVM_INTERRUPT comes last before KVM_RUN, after everything that could still change the choice, and
 * only when KVM says that the guest can take an interrupt now; else KVM is asked to exit when it
 * can. IRR -> ISR happens when the ioctl has succeeded: from then on delivery is KVM's matter
 * (R60).
 */
#include <errno.h>

#include "vmm/machine.h"
#include "vmm/vcpu.h"

/*
 * Fire what is due and arm the kick for what comes next. A TSC deadline goes by this clock too,
 * once armed. The guest's TSC is no judge of it: where the host's is unstable, KVM winds the TSC of
 * a CPU that sleeps back to its last time in the guest, and the deadline would never come.
 */
static void run_timers(struct vcpu *vcpu)
{
	uint64_t deadline = lapic_deadline(&vcpu->lapic);
	uint64_t poll;
	uint64_t now;

	if (deadline == LAPIC_NEVER && vcpu->timer.armed == LAPIC_NEVER &&
	    lapic_held_by_tpr(&vcpu->lapic) == LAPIC_NO_VECTOR)
		return;
	now = kick_clock_ns();
	kick_timer_passed(&vcpu->timer, now);
	if (deadline <= now) {
		lapic_expire(&vcpu->lapic, now);
		deadline = lapic_deadline(&vcpu->lapic);
	}
	poll = vcpu_cr8_poll_deadline(vcpu, now);
	/* A CPU that sleeps outside of KVM has the deadline as its futex time-out. */
	if (!vcpu->halted)
		kick_timer_arm(&vcpu->timer, poll < deadline ? poll : deadline);
}

/* An ExtINT message stands for as long as the 8259's output is high: there is no second edge. */
static bool wants_extint(struct vcpu *vcpu)
{
	if (!irqchip_intr(&vcpu->machine->irqchip)) {
		vcpu->extint_message = false;
		return false;
	}
	return vcpu->extint_message || lapic_accepts_extint(&vcpu->lapic);
}

/* The 8259 is acknowledged at the moment of injection and not before (R140). */
static void inject_extint(struct vcpu *vcpu)
{
	uint8_t vector;
	int ret;

	if (!irqchip_ack_pic(&vcpu->machine->irqchip, &vector))
		return;
	ret = kvm_interrupt(vcpu->fd, vector);
	if (ret) {
		vcpu_kvm_failed(vcpu, "KVM_INTERRUPT", ret);
		return;
	}
	vcpu->injection_queued = true;
	vcpu->stats.injected_extint++;
}

static void inject_vector(struct vcpu *vcpu, uint8_t vector)
{
	int ret = kvm_interrupt(vcpu->fd, vector);

	/* The slot is taken: the vector stays in IRR, and the window tells when to try again. */
	if (ret == -EEXIST)
		return;
	if (ret) {
		vcpu_kvm_failed(vcpu, "KVM_INTERRUPT", ret);
		return;
	}
	lapic_ack(&vcpu->lapic, vector);
	vcpu->injection_queued = true;
	vcpu->stats.injected++;
}

/* With KVM's LAPICs only the 8259 is ours, and it is wired to the first CPU. */
static bool something_to_inject(struct vcpu *vcpu)
{
	if (vcpu->machine->shape == IRQCHIP_KERNEL)
		return vcpu->index == 0 && irqchip_intr(&vcpu->machine->irqchip);
	return lapic_pending(&vcpu->lapic) != LAPIC_NO_VECTOR || wants_extint(vcpu);
}

static void inject_one(struct vcpu *vcpu)
{
	if (vcpu->machine->shape == IRQCHIP_KERNEL || wants_extint(vcpu))
		inject_extint(vcpu);
	else
		inject_vector(vcpu, (uint8_t)lapic_pending(&vcpu->lapic));
}

/*
 * Without an irqchip in KVM an interrupt counts as delivered at once, also before a #GP that an MSR
 * exit is about to raise: IF may be 0 by the time it is delivered. So that goes first. So does an
 * NMI, although KVM would deliver a vector that it has been given before one that it has yet to
 * inject (SDM, "Prioritization of Concurrent Events").
 */
static bool can_inject(struct vcpu *vcpu)
{
	return vcpu->run->ready_for_interrupt_injection && !vcpu->gp_pending &&
	       !vcpu_nmi_pending(vcpu);
}

static void inject_or_ask(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->request_interrupt_window = 0;
	if (!something_to_inject(vcpu))
		return;
	/*
	 * The same goes for a POPF from MMIO, say. KVM_RUN finishes the instruction, and nothing
	 * more: then KVM's word on readiness is about what comes after it. To ask for a window
	 * instead would starve a guest that polls a port on a host that looks for windows only now
	 * and then.
	 */
	if (vcpu->machine->shape == IRQCHIP_NONE && vcpu->unfinished_exit) {
		__atomic_store_n(&run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		return;
	}
	if (can_inject(vcpu))
		inject_one(vcpu);
	if (something_to_inject(vcpu)) {
		run->request_interrupt_window = 1;
		vcpu->stats.windows++;
	}
}

bool vcpu_inject(struct vcpu *vcpu)
{
	int ret;

	if (vcpu->machine->shape == IRQCHIP_KERNEL) {
		inject_or_ask(vcpu);
		return true;
	}
	if (vcpu->lapic.wait_for_sipi)
		return false;
	run_timers(vcpu);
	/* HLT ends for what IF lets through, and for an NMI, which has ended it by now (R141). */
	if (vcpu->halted && !(vcpu->run->if_flag && something_to_inject(vcpu)))
		return false;
	if (vcpu->halted) {
		vcpu->halted = false;
		kick_timer_arm(&vcpu->timer, lapic_deadline(&vcpu->lapic));
	}
	ret = vcpu_cr8_before_run(vcpu);
	if (ret) {
		vcpu_kvm_failed(vcpu, "KVM_SET_LAPIC", ret);
		return false;
	}
	inject_or_ask(vcpu);
	pv_eoi_before_run(&vcpu->pv_eoi, &vcpu->lapic);
	lapic_publish(&vcpu->machine->irqchip.directory, vcpu->index, &vcpu->lapic);
	return true;
}
