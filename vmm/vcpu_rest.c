/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bringing a vCPU to rest, so that what KVM shows of it is all there is. Linux documentation, "The
 * Definitive KVM API Documentation", "KVM_RUN", on immediate_exit and on exits whose instruction
 * the next KVM_RUN completes.
 */
#include "vmm/machine.h"
#include "vmm/vcpu.h"

/* For how long a guest may run on until it has taken the vector that was queued for it. */
#define REST_NS UINT64_C(20000000)

static void set_immediate_exit(struct vcpu *vcpu, uint8_t value)
{
	__atomic_store_n(&vcpu->run->immediate_exit, value, __ATOMIC_SEQ_CST);
}

/*
 * Exits that come while it is being finished are parts of the same instruction: they are answered.
 */
static bool finish_instruction(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < VCPU_EXITS_PER_INSTRUCTION; i++) {
		set_immediate_exit(vcpu, 1);
		if (vcpu_run_once(vcpu))
			return true;
	}
	return false;
}

/*
 * With a LAPIC in KVM, a vector that KVM_INTERRUPT queued and no entry has taken up is in a place
 * that no ioctl shows. Without one it can be seen at once.
 */
static bool vector_is_hidden(const struct vcpu *vcpu)
{
	return vcpu->injection_queued && vcpu->machine->shape != IRQCHIP_NONE;
}

static void show_vector(struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;

	if (vcpu_begin_entry(vcpu) || kvm_get(vcpu->fd, KVM_GET_VCPU_EVENTS, &events))
		return;
	if (events.interrupt.injected)
		vcpu->injection_queued = false;
}

/*
 * An NMI may go first, or KVM may have delivered it by now: when the guest can take another, it is
 * gone. immediate_exit is cleared before the look at the time: a timer that is lost by it is one
 * that the look sees, or a guest that never exits would keep the thread.
 */
static void run_until_taken(struct vcpu *vcpu)
{
	uint64_t limit = kick_clock_ns() + REST_NS;
	uint64_t now;

	for (;;) {
		set_immediate_exit(vcpu, 0);
		now = kick_clock_ns();
		if (!vcpu->injection_queued || now >= limit)
			return;
		kick_timer_passed(&vcpu->timer, now);
		kick_timer_arm(&vcpu->timer, limit);
		vcpu->run->request_interrupt_window = 1;
		vcpu_run_once(vcpu);
	}
}

bool vcpu_come_to_rest(struct vcpu *vcpu)
{
	/* What waits for CR8 in KVM waits in our IRR as well. */
	bool finished = finish_instruction(vcpu) && vcpu_cr8_take_back(vcpu) == 0;

	if (finished && vector_is_hidden(vcpu))
		show_vector(vcpu);
	if (finished && vector_is_hidden(vcpu)) {
		run_until_taken(vcpu);
		finished = finish_instruction(vcpu);
	}
	return finished && !vector_is_hidden(vcpu);
}
