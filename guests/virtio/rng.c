/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng by polling, by INTx# and by MSI-X with its masks and pending bits; and as the victim
 * of a driver that errs. Virtual I/O Device (VIRTIO) 1.2, "Entropy Device"; PCI Local Bus
 * Specification 3.0, "MSI-X Capability and Table Structures".
 */
#include "lib/clock.h"
#include "lib/cpu.h"
#include "lib/ioapic.h"
#include "lib/irq.h"
#include "lib/power.h"
#include "lib/smp.h"
#include "virtio/pci.h"
#include "virtio/tests.h"

#define VECTOR_CONFIG 0x80u
#define VECTOR_QUEUE  0x81u
#define VECTOR_INTX   0x82u
#define BYTES         32u
#define QUIET_US      2000u
#define REQUESTS      20u
#define RINGS         100u        /* for each of them */
#define NOWHERE       0xf0000000u /* no memory */

/* parameter[0]: the ISR register, for the handler of the line. */
static void intx_handler(struct cpu *cpu, struct frame *frame)
{
	mmio_read8(test_env(cpu->kernel)->parameter[0]);
	irq_notify(cpu, frame);
}

static void offer_bytes(struct virtio *v, const uint8_t *bytes)
{
	virtio_descriptor(v, 0, bytes, BYTES, DESCRIPTOR_WRITE);
	virtio_offer(v, 0);
}

static bool start(struct kernel *kernel, bool msix)
{
	struct virtio *v = &devices_of(kernel)->rng;

	virtio_msix(v, msix, false);
	if (virtio_start(v))
		return true;
	test_fail(kernel, "the device does not become ready: status 0x%x", virtio_status(v));
	return false;
}

void test_rng_poll(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint8_t *bytes = kernel_alloc(kernel, 2 * BYTES, 64);
	uint32_t same = 0;

	if (!start(kernel, false))
		return;
	v->available->flags = 1; /* no interrupts */
	for (uint32_t round = 0; round < 2; round++) {
		offer_bytes(v, bytes + round * BYTES);
		if (!virtio_poll(v))
			test_fail(kernel, "round %u: the request does not come back", round);
		else if (virtio_last_len(v) != BYTES)
			test_fail(kernel, "round %u: %u bytes", round, virtio_last_len(v));
	}
	for (uint32_t i = 0; i < BYTES; i++)
		same += bytes[i] == bytes[BYTES + i];
	if (same > BYTES / 2)
		test_fail(kernel, "%u of %u bytes are the same as before", same, BYTES);
	if (virtio_read_isr(v))
		test_fail(kernel, "an interrupt that was not wanted");
}

/*
 * Each request is heard.
 * tests/integration/virtio.sh counts the exits that so many rings do not cause.
 */
void test_rng_doorbells(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint8_t *bytes = kernel_alloc(kernel, BYTES, 64);

	if (!start(kernel, false))
		return;
	v->available->flags = 1; /* no interrupts */
	for (uint32_t i = 0; i < REQUESTS && !test_failed(kernel); i++) {
		for (uint32_t n = 1; n < RINGS; n++)
			virtio_ring(v);
		offer_bytes(v, bytes);
		if (!virtio_poll(v))
			test_fail(kernel, "request %u is not heard", i);
	}
}

/*
 * The line falls when ISR is read; what may not happen is that it stays. An APIC of KVM may report
 * the EOI before the handler has run (docs/testing.md): then one more interrupt is on its way.
 */
static void expect_quiet(struct kernel *kernel, const _Atomic uint32_t *counter)
{
	uint32_t before;

	clock_delay_us(kernel, QUIET_US);
	before = test_load(counter);
	clock_delay_us(kernel, QUIET_US);
	if (test_load(counter) != before)
		test_fail(kernel, "the line does not fall");
}

void test_rng_intx(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint8_t *bytes = kernel_alloc(kernel, BYTES, 64);
	uint32_t sent = 0;

	if (!start(kernel, false))
		return;
	test_env(kernel)->parameter[0] = v->bar + v->isr;
	irq_set_handler(kernel, VECTOR_INTX, intx_handler);
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		const _Atomic uint32_t *counter = &kernel_cpu(kernel, i)->count[VECTOR_INTX];

		if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[i]))
			continue;
		ioapic_route(&kernel->ioapic, v->gsi, IOAPIC_LEVEL | VECTOR_INTX,
			     kernel->apic_ids[i]);
		offer_bytes(v, bytes);
		if (!smp_wait(counter, 1))
			test_fail(kernel, "cpu %u: no interrupt", i);
		expect_quiet(kernel, counter);
		ioapic_set_low(&kernel->ioapic, v->gsi, IOAPIC_MASKED);
		sent++;
	}
	if (!sent)
		test_fail(kernel, "no CPU is reached");
}

static void aim(struct kernel *kernel, struct virtio *v, uint32_t index)
{
	virtio_msix_mask(v, 1, true);
	virtio_msix_vector(v, 1, kernel->apic_ids[index], VECTOR_QUEUE);
	virtio_msix_mask(v, 1, false);
}

void test_rng_msix(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint8_t *bytes = kernel_alloc(kernel, BYTES, 64);
	uint32_t sent = 0;

	irq_set_handler(kernel, VECTOR_QUEUE, test_handler);
	if (!start(kernel, true))
		return;
	for (uint32_t i = 0; i < kernel->nr_cpus && !test_failed(kernel); i++) {
		if (!ioapic_reaches(&kernel->ioapic, kernel->apic_ids[i]))
			continue;
		aim(kernel, v, i);
		offer_bytes(v, bytes);
		test_expect_at(kernel, i, VECTOR_QUEUE, 1);
		sent++;
	}
	if (!sent)
		test_fail(kernel, "no CPU is reached");
	if (!test_failed(kernel))
		test_expect_sum(kernel, sent);
}

