/* SPDX-License-Identifier: BSD-2-Clause */
/* The board's interrupt controllers: lines and MSIs in, messages to local APICs out. */
#include "vmm/irqchip.h"

#include <errno.h>
#include <string.h>

#include "ioapic/msi.h"
#include "vmm/machine.h"
#include "vmm/vcpu.h"

/* IRQ 0 comes in at I/O APIC pin 2, where ISA has the cascade (R149); the MADT says so too. */
#define ISA_IRQS  16
#define TIMER_IRQ 0
#define TIMER_PIN 2
#define INTR_PIN  0 /* the 8259's output, as the MP table says */

/* A level that is still up after so many EOIs in a row has this long a pause. */
#define STORM_LIMIT    1000
#define STORM_PAUSE_NS UINT64_C(10000000)

/* ---- delivery -------------------------------------------------------------------------------- */

/* KVM takes messages as MSIs; destinations beyond 8 bits go into the upper address half. */
static void send_to_kvm(struct irqchip *chip, const struct apic_msg *msg)
{
	struct apic_msg low = *msg;
	struct kvm_msi msi = { .flags = 0 };
	uint64_t address;

	low.dest &= 0xff;
	/* ExtINT goes from the 8259 to the first CPU, see vcpu_inject.c. */
	if (msg->mode == APIC_MODE_EXTINT || !msi_encode(&low, false, &address, &msi.data))
		return;
	msi.address_lo = (uint32_t)address;
	msi.address_hi = msg->dest & 0xffffff00u;
	if (kvm_set(chip->machine->vm_fd, KVM_SIGNAL_MSI, &msi) <= 0)
		atomic_fetch_add_explicit(&chip->stats.unrouted, 1, memory_order_relaxed);
}

void irqchip_send(struct irqchip *chip, struct vcpu *from, const struct apic_msg *msg)
{
	uint16_t targets[LAPIC_MAX_CPUS];
	struct machine *m = chip->machine;
	uint32_t count;

	if (chip->shape == IRQCHIP_KERNEL) {
		send_to_kvm(chip, msg);
		return;
	}
	count = lapic_route(&chip->directory, from ? (int)from->index : LAPIC_FROM_NO_CPU, msg,
			    targets);
	if (count == 0)
		atomic_fetch_add_explicit(&chip->stats.unrouted, 1, memory_order_relaxed);
	for (uint32_t i = 0; i < count; i++) {
		struct vcpu *target = &m->vcpus[targets[i]];

		/* The sender looks into its own inbox before it enters the guest again. */
		if (lapic_post(&target->inbox, msg) && target != from)
			vcpu_kick(target, from);
		else if (from)
			from->stats.kicks_saved++;
	}
}

/* Messages of the I/O APIC, after its lock has been released. */
static void deliver(struct irqchip *chip, const struct ioapic_out *out)
{
	atomic_fetch_add_explicit(&chip->stats.messages, out->count, memory_order_relaxed);
	for (uint32_t i = 0; i < out->count; i++)
		irqchip_send(chip, NULL, &out->msg[i]);
}

/* ---- the 8259's output ----------------------------------------------------------------------- */

struct intr_change {
	bool changed;
	struct ioapic_out out; /* what the output's pin sends */
};

/* Take over the level of the 8259's output. Lock held; announce_intr() has to follow without it. */
static struct intr_change update_intr(struct irqchip *chip)
{
	bool intr = pic_intr(&chip->pic);
	struct intr_change change = { .changed = atomic_exchange(&chip->intr, intr) != intr };

	if (change.changed)
		ioapic_set_irq(&chip->ioapic, INTR_PIN, IRQ_SOURCE_DEVICE, intr, &change.out);
	return change;
}

/*
 * The wire goes to LINT0 of every CPU. Those that would take an ExtINT have to look at it, and the
 * first CPU always, whose LINT0 may also be programmed as an ordinary interrupt.
 */
static void wake_for_intr(struct irqchip *chip)
{
	struct machine *m = chip->machine;

	for (uint32_t i = 0; i < m->nr_vcpus; i++) {
		struct vcpu *vcpu = &m->vcpus[i];

		if (i > 0 &&
		    (chip->shape == IRQCHIP_KERNEL || !lapic_published_extint(&chip->directory, i)))
			continue;
		if (lapic_post_event(&vcpu->inbox, VCPU_EVENT_INTR))
			vcpu_kick(vcpu, NULL);
	}
}

static void announce_intr(struct irqchip *chip, const struct intr_change *change)
{
	if (!change->changed)
		return;
	deliver(chip, &change->out);
	wake_for_intr(chip);
}

bool irqchip_ack_pic(struct irqchip *chip, uint8_t *vector)
{
	bool high;

	pthread_mutex_lock(&chip->lock);
	high = pic_intr(&chip->pic);
	if (high)
		*vector = pic_ack(&chip->pic);
	/* It can only fall: nothing to send, and who acknowledges looks at it again by itself. */
	update_intr(chip);
	pthread_mutex_unlock(&chip->lock);
	return high;
}

