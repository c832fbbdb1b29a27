/* SPDX-License-Identifier: BSD-2-Clause */
/* Building the machine, step by step in one readable order, and taking it apart again. */
#include "vmm/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "boot/boot.h"
#include "vmm/default_guest.h"

/* xAPIC ids are 8 bits and 255 is the broadcast: with higher ids, CPUs start in x2APIC mode. */
#define XAPIC_MAX_ID 254

static int failed(struct machine *machine, const char *what, int error, int code)
{
	log_line(machine->log, LOG_ERROR, "%s: %s", what, strerror(-error));
	return code;
}

/* ---- KVM and the shape of the irqchip ------------------------------------------------------------ */

/* Its times are in ticks of the guest's TSC, whose frequency has to be known. */
static bool can_trap_tsc_deadline(const struct machine *m)
{
	return m->probe.passed[PROBE_TSC_DEADLINE_MSR] && m->probe.tsc_khz;
}

static int choose_shape(struct machine *m)
{
	const struct options *o = m->options;
	int ret;

	if (o->lapic == LAPIC_CHOICE_KERNEL) {
		m->shape = IRQCHIP_KERNEL;
		return 0;
	}
	ret = kvm_probe(m->kvm_fd, &m->probe);
	if (ret)
		return failed(m, "probing KVM with a scratch VM", ret, EXIT_CODE_NO_KVM);
	m->shape = IRQCHIP_PARKED;
	if (o->irqchip == IRQCHIP_CHOICE_NONE ||
	    (o->irqchip == IRQCHIP_CHOICE_AUTO && !m->probe.parked_is_sound))
		m->shape = IRQCHIP_NONE;
	if (o->irqchip == IRQCHIP_CHOICE_SPLIT && !m->probe.parked_is_sound)
		log_line(m->log, LOG_WARN,
			 "the probe finds --irqchip split unsound on this host; see --check");
	if (o->tsc_deadline == TRISTATE_ON && !can_trap_tsc_deadline(m)) {
		log_line(m->log, LOG_ERROR,
			 "--tsc-deadline on: this host's KVM does not let IA32_TSC_DEADLINE be "
			 "trapped; use --lapic kernel or --tsc-deadline auto");
		return EXIT_CODE_NO_KVM;
	}
	return 0;
}

static void choose_features(struct machine *m)
{
	const struct options *o = m->options;

	m->x2apic = o->x2apic != TRISTATE_OFF;
	m->start_in_x2apic = o->x2apic == TRISTATE_ON ||
			     (m->x2apic && o->apic_id_offset + o->cpus - 1 > XAPIC_MAX_ID);
	m->tsc_deadline = o->tsc_deadline != TRISTATE_OFF &&
			  (m->shape == IRQCHIP_KERNEL || can_trap_tsc_deadline(m));
}

