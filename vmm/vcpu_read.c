/* SPDX-License-Identifier: BSD-2-Clause */
/* Remote read: the way of a question to another CPU's local APIC, and of its answer (D59). */
#include "vmm/machine.h"
#include "vmm/vcpu.h"

void vcpu_send_read(struct vcpu *vcpu, const struct apic_msg *msg)
{
	const struct lapic_directory *directory = &vcpu->machine->irqchip.directory;
	uint16_t targets[LAPIC_MAX_CPUS];
	struct vcpu *target;
	bool kick;

	if (lapic_route(directory, (int)vcpu->index, msg, targets) != 1) {
		lapic_read_failed(&vcpu->lapic);
		return;
	}
	target = &vcpu->machine->vcpus[targets[0]];
	if (!lapic_post_read(&target->inbox, vcpu->index, msg, &kick))
		lapic_read_failed(&vcpu->lapic);
	else if (kick && target != vcpu)
		vcpu_kick(target, vcpu);
}

/* At once, whatever the CPU is doing: its APIC answers, not the CPU. */
void vcpu_answer_read(struct vcpu *vcpu)
{
	struct vcpu *sender;
	uint64_t answer;
	uint32_t from;

	if (!lapic_answer_read(&vcpu->lapic, &vcpu->inbox, kick_clock_ns(), &from, &answer))
		return;
	sender = &vcpu->machine->vcpus[from];
	if (lapic_post_answer(&sender->inbox, answer) && sender != vcpu)
		vcpu_kick(sender, vcpu);
}
