/* SPDX-License-Identifier: BSD-2-Clause */
/* The shape of a saved machine, and how the command line takes it over. */
#include "vmm/machine_shape.h"

#include <inttypes.h>

#include "vmm/machine_state.h"

#define SECTION "machine"
#define VERSION 2

#define PAGE_SIZE   4096u
#define MEMORY_MIN  (UINT64_C(2) << 20)
#define MEMORY_MAX  (UINT64_C(1) << 40)
#define ID_LIMIT    0x7fffu /* as the command line has it */
#define XAPIC_LIMIT 255u

#define LEAF_FEATURES 0x40000001u

static uint32_t pv_features(const struct machine *m)
{
	for (uint32_t i = 0; i < m->cpuid.nent; i++)
		if (m->cpuid.entries[i].function == LEAF_FEATURES)
			return m->cpuid.entries[i].eax;
	return 0;
}

void machine_shape_encode(const struct machine_shape *shape, struct state_writer *out)
{
	state_put_u32(out, shape->cpus);
	state_put_u64(out, shape->memory);
	state_put_u32(out, shape->apic_id_offset);
	state_put_u32(out, shape->tsc_khz);
	state_put_u32(out, shape->pv_features);
	state_put_u8(out, shape->ioapic_version);
	state_put_bool(out, shape->x2apic);
	state_put_bool(out, shape->tsc_deadline);
	state_put_bool(out, shape->serial);
	state_put_bool(out, shape->test_device);
	state_put_bool(out, shape->amd_extapic);
}

static bool can_be(const struct machine_shape *shape)
{
	uint64_t ids = (uint64_t)shape->apic_id_offset + shape->cpus;

	return shape->cpus >= 1 && shape->cpus <= LAPIC_MAX_CPUS && ids <= ID_LIMIT + 1 &&
	       (shape->x2apic || ids <= XAPIC_LIMIT) && shape->memory >= MEMORY_MIN &&
	       shape->memory <= MEMORY_MAX && shape->memory % PAGE_SIZE == 0 &&
	       (shape->ioapic_version == IOAPIC_VERSION_82093AA ||
		shape->ioapic_version == IOAPIC_VERSION_EOI);
}

void machine_shape_decode(struct machine_shape *shape, struct state_reader *in)
{
	shape->cpus = state_get_u32(in);
	shape->memory = state_get_u64(in);
	shape->apic_id_offset = state_get_u32(in);
	shape->tsc_khz = state_get_u32(in);
	shape->pv_features = state_get_u32(in);
	shape->ioapic_version = state_get_u8(in);
	shape->x2apic = state_get_bool(in);
	shape->tsc_deadline = state_get_bool(in);
	shape->serial = state_get_bool(in);
	shape->test_device = state_get_bool(in);
	shape->amd_extapic = state_get_bool(in);
	if (!can_be(shape))
		in->failed = true;
}

int machine_shape_save(struct machine *machine, struct state_output *out, struct state_error *error)
{
	const struct options *o = machine->options;
	const struct machine_shape shape = {
		.cpus = machine->nr_vcpus,
		.memory = machine->memory.size,
		.apic_id_offset = o->apic_id_offset,
		.tsc_khz = machine->tsc_khz,
		.pv_features = pv_features(machine),
		.ioapic_version = o->ioapic_version,
		.x2apic = machine->x2apic,
		.tsc_deadline = machine->tsc_deadline,
		.serial = machine->serial != NULL,
		.test_device = o->test_device,
		.amd_extapic = o->amd_extapic,
	};
	struct state_writer writer = { .data = NULL };
	int ret = 0;

	machine_shape_encode(&shape, &writer);
	if (writer.failed)
		ret = state_fail(error, "the machine cannot be saved: out of memory");
	else
		state_output_section(out, SECTION, VERSION, 0, writer.data, writer.size);
	state_writer_free(&writer);
	return ret;
}

static int read_shape(struct state_input *in, struct machine_shape *shape,
		      struct state_error *error)
{
	if (machine_state_expect(in, SECTION, VERSION, 0, error))
		return -1;
	machine_shape_decode(shape, &in->reader);
	return machine_state_taken(in, error);
}

