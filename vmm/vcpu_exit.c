/* SPDX-License-Identifier: BSD-2-Clause */
/* What KVM_RUN returned for: one small handler per reason, the local APIC's first. */
#include <errno.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/vcpu.h"

void vcpu_apic_effect(struct vcpu *vcpu, const struct lapic_effect *effect)
{
	struct irqchip *chip = &vcpu->machine->irqchip;

	lapic_publish(&chip->directory, vcpu->index, &vcpu->lapic);
	switch (effect->kind) {
	case LAPIC_EFFECT_EOI:
		irqchip_eoi(chip, effect->eoi_vector);
		break;
	case LAPIC_EFFECT_MSG:
		vcpu->stats.ipis[effect->msg.mode & 7]++;
		if (effect->msg.mode == APIC_MODE_REMOTE_READ)
			vcpu_send_read(vcpu, &effect->msg);
		else
			irqchip_send(chip, vcpu, &effect->msg);
		break;
	case LAPIC_EFFECT_NONE:
	case LAPIC_EFFECT_TIMER: /* armed before the next KVM_RUN */
	default:
		break;
	}
}

/* Each vCPU reaches its own APIC, wherever it has moved the page (R21, R23). */
static bool is_own_apic(const struct vcpu *vcpu, uint64_t address)
{
	return vcpu->machine->shape != IRQCHIP_KERNEL && lapic_is_enabled(&vcpu->lapic) &&
	       !lapic_is_x2apic(&vcpu->lapic) &&
	       address - lapic_page(&vcpu->lapic) < LAPIC_PAGE_SIZE;
}

static void handle_lapic_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint32_t offset = (uint32_t)(run->mmio.phys_addr - lapic_page(&vcpu->lapic));
	uint32_t slot = offset / 16;
	struct lapic_effect effect = { .kind = LAPIC_EFFECT_NONE };

	vcpu_drain(vcpu);
	vcpu->stats.exits[VCPU_EXIT_LAPIC_MMIO]++;
	if (!run->mmio.is_write) {
		if (slot < LAPIC_SLOTS)
			vcpu->stats.reg_reads[slot]++;
		lapic_mmio_read(&vcpu->lapic, offset, run->mmio.len, kick_clock_ns(),
				run->mmio.data);
		return;
	}
	if (slot < LAPIC_SLOTS)
		vcpu->stats.reg_writes[slot]++;
	lapic_mmio_write(&vcpu->lapic, offset, run->mmio.len, run->mmio.data, kick_clock_ns(),
			 &effect);
	vcpu_apic_effect(vcpu, &effect);
}

static void handle_mmio(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint64_t value = 0;

	if (is_own_apic(vcpu, run->mmio.phys_addr)) {
		handle_lapic_mmio(vcpu);
		return;
	}
	vcpu->stats.exits[VCPU_EXIT_MMIO]++;
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, sizeof(value));
		bus_write(&vcpu->machine->mmio, run->mmio.phys_addr, run->mmio.len, value);
		return;
	}
	bus_read(&vcpu->machine->mmio, run->mmio.phys_addr, run->mmio.len, &value);
	memcpy(run->mmio.data, &value, sizeof(value));
}

static void handle_io(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	uint32_t size = run->io.size;
	uint64_t value;

	vcpu->stats.exits[VCPU_EXIT_IO]++;
	/* REP INS and OUTS bring several elements at once. */
	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		value = 0;
		if (run->io.direction == KVM_EXIT_IO_OUT) {
			memcpy(&value, data, size);
			bus_write(&vcpu->machine->ports, run->io.port, size, value);
		} else {
			bus_read(&vcpu->machine->ports, run->io.port, size, &value);
			memcpy(data, &value, size);
		}
	}
}

/*
 * KVM's LAPIC offers directed EOI whatever the I/O APIC is, and reports the EOI all the same: a
 * guest that has set SVR[12] would get a level interrupt again before it has served it (R74, R75).
 */
static void handle_ioapic_eoi(struct vcpu *vcpu)
{
	struct kvm_lapic_state state;
	struct lapic_regs regs = { .svr = { .reg = 0 } };

	vcpu->stats.exits[VCPU_EXIT_IOAPIC_EOI]++;
	if (kvm_get(vcpu->fd, KVM_GET_LAPIC, &state) == 0)
		memcpy(&regs, state.regs, sizeof(regs));
	if (!(regs.svr.reg & LAPIC_SVR_DIRECTED_EOI))
		irqchip_eoi(&vcpu->machine->irqchip, vcpu->run->eoi.vector);
}

static void handle_other(struct vcpu *vcpu)
{
	struct machine *m = vcpu->machine;
	struct kvm_run *run = vcpu->run;

	vcpu->stats.exits[VCPU_EXIT_OTHER]++;
	switch (run->exit_reason) {
	case KVM_EXIT_SHUTDOWN:
		machine_request_end(m, MACHINE_TRIPLE_FAULT, vcpu, 0);
		return;
	case KVM_EXIT_FAIL_ENTRY:
		log_line(m->log, LOG_ERROR,
			 "vCPU %u: the hardware refused to enter the guest "
			 "(reason 0x%llx)",
			 vcpu->index,
			 (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		log_line(m->log, LOG_ERROR, "vCPU %u: KVM internal error %u%s", vcpu->index,
			 run->internal.suberror,
			 run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION
				 ? " (an instruction that KVM cannot emulate)"
				 : "");
		break;
	default:
		log_line(m->log, LOG_ERROR, "vCPU %u: exit reason %u is not handled", vcpu->index,
			 run->exit_reason);
		break;
	}
	machine_request_end(m, MACHINE_KVM_ERROR, vcpu, run->exit_reason);
}

/* An exit whose instruction takes the answer into a register when the guest runs next. */
static bool waits_for_data(const struct kvm_run *run)
{
	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		return !run->mmio.is_write;
	case KVM_EXIT_IO:
		return run->io.direction == KVM_EXIT_IO_IN;
	case KVM_EXIT_X86_RDMSR:
		return true;
	default:
		return false;
	}
}

void vcpu_handle_exit(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	vcpu->unfinished_exit = waits_for_data(run);
	switch (run->exit_reason) {
	case KVM_EXIT_X86_WRMSR:
		vcpu_handle_wrmsr(vcpu);
		break;
	case KVM_EXIT_X86_RDMSR:
		vcpu_handle_rdmsr(vcpu);
		break;
	case KVM_EXIT_MMIO:
		handle_mmio(vcpu);
		break;
	case KVM_EXIT_IO:
		handle_io(vcpu);
		break;
	case KVM_EXIT_HLT:
		vcpu->stats.exits[VCPU_EXIT_HLT]++;
		vcpu->halted = !vcpu_nmi_pending(vcpu);
		break;
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		vcpu->stats.exits[VCPU_EXIT_IRQ_WINDOW]++;
		break;
	case KVM_EXIT_SET_TPR: /* run->cr8 has been taken over already */
		vcpu->stats.exits[VCPU_EXIT_SET_TPR]++;
		break;
	case KVM_EXIT_IOAPIC_EOI:
		handle_ioapic_eoi(vcpu);
		break;
	case KVM_EXIT_INTR:
		vcpu->stats.exits[VCPU_EXIT_KICK]++;
		break;
	default:
		handle_other(vcpu);
		break;
	}
}
