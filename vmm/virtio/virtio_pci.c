/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio over PCI: capabilities, the BAR, doorbells, interrupts.
 *
 * Virtual I/O Device (VIRTIO) 1.2, "PCI Device Discovery", "Virtio Structure PCI Capabilities",
 * "ISR status capability", "PCI configuration access capability", "MSI-X Vector Configuration",
 * "Notifying The Driver".
 */
#include "vmm/virtio/virtio_pci.h"

#include <errno.h>
#include <linux/virtio_pci.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/kvm.h"

#define VENDOR_ID      0x1af4
#define DEVICE_ID_BASE 0x1040
#define SUBSYSTEM_ID   0x1100
#define REVISION       1
#define ISR_SIZE       4u
#define ISR_QUEUE      0x01u
#define ISR_CONFIG     0x02u

#define CONFIG_VECTOR_AND_QUEUES(dev) ((dev)->nr_queues + 1)

/* ---- interrupts, device's lock held ---------------------------------------------------------- */

static void interrupt(void *opaque, uint16_t vector, bool is_config)
{
	struct virtio_pci *t = opaque;

	/* Whoever reads ISR status has to wait for this lock. */
	if (is_config)
		t->isr |= ISR_CONFIG;
	if (!pci_interrupt(&t->fn, vector) && !is_config)
		t->isr |= ISR_QUEUE;
}

static void forget_interrupts(void *opaque)
{
	struct virtio_pci *t = opaque;

	t->isr = 0;
	pci_set_intx(&t->fn, false);
	for (uint32_t i = 0; i < CONFIG_VECTOR_AND_QUEUES(t->dev); i++)
		pci_clear_msix(&t->fn, i);
}

static bool is_master(void *opaque)
{
	struct virtio_pci *t = opaque;

	return pci_is_master(&t->fn);
}

/* "ISR status capability": reading acknowledges. */
static uint8_t read_isr(struct virtio_pci *t)
{
	uint8_t isr = t->isr;

	t->isr = 0;
	pci_set_intx(&t->fn, false);
	return isr;
}

/* ---- doorbells ------------------------------------------------------------------------------- */

static void ring(void *opaque, uint32_t queue)
{
	const struct virtio_pci *t = opaque;
	const uint64_t one = 1;

	/* A full counter is a doorbell that has been rung. */
	if (queue < t->dev->nr_queues && write(t->doorbell[queue].fd, &one, sizeof(one)) < 0)
		return;
}

static void ring_all(void *opaque)
{
	struct virtio_pci *t = opaque;

	for (uint32_t i = 0; i < t->dev->nr_queues; i++)
		ring(t, i);
}

static void on_doorbell(struct io_source *source, uint32_t events)
{
	struct virtio_pci *t = source->ctx;
	uint64_t count;

	(void)events;
	if (read(source->fd, &count, sizeof(count)) == sizeof(count))
		virtio_run_queue(t->dev, source->index);
}

static int bind_doorbell(const struct virtio_pci *t, uint32_t queue, uint32_t bar, bool assign)
{
	const struct kvm_ioeventfd args = {
		.addr = (uint64_t)bar + VIRTIO_PCI_AT_NOTIFY + queue * VIRTIO_PCI_DOORBELL_STRIDE,
		.len = 0, /* any */
		.fd = t->doorbell[queue].fd,
		.flags = assign ? 0 : KVM_IOEVENTFD_FLAG_DEASSIGN,
	};

	return kvm_set(t->vm_fd, KVM_IOEVENTFD, &args);
}

/* The function's lock is held. A doorbell that KVM does not take is served by its exit. */
static void bar_moved(void *opaque, uint32_t bar, uint32_t address)
{
	struct virtio_pci *t = opaque;

	(void)bar;
	if (t->vm_fd < 0)
		return;
	for (uint32_t i = 0; i < t->dev->nr_queues; i++) {
		uint32_t bit = 1u << i;

		if (t->bound & bit)
			bind_doorbell(t, i, t->bound_at, false);
		t->bound &= ~bit;
		if (address && bind_doorbell(t, i, address, true) == 0)
			t->bound |= bit;
	}
	t->bound_at = address;
}

/* ---- the BAR --------------------------------------------------------------------------------- */

/* Is the access in [start, start + size)? *offset becomes relative to start. */
static bool within(uint64_t *offset, uint32_t len, uint32_t start, uint32_t size)
{
	if (*offset < start || *offset - start >= size || size - (*offset - start) < len)
		return false;
	*offset -= start;
	return true;
}

static uint64_t read_device_config(struct virtio_pci *t, uint32_t offset, uint32_t len)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < len; i++)
		value |= (uint64_t)t->dev->kind->config_read(t->dev, offset + i) << (8 * i);
	return value;
}