/* ---- lines and MSIs -------------------------------------------------------------------------- */

void irqchip_set_irq(void *opaque, uint32_t gsi, uint32_t source, bool level)
{
	struct irqchip *chip = opaque;
	uint32_t pin = gsi == TIMER_IRQ ? TIMER_PIN : gsi;
	struct ioapic_out out = { .count = 0 };
	struct intr_change change = { .changed = false };

	atomic_fetch_add_explicit(&chip->stats.lines, 1, memory_order_relaxed);
	pthread_mutex_lock(&chip->lock);
	ioapic_set_irq(&chip->ioapic, pin, source, level, &out);
	if (gsi < ISA_IRQS) {
		pic_set_irq(&chip->pic, gsi, level);
		change = update_intr(chip);
	}
	pthread_mutex_unlock(&chip->lock);
	deliver(chip, &out);
	announce_intr(chip, &change);
}

void irqchip_send_msi(void *opaque, uint64_t address, uint32_t data)
{
	struct irqchip *chip = opaque;
	struct apic_msg msg;

	if (!msi_decode(address, data, true, &msg)) {
		atomic_fetch_add_explicit(&chip->stats.bad_msi, 1, memory_order_relaxed);
		return;
	}
	atomic_fetch_add_explicit(&chip->stats.messages, 1, memory_order_relaxed);
	irqchip_send(chip, NULL, &msg);
}

/* ---- EOIs, and storms of a level that nobody serves (R155, D29) ------------------------------ */

/* Lock held, after an EOI. True: begin_pause() has to follow without it. */
static bool wants_pause(struct irqchip *chip)
{
	if (!ioapic_holds(&chip->ioapic) || chip->pausing)
		return false;
	chip->pausing = true;
	return true;
}

static void begin_pause(struct irqchip *chip)
{
	struct board_clock clock = timers_clock(&chip->machine->timers);

	atomic_fetch_add_explicit(&chip->stats.storms, 1, memory_order_relaxed);
	board_clock_arm(&clock, &chip->pause, board_clock_now(&clock) + STORM_PAUSE_NS);
}

static void end_pause(void *opaque)
{
	struct irqchip *chip = opaque;
	struct ioapic_out out;

	pthread_mutex_lock(&chip->lock);
	chip->pausing = false;
	ioapic_release(&chip->ioapic, &out);
	pthread_mutex_unlock(&chip->lock);
	deliver(chip, &out);
}

void irqchip_eoi(struct irqchip *chip, uint8_t vector)
{
	struct ioapic_out out;
	bool pause;

	atomic_fetch_add_explicit(&chip->stats.eois, 1, memory_order_relaxed);
	pthread_mutex_lock(&chip->lock);
	ioapic_eoi(&chip->ioapic, vector, &out);
	pause = wants_pause(chip);
	pthread_mutex_unlock(&chip->lock);
	deliver(chip, &out);
	if (pause)
		begin_pause(chip);
}

/* ---- registers on the buses ------------------------------------------------------------------ */

static uint64_t ioapic_bus_read(void *opaque, uint64_t offset, uint32_t len)
{
	struct irqchip *chip = opaque;
	uint64_t value;

	pthread_mutex_lock(&chip->lock);
	value = ioapic_read(&chip->ioapic, offset, len);
	pthread_mutex_unlock(&chip->lock);
	return value;
}

/* struct kvm_irq_routing with an entry for each pin. */
struct route_table {
	uint32_t nr;
	uint32_t flags;
	struct kvm_irq_routing_entry entries[IOAPIC_PINS];
};

_Static_assert(offsetof(struct route_table, entries) == sizeof(struct kvm_irq_routing),
	       "the layout of struct kvm_irq_routing");

/*
 * KVM's LAPICs report an EOI only for vectors that its routing table shows as level-triggered. The
 * lock is held over the ioctl, or an older table could overtake a newer one.
 */
static void tell_kvm_routes(struct irqchip *chip)
{
	struct route_table table = { .nr = 0 };
	int ret;

	for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
		struct kvm_irq_routing_entry *e = &table.entries[table.nr];
		struct apic_msg msg = ioapic_rte_msg(chip->ioapic.rte[pin], true);
		uint64_t address;
		uint32_t high = msg.dest & 0xffffff00u;
		uint32_t data;

		msg.dest &= 0xff;
		if (!msi_encode(&msg, false, &address, &data))
			continue;
		e->gsi = pin;
		e->type = KVM_IRQ_ROUTING_MSI;
		e->u.msi.address_lo = (uint32_t)address;
		e->u.msi.address_hi = high;
		e->u.msi.data = data;
		table.nr++;
	}
	ret = kvm_set(chip->machine->vm_fd, KVM_SET_GSI_ROUTING, &table);
	if (ret)
		log_line(chip->machine->log, LOG_ERROR, "KVM_SET_GSI_ROUTING: %s", strerror(-ret));
}

