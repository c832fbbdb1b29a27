/* SPDX-License-Identifier: BSD-2-Clause */
/* --stress-state: interrupt controllers saved and restored while the guest runs. */
#include "vmm/stress.h"

#include <errno.h>
#include <string.h>

#include "ioapic/ioapic_state.h"
#include "lapic/lapic_state.h"
#include "vmm/machine.h"
#include "vmm/msr_index.h"

#define POISON 0xa5

static void stress_failed(struct vcpu *vcpu, const char *what, const char *why)
{
	log_line(vcpu->machine->log, LOG_ERROR, "--stress-state: %s of CPU %u: %s", what,
		 vcpu->index, why);
	machine_request_end(vcpu->machine, MACHINE_INTERNAL_ERROR, vcpu, EINVAL);
}

/* Configuration and counters are no part of a state. */
static void poison_lapic(struct lapic *lapic)
{
	struct lapic_config config = lapic->config;
	struct lapic_counters counters = lapic->counters;

	memset(lapic, POISON, sizeof(*lapic));
	lapic->config = config;
	lapic->counters = counters;
}

/* The guest's TSC matters to an armed deadline alone. */
static uint64_t guest_tsc(struct vcpu *vcpu)
{
	uint64_t tsc = 0;

	if (vcpu->lapic.timer.tsc_deadline && kvm_get_msr(vcpu->fd, MSR_IA32_TSC, &tsc))
		stress_failed(vcpu, "the TSC", "it cannot be read");
	return tsc;
}

static void stress_lapic(struct vcpu *vcpu)
{
	uint64_t tsc = guest_tsc(vcpu);
	uint64_t now = kick_clock_ns();
	enum lapic_state_error error;
	struct lapic_state state;

	lapic_state_save(&vcpu->lapic, now, &state);
	poison_lapic(&vcpu->lapic);
	error = lapic_state_restore(&vcpu->lapic, &state, tsc, now);
	if (error != LAPIC_STATE_OK)
		stress_failed(vcpu, "the local APIC", lapic_state_strerror(error));
	lapic_publish(&vcpu->machine->irqchip.directory, vcpu->index, &vcpu->lapic);
}

/*
 * Under the lock: nobody sees it in between. A restored pin starts over with its storms (R155), as
 * the guest would notice: one that is held back is left alone, and the count is kept.
 */
static enum ioapic_state_error exchange_ioapic(struct ioapic *io, struct ioapic_out *out)
{
	const struct ioapic old = *io;
	enum ioapic_state_error error;
	struct ioapic_state state;

	if (ioapic_holds(io))
		return IOAPIC_STATE_OK;
	ioapic_state_save(io, &state);
	memset(io, POISON, sizeof(*io));
	io->config = old.config;
	error = ioapic_state_restore(io, &state, out);
	memcpy(io->resends, old.resends, sizeof(old.resends));
	return error;
}

static enum ioapic_state_error exchange_pic(struct pic *pic)
{
	struct pic_state state;

	pic_state_save(pic, &state);
	memset(pic, POISON, sizeof(*pic));
	return pic_state_restore(pic, &state);
}

static void stress_chips(struct vcpu *vcpu)
{
	struct irqchip *chip = &vcpu->machine->irqchip;
	struct ioapic_out out = { .count = 0 };
	enum ioapic_state_error error;

	pthread_mutex_lock(&chip->lock);
	error = exchange_ioapic(&chip->ioapic, &out);
	if (error == IOAPIC_STATE_OK)
		error = exchange_pic(&chip->pic);
	pthread_mutex_unlock(&chip->lock);
	if (error != IOAPIC_STATE_OK)
		stress_failed(vcpu, "the board, at an exit", ioapic_state_strerror(error));
	irqchip_restored(chip, &out);
}

void stress_state(struct vcpu *vcpu)
{
	if (++vcpu->stress_exits < vcpu->machine->options->stress_state)
		return;
	vcpu->stress_exits = 0;
	if (vcpu->machine->shape != IRQCHIP_KERNEL)
		stress_lapic(vcpu);
	stress_chips(vcpu);
	vcpu->stats.stressed++;
}
