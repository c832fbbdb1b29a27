/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0x92. Intel ICH data sheets, "PORT92 - Fast A20 and Init Register": the CPUs get INIT when
 * bit 0 goes from 0 to 1.
 */
#include "vmm/devices/port92.h"

#include "vmm/devices/device_state.h"

#define PORT92_INIT     0x01u
#define PORT92_A20      0x02u
#define PORT92_WRITABLE (PORT92_INIT | PORT92_A20)

static uint64_t port92_read(void *device, uint64_t offset, uint32_t len)
{
	struct port92 *port = device;
	uint8_t value;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&port->lock);
	value = port->value;
	pthread_mutex_unlock(&port->lock);
	return value;
}

static void port92_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct port92 *port = device;
	uint8_t rising;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&port->lock);
	rising = (uint8_t)(value & ~(uint64_t)port->value);
	port->value = (uint8_t)(value & PORT92_WRITABLE);
	pthread_mutex_unlock(&port->lock);
	if (rising & PORT92_INIT)
		port->end.request(port->end.machine, END_INIT, 0);
}

static const struct bus_ops port92_ops = {
	.read = port92_read,
	.write = port92_write,
};

int port92_init(struct port92 *port, struct bus *ports, struct end_request end)
{
	*port = (struct port92){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.value = PORT92_A20,
		.end = end,
	};
	return bus_add(ports, "port92", PORT92_PORT, 1, &port92_ops, port);
}

void port92_save(void *device, struct state_writer *out)
{
	struct port92 *port = device;

	pthread_mutex_lock(&port->lock);
	state_put_u8(out, port->value);
	pthread_mutex_unlock(&port->lock);
}

void port92_restore(void *device, struct state_reader *in)
{
	struct port92 *port = device;

	pthread_mutex_lock(&port->lock);
	port->value = state_get_u8(in) & PORT92_WRITABLE;
	pthread_mutex_unlock(&port->lock);
}
