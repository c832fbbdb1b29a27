/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSI address and data to an interrupt message and back.
 *
 * SDM vol. 3, "Message Address Register Format" and "Message Data Register Format".
 */
#include "ioapic/msi.h"

#include "ioapic/delivery_mode.h"

#define ADDRESS_BASE_SHIFT     20
#define ADDRESS_DEST_SHIFT     12
#define ADDRESS_DEST_BITS      UINT32_C(0xff)
#define ADDRESS_EXT_DEST_SHIFT 5
#define ADDRESS_EXT_DEST_BITS  UINT32_C(0x7f)
#define ADDRESS_REMAPPABLE     (UINT32_C(1) << 4) /* the format of interrupt remapping units */
#define ADDRESS_LOGICAL        (UINT32_C(1) << 2)

#define DATA_VECTOR     UINT32_C(0xff)
#define DATA_MODE_SHIFT 8
#define DATA_MODE_BITS  UINT32_C(7)
#define DATA_ASSERT     (UINT32_C(1) << 14)
#define DATA_LEVEL      (UINT32_C(1) << 15)

#define DEST_MAX       UINT32_C(0xff)
#define DEST_MAX_EXT   UINT32_C(0x7fff)
#define EXT_DEST_TO_ID 8 /* extended destination bits are destination bits 14:8 */

/*
 * SMI, NMI, INIT and ExtINT are edge-triggered whatever the trigger mode says ("Message Data
 * Register Format"), and the level bit means nothing with an edge.
 */
bool msi_decode(uint64_t address, uint32_t data, bool ext_dest, struct apic_msg *msg)
{
	uint32_t low = (uint32_t)address;
	uint32_t dest = (low >> ADDRESS_DEST_SHIFT) & ADDRESS_DEST_BITS;
	enum apic_delivery_mode mode = (enum apic_delivery_mode)((data >> DATA_MODE_SHIFT) &
								 DATA_MODE_BITS);
	bool level_trigger = (data & DATA_LEVEL) && delivery_mode_has_level(mode);

	if (address >> ADDRESS_BASE_SHIFT != MSI_ADDRESS_BASE >> ADDRESS_BASE_SHIFT ||
	    (low & ADDRESS_REMAPPABLE) || delivery_mode_is_reserved(mode))
		return false;
	if (ext_dest)
		dest |= ((low >> ADDRESS_EXT_DEST_SHIFT) & ADDRESS_EXT_DEST_BITS) << EXT_DEST_TO_ID;
	*msg = (struct apic_msg){
		.dest = dest,
		.vector = (uint8_t)(data & DATA_VECTOR),
		.mode = mode,
		.shorthand = APIC_SHORTHAND_NONE,
		.logical = (low & ADDRESS_LOGICAL) != 0,
		.level_trigger = level_trigger,
		.asserted = !level_trigger || (data & DATA_ASSERT),
	};
	return true;
}

bool msi_encode(const struct apic_msg *msg, bool ext_dest, uint64_t *address, uint32_t *data)
{
	uint32_t trigger = 0;

	if (msg->shorthand != APIC_SHORTHAND_NONE || delivery_mode_is_reserved(msg->mode) ||
	    msg->dest > (ext_dest ? DEST_MAX_EXT : DEST_MAX))
		return false;
	if (msg->level_trigger && delivery_mode_has_level(msg->mode))
		trigger = DATA_LEVEL | (msg->asserted ? DATA_ASSERT : 0);
	*address = MSI_ADDRESS_BASE | (msg->dest & ADDRESS_DEST_BITS) << ADDRESS_DEST_SHIFT |
		   (msg->dest >> EXT_DEST_TO_ID) << ADDRESS_EXT_DEST_SHIFT |
		   (msg->logical ? ADDRESS_LOGICAL : 0);
	*data = msg->vector | (uint32_t)msg->mode << DATA_MODE_SHIFT | trigger;
	return true;
}
