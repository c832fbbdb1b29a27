/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine: everything that one guest is made of, and how it comes to an end. */
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vmm/bus.h"
#include "vmm/devices/devices.h"
#include "vmm/devices/i8254.h"
#include "vmm/devices/mc146818.h"
#include "vmm/devices/port61.h"
#include "vmm/devices/port92.h"
#include "vmm/devices/local_events.h"
#include "vmm/devices/echo_device.h"
#include "vmm/irqchip.h"
#include "vmm/kvm.h"
#include "vmm/kvm_probe.h"
#include "vmm/memory.h"
#include "vmm/options.h"
#include "vmm/pci/pci.h"
#include "vmm/timers.h"
#include "vmm/vcpu.h"
#include "vmm/virtio/virtio_console.h"
#include "vmm/virtio/virtio_pci.h"

/* Status of the process; conventions of ctest and of QEMU's debug-exit. */
enum exit_code {
	EXIT_CODE_POWER_OFF = 0,
	EXIT_CODE_USAGE = 2,
	EXIT_CODE_NO_KVM = 4,
	EXIT_CODE_RESET = 32,
	EXIT_CODE_TRIPLE_FAULT = 38,
	EXIT_CODE_SAVED = 40,
	EXIT_CODE_INTERNAL = 70,
	EXIT_CODE_KVM_ERROR = 72,
	EXIT_CODE_TIMEOUT = 124,
};

enum machine_end {
	MACHINE_RUNNING,
	MACHINE_POWER_OFF,
	MACHINE_RESET,
	MACHINE_DEBUG_EXIT,
	MACHINE_TRIPLE_FAULT,
	MACHINE_KVM_ERROR,
	MACHINE_INTERNAL_ERROR,
	MACHINE_TIMEOUT,
	MACHINE_SIGNAL, /* value: the signal's number */
	MACHINE_QUIT,   /* Ctrl-A x */
	MACHINE_SAVE,   /* to be saved, and then saved; every other end comes before it */
};

/* How the machine ended: the first reason wins. */
struct machine_verdict {
	enum machine_end end;
	int vcpu;       /* whose doing; -1: nobody's */
	uint64_t rip;   /* of that vCPU, 0 where unknown */
	uint32_t value; /* debug-exit's value, a signal, KVM's exit reason or an errno */
};

/* Where guest bytes go. */
struct machine_sinks {
	struct serial_sink serial;
	struct virtio_console_sink console;
};

struct machine {
	const struct options *options;
	const struct log *log;
	int kvm_fd;
	int vm_fd;
	enum irqchip_shape shape;
	struct probe_result probe; /* all false where no probe was needed */
	bool tsc_deadline;         /* offered in CPUID */
	bool x2apic;               /* offered in CPUID */
	bool start_in_x2apic;
	uint32_t tsc_khz;
	struct kvm_cpuid_buffer cpuid; /* what is offered, but for what differs between vCPUs */

	struct memory memory;
	struct bus ports;
	struct bus mmio;
	struct irqchip irqchip;
	struct timers timers; /* the devices' alarms */
	struct serial *serial;
	struct i8254 pit;
	struct port61 port61;
	struct mc146818 rtc;
	struct i8042 i8042;
	struct port92 port92;
	struct debug_exit debug_exit;
	struct acpi_pm acpi_pm;
	struct fw_cfg fw_cfg;
	struct test_device test_device;
	struct echo_device echo_device;
	struct pci_bus pci;
	struct local_events local_events;
	uint32_t nr_virtio;
	struct virtio_pci *virtio[PCI_MAX_SLOTS];
	struct virtio_device *console; /* one of them, or NULL */

	uint32_t nr_vcpus;
	struct vcpu *vcpus;
	_Atomic uint32_t nr_running; /* vCPU threads */

	pthread_mutex_t end_lock;       /* covers changes of end and verdict */
	_Atomic uint32_t end;           /* enum machine_end */
	struct machine_verdict verdict; /* written by whoever changed end, read after end_fd */
	int end_fd;                     /* eventfd: becomes readable when the machine has to stop */
	_Atomic uint64_t guest_mistakes;
};

/*
 * Build the machine that options ask for: VM, memory, interrupt controllers, devices, vCPUs, image.
 * 0, or an enum exit_code after the reason has been logged; either way machine_destroy() follows.
 */
int machine_create(struct machine *machine, const struct options *options, const struct log *log,
		   const struct machine_sinks *sinks);
void machine_destroy(struct machine *machine);

/* Start all vCPU threads; stop and join them. 0 or an exit code. */
int machine_start(struct machine *machine);
void machine_stop(struct machine *machine);
/* Run on after machine_stop(), as if MACHINE_SAVE had not been asked for. 0 or an exit code. */
int machine_go_on(struct machine *machine);

/*
 * Ask for the end. Any thread; the first call decides and later ones are ignored, but for
 * MACHINE_SAVE: a guest that ends in the moment in which it is to be saved has ended.
 */
void machine_request_end(struct machine *machine, enum machine_end end, const struct vcpu *vcpu,
			 uint32_t value);

static inline bool machine_has_ended(const struct machine *machine)
{
	return atomic_load_explicit(&machine->end, memory_order_acquire) != MACHINE_RUNNING;
}

static inline bool machine_is_saving(const struct machine *machine)
{
	return atomic_load_explicit(&machine->end, memory_order_acquire) == MACHINE_SAVE;
}

/* The process status for a verdict, and the one line that says it all. */
int machine_exit_code(const struct machine_verdict *verdict);
void machine_log_verdict(const struct machine *machine);

/* ---- cpuid.c --------------------------------------------------------------------------------- */

/* Fill machine->cpuid from what KVM supports and what the machine offers. 0 or -errno. */
int cpuid_prepare(struct machine *machine);
/* Have KVM emulate no performance counters, before the first vCPU. 0 or -errno. */
int cpuid_hide_pmu(int vm_fd);
/* Physical address bits that are offered: leaf 80000008H, or the 36 that KVM takes without it. */
uint8_t cpuid_maxphyaddr(const struct machine *machine);
/* The entries for one vCPU: ids and topology filled in. */
void cpuid_for_vcpu(const struct machine *machine, uint32_t index, struct kvm_cpuid_buffer *cpuid);

#endif
