/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole machine to and from a file. Linux documentation, "The Definitive KVM API Documentation",
 * "KVM_GET_CLOCK", "KVM_SET_CPUID2".
 */
#include "vmm/machine_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/machine_shape.h"
#include "vmm/msr_index.h"
#include "vmm/vcpu_state.h"

#define CPUID_VERSION  1
#define CLOCK_VERSION  1
#define MEMORY_VERSION 1

#define PAGE_SIZE  4096u
#define RAM_PIECE  (1u << 20) /* bytes of RAM in one section at most */
#define RAM_HEADER sizeof(uint64_t)

int machine_state_expect(struct state_input *in, const char *name, uint32_t version,
			 uint32_t instance, struct state_error *error)
{
	enum state_step step = state_input_next(in, error);

	if (step == STATE_BAD)
		return -1;
	if (step == STATE_END || !state_input_is(in, name) || in->instance != instance)
		return state_fail(error,
				  "the state %s has '%s' in the place of '%s': it is of another "
				  "machine, or damaged",
				  in->path, in->name, name);
	if (in->version != version)
		return state_fail(error,
				  "the state %s has version %u of '%s', this vmm reads version %u: "
				  "restore it with the vmm that saved it",
				  in->path, in->version, name, version);
	return 0;
}

int machine_state_taken(const struct state_input *in, struct state_error *error)
{
	if (state_reader_done(&in->reader))
		return 0;
	return state_fail(error, "the state %s has a '%s' that cannot be", in->path, in->name);
}

/* ---- CPUID and the clock --------------------------------------------------------------------- */

/* As the first CPU has it: ids of the host's own CPUs are replaced there. */
static void save_cpuid(struct machine *m, struct state_output *out)
{
	struct kvm_cpuid_buffer cpuid;

	cpuid_for_vcpu(m, 0, &cpuid);
	state_output_section(out, "cpuid", CPUID_VERSION, 0, cpuid.entries,
			     cpuid.nent * sizeof(cpuid.entries[0]));
}

/*
 * A running guest does not look at CPUID again: it has to be what it was. What the shapes offer
 * differently has been adopted, and the rest is the host's.
 */
static int check_cpuid(struct machine *m, struct state_input *in, struct state_error *error)
{
	struct kvm_cpuid_buffer cpuid;
	struct kvm_cpuid_entry2 saved;

	if (machine_state_expect(in, "cpuid", CPUID_VERSION, 0, error))
		return -1;
	cpuid_for_vcpu(m, 0, &cpuid);
	for (uint32_t i = 0; i < cpuid.nent; i++) {
		state_get(&in->reader, &saved, sizeof(saved));
		if (memcmp(&saved, &cpuid.entries[i], sizeof(saved)) != 0)
			return state_fail(
				error,
				"the state %s is of a CPU that differs from this host's in "
				"CPUID leaf 0x%x; give the same --cpuid",
				in->path, cpuid.entries[i].function);
	}
	return machine_state_taken(in, error);
}

static int take_clock(struct machine *m, uint64_t *ns, struct state_error *error)
{
	struct kvm_clock_data clock = { .clock = 0 };
	int ret = kvm_get(m->vm_fd, KVM_GET_CLOCK, &clock);

	*ns = clock.clock;
	return ret ? state_fail(error, "KVM_GET_CLOCK: %s", strerror(-ret)) : 0;
}

/* It goes on from where it was: the guest has not been there meanwhile. */
static int restore_clock(struct machine *m, struct state_input *in, struct state_error *error)
{
	struct kvm_clock_data clock = { .flags = 0 };
	int ret;

	if (machine_state_expect(in, "clock", CLOCK_VERSION, 0, error))
		return -1;
	clock.clock = state_get_u64(&in->reader);
	if (machine_state_taken(in, error))
		return -1;
	ret = kvm_set(m->vm_fd, KVM_SET_CLOCK, &clock);
	return ret ? state_fail(error, "KVM_SET_CLOCK: %s", strerror(-ret)) : 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *page)
{
	uint64_t word;

	for (size_t i = 0; i < PAGE_SIZE; i += sizeof(word)) {
		memcpy(&word, page + i, sizeof(word));
		if (word)
			return false;
	}
	return true;
}

/* Pages from at on, at most to end and at most a piece, that all are zero or all are not. */
static uint64_t run_length(const struct memory *memory, uint64_t at, bool zero)
{
	uint64_t size = 0;

	while (at + size < memory->size && size < RAM_PIECE &&
	       is_zero(memory->host + at + size) == zero)
		size += PAGE_SIZE;
	return size;
}

/* Addresses are offsets into the mapping, as if RAM had no hole. Zero pages are left out. */
static void save_memory(const struct memory *memory, struct state_output *out, uint8_t *piece)
{
	uint32_t instance = 0;
	uint64_t at = 0;

	while (at < memory->size) {
		uint64_t size = run_length(memory, at, false);

		if (size) {
			memcpy(piece, &at, RAM_HEADER);
			memcpy(piece + RAM_HEADER, memory->host + at, size);
			state_output_section(out, "ram", MEMORY_VERSION, instance++, piece,
					     RAM_HEADER + size);
		}
		at += size + run_length(memory, at + size, true);
	}
	state_output_section(out, "ram", MEMORY_VERSION, instance, NULL, 0);
}

