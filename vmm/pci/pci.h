/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI: one bus with a host bridge and endpoints of one function each.
 *
 * PCI Local Bus Specification 3.0: "Configuration Space Organization", "Configuration Space
 * Functions", "Base Addresses", "Interrupt Acknowledge", "MSI-X Capability and Table Structures".
 *
 * Functions are built and added before any vCPU runs and stay until the machine is gone. Then:
 *
 *  - a function's lock covers its configuration space, its MSI-X and the level of its INTx# line.
 *    It comes after a device's own lock and before the irqchip's. It is held while the line changes
 *    and while messages are sent, so that what a CPU reads back is true of what arrives from then
 *    on. A device may raise interrupts with its own lock held; who takes them must not call back.
 *  - where a BAR is decoded is one atomic word, 0 for nowhere. CPUs that access the window read
 *    these words without a lock while another CPU may move a BAR: they find it at its old or at its
 *    new place, as on a real bus, where accesses that are under way during such a write are
 *    undefined too. What they have found is never freed, so nothing worse can happen.
 */
#ifndef VMM_PCI_PCI_H
#define VMM_PCI_PCI_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ioapic/msix.h"
#include "vmm/bus.h"
#include "vmm/irq_line.h"

#define PCI_CONFIG_ADDRESS_PORT 0xcf8 /* 32-bit accesses only: byte 0xcf9 is the reset register */
#define PCI_CONFIG_DATA_PORT    0xcfc

/* Where memory BARs live: between RAM and the I/O APIC. */
#define PCI_WINDOW_BASE UINT32_C(0xc0000000)
#define PCI_WINDOW_SIZE UINT32_C(0x3ec00000)

#define PCI_MAX_SLOTS   30 /* each is a source of its line, of 32 */
#define PCI_NR_BARS     6
#define PCI_CONFIG_SIZE 256

/* The INTA# of slot n is GSI PCI_FIRST_GSI + n % PCI_NR_GSIS: level-triggered, shared. */
#define PCI_FIRST_GSI 16
#define PCI_NR_GSIS   8

/* Configuration registers of header type 0. */
#define PCI_VENDOR_ID     0x00
#define PCI_DEVICE_ID     0x02
#define PCI_COMMAND       0x04
#define PCI_STATUS        0x06
#define PCI_REVISION      0x08
#define PCI_CLASS         0x09 /* interface, subclass, class */
#define PCI_CACHE_LINE    0x0c
#define PCI_BAR0          0x10
#define PCI_SUBVENDOR_ID  0x2c
#define PCI_SUBSYSTEM_ID  0x2e
#define PCI_CAPABILITIES  0x34
#define PCI_INTERRUPT     0x3c /* line, then pin */
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_HEADER_END    0x40

#define PCI_COMMAND_MEMORY       0x0002
#define PCI_COMMAND_MASTER       0x0004
#define PCI_COMMAND_INTX_DISABLE 0x0400
#define PCI_STATUS_INTX          0x0008
#define PCI_STATUS_CAPABILITIES  0x0010

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

struct pci_ids {
	uint16_t vendor;
	uint16_t device;
	uint16_t subvendor;
	uint16_t subsystem;
	uint8_t revision;
	uint32_t class_code; /* class, subclass, interface: 24 bits */
};

/* What a device does for its function. All but the first two may be NULL. */
struct pci_ops {
	/* An access of a CPU inside a BAR: len is 1, 2, 4 or 8. Any vCPU thread, no lock held. */
	uint64_t (*bar_read)(void *device, uint32_t bar, uint64_t offset, uint32_t len);
	void (*bar_write)(void *device, uint32_t bar, uint64_t offset, uint32_t len,
			  uint64_t value);
	/* A BAR is decoded at address from now on, 0: nowhere. The function's lock is held. */
	void (*bar_moved)(void *device, uint32_t bar, uint32_t address);
	/* The guest has switched bus mastering on. No lock held. */
	void (*master_enabled)(void *device);
	/* An access to the hooked bytes of configuration space, see pci_hook. No lock held. */
	uint32_t (*hook_read)(void *device, uint32_t offset, uint32_t len);
	void (*hook_write)(void *device, uint32_t offset, uint32_t len, uint32_t value);
};

struct pci_bar {
	uint32_t size; /* a power of two from 4096 on; 0: no such BAR */
	_Atomic uint32_t address;
};

/* How a function reaches the interrupt controllers. Called with the function's lock held. */
struct pci_wiring {
	void (*set_irq)(void *irqchip, uint32_t gsi, uint32_t source, bool level);
	void (*send_msi)(void *irqchip, uint64_t address, uint32_t data);
	void *irqchip;
	uint32_t first_source; /* slot n drives its line as source first_source + n */
};

/* Private to vmm/pci/, readable for dumps. */
struct pci_function {
	const struct pci_ops *ops;
	void *device;
	struct pci_wiring wiring;
	struct irq_line line;
	pthread_mutex_t lock;
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE]; /* bits that configuration writes change */
	uint8_t initial[PCI_CONFIG_SIZE];  /* what config was when the guest started */
	struct pci_bar bar[PCI_NR_BARS];
	uint32_t config_used; /* where the next capability goes */
	uint32_t last_link;   /* where its offset is to be written */
	uint32_t hook;        /* hooked bytes: start and number */
	uint32_t hook_len;
	bool intx;        /* what the device wants its line to be */
	bool asserted;    /* what the line is */
	uint32_t msix_at; /* the capability's offset, 0: none */
	uint32_t msix_bar;
	uint32_t msix_table; /* offsets into that BAR */
	uint32_t msix_pba;
	struct msix msix;
};

