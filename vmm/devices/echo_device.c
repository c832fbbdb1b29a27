/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports and memory that keep what is written, for guests that test how their accesses are carried
 * out. QEMU System Emulation documentation, "pc-testdev": the addresses are those that
 * kvm-unit-tests use.
 */
#include "vmm/devices/echo_device.h"

#include <string.h>

#include "vmm/devices/device_state.h"

#define FLUSH_SIZE 4

/*
 * The bus sees to it that an access lies inside; both memories are little-endian, as the guest is.
 */
static uint64_t load(struct echo_device *dev, const uint8_t *from, uint32_t len)
{
	uint64_t value = 0;

	pthread_mutex_lock(&dev->lock);
	memcpy(&value, from, len);
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void store(struct echo_device *dev, uint8_t *to, uint32_t len, uint64_t value)
{
	pthread_mutex_lock(&dev->lock);
	memcpy(to, &value, len);
	pthread_mutex_unlock(&dev->lock);
}

static uint64_t port_read(void *device, uint64_t offset, uint32_t len)
{
	struct echo_device *dev = device;

	return load(dev, dev->ports + offset, len);
}

static void port_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct echo_device *dev = device;

	store(dev, dev->ports + offset, len, value);
}

static const struct bus_ops port_ops = {
	.read = port_read,
	.write = port_write,
};

static uint64_t mmio_read(void *device, uint64_t offset, uint32_t len)
{
	struct echo_device *dev = device;

	return load(dev, dev->bytes + offset, len);
}

static void mmio_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct echo_device *dev = device;

	store(dev, dev->bytes + offset, len, value);
}

static const struct bus_ops mmio_ops = {
	.read = mmio_read,
	.write = mmio_write,
};

static uint64_t flush_read(void *device, uint64_t offset, uint32_t len)
{
	(void)device;
	(void)offset;
	(void)len;
	return UINT64_MAX;
}

static void flush_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	const struct echo_device *dev = device;

	(void)offset;
	if (len == FLUSH_SIZE)
		dev->flush(dev->memory, value);
}

static const struct bus_ops flush_ops = {
	.read = flush_read,
	.write = flush_write,
};

int echo_device_init(struct echo_device *dev, struct bus *ports, struct bus *mmio,
		     void (*flush)(void *memory, uint64_t gpa), void *memory)
{
	int error;

	*dev = (struct echo_device){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.flush = flush,
		.memory = memory,
	};
	error = bus_add(ports, "echo-ports", ECHO_DEVICE_PORT, ECHO_DEVICE_PORTS, &port_ops, dev);
	if (error)
		return error;
	error = bus_add(ports, "echo-flush", ECHO_DEVICE_FLUSH_PORT, FLUSH_SIZE, &flush_ops, dev);
	if (error)
		return error;
	return bus_add(mmio, "echo-memory", ECHO_DEVICE_MMIO, ECHO_DEVICE_MMIO_SIZE, &mmio_ops,
		       dev);
}

void echo_device_save(void *device, struct state_writer *out)
{
	struct echo_device *dev = device;

	pthread_mutex_lock(&dev->lock);
	state_put(out, dev->ports, sizeof(dev->ports));
	state_put(out, dev->bytes, sizeof(dev->bytes));
	pthread_mutex_unlock(&dev->lock);
}

void echo_device_restore(void *device, struct state_reader *in)
{
	struct echo_device *dev = device;

	pthread_mutex_lock(&dev->lock);
	state_get(in, dev->ports, sizeof(dev->ports));
	state_get(in, dev->bytes, sizeof(dev->bytes));
	pthread_mutex_unlock(&dev->lock);
}
