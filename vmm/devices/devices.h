/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of the board: one chip per file. Each is set up with what it needs from outside and
 * claims its addresses on the bus; each takes care of its own locking.
 */
#ifndef VMM_DEVICES_DEVICES_H
#define VMM_DEVICES_DEVICES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lapic/apic_msg.h"
#include "vmm/board_clock.h"
#include "vmm/bus.h"
#include "vmm/irq_line.h"

/*
 * How a guest ends the machine. Called on a vCPU thread with no lock held, perhaps more than once
 * and by several threads; the machine stops soon after.
 */
enum end_reason {
	END_POWER_OFF,
	END_RESET,      /* of the whole board */
	END_INIT,       /* of the CPUs alone: memory and devices stay */
	END_DEBUG_EXIT, /* value is what the guest wrote */
	END_SAVE,       /* the machine is to be saved; it may go on afterwards */
};

struct end_request {
	void (*request)(void *machine, enum end_reason reason, uint32_t value);
	void *machine;
};

/* ---- serial.c: 16550A UART ------------------------------------------------------------------- */

#define SERIAL_COM1     0x3f8
#define SERIAL_COM1_IRQ 4

/*
 * Where guest bytes go: called on vCPU threads, one call at a time, in the order of the guest's
 * writes. It may block, which the guest sees as a busy transmitter; it may not call the device.
 */
struct serial_sink {
	void (*write)(void *sink, const uint8_t *data, size_t len);
	void *sink;
};

struct serial;

/* NULL: out of memory, or the ports are taken. */
struct serial *serial_create(struct bus *ports, uint16_t base, struct irq_line irq,
			     struct serial_sink sink);
void serial_destroy(struct serial *serial);
/*
 * Bytes for the guest, from any thread; never blocks on the sink. Returns how many fit into the
 * receive FIFO, none while the guest does not listen; the others stay with the caller, who is told
 * through space when there is room. To be called then even if nothing is left to be sent: the guest
 * may have thrown away bytes unread, which the port sends again.
 */
size_t serial_receive(struct serial *serial, const uint8_t *data, size_t len);
/* Has the guest enabled the receive interrupt? Any thread. */
bool serial_is_heard(struct serial *serial);
/* Set space before the guest runs. It is called on a vCPU thread, no lock held. */
void serial_on_space(struct serial *serial, void (*space)(void *ctx), void *ctx);

/* ---- i8042.c: keyboard controller with nothing plugged in, for reset ------------------------- */

#define I8042_DATA_PORT    0x60
#define I8042_COMMAND_PORT 0x64

struct i8042 {
	pthread_mutex_t lock;
	uint8_t status;
	uint8_t config;          /* command byte */
	uint8_t output;          /* output buffer */
	uint8_t pending_command; /* command waiting for its data byte, 0: none */
	struct end_request end;
};

int i8042_init(struct i8042 *kbc, struct bus *ports, struct end_request end);

/* ---- debug_exit.c: port 0xf4; a write of v ends the process with (v << 1) | 1 ---------------- */

#define DEBUG_EXIT_PORT 0xf4

struct debug_exit {
	struct end_request end;
};

int debug_exit_init(struct debug_exit *dev, struct bus *ports, struct end_request end);

/* ---- acpi_pm.c: PM1a event and control blocks, PM timer, reset register ---------------------- */

#define ACPI_PM1A_EVENT_PORT   0x600
#define ACPI_PM1A_CONTROL_PORT 0x604 /* write 0x2000: power off */
#define ACPI_PM_TIMER_PORT     0x608
#define ACPI_RESET_PORT        0xcf9
#define ACPI_RESET_VALUE       0x06
#define ACPI_S5_SLEEP_TYPE     0
#define ACPI_SCI_IRQ           9

struct acpi_pm {
	pthread_mutex_t lock;
	uint16_t status;  /* PM1_STS */
	uint16_t enable;  /* PM1_EN */
	uint16_t control; /* PM1_CNT */
	uint8_t reset;    /* what the reset register was last given */
	uint64_t ticks;   /* of the PM timer, when it was looked at last */
	uint64_t offset;  /* ticks that it is ahead of the clock, modulo 2^64 */
	bool level;       /* of sci */
	struct board_clock clock;
	struct board_timer timer;
	struct irq_line sci;
	struct end_request end;
};

/* *pm must not move afterwards. 0 or -errno. */
int acpi_pm_init(struct acpi_pm *pm, struct bus *ports, struct irq_line sci,
		 const struct board_clock *clock, struct end_request end);

/* ---- fw_cfg.c: QEMU's firmware configuration ports, for the shape of the machine ------------- */

#define FW_CFG_PORT 0x510 /* 16-bit selector; data at 0x511 */

struct fw_cfg {
	pthread_mutex_t lock;
	uint16_t selector;
	uint32_t offset;
	uint32_t nr_cpus;
	uint64_t ram_size;
};

int fw_cfg_init(struct fw_cfg *fw, struct bus *ports, uint32_t nr_cpus, uint64_t ram_size);

/* ---- test_device.c: --test-device, interrupts on demand -------------------------------------- */

/*
 * 0x2000 + n (n = 0..23), any width: drive I/O APIC pin n, 0 low, anything else high.
 * 0x2040, 0x2044 (32 bits): MSI address, low and high half. 0x2048 (32 bits): MSI data; the write
 * sends the message.
 * 0x204c, read: all ones, after the host has let other threads run. For CPUs that poll each other.
 * 0x2060 (32 bits) reads 1 where the machine can be saved (--save-state), else 0; a write saves it
 * then: the guest goes on after the write, in this process or in another one.
 */
#define TEST_DEVICE_PORT             0x2000
#define TEST_DEVICE_MSI_ADDRESS      0x2040
#define TEST_DEVICE_MSI_ADDRESS_HIGH 0x2044
#define TEST_DEVICE_MSI_DATA         0x2048
#define TEST_DEVICE_YIELD            0x204c
#define TEST_DEVICE_SAVE             0x2060

struct test_device {
	pthread_mutex_t lock;
	uint64_t msi_address;
	struct irq_line line; /* gsi is set for each access */
	void (*send_msi)(void *irqchip, uint64_t address, uint32_t data);
	struct end_request save; /* NULL: there is nowhere to save to */
};

int test_device_init(struct test_device *dev, struct bus *ports, struct irq_line line,
		     void (*send_msi)(void *irqchip, uint64_t address, uint32_t data));

/* The machine can be saved. Before any vCPU runs. */
void test_device_offer_save(struct test_device *dev, struct end_request save);

#endif
