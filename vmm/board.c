/* SPDX-License-Identifier: BSD-2-Clause */
/* The board: the one list of its devices, and how they reach the machine. */
#include <errno.h>

#include "vmm/machine.h"
#include "vmm/machine_parts.h"

/* The vCPU on whose thread a device is being accessed. */
static struct vcpu *accessing_vcpu(struct machine *m)
{
	pid_t tid = kick_own_tid();

	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (atomic_load(&m->vcpus[i].tid) == tid)
			return &m->vcpus[i];
	return NULL;
}

static void end_by_guest(void *opaque, enum end_reason reason, uint32_t value)
{
	static const enum machine_end ends[] = {
		[END_POWER_OFF] = MACHINE_POWER_OFF,
		[END_RESET] = MACHINE_RESET,
		[END_DEBUG_EXIT] = MACHINE_DEBUG_EXIT,
	};
	struct machine *m = opaque;
	struct vcpu *vcpu = accessing_vcpu(m);

	if (vcpu)
		machine_request_end(m, ends[reason], vcpu, value);
}

static void raise_local_event(void *opaque, enum local_event event)
{
	struct vcpu *vcpu = accessing_vcpu(opaque);

	if (vcpu)
		vcpu_local_event(vcpu, event);
}

static struct irq_line line_of(struct machine *m, uint32_t gsi, enum irq_source source)
{
	return (struct irq_line){
		.set = irqchip_set_irq,
		.irqchip = &m->irqchip,
		.gsi = gsi,
		.source = source,
	};
}

/* The one list of what is on the board. */
int machine_create_devices(struct machine *m, struct serial_sink sink)
{
	const struct options *o = m->options;
	const struct end_request end = { .request = end_by_guest, .machine = m };
	int ret = irqchip_init(&m->irqchip, m, o->ioapic_version, &m->ports, &m->mmio);

	if (ret == 0 && o->serial != SERIAL_OFF) {
		m->serial = serial_create(&m->ports, SERIAL_COM1,
					  line_of(m, SERIAL_COM1_IRQ, IRQ_SOURCE_DEVICE), sink);
		ret = m->serial ? 0 : -ENOMEM;
	}
	if (ret == 0)
		ret = i8042_init(&m->i8042, &m->ports, end);
	if (ret == 0)
		ret = debug_exit_init(&m->debug_exit, &m->ports, end);
	if (ret == 0)
		ret = acpi_pm_init(&m->acpi_pm, &m->ports, end);
	if (ret == 0)
		ret = fw_cfg_init(&m->fw_cfg, &m->ports, m->nr_vcpus, m->memory.size);
	if (ret == 0 && o->test_device)
		ret = test_device_init(&m->test_device, &m->ports,
				       line_of(m, 0, IRQ_SOURCE_TEST_DEVICE), irqchip_send_msi);
	/* KVM's LAPICs have no way in for them. */
	if (ret == 0 && o->test_device && m->shape != IRQCHIP_KERNEL) {
		m->local_events = (struct local_events){ .raise = raise_local_event, .machine = m };
		ret = local_events_init(&m->local_events, &m->ports);
	}
	return ret ? machine_failed(m, "devices", ret, EXIT_CODE_INTERNAL) : 0;
}

void machine_destroy_devices(struct machine *m)
{
	if (m->serial)
		serial_destroy(m->serial);
}
