/* SPDX-License-Identifier: BSD-2-Clause */
/* Options that contradict each other. SDM vol. 3, "Local APIC ID", for the widths of APIC ids. */
#include "vmm/options_value.h"

/* xAPIC ids are 8 bits and 255 is the broadcast. */
#define XAPIC_MAX_IDS 255

int options_check(struct option_parser *p)
{
	const struct options *o = p->options;
	uint32_t ids = o->apic_id_offset + o->cpus;

	if (o->lapic == LAPIC_CHOICE_KERNEL && o->irqchip == IRQCHIP_CHOICE_NONE)
		return option_fail(p, "--lapic kernel contradicts --irqchip none: "
				      "KVM's local APIC needs the split irqchip");
	if (o->amd_extapic && o->lapic == LAPIC_CHOICE_KERNEL)
		return option_fail(p, "--amd-extapic on contradicts --lapic kernel, "
				      "which has no such registers");
	if (o->lapic == LAPIC_CHOICE_KERNEL && o->on_reset == ON_RESET_RESTART)
		return option_fail(p, "--lapic kernel contradicts --on-reset restart: "
				      "KVM's local APIC takes an INIT by itself");
	if (o->restore_path && o->on_reset == ON_RESET_RESTART)
		return option_fail(p, "--restore contradicts --on-reset restart: "
				      "a saved state has no image to load again");
	if (o->x2apic == TRISTATE_OFF && ids > XAPIC_MAX_IDS)
		return option_fail(p,
				   "--x2apic off contradicts %u CPUs from APIC id %u on: "
				   "xAPIC ids end at %u",
				   o->cpus, o->apic_id_offset, XAPIC_MAX_IDS - 1);
	if (o->restore_path && (o->guest || o->initrd || o->cmdline[0]))
		return option_fail(p, "--restore takes the guest from the file: "
				      "give no image, initrd or command line");
	if (ids > OPTIONS_APIC_ID_LIMIT + 1)
		return option_fail(p, "--apic-id-offset %u with %u CPUs leads beyond APIC id %u",
				   o->apic_id_offset, o->cpus, OPTIONS_APIC_ID_LIMIT);
	return option_settle_console(p);
}
