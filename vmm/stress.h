/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --stress-state, a switch for tests: in the middle of a guest's run, save the state of an
 * interrupt controller, destroy what it was saved from, and restore it. Whatever a state lacks is
 * lost by that, and the guest's own tests show it.
 *
 * A LAPIC of KVM's cannot be exchanged in the middle of a run. Between KVM_GET_LAPIC and
 * KVM_SET_LAPIC other CPUs and the board post to its IRR, which the second one overwrites: those
 * vectors would be lost. And its timer may expire in between: the page does not know, and would
 * have it expire once more. A save (save.h) takes it when nobody runs.
 */
#ifndef VMM_STRESS_H
#define VMM_STRESS_H

struct vcpu;

/*
 * After an exit of the vCPU, on its thread: every options->stress_state exits, its own local APIC
 * where that is ours, the I/O APIC and the 8259 pair. A state that cannot be restored ends the
 * machine.
 */
void stress_state(struct vcpu *vcpu);

#endif