static void write_device_config(struct virtio_pci *t, uint32_t offset, uint32_t len, uint64_t value)
{
	if (!t->dev->kind->config_write)
		return;
	for (uint32_t i = 0; i < len; i++)
		t->dev->kind->config_write(t->dev, offset + i, (uint8_t)(value >> (8 * i)));
}

static uint64_t bar_read(void *opaque, uint32_t bar, uint64_t offset, uint32_t len)
{
	struct virtio_pci *t = opaque;
	uint64_t value = 0;

	(void)bar;
	pthread_mutex_lock(&t->dev->lock);
	if (within(&offset, len, VIRTIO_PCI_AT_COMMON, VIRTIO_PCI_COMMON_SIZE))
		value = virtio_pci_common_read(t, (uint32_t)offset, len);
	else if (within(&offset, len, VIRTIO_PCI_AT_ISR, ISR_SIZE))
		value = offset == 0 ? read_isr(t) : 0;
	else if (within(&offset, len, VIRTIO_PCI_AT_DEVICE, t->dev->kind->config_size))
		value = read_device_config(t, (uint32_t)offset, len);
	pthread_mutex_unlock(&t->dev->lock);
	return value;
}

static void write_common(struct virtio_pci *t, uint32_t offset, uint32_t len, uint64_t value)
{
	bool live = virtio_pci_common_write(t, offset, len < 4 ? len : 4, (uint32_t)value);

	if (len == sizeof(value))
		virtio_pci_common_write(t, offset + 4, 4, (uint32_t)(value >> 32));
	/* What the driver made available before it was ready has not been looked at. */
	if (live)
		ring_all(t);
}

static void bar_write(void *opaque, uint32_t bar, uint64_t offset, uint32_t len, uint64_t value)
{
	struct virtio_pci *t = opaque;
	uint32_t doorbells = t->dev->nr_queues * VIRTIO_PCI_DOORBELL_STRIDE;

	(void)bar;
	if (within(&offset, len, VIRTIO_PCI_AT_NOTIFY, doorbells)) {
		ring(t, (uint32_t)offset / VIRTIO_PCI_DOORBELL_STRIDE);
		return;
	}
	pthread_mutex_lock(&t->dev->lock);
	if (within(&offset, len, VIRTIO_PCI_AT_COMMON, VIRTIO_PCI_COMMON_SIZE))
		write_common(t, (uint32_t)offset, len, value);
	else if (within(&offset, len, VIRTIO_PCI_AT_DEVICE, t->dev->kind->config_size))
		write_device_config(t, (uint32_t)offset, len, value);
	pthread_mutex_unlock(&t->dev->lock);
}

/* ---- access through configuration space ------------------------------------------------------ */

/*
 * Where the driver points to. False: not at something of ours, or not in the width of the access.
 */
static bool window_target(struct virtio_pci *t, uint32_t len, uint32_t *offset)
{
	uint32_t cap = t->fn.hook - sizeof(struct virtio_pci_cap);
	uint32_t bar = pci_config_get(&t->fn, cap + VIRTIO_PCI_CAP_BAR, 1);
	uint32_t length = pci_config_get(&t->fn, cap + VIRTIO_PCI_CAP_LENGTH, 4);

	*offset = pci_config_get(&t->fn, cap + VIRTIO_PCI_CAP_OFFSET, 4);
	return bar == VIRTIO_PCI_BAR && length == len && *offset % len == 0 &&
	       *offset <= VIRTIO_PCI_BAR_SIZE - len;
}

static uint32_t window_read(void *opaque, uint32_t at, uint32_t len)
{
	struct virtio_pci *t = opaque;
	uint32_t offset;

	if (at != 0 || !window_target(t, len, &offset))
		return 0;
	return (uint32_t)pci_bar_read(&t->fn, VIRTIO_PCI_BAR, offset, len);
}

static void window_write(void *opaque, uint32_t at, uint32_t len, uint32_t value)
{
	struct virtio_pci *t = opaque;
	uint32_t offset;

	if (at == 0 && window_target(t, len, &offset))
		pci_bar_write(&t->fn, VIRTIO_PCI_BAR, offset, len, value);
}

/* ---- building -------------------------------------------------------------------------------- */

static const struct pci_ops virtio_pci_ops = {
	.bar_read = bar_read,
	.bar_write = bar_write,
	.bar_moved = bar_moved,
	.master_enabled = ring_all,
	.hook_read = window_read,
	.hook_write = window_write,
};

static struct virtio_pci_cap structure(uint8_t type, uint32_t offset, uint32_t length, size_t size)
{
	return (struct virtio_pci_cap){
		.cap_len = (uint8_t)size,
		.cfg_type = type,
		.bar = VIRTIO_PCI_BAR,
		.offset = offset,
		.length = length,
	};
}

