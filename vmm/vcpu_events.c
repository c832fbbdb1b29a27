/* SPDX-License-Identifier: BSD-2-Clause */
/* What other threads asked of a vCPU: INIT, SIPI, NMI, the 8259's output, dumps. */
#include "vmm/dump.h"
#include "vmm/firmware.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

void vcpu_drain(struct vcpu *vcpu)
{
	const uint32_t sipi = LAPIC_EVENT_SIPI | LAPIC_EVENT_SIPI_MASK;
	uint32_t events = lapic_drain(&vcpu->lapic, &vcpu->inbox);

	if (events & LAPIC_EVENT_READ)
		vcpu_answer_read(vcpu);
	events &= ~LAPIC_EVENT_READ;
	/*
	 * As in the inbox: INIT discards what came before it (R127, R132), the first SIPI counts
	 * (R126).
	 */
	if (events & LAPIC_EVENT_INIT)
		vcpu->events &= ~(LAPIC_EVENT_USER0 - 1);
	else if (vcpu->events & LAPIC_EVENT_SIPI)
		events &= ~sipi;
	vcpu->events = lapic_add_events(vcpu->events, events);
}

static void take_init(struct vcpu *vcpu)
{
	int ret = vcpu_reset_init(vcpu);

	if (ret) {
		vcpu_kvm_failed(vcpu, "INIT", ret);
		return;
	}
	lapic_init_signal(&vcpu->lapic);
	/*
	 * The BSP starts over in the firmware (R131): a reboot, which is the end unless that is
	 * wanted.
	 */
	if (!vcpu->lapic.wait_for_sipi && vcpu->machine->options->on_reset == ON_RESET_EXIT)
		machine_request_end(vcpu->machine, MACHINE_RESET, vcpu, 0);
	else if (!vcpu->lapic.wait_for_sipi)
		firmware_enter(vcpu);
	vcpu->halted = false;
	vcpu->extint_message = false;
	vcpu->stats.inits++;
}

static void take_sipi(struct vcpu *vcpu, uint8_t vector)
{
	int ret;

	if (!lapic_sipi(&vcpu->lapic))
		return;
	ret = vcpu_reset_sipi(vcpu, vector);
	if (ret)
		vcpu_kvm_failed(vcpu, "SIPI", ret);
	vcpu->stats.sipis++;
}

/*
 * KVM keeps two, or one while the handler of an earlier one runs, and drops the rest (R134). A
 * halted CPU wakes for an NMI unless it is inside such a handler (R135, R141).
 */
static void take_nmis(struct vcpu *vcpu, uint32_t count)
{
	struct kvm_vcpu_events events;
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < count; i++)
		ret = kvm_set(vcpu->fd, KVM_NMI, NULL);
	if (ret) {
		vcpu_kvm_failed(vcpu, "KVM_NMI", ret);
		return;
	}
	vcpu->stats.nmis += count;
	vcpu->nmi_queued = true;
	if (!vcpu->halted)
		return;
	ret = kvm_get(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	if (ret)
		vcpu_kvm_failed(vcpu, "KVM_GET_VCPU_EVENTS", ret);
	else if (!events.nmi.masked)
		vcpu->halted = false;
}

bool vcpu_nmi_pending(struct vcpu *vcpu)
{
	struct kvm_vcpu_events events;
	int ret;

	if (!vcpu->nmi_queued)
		return false;
	ret = kvm_get(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
	if (ret) {
		vcpu_kvm_failed(vcpu, "KVM_GET_VCPU_EVENTS", ret);
		return false;
	}
	vcpu->nmi_queued = events.nmi.pending || events.nmi.injected;
	return vcpu->nmi_queued && !events.nmi.masked;
}

/* The 8259's wire. LINT0 may be programmed as NMI or INIT: then draining brings one more event. */
static void sample_intr(struct vcpu *vcpu)
{
	while (vcpu->events & VCPU_EVENT_INTR) {
		vcpu->events &= ~VCPU_EVENT_INTR;
		lapic_lint_set(&vcpu->lapic, LAPIC_LINT0, irqchip_intr(&vcpu->machine->irqchip));
		vcpu_drain(vcpu);
	}
}

void vcpu_local_event(struct vcpu *vcpu, enum local_event event)
{
	struct lapic *a = &vcpu->lapic;

	vcpu_drain(vcpu);
	switch (event) {
	case LOCAL_EVENT_LINT1_LOW:
	case LOCAL_EVENT_LINT1_HIGH:
		lapic_lint_set(a, LAPIC_LINT1, event == LOCAL_EVENT_LINT1_HIGH);
		break;
	case LOCAL_EVENT_PMC:
		lapic_lvt_fire(a, LAPIC_LVT_PMC);
		break;
	case LOCAL_EVENT_THERMAL:
		lapic_lvt_fire(a, LAPIC_LVT_THERMAL);
		break;
	case NR_LOCAL_EVENTS:
		break;
	}
}

/* Events that concern only the user, who wishes to see something. */
static void take_own_events(struct vcpu *vcpu, uint32_t events)
{
	if (events & VCPU_EVENT_DUMP_LAPIC)
		dump_vcpu_lapic(vcpu);
	if (events & VCPU_EVENT_DUMP_STATS)
		dump_vcpu_stats(vcpu);
}

void vcpu_act_on_events(struct vcpu *vcpu)
{
	uint32_t events;

	vcpu_drain(vcpu);
	sample_intr(vcpu);
	events = vcpu->events;
	if (!events)
		return;
	vcpu->events = 0;
	take_own_events(vcpu, events);
	if (vcpu->machine->shape == IRQCHIP_KERNEL)
		return;
	if (events & LAPIC_EVENT_INIT)
		take_init(vcpu);
	if (events & LAPIC_EVENT_SIPI)
		take_sipi(vcpu, (uint8_t)(events >> LAPIC_EVENT_SIPI_SHIFT));
	if (events & LAPIC_EVENT_EXTINT)
		vcpu->extint_message = true;
	/* Wait-for-SIPI blocks NMIs without losing them. SMM is not offered: no SMI (R136). */
	if ((events & LAPIC_EVENT_NMI) && vcpu->lapic.wait_for_sipi)
		vcpu->events |= LAPIC_EVENT_NMI;
	else if (events & LAPIC_EVENT_NMI)
		take_nmis(vcpu, events & LAPIC_EVENT_NMI2 ? 2 : 1);
	lapic_publish(&vcpu->machine->irqchip.directory, vcpu->index, &vcpu->lapic);
}
