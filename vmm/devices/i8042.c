/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The keyboard controller, with neither keyboard nor mouse plugged in: guests reset through it.
 * IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 *
 * Every command is carried out at once, so that the input buffer never looks full, and whatever
 * should answer does so by the next read of the status: a probe that polls comes to an end.
 */
#include "vmm/devices/devices.h"

#include "vmm/devices/device_state.h"

/* Status register, read at the command port. */
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_SYSTEM      0x04 /* self test passed */
#define STATUS_COMMAND     0x08 /* the last byte came through the command port */
#define STATUS_UNLOCKED    0x10 /* the keyboard lock is open */
#define STATUS_AUX_FULL    0x20 /* the output buffer holds a byte of the auxiliary device */
#define STATUS_TIMEOUT     0x40 /* the device did not answer */
#define STATUS_OUTPUT_MASK (STATUS_OUTPUT_FULL | STATUS_AUX_FULL | STATUS_TIMEOUT)

/* Command byte. */
#define CONFIG_KEYBOARD_INTERRUPT 0x01
#define CONFIG_SYSTEM             0x04
#define CONFIG_KEYBOARD_DISABLED  0x10
#define CONFIG_AUX_DISABLED       0x20
#define CONFIG_TRANSLATE          0x40

enum i8042_command {
	COMMAND_READ_CONFIG = 0x20,  /* 0x21..0x3f: the RAM behind the command byte */
	COMMAND_WRITE_CONFIG = 0x60, /* 0x61..0x7f likewise */
	COMMAND_TEST_AUX = 0xa9,
	COMMAND_SELF_TEST = 0xaa,
	COMMAND_TEST_KEYBOARD = 0xab,
	COMMAND_DISABLE_KEYBOARD = 0xad,
	COMMAND_ENABLE_KEYBOARD = 0xae,
	COMMAND_READ_INPUT_PORT = 0xc0,
	COMMAND_READ_OUTPUT_PORT = 0xd0,
	COMMAND_WRITE_OUTPUT_PORT = 0xd1,
	COMMAND_WRITE_KEYBOARD_BUFFER = 0xd2,
	COMMAND_WRITE_AUX_BUFFER = 0xd3,
	COMMAND_WRITE_AUX = 0xd4,
	COMMAND_READ_TEST_INPUTS = 0xe0,
	COMMAND_PULSE = 0xf0, /* 0xf0..0xff: pulse the output lines whose bit is clear */
};

#define SELF_TEST_PASSED     0x55
#define INTERFACE_GOOD       0x00
#define INTERFACE_CLOCK_LOW  0x01 /* what the test of a port without a plug finds */
#define INPUT_PORT_UNLOCKED  0x80
#define OUTPUT_PORT_NO_RESET 0x01 /* low: the processor is held in reset */
#define OUTPUT_PORT_A20      0x02
#define DEVICE_RESEND        0xfe /* stands for the answer of a device that is not there */

static void i8042_answer(struct i8042 *kbc, uint8_t value, uint8_t flags)
{
	kbc->output = value;
	kbc->status = (uint8_t)((kbc->status & ~STATUS_OUTPUT_MASK) | STATUS_OUTPUT_FULL | flags);
}

/* There is no second port to enable: its clock stays off whatever is written. */
static void i8042_set_config(struct i8042 *kbc, uint8_t value)
{
	kbc->config = value | CONFIG_AUX_DISABLED;
	if (value & CONFIG_SYSTEM)
		kbc->status |= STATUS_SYSTEM;
	else
		kbc->status &= (uint8_t)~STATUS_SYSTEM;
}

/* The commands 0x20..0x7f, which address the controller's RAM. */
static void i8042_command_ram(struct i8042 *kbc, uint8_t command)
{
	if (command == COMMAND_READ_CONFIG)
		i8042_answer(kbc, kbc->config, 0);
	else if (command < COMMAND_READ_CONFIG + 0x20)
		i8042_answer(kbc, 0, 0);
	else if (command >= COMMAND_WRITE_CONFIG)
		kbc->pending_command = command;
}

/* Returns true if the command resets the machine. */
static bool i8042_command(struct i8042 *kbc, uint8_t command)
{
	kbc->status |= STATUS_COMMAND;
	kbc->pending_command = 0;

	switch (command) {
	case COMMAND_TEST_AUX:
		i8042_answer(kbc, INTERFACE_CLOCK_LOW, 0);
		return false;
	case COMMAND_SELF_TEST:
		kbc->status |= STATUS_SYSTEM;
		i8042_answer(kbc, SELF_TEST_PASSED, 0);
		return false;
	case COMMAND_TEST_KEYBOARD:
		i8042_answer(kbc, INTERFACE_GOOD, 0);
		return false;
	case COMMAND_DISABLE_KEYBOARD:
		kbc->config |= CONFIG_KEYBOARD_DISABLED;
		return false;
	case COMMAND_ENABLE_KEYBOARD:
		kbc->config &= (uint8_t)~CONFIG_KEYBOARD_DISABLED;
		return false;
	case COMMAND_READ_INPUT_PORT:
		i8042_answer(kbc, INPUT_PORT_UNLOCKED, 0);
		return false;
	case COMMAND_READ_OUTPUT_PORT:
		i8042_answer(kbc, OUTPUT_PORT_NO_RESET | OUTPUT_PORT_A20, 0);
		return false;
	case COMMAND_READ_TEST_INPUTS:
		i8042_answer(kbc, 0, 0);
		return false;
	case COMMAND_WRITE_OUTPUT_PORT:
	case COMMAND_WRITE_KEYBOARD_BUFFER:
	case COMMAND_WRITE_AUX_BUFFER:
	case COMMAND_WRITE_AUX:
		kbc->pending_command = command;
		return false;
	default:
		break;
	}
	if (command >= COMMAND_PULSE)
		return !(command & OUTPUT_PORT_NO_RESET);
	if (command >= COMMAND_READ_CONFIG && command < COMMAND_WRITE_CONFIG + 0x20)
		i8042_command_ram(kbc, command);
	return false;
}

