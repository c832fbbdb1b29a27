/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a firmware that a CPU enters after an INIT: on, to where the guest wants, or a
 * restart.
 */
#ifndef VMM_FIRMWARE_H
#define VMM_FIRMWARE_H

struct machine;
struct vcpu;

/*
 * INIT to every CPU, as a chipset's INIT# gives it. Any thread; they act on it before they enter
 * the guest again.
 */
void firmware_init_cpus(struct machine *machine);

/*
 * The first CPU starts over, on its own thread, after vcpu_reset_init(). With shutdown code 5 or
 * 0xa in CMOS byte 0xf it goes on in real mode at the address in 40:67; else the image is loaded
 * again and entered, with memory and devices otherwise as they are. What fails is logged and ends
 * the machine.
 */
void firmware_enter(struct vcpu *vcpu);

#endif