static void add_capabilities(struct virtio_pci *t)
{
	const struct virtio_kind *kind = t->dev->kind;
	const struct virtio_pci_notify_cap notify = {
		.cap = structure(VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_PCI_AT_NOTIFY,
				 t->dev->nr_queues * VIRTIO_PCI_DOORBELL_STRIDE, sizeof(notify)),
		.notify_off_multiplier = VIRTIO_PCI_DOORBELL_STRIDE,
	};
	const struct virtio_pci_cfg_cap window = {
		.cap = structure(VIRTIO_PCI_CAP_PCI_CFG, 0, 0, sizeof(window)),
	};
	struct virtio_pci_cap cap = structure(VIRTIO_PCI_CAP_COMMON_CFG, VIRTIO_PCI_AT_COMMON,
					      VIRTIO_PCI_COMMON_SIZE, sizeof(cap));
	uint32_t at;

	pci_add_capability(&t->fn, PCI_CAP_VENDOR, &cap, sizeof(cap));
	cap = structure(VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_PCI_AT_ISR, ISR_SIZE, sizeof(cap));
	pci_add_capability(&t->fn, PCI_CAP_VENDOR, &cap, sizeof(cap));
	cap = structure(VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_PCI_AT_DEVICE, kind->config_size,
			sizeof(cap));
	if (kind->config_size)
		pci_add_capability(&t->fn, PCI_CAP_VENDOR, &cap, sizeof(cap));
	pci_add_capability(&t->fn, PCI_CAP_VENDOR, &notify, sizeof(notify));
	at = pci_add_capability(&t->fn, PCI_CAP_VENDOR, &window, sizeof(window));
	pci_allow_writes(&t->fn, at + VIRTIO_PCI_CAP_BAR, 1);
	pci_allow_writes(&t->fn, at + VIRTIO_PCI_CAP_OFFSET, 8); /* and length */
	pci_hook(&t->fn, at + (uint32_t)sizeof(struct virtio_pci_cap), 4);
	pci_add_msix(&t->fn, CONFIG_VECTOR_AND_QUEUES(t->dev), VIRTIO_PCI_BAR, VIRTIO_PCI_AT_TABLE,
		     VIRTIO_PCI_AT_PBA);
}

static int create_doorbells(struct virtio_pci *t)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < t->dev->nr_queues; i++) {
		t->doorbell[i].fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (t->doorbell[i].fd < 0)
			return -errno;
		ret = io_thread_add(&t->thread, &t->doorbell[i], EPOLLIN);
	}
	return ret;
}

int virtio_pci_create(struct virtio_pci *t, struct virtio_device *dev, struct pci_bus *bus,
		      int vm_fd)
{
	const struct pci_ids ids = {
		.vendor = VENDOR_ID,
		.device = DEVICE_ID_BASE + dev->kind->id,
		.subvendor = VENDOR_ID,
		.subsystem = SUBSYSTEM_ID,
		.revision = REVISION,
		.class_code = dev->kind->pci_class,
	};
	int ret;

	*t = (struct virtio_pci){ .dev = dev, .vm_fd = vm_fd };
	for (uint32_t i = 0; i < VIRTIO_MAX_QUEUES; i++)
		t->doorbell[i] =
			(struct io_source){ .fd = -1, .ready = on_doorbell, .ctx = t, .index = i };
	dev->to = (struct virtio_transport){
		.interrupt = interrupt,
		.reset = forget_interrupts,
		.notify = ring,
		.is_master = is_master,
		.transport = t,
	};
	pci_function_init(&t->fn, &ids, &virtio_pci_ops, t);
	pci_add_bar(&t->fn, VIRTIO_PCI_BAR, VIRTIO_PCI_BAR_SIZE);
	add_capabilities(t);
	ret = io_thread_create(&t->thread);
	if (ret == 0)
		ret = create_doorbells(t);
	if (ret == 0 && dev->kind->attach)
		ret = dev->kind->attach(dev, &t->thread);
	return ret ? ret : pci_bus_add(bus, &t->fn);
}

int virtio_pci_start(struct virtio_pci *t)
{
	atomic_store(&t->dev->stopping, false);
	return io_thread_start(&t->thread, t->dev->kind->name);
}

void virtio_pci_stop(struct virtio_pci *t)
{
	atomic_store(&t->dev->stopping, true);
	io_thread_stop(&t->thread);
}

void virtio_pci_reset(struct virtio_pci *t)
{
	pthread_mutex_lock(&t->dev->lock);
	virtio_reset(t->dev);
	t->device_feature_select = 0;
	t->driver_feature_select = 0;
	t->queue_select = 0;
	pthread_mutex_unlock(&t->dev->lock);
}

void virtio_pci_destroy(struct virtio_pci *t)
{
	virtio_pci_stop(t);
	io_thread_destroy(&t->thread);
	for (uint32_t i = 0; i < VIRTIO_MAX_QUEUES; i++)
		if (t->doorbell[i].fd >= 0)
			close(t->doorbell[i].fd);
	pci_function_destroy(&t->fn);
	virtio_destroy(t->dev);
}
