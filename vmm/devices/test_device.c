/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test device: a guest raises interrupt lines and sends MSIs to itself.
 * PCI Local Bus Specification, "Message Signaled Interrupts", for the address and data pair.
 */
#include "vmm/devices/devices.h"

#include <sched.h>

#include "vmm/devices/device_state.h"

#define TEST_DEVICE_SIZE    (TEST_DEVICE_YIELD + 4 - TEST_DEVICE_PORT)
#define TEST_DEVICE_NR_PINS 24

static uint64_t test_device_read(void *device, uint64_t offset, uint32_t len)
{
	struct test_device *dev = device;
	uint64_t value = UINT64_MAX;

	if (offset + TEST_DEVICE_PORT == TEST_DEVICE_YIELD)
		sched_yield();
	if (len != 4)
		return value;
	pthread_mutex_lock(&dev->lock);
	if (offset + TEST_DEVICE_PORT == TEST_DEVICE_MSI_ADDRESS)
		value = dev->msi_address & UINT32_MAX;
	else if (offset + TEST_DEVICE_PORT == TEST_DEVICE_MSI_ADDRESS_HIGH)
		value = dev->msi_address >> 32;
	pthread_mutex_unlock(&dev->lock);
	return value;
}

static void test_device_set_pin(const struct test_device *dev, uint32_t pin, bool level)
{
	struct irq_line line = dev->line;

	line.gsi = pin;
	irq_line_set(&line, level);
}

static void test_device_write_msi(struct test_device *dev, uint64_t port, uint32_t value)
{
	bool send = port == TEST_DEVICE_MSI_DATA;
	uint64_t address;

	pthread_mutex_lock(&dev->lock);
	if (port == TEST_DEVICE_MSI_ADDRESS)
		dev->msi_address = (dev->msi_address & ~(uint64_t)UINT32_MAX) | value;
	else if (port == TEST_DEVICE_MSI_ADDRESS_HIGH)
		dev->msi_address = (dev->msi_address & UINT32_MAX) | (uint64_t)value << 32;
	address = dev->msi_address;
	pthread_mutex_unlock(&dev->lock);

	if (send)
		dev->send_msi(dev->line.irqchip, address, value);
}

static void test_device_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct test_device *dev = device;

	if (offset < TEST_DEVICE_NR_PINS)
		test_device_set_pin(dev, (uint32_t)offset, value != 0);
	else if (len == 4)
		test_device_write_msi(dev, TEST_DEVICE_PORT + offset, (uint32_t)value);
}

static const struct bus_ops test_device_ops = {
	.read = test_device_read,
	.write = test_device_write,
};

/* ---- saving the machine ---------------------------------------------------------------------- */

static uint64_t save_port_read(void *device, uint64_t offset, uint32_t len)
{
	const struct test_device *dev = device;

	(void)offset;
	return len == 4 ? dev->save.request != NULL : UINT64_MAX;
}

static void save_port_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	const struct test_device *dev = device;

	(void)offset;
	(void)value;
	if (len == 4 && dev->save.request)
		dev->save.request(dev->save.machine, END_SAVE, 0);
}

static const struct bus_ops save_port_ops = {
	.read = save_port_read,
	.write = save_port_write,
};

int test_device_init(struct test_device *dev, struct bus *ports, struct irq_line line,
		     void (*send_msi)(void *irqchip, uint64_t address, uint32_t data))
{
	int error;

	*dev = (struct test_device){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.line = line,
		.send_msi = send_msi,
	};
	error = bus_add(ports, "test-device", TEST_DEVICE_PORT, TEST_DEVICE_SIZE, &test_device_ops,
			dev);
	if (error)
		return error;
	return bus_add(ports, "test-device save", TEST_DEVICE_SAVE, 4, &save_port_ops, dev);
}

void test_device_offer_save(struct test_device *dev, struct end_request save)
{
	dev->save = save;
}

void test_device_save(void *device, struct state_writer *out)
{
	struct test_device *dev = device;

	pthread_mutex_lock(&dev->lock);
	state_put_u64(out, dev->msi_address);
	pthread_mutex_unlock(&dev->lock);
}

void test_device_restore(void *device, struct state_reader *in)
{
	struct test_device *dev = device;

	pthread_mutex_lock(&dev->lock);
	dev->msi_address = state_get_u64(in);
	pthread_mutex_unlock(&dev->lock);
}
