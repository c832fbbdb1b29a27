/* SPDX-License-Identifier: BSD-2-Clause */
/* Building the machine, step by step in one readable order, and taking it apart again. */
#include "vmm/machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "boot/boot.h"
#include "vmm/bios_state.h"
#include "vmm/default_guest.h"
#include "vmm/devices/rtc_calendar.h"
#include "vmm/machine_parts.h"
#include "vmm/machine_state.h"

int machine_failed(struct machine *m, const char *what, int error, int code)
{
	log_line(m->log, LOG_ERROR, "%s: %s", what, strerror(-error));
	return code;
}

/* ---- memory, vCPUs, image ----------------------------------------------------------------- */

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
		return machine_failed(m, "KVM_GET_SUPPORTED_CPUID", ret, EXIT_CODE_NO_KVM);
	m->vcpus = calloc(m->nr_vcpus, sizeof(*m->vcpus));
	if (!m->vcpus)
		return machine_failed(m, "vCPUs", -ENOMEM, EXIT_CODE_INTERNAL);
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		m->vcpus[i].fd = -1;
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (vcpu_create(&m->vcpus[i], m, i))
			return EXIT_CODE_KVM_ERROR;
	return 0;
}

int machine_load_guest(struct machine *m)
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
			.rtc_century = RTC_CENTURY,
			.reset_port = ACPI_RESET_PORT,
			.reset_value = ACPI_RESET_VALUE,
			.sci_irq = ACPI_SCI_IRQ,
			.s5_sleep_type = ACPI_S5_SLEEP_TYPE,
			.pci = {
				.window_base = PCI_WINDOW_BASE,
				.window_size = PCI_WINDOW_SIZE,
				.first_gsi = PCI_FIRST_GSI,
				.nr_gsis = PCI_NR_GSIS,
			},
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
	if (entry.after_bios)
		bios_state_set(&m->ports);
	ret = vcpu_set_entry(&m->vcpus[0], &entry);
	return ret ? machine_failed(m, "setting the first vCPU's registers", ret,
				    EXIT_CODE_KVM_ERROR)
		   : 0;
}

static int restore_guest(struct machine *m)
{
	struct state_error error = { .text = "" };

	if (machine_state_restore(m, m->options->restore_path, &error) == 0)
		return 0;
	log_line(m->log, LOG_ERROR, "%s", error.text);
	return EXIT_CODE_USAGE;
}

int machine_create(struct machine *machine, const struct options *options, const struct log *log,
		   const struct machine_sinks *sinks)
{
	int ret;

	*machine = (struct machine){
		.options = options,
		.log = log,
		.kvm_fd = -1,
		.vm_fd = -1,
		.nr_vcpus = options->cpus,
		.end_lock = PTHREAD_MUTEX_INITIALIZER,
		.verdict = { .vcpu = -1 },
	};
	machine->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (machine->end_fd < 0)
		return machine_failed(machine, "eventfd", -errno, EXIT_CODE_INTERNAL);
	ret = machine_create_vm(machine);
	if (ret == 0)
		ret = create_memory(machine);
	/* Before the vCPUs, which publish themselves in the irqchip's directory. */
	if (ret == 0)
		ret = machine_create_devices(machine, sinks);
	if (ret == 0)
		ret = create_vcpus(machine);
	if (ret == 0)
		ret = options->restore_path ? restore_guest(machine) : machine_load_guest(machine);
	return ret;
}

void machine_destroy(struct machine *machine)
{
	for (uint32_t i = 0; machine->vcpus && i < machine->nr_vcpus; i++)
		vcpu_destroy(&machine->vcpus[i]);
	free(machine->vcpus);
	machine_destroy_devices(machine);
	memory_destroy(&machine->memory);
	if (machine->vm_fd >= 0)
		close(machine->vm_fd);
	if (machine->kvm_fd >= 0)
		close(machine->kvm_fd);
	if (machine->end_fd >= 0)
		close(machine->end_fd);
}

/* ---- running --------------------------------------------------------------------------------- */

int machine_start(struct machine *machine)
{
	int ret = timers_start(&machine->timers);

	if (ret)
		return machine_failed(machine, "starting the timers' thread", ret,
				      EXIT_CODE_INTERNAL);
	ret = machine_start_virtio(machine);
	if (ret)
		return machine_failed(machine, "starting an I/O thread", ret, EXIT_CODE_INTERNAL);
	for (uint32_t i = 0; i < machine->nr_vcpus; i++) {
		ret = vcpu_start(&machine->vcpus[i]);
		if (ret)
			return machine_failed(machine, "starting a vCPU thread", ret,
					      EXIT_CODE_INTERNAL);
	}
	return 0;
}

void machine_stop(struct machine *machine)
{
	if (!machine_has_ended(machine))
		machine_request_end(machine, MACHINE_QUIT, NULL, 0);
	/* Before the vCPUs, whom they interrupt. */
	machine_stop_virtio(machine);
	for (uint32_t i = 0; i < machine->nr_vcpus; i++)
		vcpu_stop(&machine->vcpus[i]);
	timers_stop(&machine->timers);
}

int machine_go_on(struct machine *machine)
{
	uint64_t count;

	atomic_store(&machine->end, MACHINE_RUNNING);
	/* Nobody asks for an end while no vCPU runs, and the main thread is here. */
	if (read(machine->end_fd, &count, sizeof(count)) < 0)
		return machine_failed(machine, "eventfd", -errno, EXIT_CODE_INTERNAL);
	return machine_start(machine);
}
