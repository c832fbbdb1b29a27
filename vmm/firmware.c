/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What follows an INIT of the first CPU. SDM vol. 3, "MP Initialization Protocol Algorithm"; IBM
 * Personal System/2 and Personal Computer BIOS Interface Technical Reference, "CMOS RAM", shutdown
 * status byte.
 */
#include "vmm/firmware.h"

#include <string.h>

#include "vmm/machine.h"
#include "vmm/machine_parts.h"
#include "vmm/vcpu.h"

#define CMOS_INDEX_PORT 0x70
#define CMOS_DATA_PORT  0x71
#define CMOS_SHUTDOWN   0x0f

/* Both jump; 5 sends an EOI before it, which is meant for handlers of a BIOS' own. */
#define SHUTDOWN_JUMP_EOI 0x05
#define SHUTDOWN_JUMP     0x0a

#define BDA_RESUME 0x467 /* offset, then segment */

void firmware_init_cpus(struct machine *machine)
{
	static const struct apic_msg init = { .mode = APIC_MODE_INIT, .asserted = true };

	for (uint32_t i = 0; i < machine->nr_vcpus; i++)
		if (lapic_post(&machine->vcpus[i].inbox, &init))
			vcpu_kick(&machine->vcpus[i], NULL);
}

static uint64_t shutdown_code(const struct bus *ports)
{
	uint64_t code;

	bus_write(ports, CMOS_INDEX_PORT, 1, CMOS_SHUTDOWN);
	bus_read(ports, CMOS_DATA_PORT, 1, &code);
	return code;
}

void firmware_enter(struct vcpu *vcpu)
{
	struct machine *m = vcpu->machine;
	uint64_t code = shutdown_code(&m->ports);
	uint16_t address[2];
	const void *resume = memory_at(&m->memory, BDA_RESUME, sizeof(address));
	int ret;

	if ((code == SHUTDOWN_JUMP || code == SHUTDOWN_JUMP_EOI) && resume) {
		memcpy(address, resume, sizeof(address));
		ret = vcpu_reset_real_mode(vcpu, address[1], address[0]);
		if (ret)
			vcpu_kvm_failed(vcpu, "going on after INIT", ret);
		return;
	}
	/* Or devices would go on writing to where the image comes to lie. */
	machine_reset_pci(m);
	if (machine_load_guest(m))
		machine_request_end(m, MACHINE_INTERNAL_ERROR, vcpu, 0);
}
