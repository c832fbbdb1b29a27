/* SPDX-License-Identifier: BSD-2-Clause */
/* The board's virtio devices: which were asked for, in the order of their PCI slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/machine_parts.h"
#include "vmm/virtio/tap.h"
#include "vmm/virtio/virtio_blk.h"
#include "vmm/virtio/virtio_console.h"
#include "vmm/virtio/virtio_net.h"
#include "vmm/virtio/virtio_rng.h"

/* Put a device onto the bus. NULL: it could not be created. Either way it is the machine's. */
static int add(struct machine *m, struct virtio_device *dev)
{
	struct virtio_pci *transport;
	int ret;

	if (!dev)
		return -ENOMEM;
	transport = calloc(1, sizeof(*transport));
	if (!transport) {
		virtio_destroy(dev);
		return -ENOMEM;
	}
	ret = virtio_pci_create(transport, dev, &m->pci, m->vm_fd);
	if (ret) {
		virtio_pci_destroy(transport);
		free(transport);
		return ret;
	}
	m->virtio[m->nr_virtio++] = transport;
	return 0;
}

/* add(), for a device that was put together from what the user named. 0 or an exit code, logged. */
static int add_device(struct machine *m, struct virtio_device *dev)
{
	int ret = add(m, dev);

	return ret ? machine_failed(m, "a virtio device", ret, EXIT_CODE_INTERNAL) : 0;
}

static int add_disk(struct machine *m, const struct virtio_host *host, uint32_t number)
{
	const struct disk_option *option = &m->options->disk[number];
	char error[DISK_ERROR_SIZE];
	struct disk_file disk;

	if (disk_file_open(&disk, option->path, option->read_only, error)) {
		log_line(m->log, LOG_ERROR, "%s", error);
		return EXIT_CODE_USAGE;
	}
	return add_device(m, virtio_blk_create(host, disk, number, m->options->cpus));
}

static int add_net(struct machine *m, const struct virtio_host *host, uint32_t number)
{
	const struct net_option *option = &m->options->net[number];
	uint8_t mac[TAP_MAC_SIZE];
	char error[TAP_ERROR_SIZE];
	int tap = tap_open(option->tap, m->log, error);

	if (tap < 0) {
		log_line(m->log, LOG_ERROR, "%s", error);
		return EXIT_CODE_USAGE;
	}
	tap_default_mac(option->tap, mac);
	if (option->has_mac)
		memcpy(mac, option->mac, sizeof(mac));
	return add_device(m, virtio_net_create(host, tap, mac));
}

static int add_console(struct machine *m, const struct virtio_host *host,
		       struct virtio_console_sink sink)
{
	struct virtio_device *dev = virtio_console_create(host, sink);
	int ret = add_device(m, dev);

	if (ret == 0)
		m->console = dev;
	return ret;
}

int machine_create_virtio(struct machine *m, struct virtio_console_sink sink)
{
	const struct options *o = m->options;
	const struct virtio_host host = {
		.memory = &m->memory,
		.log = m->log,
		.mistakes = &m->guest_mistakes,
	};
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < o->nr_disks; i++)
		ret = add_disk(m, &host, i);
	for (uint32_t i = 0; ret == 0 && i < o->nr_nets; i++)
		ret = add_net(m, &host, i);
	if (ret == 0 && o->console)
		ret = add_console(m, &host, sink);
	if (ret == 0 && o->rng)
		ret = add_device(m, virtio_rng_create(&host));
	return ret;
}

void machine_destroy_virtio(struct machine *m)
{
	for (uint32_t i = 0; i < m->nr_virtio; i++) {
		virtio_pci_destroy(m->virtio[i]);
		free(m->virtio[i]);
	}
	m->nr_virtio = 0;
	m->console = NULL;
}

int machine_start_virtio(struct machine *m)
{
	int ret = 0;

	for (uint32_t i = 0; i < m->nr_virtio && ret == 0; i++)
		ret = virtio_pci_start(m->virtio[i]);
	return ret;
}

void machine_stop_virtio(struct machine *m)
{
	for (uint32_t i = 0; i < m->nr_virtio; i++)
		virtio_pci_stop(m->virtio[i]);
}

/* First the bus: no device is a master any more when it forgets its driver. */
void machine_reset_pci(struct machine *m)
{
	pci_bus_reset(&m->pci);
	for (uint32_t i = 0; i < m->nr_virtio; i++)
		virtio_pci_reset(m->virtio[i]);
}
