/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's firmware configuration ports: the machine's shape, for guests that ask there.
 * QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device", traditional interface.
 */
#include "vmm/devices/devices.h"

#include "vmm/devices/device_state.h"

#define FW_CFG_SIZE            2
#define FW_CFG_DATA            1 /* offset of the data port; the selector lies under it */
#define FW_CFG_SELECTOR        0
#define FW_CFG_HAS_TRADITIONAL 0x1 /* of FW_CFG_ID; no DMA */

enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NB_CPUS = 0x05,
	FW_CFG_MAX_CPUS = 0x0f,
};

struct fw_cfg_item {
	uint64_t value; /* little-endian when read byte by byte */
	uint32_t size;
};

/* Keys that the machine has nothing to say about are items of length zero. */
static struct fw_cfg_item fw_cfg_lookup(const struct fw_cfg *fw)
{
	switch (fw->selector) {
	case FW_CFG_SIGNATURE:
		return (struct fw_cfg_item){ 'Q' | 'E' << 8 | 'M' << 16 | 'U' << 24, 4 };
	case FW_CFG_ID:
		return (struct fw_cfg_item){ FW_CFG_HAS_TRADITIONAL, 4 };
	case FW_CFG_RAM_SIZE:
		return (struct fw_cfg_item){ fw->ram_size, 8 };
	case FW_CFG_NB_CPUS:
	case FW_CFG_MAX_CPUS:
		return (struct fw_cfg_item){ fw->nr_cpus, 2 };
	default:
		return (struct fw_cfg_item){ 0, 0 };
	}
}

/* Past the end of an item the data port reads zero, and the offset stays: it cannot wrap. */
static uint64_t fw_cfg_read(void *device, uint64_t offset, uint32_t len)
{
	struct fw_cfg *fw = device;
	struct fw_cfg_item item;
	uint64_t value = 0;

	if (offset != FW_CFG_DATA || len != 1)
		return UINT64_MAX;
	pthread_mutex_lock(&fw->lock);
	item = fw_cfg_lookup(fw);
	if (fw->offset < item.size) {
		value = (item.value >> (8 * fw->offset)) & 0xff;
		fw->offset++;
	}
	pthread_mutex_unlock(&fw->lock);
	return value;
}

static void fw_cfg_write(void *device, uint64_t offset, uint32_t len, uint64_t value)
{
	struct fw_cfg *fw = device;

	if (offset != FW_CFG_SELECTOR || len != 2)
		return;
	pthread_mutex_lock(&fw->lock);
	fw->selector = (uint16_t)value;
	fw->offset = 0;
	pthread_mutex_unlock(&fw->lock);
}

static const struct bus_ops fw_cfg_ops = {
	.read = fw_cfg_read,
	.write = fw_cfg_write,
};

int fw_cfg_init(struct fw_cfg *fw, struct bus *ports, uint32_t nr_cpus, uint64_t ram_size)
{
	*fw = (struct fw_cfg){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.nr_cpus = nr_cpus,
		.ram_size = ram_size,
	};
	return bus_add(ports, "fw_cfg", FW_CFG_PORT, FW_CFG_SIZE, &fw_cfg_ops, fw);
}

void fw_cfg_save(void *device, struct state_writer *out)
{
	struct fw_cfg *fw = device;

	pthread_mutex_lock(&fw->lock);
	state_put_u16(out, fw->selector);
	state_put_u32(out, fw->offset);
	pthread_mutex_unlock(&fw->lock);
}

void fw_cfg_restore(void *device, struct state_reader *in)
{
	struct fw_cfg *fw = device;

	pthread_mutex_lock(&fw->lock);
	fw->selector = state_get_u16(in);
	fw->offset = state_get_u32(in);
	pthread_mutex_unlock(&fw->lock);
}