struct pci_bus {
	_Atomic uint32_t config_address; /* CONFIG_ADDRESS: one for all CPUs, as on a PC */
	uint32_t nr_slots;
	uint32_t next_address; /* first byte of the window that no BAR has */
	struct pci_wiring wiring;
	struct pci_function *slot[PCI_MAX_SLOTS];
	struct pci_function bridge;
};

/* ---- pci_bus.c ------------------------------------------------------------------------------- */

/* Claim ports and window, with a host bridge in slot 0. 0 or -errno. */
int pci_bus_init(struct pci_bus *bus, struct bus *ports, struct bus *mmio,
		 struct pci_wiring wiring);
/*
 * Put a complete function into the next slot and assign addresses to its BARs, as firmware does:
 * the guest finds them decoded. 0, -ENOSPC when there are no more slots or addresses.
 */
int pci_bus_add(struct pci_bus *bus, struct pci_function *fn);
/* All functions as the guest found them first, BARs included. Any thread. */
void pci_bus_reset(struct pci_bus *bus);
/* Endpoints beside the host bridge. */
uint32_t pci_bus_endpoints(const struct pci_bus *bus);

/* ---- pci_function.c: building one, in this order, then pci_bus_add --------------------------- */

void pci_function_init(struct pci_function *fn, const struct pci_ids *ids,
		       const struct pci_ops *ops, void *device);
void pci_function_destroy(struct pci_function *fn);
/* A 32-bit memory BAR of size bytes, a power of two from 4096 on. */
void pci_add_bar(struct pci_function *fn, uint32_t bar, uint32_t size);
/*
 * Append a capability of len bytes, of which the first two (id and link) are filled in here.
 * Returns its offset. Bytes are read-only until pci_allow_writes. There is room for 192 bytes of
 * them.
 */
uint32_t pci_add_capability(struct pci_function *fn, uint8_t id, const void *bytes, uint32_t len);
void pci_allow_writes(struct pci_function *fn, uint32_t offset, uint32_t len);
/* Accesses that lie in these bytes are the device's. */
void pci_hook(struct pci_function *fn, uint32_t offset, uint32_t len);
/* MSI-X with its table and pending bits at these offsets of a BAR. */
void pci_add_msix(struct pci_function *fn, uint32_t nr_vectors, uint32_t bar, uint32_t table,
		  uint32_t pba);

/* ---- pci_function.c: at run time, any thread ------------------------------------------------- */

/* The device's INTx# is to be asserted or not; it is not while MSI-X is enabled. */
void pci_set_intx(struct pci_function *fn, bool level);
/*
 * An interrupt, in one step with the choice of its way. MSI-X enabled: vector is sent, or kept
 * pending (R159); true. Else INTx# is to be asserted; false.
 */
bool pci_interrupt(struct pci_function *fn, uint32_t vector);
/* The cause of vector has gone: forget it if it is pending (R159). */
void pci_clear_msix(struct pci_function *fn, uint32_t vector);
/* May the device read and write memory? */
bool pci_is_master(struct pci_function *fn);
/* len bytes (1, 2 or 4) of configuration space, as a device sees its own registers. */
uint32_t pci_config_get(struct pci_function *fn, uint32_t offset, uint32_t len);

/* ---- for vmm/pci/ only ----------------------------------------------------------------------- */

/* An access of a CPU: inside the 256 bytes, and inside one aligned DWORD. */
uint32_t pci_config_read(struct pci_function *fn, uint32_t offset, uint32_t len);
void pci_config_write(struct pci_function *fn, uint32_t offset, uint32_t len, uint32_t value);
/* Lock held: decode BARs and drive the line as the registers say; send messages. */
void pci_update_decoding(struct pci_function *fn);
void pci_update_line(struct pci_function *fn);
void pci_send(const struct pci_function *fn, const struct msix_out *out);
/* No lock held. */
void pci_function_reset(struct pci_function *fn);
/* An access of a CPU inside a BAR. */
uint64_t pci_bar_read(struct pci_function *fn, uint32_t bar, uint64_t offset, uint32_t len);
void pci_bar_write(struct pci_function *fn, uint32_t bar, uint64_t offset, uint32_t len,
		   uint64_t value);

static inline uint32_t pci_get16(const struct pci_function *fn, uint32_t offset)
{
	return fn->config[offset] | (uint32_t)fn->config[offset + 1] << 8;
}

static inline uint32_t pci_get32(const struct pci_function *fn, uint32_t offset)
{
	return pci_get16(fn, offset) | pci_get16(fn, offset + 2) << 16;
}

static inline void pci_put16(struct pci_function *fn, uint32_t offset, uint32_t value)
{
	fn->config[offset] = (uint8_t)value;
	fn->config[offset + 1] = (uint8_t)(value >> 8);
}

static inline void pci_put32(struct pci_function *fn, uint32_t offset, uint32_t value)
{
	pci_put16(fn, offset, value);
	pci_put16(fn, offset + 2, value >> 16);
}

#endif