static void ioapic_bus_write(void *opaque, uint64_t offset, uint32_t len, uint64_t value)
{
	struct irqchip *chip = opaque;
	struct ioapic_out out;
	bool pause;

	pthread_mutex_lock(&chip->lock);
	ioapic_write(&chip->ioapic, offset, len, value, &out);
	pause = wants_pause(chip); /* it may have been the EOI register */
	if (chip->shape == IRQCHIP_KERNEL && offset != 0)
		tell_kvm_routes(chip);
	pthread_mutex_unlock(&chip->lock);
	deliver(chip, &out);
	if (pause)
		begin_pause(chip);
}

void irqchip_routes_restored(struct irqchip *chip)
{
	pthread_mutex_lock(&chip->lock);
	if (chip->shape == IRQCHIP_KERNEL)
		tell_kvm_routes(chip);
	pthread_mutex_unlock(&chip->lock);
}

void irqchip_restored(struct irqchip *chip, const struct ioapic_out *out)
{
	struct intr_change change;

	pthread_mutex_lock(&chip->lock);
	change = update_intr(chip);
	pthread_mutex_unlock(&chip->lock);
	deliver(chip, out);
	announce_intr(chip, &change);
}

/* The six ports are three regions; base tells them apart, since offsets start at 0 in each. */
static uint64_t pic_access(struct irqchip *chip, uint16_t port, bool write, uint8_t value)
{
	struct intr_change change;
	uint64_t result = 0;

	pthread_mutex_lock(&chip->lock);
	if (write)
		pic_write(&chip->pic, port, value);
	else
		result = pic_read(&chip->pic, port);
	/* A read may be a poll, which acknowledges. */
	change = update_intr(chip);
	pthread_mutex_unlock(&chip->lock);
	announce_intr(chip, &change);
	return result;
}

/* A wider access reaches the two ports one after the other, as on the ISA bus. */
static uint64_t pic_ports_read(struct irqchip *chip, uint16_t base, uint64_t offset, uint32_t len)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < len; i++)
		value |= pic_access(chip, (uint16_t)(base + offset + i), false, 0) << (8 * i);
	return value;
}

static void pic_ports_write(struct irqchip *chip, uint16_t base, uint64_t offset, uint32_t len,
			    uint64_t value)
{
	for (uint32_t i = 0; i < len; i++)
		pic_access(chip, (uint16_t)(base + offset + i), true, (uint8_t)(value >> (8 * i)));
}

static uint64_t pic_master_read(void *chip, uint64_t offset, uint32_t len)
{
	return pic_ports_read(chip, PIC_MASTER_PORT, offset, len);
}

static void pic_master_write(void *chip, uint64_t offset, uint32_t len, uint64_t value)
{
	pic_ports_write(chip, PIC_MASTER_PORT, offset, len, value);
}

static uint64_t pic_slave_read(void *chip, uint64_t offset, uint32_t len)
{
	return pic_ports_read(chip, PIC_SLAVE_PORT, offset, len);
}

static void pic_slave_write(void *chip, uint64_t offset, uint32_t len, uint64_t value)
{
	pic_ports_write(chip, PIC_SLAVE_PORT, offset, len, value);
}

static uint64_t pic_elcr_read(void *chip, uint64_t offset, uint32_t len)
{
	return pic_ports_read(chip, PIC_ELCR_PORT, offset, len);
}

static void pic_elcr_write(void *chip, uint64_t offset, uint32_t len, uint64_t value)
{
	pic_ports_write(chip, PIC_ELCR_PORT, offset, len, value);
}

static const struct bus_ops ioapic_ops = { ioapic_bus_read, ioapic_bus_write };
static const struct bus_ops pic_master_ops = { pic_master_read, pic_master_write };
static const struct bus_ops pic_slave_ops = { pic_slave_read, pic_slave_write };
static const struct bus_ops pic_elcr_ops = { pic_elcr_read, pic_elcr_write };

int irqchip_init(struct irqchip *chip, struct machine *machine, uint8_t ioapic_version,
		 struct bus *ports, struct bus *mmio)
{
	const struct ioapic_config config = {
		.version = ioapic_version,
		.ext_dest = true,
		.storm_limit = STORM_LIMIT,
	};
	int ret;

	chip->machine = machine;
	chip->shape = machine->shape;
	chip->pause = (struct board_timer){ .expire = end_pause, .device = chip };
	pthread_mutex_init(&chip->lock, NULL);
	ioapic_reset(&chip->ioapic, &config);
	pic_reset(&chip->pic);
	lapic_directory_reset(&chip->directory, machine->nr_vcpus,
			      machine->options->apic_id_offset);
	ret = bus_add(mmio, "ioapic", IOAPIC_BASE, IOAPIC_WINDOW, &ioapic_ops, chip);
	if (ret == 0)
		ret = bus_add(ports, "pic", PIC_MASTER_PORT, 2, &pic_master_ops, chip);
	if (ret == 0)
		ret = bus_add(ports, "pic slave", PIC_SLAVE_PORT, 2, &pic_slave_ops, chip);
	if (ret == 0)
		ret = bus_add(ports, "elcr", PIC_ELCR_PORT, 2, &pic_elcr_ops, chip);
	return ret;
}