/* A request is done while its vector is held back: nothing comes, and the pending bit is set. */
static void expect_pending(struct kernel *kernel, struct virtio *v)
{
	uint8_t *bytes = kernel_alloc(kernel, BYTES, 64);

	offer_bytes(v, bytes);
	if (!virtio_poll(v))
		test_fail(kernel, "the request does not come back");
	for (uint32_t tries = 0; tries < 1000 && !virtio_msix_pending(v, 1); tries++)
		clock_delay_us(kernel, 100);
	if (!virtio_msix_pending(v, 1))
		test_fail(kernel, "the pending bit is not set");
	test_expect_sum(kernel, 0);
}

/* Pending at one CPU, then moved: it comes to the other one. */
void test_rng_pending(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint32_t last = kernel->nr_cpus - 1;
	uint32_t target = ioapic_reaches(&kernel->ioapic, kernel->apic_ids[last]) ? last : 0;

	irq_set_handler(kernel, VECTOR_QUEUE, test_handler);
	if (!start(kernel, true))
		return;
	virtio_msix_mask(v, 1, true);
	virtio_msix_vector(v, 1, kernel->apic_ids[0], VECTOR_QUEUE);
	expect_pending(kernel, v);
	aim(kernel, v, target);
	test_expect_at(kernel, target, VECTOR_QUEUE, 1);
	test_expect_sum(kernel, 1);
	if (virtio_msix_pending(v, 1))
		test_fail(kernel, "the pending bit is still set");
}

void test_rng_function_mask(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;

	irq_set_handler(kernel, VECTOR_QUEUE, test_handler);
	if (!start(kernel, true))
		return;
	aim(kernel, v, 0);
	virtio_msix(v, true, true);
	expect_pending(kernel, v);
	virtio_msix(v, true, false);
	test_expect_at(kernel, 0, VECTOR_QUEUE, 1);
	test_expect_sum(kernel, 1);
}

static void expect_failure(struct kernel *kernel, struct virtio *v, uint32_t count)
{
	test_expect_at(kernel, 0, VECTOR_CONFIG, count);
	if (!(virtio_status(v) & VIRTIO_NEEDS_RESET))
		test_fail(kernel, "status 0x%x, not in need of a reset", virtio_status(v));
}

static void aim_config(struct kernel *kernel, struct virtio *v)
{
	irq_set_handler(kernel, VECTOR_CONFIG, test_handler);
	virtio_msix_vector(v, 0, kernel->apic_ids[0], VECTOR_CONFIG);
	virtio_msix_mask(v, 0, false);
}

void test_rng_fault(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint8_t *bytes = kernel_alloc(kernel, BYTES, 64);

	if (!start(kernel, true))
		return;
	aim_config(kernel, v);
	virtio_descriptor(v, 0, bytes, BYTES, DESCRIPTOR_WRITE);
	v->descriptors[0].address = NOWHERE;
	virtio_offer(v, 0);
	expect_failure(kernel, v, 1);

	if (test_failed(kernel) || !start(kernel, true))
		return;
	virtio_descriptor(v, 0, bytes, BYTES, DESCRIPTOR_WRITE | DESCRIPTOR_NEXT);
	v->descriptors[0].next = 0;
	virtio_offer(v, 0);
	expect_failure(kernel, v, 2);

	if (test_failed(kernel) || !start(kernel, true))
		return;
	virtio_msix_mask(v, 1, true);
	offer_bytes(v, bytes);
	if (!virtio_poll(v))
		test_fail(kernel, "a reset does not help");
}

void test_rng_bad_queue(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	const struct {
		uint16_t size;
		uint64_t descriptors;
	} bad[] = {
		{ 3, (uintptr_t)v->descriptors },
		{ 0x8000, (uintptr_t)v->descriptors },
		{ VIRTIO_QUEUE_SIZE, NOWHERE },
		{ VIRTIO_QUEUE_SIZE, UINT64_MAX - 15 },
	};

	virtio_msix(v, true, false);
	aim_config(kernel, v);
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]) && !test_failed(kernel); i++) {
		if (!virtio_negotiate(v))
			test_fail(kernel, "the device does not agree on features");
		virtio_setup_queue(v, bad[i].size, bad[i].descriptors);
		virtio_ready(v);
		expect_failure(kernel, v, i + 1);
	}
	virtio_reset(v);
}

/* The BAR is moved away and back: the device is where it says that it is. */
void test_pci_bars(struct kernel *kernel)
{
	struct virtio *v = &devices_of(kernel)->rng;
	uint32_t old = v->bar;
	uint32_t size = pci_bar_size(v->slot, 0);
	uint32_t elsewhere = old + 0x100000;

	if (size < 4096 || (size & (size - 1)) || old % size)
		test_fail(kernel, "BAR 0 is at 0x%x and 0x%x bytes large", old, size);
	virtio_start(v);
	pci_write(v->slot, PCI_BAR0, elsewhere);
	if (mmio_read8(old + v->common + 0x14) != 0xff)
		test_fail(kernel, "the BAR is still decoded at its old place");
	v->bar = elsewhere;
	if (virtio_status(v) != VIRTIO_STATUS_READY)
		test_fail(kernel, "status 0x%x at the new place", virtio_status(v));
	if (!test_failed(kernel))
		test_rng_poll(kernel);
	pci_write(v->slot, PCI_BAR0, old);
	v->bar = old;
	if (virtio_status(v) != VIRTIO_STATUS_READY)
		test_fail(kernel, "status 0x%x back at the old place", virtio_status(v));
}