int machine_shape_skip(struct state_input *in, struct state_error *error)
{
	struct machine_shape shape;

	return read_shape(in, &shape, error);
}

/* ---- the command line ------------------------------------------------------------------------ */

/* An option that was given has to say what the file says. */
static bool agrees(const struct options *o, enum option_given option, uint64_t said, uint64_t saved)
{
	return !(o->given & option) || said == saved;
}

static int check_numbers(const struct machine_shape *shape, const char *path,
			 const struct options *o, struct state_error *error)
{
	const struct {
		enum option_given option;
		const char *name;
		uint64_t said;
		uint64_t saved;
	} numbers[] = {
		{ OPTION_CPUS, "--cpus", o->cpus, shape->cpus },
		{ OPTION_MEMORY, "--memory, in bytes,", o->memory, shape->memory },
		{ OPTION_APIC_ID_OFFSET, "--apic-id-offset", o->apic_id_offset,
		  shape->apic_id_offset },
		{ OPTION_IOAPIC_VERSION, "--ioapic-version", o->ioapic_version,
		  shape->ioapic_version },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!agrees(o, numbers[i].option, numbers[i].said, numbers[i].saved))
			return state_fail(error,
					  "%s of the state %s is %" PRIu64 ", not %" PRIu64
					  ": leave the option out",
					  numbers[i].name, path, numbers[i].saved, numbers[i].said);
	return 0;
}

/* auto is whatever was saved. */
static bool contradicts(enum tristate said, bool saved)
{
	return (said == TRISTATE_ON && !saved) || (said == TRISTATE_OFF && saved);
}

static int check_features(const struct machine_shape *shape, const char *path,
			  const struct options *o, struct state_error *error)
{
	const struct {
		const char *name;
		bool wrong;
		bool saved;
	} features[] = {
		{ "--x2apic", contradicts(o->x2apic, shape->x2apic), shape->x2apic },
		{ "--tsc-deadline", contradicts(o->tsc_deadline, shape->tsc_deadline),
		  shape->tsc_deadline },
		{ "--amd-extapic",
		  !agrees(o, OPTION_AMD_EXTAPIC, o->amd_extapic, shape->amd_extapic),
		  shape->amd_extapic },
		{ "--test-device", o->test_device && !shape->test_device, false },
		{ "--serial",
		  (o->given & OPTION_SERIAL) && (o->serial != SERIAL_OFF) != shape->serial,
		  shape->serial },
	};

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (features[i].wrong)
			return state_fail(
				error, "%s contradicts the state %s, which was saved %s it",
				features[i].name, path, features[i].saved ? "with" : "without");
	if (shape->amd_extapic && o->lapic == LAPIC_CHOICE_KERNEL)
		return state_fail(error,
				  "--lapic kernel has no AMD extended registers, with which the "
				  "state %s was saved: leave the option out",
				  path);
	return 0;
}

int machine_shape_adopt(const struct machine_shape *shape, const char *path,
			struct options *options, struct state_error *error)
{
	if (check_numbers(shape, path, options, error) ||
	    check_features(shape, path, options, error))
		return -1;
	options->cpus = shape->cpus;
	options->memory = shape->memory;
	options->apic_id_offset = shape->apic_id_offset;
	options->ioapic_version = shape->ioapic_version;
	options->x2apic = shape->x2apic ? TRISTATE_AUTO : TRISTATE_OFF;
	options->tsc_deadline = shape->tsc_deadline ? TRISTATE_ON : TRISTATE_OFF;
	options->test_device = shape->test_device;
	options->amd_extapic = shape->amd_extapic;
	if (!shape->serial)
		options->serial = SERIAL_OFF;
	options->restored_pv_features = shape->pv_features;
	options->restored_tsc_khz = shape->tsc_khz;
	return 0;
}

int machine_state_adopt(struct options *options, struct state_error *error)
{
	struct machine_shape shape;
	struct state_input in;
	int ret = state_input_open(&in, options->restore_path, error);

	if (ret == 0)
		ret = read_shape(&in, &shape, error);
	if (ret == 0)
		ret = machine_shape_adopt(&shape, options->restore_path, options, error);
	state_input_close(&in);
	return ret;
}