static int restore_memory(struct memory *memory, struct state_input *in, struct state_error *error)
{
	for (uint32_t instance = 0;; instance++) {
		uint64_t size;
		uint64_t at;

		if (machine_state_expect(in, "ram", MEMORY_VERSION, instance, error))
			return -1;
		if (!in->reader.size)
			return 0;
		at = state_get_u64(&in->reader);
		size = in->reader.size - in->reader.at;
		if (in->reader.failed || at >= memory->size || size > memory->size - at)
			return state_fail(error, "the state %s has RAM outside of the machine's",
					  in->path);
		state_get(&in->reader, memory->host + at, size);
	}
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

/* Taken first, before the file costs time, and written later. */
static int take_vcpu(struct vcpu *vcpu, uint64_t tsc, struct saved_vcpu *state,
		     struct state_writer *writer, struct state_error *error)
{
	int ret = vcpu_state_take(vcpu, state, error);

	if (ret)
		return ret;
	state->tsc = tsc;
	vcpu_state_encode(state, writer);
	if (writer->failed)
		ret = state_fail(error, "the machine cannot be saved: out of memory");
	return ret;
}

/* All TSCs in one moment, as far as that goes. */
static int take_tscs(struct machine *m, uint64_t *tscs, struct state_error *error)
{
	for (uint32_t i = 0; i < m->nr_vcpus; i++) {
		int ret = kvm_get_msr(m->vcpus[i].fd, MSR_IA32_TSC, &tscs[i]);

		if (ret)
			return vcpu_state_fail(&m->vcpus[i], "reading the TSC", ret, error);
	}
	return 0;
}

static int restore_vcpu(struct vcpu *vcpu, struct saved_vcpu *state, struct state_input *in,
			struct state_error *error)
{
	if (machine_state_expect(in, "vcpu", VCPU_STATE_VERSION, vcpu->index, error))
		return -1;
	vcpu_state_decode(state, &in->reader);
	if (machine_state_taken(in, error))
		return -1;
	return vcpu_state_apply(vcpu, state, error);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Large ones, which are needed once for many sections. */
struct scratch {
	struct saved_vcpu vcpu;
	uint8_t ram[RAM_HEADER + RAM_PIECE];
	/* While saving. */
	uint64_t clock;
	uint64_t tscs[LAPIC_MAX_CPUS];
	struct state_writer vcpus[LAPIC_MAX_CPUS];
};

static int take_clocks_and_cpus(struct machine *m, struct scratch *scratch,
				struct state_error *error)
{
	timers_freeze(&m->timers);
	if (take_tscs(m, scratch->tscs, error) || take_clock(m, &scratch->clock, error))
		return -1;
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (take_vcpu(&m->vcpus[i], scratch->tscs[i], &scratch->vcpu, &scratch->vcpus[i],
			      error))
			return -1;
	return 0;
}

static int write_sections(struct machine *m, struct state_output *out, struct scratch *scratch,
			  struct state_error *error)
{
	if (machine_shape_save(m, out, error))
		return -1;
	save_cpuid(m, out);
	save_memory(&m->memory, out, scratch->ram);
	state_output_section(out, "clock", CLOCK_VERSION, 0, &scratch->clock,
			     sizeof(scratch->clock));
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		state_output_section(out, "vcpu", VCPU_STATE_VERSION, i, scratch->vcpus[i].data,
				     scratch->vcpus[i].size);
	return board_state_save(m, out, error);
}

int machine_state_save(struct machine *machine, const char *path, struct state_error *error)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));
	struct state_output out;
	int ret;

	if (!scratch)
		return state_fail(error, "the machine cannot be saved: out of memory");
	state_output_begin(&out, path);
	ret = take_clocks_and_cpus(machine, scratch, error);
	if (ret == 0)
		ret = write_sections(machine, &out, scratch, error);
	timers_thaw(&machine->timers);
	if (ret == 0)
		ret = state_output_commit(&out, error);
	else
		state_output_abandon(&out);
	for (uint32_t i = 0; i < machine->nr_vcpus; i++)
		state_writer_free(&scratch->vcpus[i]);
	free(scratch);
	return ret;
}

static int restore_sections(struct machine *m, struct state_input *in, struct scratch *scratch,
			    struct state_error *error)
{
	if (machine_shape_skip(in, error) || check_cpuid(m, in, error) ||
	    restore_memory(&m->memory, in, error))
		return -1;
	timers_freeze(&m->timers);
	if (restore_clock(m, in, error))
		return -1;
	for (uint32_t i = 0; i < m->nr_vcpus; i++)
		if (restore_vcpu(&m->vcpus[i], &scratch->vcpu, in, error))
			return -1;
	if (board_state_restore(m, in, error))
		return -1;
	switch (state_input_next(in, error)) {
	case STATE_END:
		return 0;
	case STATE_SECTION:
		return state_fail(error, "the state %s has a '%s', which this machine has not",
				  in->path, in->name);
	case STATE_BAD:
	default:
		return -1;
	}
}

int machine_state_restore(struct machine *machine, const char *path, struct state_error *error)
{
	struct scratch *scratch = malloc(sizeof(*scratch));
	struct state_input in;
	int ret;

	if (!scratch)
		return state_fail(error, "out of memory for the state %s", path);
	ret = state_input_open(&in, path, error);
	if (ret == 0)
		ret = restore_sections(machine, &in, scratch, error);
	timers_thaw(&machine->timers);
	state_input_close(&in);
	free(scratch);
	return ret;
}
