/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The board's interrupt controllers and the wires between them: I/O APIC, 8259 pair, MSIs, the
 * directory of local APICs, and, with KVM's LAPICs, the way into KVM.
 *
 * Lock order: a device's own lock, then irqchip.lock. The latter is a leaf: it protects ioapic, pic
 * and the change of intr; messages are copied out under it and delivered after it is released, and
 * nobody is called with it held. Delivery itself takes no lock (lapic_inbox.h).
 */
#ifndef VMM_IRQCHIP_H
#define VMM_IRQCHIP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ioapic/ioapic.h"
#include "ioapic/pic.h"
#include "lapic/lapic_route.h"
#include "vmm/board_clock.h"
#include "vmm/bus.h"
#include "vmm/kvm.h"

struct machine;
struct vcpu;

/* Sources of interrupt lines, to tell apart devices that share one. */
enum irq_source {
	IRQ_SOURCE_DEVICE = 0,
	IRQ_SOURCE_TEST_DEVICE = 1,
	IRQ_SOURCE_PCI = 2, /* and the slot's number */
};

struct irqchip_stats {
	_Atomic uint64_t lines;    /* changes of a line */
	_Atomic uint64_t messages; /* sent by I/O APIC pins and as MSIs */
	_Atomic uint64_t unrouted; /* messages that nobody received */
	_Atomic uint64_t bad_msi;  /* writes that were no MSI */
	_Atomic uint64_t eois;     /* EOI broadcasts */
	_Atomic uint64_t storms;   /* pauses given to guests that do not serve a level */
};

struct irqchip {
	struct machine *machine;
	enum irqchip_shape shape;
	pthread_mutex_t lock;
	struct ioapic ioapic;
	struct pic pic;
	_Atomic bool intr;        /* level of the 8259's output; changes under lock, read without */
	struct board_timer pause; /* ends the holding back of levels */
	bool pausing;             /* it is armed; under lock */
	struct lapic_directory directory;
	struct irqchip_stats stats;
};

/* Claim the controllers' addresses. machine->vcpus must have their final number. 0 or -errno. */
int irqchip_init(struct irqchip *chip, struct machine *machine, uint8_t ioapic_version,
		 struct bus *ports, struct bus *mmio);

/* Route msg and deliver it. from is the sending vCPU, NULL for a device. Any thread. */
void irqchip_send(struct irqchip *chip, struct vcpu *from, const struct apic_msg *msg);

/*
 * Drive a line: I/O APIC pin gsi, and the 8259's input below 16. Any thread; for struct irq_line.
 */
void irqchip_set_irq(void *chip, uint32_t gsi, uint32_t source, bool level);

/* A device writes an MSI. Any thread; for struct test_device. */
void irqchip_send_msi(void *chip, uint64_t address, uint32_t data);

/* A local APIC broadcasts the EOI of vector. Any thread. */
void irqchip_eoi(struct irqchip *chip, uint8_t vector);

/*
 * For whoever restores ioapic or pic to an earlier state, after the lock has been released: the
 * 8259's output is looked at, and what the I/O APIC owes is delivered; KVM's LAPICs learn what is
 * level-triggered.
 */
void irqchip_restored(struct irqchip *chip, const struct ioapic_out *out);
void irqchip_routes_restored(struct irqchip *chip);

/* Acknowledge the 8259. False: its output is low by now, there is nothing to inject. */
bool irqchip_ack_pic(struct irqchip *chip, uint8_t *vector);

static inline bool irqchip_intr(const struct irqchip *chip)
{
	return atomic_load_explicit(&chip->intr, memory_order_acquire);
}

#endif
