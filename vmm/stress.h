/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * --stress-state, a switch for tests: in the middle of a guest's run, save the state of an interrupt
 * controller, destroy what it was saved from, and restore it. Whatever a state lacks is lost by that,
 * and the guest's own tests show it.
 */
#ifndef VMM_STRESS_H
#define VMM_STRESS_H

struct vcpu;

/*
 * After an exit of the vCPU, on its thread: every options->stress_state exits, its own local APIC where
 * that is ours, the I/O APIC and the 8259 pair. A state that cannot be restored ends the machine.
 */
void stress_state(struct vcpu *vcpu);

#endif