/*
 * A byte at the data port: of the command that waits for it, or else for the keyboard, whose
 * silence the controller reports as a time-out. Returns true if it resets the machine.
 *
 * The auxiliary loop-back answers like a controller without an auxiliary port, not flagged as that
 * port's byte: it is how drivers tell the two kinds apart without waiting.
 */
static bool i8042_data(struct i8042 *kbc, uint8_t value)
{
	uint8_t command = kbc->pending_command;

	kbc->status &= (uint8_t)~STATUS_COMMAND;
	kbc->pending_command = 0;

	switch (command) {
	case 0:
		i8042_answer(kbc, DEVICE_RESEND, STATUS_TIMEOUT);
		break;
	case COMMAND_WRITE_CONFIG:
		i8042_set_config(kbc, value);
		break;
	case COMMAND_WRITE_OUTPUT_PORT:
		return !(value & OUTPUT_PORT_NO_RESET);
	case COMMAND_WRITE_KEYBOARD_BUFFER:
	case COMMAND_WRITE_AUX_BUFFER:
		i8042_answer(kbc, value, 0);
		break;
	case COMMAND_WRITE_AUX:
		i8042_answer(kbc, DEVICE_RESEND, STATUS_AUX_FULL | STATUS_TIMEOUT);
		break;
	default: /* a byte of RAM that nothing reads back */
		break;
	}
	return false;
}

static uint64_t i8042_read_data(void *device, uint64_t offset, uint32_t len)
{
	struct i8042 *kbc = device;
	uint8_t value;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&kbc->lock);
	value = kbc->output;
	kbc->status &= (uint8_t)~STATUS_OUTPUT_MASK;
	pthread_mutex_unlock(&kbc->lock);
	return value;
}

static uint64_t i8042_read_status(void *device, uint64_t offset, uint32_t len)
{
	struct i8042 *kbc = device;
	uint8_t value;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&kbc->lock);
	value = kbc->status;
	pthread_mutex_unlock(&kbc->lock);
	return value;
}

static void i8042_write_data(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct i8042 *kbc = device;
	bool reset;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&kbc->lock);
	reset = i8042_data(kbc, (uint8_t)value);
	pthread_mutex_unlock(&kbc->lock);
	if (reset)
		kbc->end.request(kbc->end.machine, END_INIT, 0);
}

static void i8042_write_command(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct i8042 *kbc = device;
	bool reset;

	(void)offset;
	(void)len;
	pthread_mutex_lock(&kbc->lock);
	reset = i8042_command(kbc, (uint8_t)value);
	pthread_mutex_unlock(&kbc->lock);
	if (reset)
		kbc->end.request(kbc->end.machine, END_INIT, 0);
}

static const struct bus_ops i8042_data_ops = {
	.read = i8042_read_data,
	.write = i8042_write_data,
};

static const struct bus_ops i8042_command_ops = {
	.read = i8042_read_status,
	.write = i8042_write_command,
};

/* As firmware leaves it: tested, unlocked, the keyboard enabled and translated. */
int i8042_init(struct i8042 *kbc, struct bus *ports, struct end_request end)
{
	int error;

	*kbc = (struct i8042){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.status = STATUS_SYSTEM | STATUS_UNLOCKED,
		.config = CONFIG_KEYBOARD_INTERRUPT | CONFIG_SYSTEM | CONFIG_AUX_DISABLED |
			  CONFIG_TRANSLATE,
		.end = end,
	};
	error = bus_add(ports, "i8042-data", I8042_DATA_PORT, 1, &i8042_data_ops, kbc);
	if (error)
		return error;
	return bus_add(ports, "i8042-command", I8042_COMMAND_PORT, 1, &i8042_command_ops, kbc);
}

void i8042_save(void *device, struct state_writer *out)
{
	struct i8042 *kbc = device;

	pthread_mutex_lock(&kbc->lock);
	state_put_u8(out, kbc->status);
	state_put_u8(out, kbc->config);
	state_put_u8(out, kbc->output);
	state_put_u8(out, kbc->pending_command);
	pthread_mutex_unlock(&kbc->lock);
}

void i8042_restore(void *device, struct state_reader *in)
{
	struct i8042 *kbc = device;

	pthread_mutex_lock(&kbc->lock);
	kbc->status = state_get_u8(in);
	kbc->config = state_get_u8(in);
	kbc->output = state_get_u8(in);
	kbc->pending_command = state_get_u8(in);
	pthread_mutex_unlock(&kbc->lock);
}
