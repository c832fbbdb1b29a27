/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test device: interrupt lines and MSIs on demand. Ports as in docs and in kvm-unit-tests'
 * pc-testdev for the lines.
 */
#ifndef GUESTS_SMP_PINS_H
#define GUESTS_SMP_PINS_H

#include "lib/kernel.h"

#define PIN_LOW 5u /* also an input of the 8259 */

/* The pin that most tests use: not an input of the 8259 if the test device drives such pins. */
uint32_t pin_main(const struct kernel *kernel);

void pin_set(uint32_t pin, bool level);
void msi_send(uint64_t address, uint32_t data);
/*
 * Have the machine saved: the function returns in this process, or in one that has restored the
 * state. False, at once: the VMM has nowhere to save it to.
 */
bool machine_save(void);
/* Find out what there is: environment.has_pins and .has_msi. Interrupts are on. */
void pins_probe(struct kernel *kernel);

const char *unfit_pins(const struct kernel *kernel);
const char *unfit_msi(const struct kernel *kernel);

/* The same for tests that need a CPU within reach, by its physical or by its logical id. */
const char *unfit_pins_physical(const struct kernel *kernel);
const char *unfit_msi_physical(const struct kernel *kernel);
const char *unfit_pins_logical(const struct kernel *kernel);
const char *unfit_msi_logical(const struct kernel *kernel);

/*
 * What pins and MSIs have as logical destination, of 8 bits, or 0: in x2APIC mode the first CPUs of
 * cluster 0 have one.
 */
uint32_t logical_id8(const struct kernel *kernel, uint32_t index);

#endif
