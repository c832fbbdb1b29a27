/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board in a saved state: one list of its devices, in the order in which they are saved and
 * restored. docs/architecture.md, "Saving and restoring", says how a device gets into it.
 */
#include <errno.h>
#include <string.h>

#include "vmm/devices/device_state.h"
#include "vmm/irqchip_state.h"
#include "vmm/machine_state.h"
#include "vmm/pci/pci_state.h"

/* device: NULL where this machine has none. save: NULL for one that cannot be saved. */
struct board_part {
	const char *name;
	uint32_t version;
	void *(*device)(struct machine *m);
	void (*save)(void *device, struct state_writer *out);
	void (*restore)(void *device, struct state_reader *in);
};

static void *irqchip_of(struct machine *m)
{
	return &m->irqchip;
}

static void *pit_of(struct machine *m)
{
	return &m->pit;
}

static void *port92_of(struct machine *m)
{
	return &m->port92;
}

static void *port61_of(struct machine *m)
{
	return &m->port61;
}

static void *rtc_of(struct machine *m)
{
	return &m->rtc;
}

static void *pci_of(struct machine *m)
{
	return &m->pci;
}

static void *pci_endpoints_of(struct machine *m)
{
	return pci_bus_endpoints(&m->pci) ? &m->pci : NULL;
}

static void *serial_of(struct machine *m)
{
	return m->serial;
}

static void *i8042_of(struct machine *m)
{
	return &m->i8042;
}

static void *acpi_pm_of(struct machine *m)
{
	return &m->acpi_pm;
}

static void *fw_cfg_of(struct machine *m)
{
	return &m->fw_cfg;
}

static void *test_device_of(struct machine *m)
{
	return m->options->test_device ? &m->test_device : NULL;
}

static void *echo_device_of(struct machine *m)
{
	return m->options->test_device ? &m->echo_device : NULL;
}

/* Interrupt controllers first: the others drive their lines when they are restored. */
static const struct board_part board[] = {
	{ "pci-devices", 1, pci_endpoints_of, NULL, NULL },
	{ "ioapic", 1, irqchip_of, irqchip_save_ioapic, irqchip_restore_ioapic },
	{ "pic", 1, irqchip_of, irqchip_save_pic, irqchip_restore_pic },
	{ "pit", 1, pit_of, i8254_save, i8254_restore },
	{ "port61", 1, port61_of, port61_save, port61_restore },
	{ "port92", 1, port92_of, port92_save, port92_restore },
	{ "rtc", 1, rtc_of, mc146818_save, mc146818_restore },
	{ "pci", 1, pci_of, pci_bus_save, pci_bus_restore },
	{ "serial", 2, serial_of, serial_save, serial_restore },
	{ "i8042", 1, i8042_of, i8042_save, i8042_restore },
	{ "acpi-pm", 1, acpi_pm_of, acpi_pm_save, acpi_pm_restore },
	{ "fw-cfg", 1, fw_cfg_of, fw_cfg_save, fw_cfg_restore },
	{ "test-device", 1, test_device_of, test_device_save, test_device_restore },
	{ "echo-device", 1, echo_device_of, echo_device_save, echo_device_restore },
};

#define BOARD_PARTS (sizeof(board) / sizeof(board[0]))

static int save_part(const struct board_part *part, void *device, struct state_output *out,
		     struct state_error *error)
{
	struct state_writer writer = { .data = NULL };
	int ret = 0;

	if (!part->save)
		return state_fail(error, "the machine cannot be saved: its %s cannot be",
				  part->name);
	part->save(device, &writer);
	if (writer.failed)
		ret = state_fail(error, "the machine cannot be saved: out of memory");
	else
		state_output_section(out, part->name, part->version, 0, writer.data, writer.size);
	state_writer_free(&writer);
	return ret;
}

int board_state_save(struct machine *machine, struct state_output *out, struct state_error *error)
{
	for (size_t i = 0; i < BOARD_PARTS; i++) {
		void *device = board[i].device(machine);

		if (device && save_part(&board[i], device, out, error))
			return -1;
	}
	return 0;
}

int board_state_restore(struct machine *machine, struct state_input *in, struct state_error *error)
{
	for (size_t i = 0; i < BOARD_PARTS; i++) {
		const struct board_part *part = &board[i];
		void *device = part->device(machine);

		if (!device)
			continue;
		if (!part->restore)
			return state_fail(error, "the state %s cannot be restored with a %s",
					  in->path, part->name);
		if (machine_state_expect(in, part->name, part->version, 0, error))
			return -1;
		part->restore(device, &in->reader);
		if (machine_state_taken(in, error))
			return -1;
	}
	return 0;
}
