/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC and the 8259 pair to and from a saved state. Intel 82093AA I/O APIC datasheet; Intel
 * 8259A datasheet; what they are made of is in ioapic/ioapic_state.h.
 */
#include "vmm/irqchip_state.h"

#include "ioapic/ioapic_state.h"
#include "vmm/irqchip.h"

void irqchip_save_ioapic(void *device, struct state_writer *out)
{
	struct irqchip *chip = device;
	struct ioapic_state state;

	pthread_mutex_lock(&chip->lock);
	ioapic_state_save(&chip->ioapic, &state);
	pthread_mutex_unlock(&chip->lock);
	state_put(out, &state, sizeof(state));
}

void irqchip_restore_ioapic(void *device, struct state_reader *in)
{
	struct irqchip *chip = device;
	struct ioapic_out out = { .count = 0 };
	struct ioapic_state state;
	enum ioapic_state_error error;

	state_get(in, &state, sizeof(state));
	pthread_mutex_lock(&chip->lock);
	error = ioapic_state_restore(&chip->ioapic, &state, &out);
	pthread_mutex_unlock(&chip->lock);
	if (error != IOAPIC_STATE_OK)
		in->failed = true;
	irqchip_routes_restored(chip);
	irqchip_restored(chip, &out);
}

void irqchip_save_pic(void *device, struct state_writer *out)
{
	struct irqchip *chip = device;
	struct pic_state state;

	pthread_mutex_lock(&chip->lock);
	pic_state_save(&chip->pic, &state);
	pthread_mutex_unlock(&chip->lock);
	state_put(out, &state, sizeof(state));
}

void irqchip_restore_pic(void *device, struct state_reader *in)
{
	const struct ioapic_out none = { .count = 0 };
	struct irqchip *chip = device;
	struct pic_state state;
	enum ioapic_state_error error;

	state_get(in, &state, sizeof(state));
	pthread_mutex_lock(&chip->lock);
	error = pic_state_restore(&chip->pic, &state);
	pthread_mutex_unlock(&chip->lock);
	if (error != IOAPIC_STATE_OK)
		in->failed = true;
	irqchip_restored(chip, &none);
}