/* Capabilities that no shape can do without, by the name under which KVM's manual has them. */
static int check_capabilities(struct machine *m)
{
	static const struct {
		unsigned int cap;
		const char *name;
	} needed[] = {
		{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
		{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
		{ KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS" },
		{ KVM_CAP_SPLIT_IRQCHIP, "KVM_CAP_SPLIT_IRQCHIP" },
		{ KVM_CAP_X86_USER_SPACE_MSR, "KVM_CAP_X86_USER_SPACE_MSR" },
		{ KVM_CAP_X86_MSR_FILTER, "KVM_CAP_X86_MSR_FILTER" },
	};
	int max;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (kvm_check_extension(m->kvm_fd, needed[i].cap) > 0)
			continue;
		log_line(m->log, LOG_ERROR, "this KVM lacks %s; Linux 5.10 or newer has it",
			 needed[i].name);
		return EXIT_CODE_NO_KVM;
	}
	max = kvm_check_extension(m->kvm_fd, KVM_CAP_MAX_VCPUS);
	if (max > 0 && m->nr_vcpus > (uint32_t)max) {
		log_line(m->log, LOG_ERROR, "--cpus %u: this KVM allows %d", m->nr_vcpus, max);
		return EXIT_CODE_USAGE;
	}
	max = kvm_check_extension(m->kvm_fd, KVM_CAP_MAX_VCPU_ID);
	if (max > 0 && m->options->apic_id_offset + m->nr_vcpus > (uint32_t)max) {
		log_line(m->log, LOG_ERROR, "--apic-id-offset %u: this KVM's ids end at %d",
			 m->options->apic_id_offset, max - 1);
		return EXIT_CODE_USAGE;
	}
	return 0;
}

static int enable_irqchip(struct machine *m)
{
	uint64_t pins = m->shape == IRQCHIP_KERNEL ? IOAPIC_PINS : 0;
	int ret = 0;

	if (m->shape != IRQCHIP_NONE)
		ret = kvm_enable_cap(m->vm_fd, KVM_CAP_SPLIT_IRQCHIP, pins);
	if (ret == 0 && m->shape == IRQCHIP_KERNEL)
		ret = kvm_enable_cap(m->vm_fd, KVM_CAP_X2APIC_API,
				     KVM_X2APIC_API_USE_32BIT_IDS |
					     KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK);
	if (ret == 0 && m->shape != IRQCHIP_NONE && m->options->apic_id_offset)
		ret = kvm_ioctl_value(m->vm_fd, KVM_SET_BOOT_CPU_ID, m->options->apic_id_offset);
	return ret;
}

static int create_vm(struct machine *m)
{
	int ret;

	m->kvm_fd = kvm_open(m->log);
	if (m->kvm_fd < 0)
		return EXIT_CODE_NO_KVM;
	ret = check_capabilities(m);
	if (ret)
		return ret;
	ret = choose_shape(m);
	if (ret)
		return ret;
	choose_features(m);
	m->vm_fd = kvm_ioctl_value(m->kvm_fd, KVM_CREATE_VM, 0);
	if (m->vm_fd < 0)
		return failed(m, "KVM_CREATE_VM", m->vm_fd, EXIT_CODE_NO_KVM);
	ret = enable_irqchip(m);
	if (ret)
		return failed(m, "setting up the split irqchip", ret, EXIT_CODE_NO_KVM);
	if (m->shape == IRQCHIP_KERNEL)
		return 0;
	ret = kvm_trap_msrs(m->vm_fd, m->tsc_deadline);
	return ret ? failed(m, "KVM_X86_SET_MSR_FILTER", ret, EXIT_CODE_NO_KVM) : 0;
}

/* ---- memory, vCPUs, devices, image ----------------------------------------------------------------- */

static int create_memory(struct machine *m)
{
	int ret = memory_create(&m->memory, m->vm_fd, m->options->memory);

	if (ret == 0)
		return 0;
	log_line(m->log, LOG_ERROR, "guest memory of %llu MiB: %s; try a smaller --memory",
		 (unsigned long long)(m->options->memory >> 20), strerror(-ret));
	return EXIT_CODE_INTERNAL;
}

static int create_vcpus(struct machine *m)
{
	int ret = cpuid_prepare(m);

	if (ret)
		return failed(m, "KVM_GET_SUPPORTED_CPUID", ret, EXIT_CODE_NO_KVM);
	m->vcpus = calloc(m->nr_vcpus, sizeof(*m->vcpus));
	if (!m->vcpus)
		return failed(m, "vCPUs", -ENOMEM, EXIT_CODE_INTERNAL);
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		m->vcpus[i].fd = -1;
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (vcpu_create(&m->vcpus[i], m, i))
			return EXIT_CODE_KVM_ERROR;
	return 0;
}

static void end_by_guest(void *opaque, enum end_reason reason, uint32_t value)
{
	static const enum machine_end ends[] = {
		[END_POWER_OFF] = MACHINE_POWER_OFF,
		[END_RESET] = MACHINE_RESET,
		[END_DEBUG_EXIT] = MACHINE_DEBUG_EXIT,
	};
	struct machine *m = opaque;
	pid_t tid = kick_own_tid();

	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (atomic_load(&m->vcpus[i].tid) == tid)
			machine_request_end(m, ends[reason], &m->vcpus[i], value);
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
static int create_devices(struct machine *m, struct serial_sink sink)
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
	return ret ? failed(m, "devices", ret, EXIT_CODE_INTERNAL) : 0;
}

static int load_guest(struct machine *m)
{
	const struct boot_params params = {
		.ram = {
			.low = m->memory.host,
			.low_size = m->memory.low_size,
			.high_size = m->memory.high_size,
		},
		.platform = {
			.nr_cpus = m->nr_vcpus,
			.first_apic_id = m->options->apic_id_offset,
			.ioapic_address = (uint32_t)IOAPIC_BASE,
			.pm1a_event_port = ACPI_PM1A_EVENT_PORT,
			.pm1a_control_port = ACPI_PM1A_CONTROL_PORT,
			.pm_timer_port = ACPI_PM_TIMER_PORT,
			.reset_port = ACPI_RESET_PORT,
			.reset_value = ACPI_RESET_VALUE,
			.sci_irq = ACPI_SCI_IRQ,
			.s5_sleep_type = ACPI_S5_SLEEP_TYPE,
		},
		.cmdline = m->options->cmdline,
		.initrd = m->options->initrd,
	};
	char error[BOOT_ERROR_SIZE];
	struct boot_entry entry;
	int ret;

	if (m->options->guest)
		ret = boot_load(m->options->guest, &params, &entry, error);
	else
		ret = boot_load_image("the built-in SMP test kernel", default_guest_image(),
				      default_guest_size(), &params, &entry, error);
	if (ret) {
		log_line(m->log, LOG_ERROR, "%s", error);
		return EXIT_CODE_USAGE;
	}
	log_line(m->log, LOG_INFO, "guest is %s, entered at 0x%llx", entry.format,
		 (unsigned long long)entry.rip);
	ret = vcpu_set_entry(&m->vcpus[0], &entry);
	return ret ? failed(m, "setting the first vCPU's registers", ret, EXIT_CODE_KVM_ERROR) : 0;
}

int machine_create(struct machine *machine, const struct options *options, const struct log *log,
		   struct serial_sink sink)
{
	int ret;

	*machine = (struct machine){
		.options = options,
		.log = log,
		.kvm_fd = -1,
		.vm_fd = -1,
		.nr_vcpus = options->cpus,
		.verdict = { .vcpu = -1 },
	};
	machine->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (machine->end_fd < 0)
		return failed(machine, "eventfd", -errno, EXIT_CODE_INTERNAL);
	ret = create_vm(machine);
	if (ret == 0)
		ret = create_memory(machine);
	/* Before the vCPUs, which publish themselves in the irqchip's directory. */
	if (ret == 0)
		ret = create_devices(machine, sink);
	if (ret == 0)
		ret = create_vcpus(machine);
	if (ret == 0)
		ret = load_guest(machine);
	return ret;
}

void machine_destroy(struct machine *machine)
{
	for (uint32_t i = 0; machine->vcpus && i < machine->nr_vcpus; i++)
		vcpu_destroy(&machine->vcpus[i]);
	free(machine->vcpus);
	if (machine->serial)
		serial_destroy(machine->serial);
	memory_destroy(&machine->memory);
	if (machine->vm_fd >= 0)
		close(machine->vm_fd);
	if (machine->kvm_fd >= 0)
		close(machine->kvm_fd);
	if (machine->end_fd >= 0)
		close(machine->end_fd);
}

/* ---- running ------------------------------------------------------------------------------------- */

int machine_start(struct machine *machine)
{
	int ret;

	for (uint32_t i = 0; i < machine->nr_vcpus; i++) {
		ret = vcpu_start(&machine->vcpus[i]);
		if (ret)
			return failed(machine, "starting a vCPU thread", ret, EXIT_CODE_INTERNAL);
	}
	return 0;
}

void machine_stop(struct machine *machine)
{
	machine_request_end(machine, MACHINE_QUIT, NULL, 0);
	for (uint32_t i = 0; i < machine->nr_vcpus; i++)
		vcpu_stop(&machine->vcpus[i]);
}
