/* SPDX-License-Identifier: BSD-2-Clause */
/* How the machine ended: who decides, what the process answers, and the line that says it. */
#include <string.h>
#include <unistd.h>

#include "vmm/machine.h"

static const char *const end_names[] = {
	[MACHINE_RUNNING] = "running",
	[MACHINE_POWER_OFF] = "power-off",
	[MACHINE_RESET] = "reset",
	[MACHINE_DEBUG_EXIT] = "debug-exit",
	[MACHINE_TRIPLE_FAULT] = "triple-fault",
	[MACHINE_KVM_ERROR] = "kvm-error",
	[MACHINE_INTERNAL_ERROR] = "internal-error",
	[MACHINE_TIMEOUT] = "timeout",
	[MACHINE_SIGNAL] = "signal",
	[MACHINE_QUIT] = "quit",
	[MACHINE_SAVE] = "saved",
};

/* True: it has become the end. */
static bool decide(struct machine *machine, const struct machine_verdict *verdict)
{
	bool decided;
	uint32_t end;

	pthread_mutex_lock(&machine->end_lock);
	end = atomic_load(&machine->end);
	decided = end == MACHINE_RUNNING || (end == MACHINE_SAVE && verdict->end != MACHINE_SAVE);
	if (decided) {
		machine->verdict = *verdict;
		atomic_store(&machine->end, verdict->end);
	}
	pthread_mutex_unlock(&machine->end_lock);
	return decided;
}

void machine_request_end(struct machine *machine, enum machine_end end, const struct vcpu *vcpu,
			 uint32_t value)
{
	struct machine_verdict verdict = {
		.end = end,
		.vcpu = vcpu ? (int)vcpu->index : -1,
		.value = value,
	};
	const uint64_t one = 1;
	struct kvm_regs regs;

	/* Registers can be read by the vCPU's own thread only, while it is outside of KVM_RUN. */
	if (vcpu && kvm_get(vcpu->fd, KVM_GET_REGS, &regs) == 0)
		verdict.rip = regs.rip;
	if (!decide(machine, &verdict))
		return;
	/* The counter cannot overflow by one write, so this cannot fail. */
	if (write(machine->end_fd, &one, sizeof(one)) < 0)
		log_line(machine->log, LOG_ERROR, "eventfd refused to be written");
}

int machine_exit_code(const struct machine_verdict *verdict)
{
	switch (verdict->end) {
	case MACHINE_POWER_OFF:
	case MACHINE_QUIT:
		return EXIT_CODE_POWER_OFF;
	case MACHINE_RESET:
		return EXIT_CODE_RESET;
	case MACHINE_DEBUG_EXIT:
		return (int)((verdict->value << 1) | 1) & 0xff;
	case MACHINE_TRIPLE_FAULT:
		return EXIT_CODE_TRIPLE_FAULT;
	case MACHINE_KVM_ERROR:
		return EXIT_CODE_KVM_ERROR;
	case MACHINE_SAVE:
		return EXIT_CODE_SAVED;
	case MACHINE_TIMEOUT:
		return EXIT_CODE_TIMEOUT;
	case MACHINE_SIGNAL:
		return 128 + (int)verdict->value;
	case MACHINE_RUNNING:
	case MACHINE_INTERNAL_ERROR:
	default:
		return EXIT_CODE_INTERNAL;
	}
}

void machine_log_verdict(const struct machine *machine)
{
	const struct machine_verdict *v = &machine->verdict;

	log_plain(machine->log, "exit reason=%s vcpu=%d rip=0x%llx code=%d", end_names[v->end],
		  v->vcpu, (unsigned long long)v->rip, machine_exit_code(v));
}
