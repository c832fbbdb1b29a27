/* SPDX-License-Identifier: BSD-2-Clause */
/* The board: the one list of its devices, and how they reach the machine. */
#include <errno.h>
#include <time.h>

#include "vmm/firmware.h"
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
		[END_POWER_OFF] = MACHINE_POWER_OFF, [END_RESET] = MACHINE_RESET,
		[END_INIT] = MACHINE_RESET,          [END_DEBUG_EXIT] = MACHINE_DEBUG_EXIT,
		[END_SAVE] = MACHINE_SAVE,
	};
	struct machine *m = opaque;
	struct vcpu *vcpu = accessing_vcpu(m);

	if (reason == END_INIT && m->options->on_reset == ON_RESET_RESTART)
		firmware_init_cpus(m);
	else if (vcpu)
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

static struct pci_wiring pci_wiring_of(struct machine *m)
{
	return (struct pci_wiring){
		.set_irq = irqchip_set_irq,
		.send_msi = irqchip_send_msi,
		.irqchip = &m->irqchip,
		.first_source = IRQ_SOURCE_PCI,
	};
}

static uint64_t utc_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * BOARD_CLOCK_HZ + (uint64_t)now.tv_nsec;
}

/* Everything that keeps time, on one clock. */
static int create_clocks(struct machine *m, struct end_request end)
{
	const struct board_clock clock = timers_clock(&m->timers);
	int ret = i8254_init(&m->pit, &m->ports, line_of(m, I8254_IRQ, IRQ_SOURCE_DEVICE), &clock);

	if (ret == 0)
		ret = port61_init(&m->port61, &m->ports, &m->pit, &clock);
	if (ret == 0)
		ret = mc146818_init(&m->rtc, &m->ports, line_of(m, MC146818_IRQ, IRQ_SOURCE_DEVICE),
				    &clock, utc_ns());
	if (ret == 0)
		ret = acpi_pm_init(&m->acpi_pm, &m->ports,
				   line_of(m, ACPI_SCI_IRQ, IRQ_SOURCE_DEVICE), &clock, end);
	if (ret == 0)
		mc146818_set_memory(&m->rtc, m->memory.low_size, m->memory.high_size);
	return ret;
}

static void flush_page(void *memory, uint64_t gpa)
{
	memory_flush(memory, gpa);
}

/* What --test-device asks for. */
static int create_test_devices(struct machine *m)
{
	int ret = test_device_init(&m->test_device, &m->ports,
				   line_of(m, 0, IRQ_SOURCE_TEST_DEVICE), irqchip_send_msi);

	if (ret == 0)
		ret = echo_device_init(&m->echo_device, &m->ports, &m->mmio, flush_page,
				       &m->memory);
	/* KVM's LAPICs have no way in for local events. */
	if (ret || m->shape == IRQCHIP_KERNEL)
		return ret;
	m->local_events = (struct local_events){ .raise = raise_local_event, .machine = m };
	return local_events_init(&m->local_events, &m->ports);
}

/* Rather now than when somebody counts on it. */
static int check_savable(struct machine *m)
{
	const struct options *o = m->options;

	if (!(o->save_path || o->restore_path) || !pci_bus_endpoints(&m->pci))
		return 0;
	log_line(m->log, LOG_ERROR, "%s: a machine with PCI devices cannot be saved or restored",
		 o->save_path ? "--save-state" : "--restore");
	return EXIT_CODE_USAGE;
}

/* The one list of what is on the board. */
int machine_create_devices(struct machine *m, const struct machine_sinks *sinks)
{
	const struct options *o = m->options;
	const struct end_request end = { .request = end_by_guest, .machine = m };
	int ret = irqchip_init(&m->irqchip, m, o->ioapic_version, &m->ports, &m->mmio);

	if (ret == 0)
		ret = timers_init(&m->timers);
	if (ret == 0)
		ret = create_clocks(m, end);
	if (ret == 0 && o->serial != SERIAL_OFF) {
		m->serial = serial_create(&m->ports, SERIAL_COM1,
					  line_of(m, SERIAL_COM1_IRQ, IRQ_SOURCE_DEVICE),
					  sinks->serial);
		ret = m->serial ? 0 : -ENOMEM;
	}
	if (ret == 0)
		ret = i8042_init(&m->i8042, &m->ports, end);
	if (ret == 0)
		ret = port92_init(&m->port92, &m->ports, end);
	if (ret == 0)
		ret = debug_exit_init(&m->debug_exit, &m->ports, end);
	if (ret == 0)
		ret = fw_cfg_init(&m->fw_cfg, &m->ports, m->nr_vcpus, m->memory.size);
	if (ret == 0 && o->test_device)
		ret = create_test_devices(m);
	if (ret == 0)
		ret = pci_bus_init(&m->pci, &m->ports, &m->mmio, pci_wiring_of(m));
	if (ret == 0 && o->test_device && o->save_path)
		test_device_offer_save(&m->test_device, end);
	if (ret)
		return machine_failed(m, "devices", ret, EXIT_CODE_INTERNAL);
	ret = machine_create_virtio(m, sinks->console);
	return ret ? ret : check_savable(m);
}

void machine_destroy_devices(struct machine *m)
{
	machine_destroy_virtio(m);
	if (m->serial)
		serial_destroy(m->serial);
	timers_destroy(&m->timers);
}
