/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PCI bus in a saved state: the address register and the host bridge. Endpoints are not in it.
 * PCI Local Bus Specification 3.0, "Configuration Space Organization".
 */
#include "vmm/pci/pci.h"

#include "vmm/pci/pci_state.h"

void pci_bus_save(void *device, struct state_writer *out)
{
	struct pci_bus *bus = device;

	state_put_u32(out, atomic_load(&bus->config_address));
	pthread_mutex_lock(&bus->bridge.lock);
	state_put(out, bus->bridge.config, sizeof(bus->bridge.config));
	pthread_mutex_unlock(&bus->bridge.lock);
}

/* Only what a guest can write. */
void pci_bus_restore(void *device, struct state_reader *in)
{
	struct pci_bus *bus = device;
	struct pci_function *bridge = &bus->bridge;
	uint8_t config[PCI_CONFIG_SIZE];

	atomic_store(&bus->config_address, state_get_u32(in));
	state_get(in, config, sizeof(config));
	pthread_mutex_lock(&bridge->lock);
	for (uint32_t i = 0; i < PCI_CONFIG_SIZE; i++)
		bridge->config[i] = (uint8_t)((bridge->config[i] & ~bridge->writable[i]) |
					      (config[i] & bridge->writable[i]));
	pthread_mutex_unlock(&bridge->lock);
}
