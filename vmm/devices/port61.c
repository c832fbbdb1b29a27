/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0x61: what it drives, and what it shows. Nobody hears the speaker, and there is no source of
 * the NMIs that bits 2 and 3 enable.
 * Intel 82371 (PIIX) and ICH data sheets, "NMI Status and Control Register (NMI_SC)".
 */
#include "vmm/devices/port61.h"

#define PORT61_GATE2   0x01u
#define PORT61_REFRESH 0x10u
#define PORT61_OUT2    0x20u

/* A PC's counter 1 asks for a refresh of memory every 15 us, and bit 4 changes with each. */
#define REFRESH_TICKS 18

static uint64_t port61_read(void *device, uint64_t offset, uint32_t len)
{
	struct port61 *port = device;
	uint64_t value;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&port->lock);
	value = port->control;
	pthread_mutex_unlock(&port->lock);
	if (i8254_ticks(board_clock_now(&port->clock)) / REFRESH_TICKS % 2)
		value |= PORT61_REFRESH;
	if (i8254_out2(port->pit))
		value |= PORT61_OUT2;
	return value;
}

static void port61_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct port61 *port = device;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&port->lock);
	port->control = (uint8_t)(value & PORT61_WRITABLE);
	i8254_set_gate2(port->pit, value & PORT61_GATE2);
	pthread_mutex_unlock(&port->lock);
}

static const struct bus_ops port61_ops = {
	.read = port61_read,
	.write = port61_write,
};

int port61_init(struct port61 *port, struct bus *ports, struct i8254 *pit,
		const struct board_clock *clock)
{
	*port = (struct port61){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.clock = *clock,
		.pit = pit,
	};
	return bus_add(ports, "port61", PORT61_PORT, 1, &port61_ops, port);
}
