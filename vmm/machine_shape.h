/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of a saved machine: what has to be the same in the machine that goes on from there. It
 * is the section "machine", the first one of the file.
 */
#ifndef VMM_MACHINE_SHAPE_H
#define VMM_MACHINE_SHAPE_H

#include "vmm/machine.h"
#include "vmm/state_file.h"

struct machine_shape {
	uint32_t cpus;
	uint64_t memory; /* bytes */
	uint32_t apic_id_offset;
	uint32_t tsc_khz;
	uint32_t pv_features; /* KVM's CPUID leaf 0x40000001, EAX */
	uint8_t ioapic_version;
	bool x2apic;
	bool tsc_deadline;
	bool serial;
	bool test_device;
	bool amd_extapic;
};

int machine_shape_save(struct machine *machine, struct state_output *out,
		       struct state_error *error);

/* The section has been adopted: pass over it. 0, or -1 and *error. */
int machine_shape_skip(struct state_input *in, struct state_error *error);

/* To and from bytes; decoding refuses what no machine can have. */
void machine_shape_encode(const struct machine_shape *shape, struct state_writer *out);
void machine_shape_decode(struct machine_shape *shape, struct state_reader *in);

/* options as the command line left them become those of shape. 0, or -1 and *error. */
int machine_shape_adopt(const struct machine_shape *shape, const char *path,
			struct options *options, struct state_error *error);

#endif
