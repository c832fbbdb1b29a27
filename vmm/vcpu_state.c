/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's registers to and from a saved state. Linux documentation, "The Definitive KVM API
 * Documentation"; the order in which they are set is that of their dependencies.
 */
#include "vmm/vcpu_state.h"

#include <errno.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/msr_index.h"

#define RFLAGS_IF  (UINT64_C(1) << 9)
#define KHZ_TO_GHZ 1000000

int vcpu_state_fail(const struct vcpu *vcpu, const char *what, int failure,
		    struct state_error *error)
{
	return state_fail(error, "CPU %u: %s: %s", vcpu->index, what, strerror(-failure));
}

/* ---- from KVM -------------------------------------------------------------------------------- */

struct ioctl_step {
	unsigned long request;
	const char *name;
	size_t offset; /* of the argument in struct saved_vcpu */
};

#define STEP(request, member)                                          \
	{                                                              \
		request, #request, offsetof(struct saved_vcpu, member) \
	}

static bool has(const struct vcpu *vcpu, unsigned int cap)
{
	return kvm_check_extension(vcpu->machine->kvm_fd, cap) > 0;
}

/* Bytes of the XSAVE area, as this host's KVM has it. */
static uint32_t xsave_size(const struct vcpu *vcpu)
{
	int size = kvm_check_extension(vcpu->machine->vm_fd, KVM_CAP_XSAVE2);

	return size > (int)VCPU_XSAVE_SIZE_MIN ? (uint32_t)size : (uint32_t)VCPU_XSAVE_SIZE_MIN;
}

static int take_xsave(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error)
{
	unsigned long request = KVM_GET_XSAVE;
	int ret;

	state->xsave_size = xsave_size(vcpu);
	if (state->xsave_size > sizeof(state->xsave))
		return state_fail(error, "CPU %u: its XSAVE area of %u bytes is too large",
				  vcpu->index, state->xsave_size);
	if (state->xsave_size > VCPU_XSAVE_SIZE_MIN)
		request = KVM_GET_XSAVE2;
	ret = kvm_get(vcpu->fd, request, state->xsave);
	if (ret == 0 && has(vcpu, KVM_CAP_XCRS))
		ret = kvm_get(vcpu->fd, KVM_GET_XCRS, &state->xcrs);
	return ret ? vcpu_state_fail(vcpu, "KVM_GET_XSAVE", ret, error) : 0;
}

/* Asking for the MP state makes KVM act on an INIT or SIPI that is pending: before all else. */
static int take_mp_state(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error)
{
	struct kvm_mp_state mp;
	int ret;

	state->halted = vcpu->halted;
	if (vcpu->machine->shape == IRQCHIP_NONE)
		return 0;
	ret = kvm_get(vcpu->fd, KVM_GET_MP_STATE, &mp);
	if (ret)
		return vcpu_state_fail(vcpu, "KVM_GET_MP_STATE", ret, error);
	state->halted = mp.mp_state == KVM_MP_STATE_HALTED;
	return 0;
}

/* An injected vector is in the events too: once is enough. */
static void tidy(struct saved_vcpu *state)
{
	memset(state->sregs.interrupt_bitmap, 0, sizeof(state->sregs.interrupt_bitmap));
	state->kvm_events.flags = 0;
}

int vcpu_state_take(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error)
{
	static const struct ioctl_step steps[] = {
		STEP(KVM_GET_REGS, regs),
		STEP(KVM_GET_SREGS, sregs),
		STEP(KVM_GET_DEBUGREGS, debug),
		STEP(KVM_GET_VCPU_EVENTS, kvm_events),
	};
	int ret;

	memset(state, 0, sizeof(*state));
	if (take_mp_state(vcpu, state, error))
		return -1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		ret = kvm_get(vcpu->fd, steps[i].request, (uint8_t *)state + steps[i].offset);
		if (ret)
			return vcpu_state_fail(vcpu, steps[i].name, ret, error);
	}
	tidy(state);
	state->events = vcpu->events & LAPIC_EVENT_NMI;
	if (vcpu->extint_message)
		state->events |= LAPIC_EVENT_EXTINT;
	if (take_xsave(vcpu, state, error) || vcpu_state_take_msrs(vcpu, state, error))
		return -1;
	return vcpu_state_take_lapic(vcpu, state, error);
}

/* ---- into KVM -------------------------------------------------------------------------------- */

/*
 * A parked LAPIC stays where it is, but is enabled or not as CPUID is to say (R9). The task
 * priority is the APIC's, wherever that is.
 */
static int apply_sregs(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	struct kvm_sregs sregs = state->sregs;
	struct kvm_sregs old;
	struct lapic_regs page;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &old);

	if (ret)
		return ret;
	sregs.apic_base = state->lapic.base;
	if (vcpu->machine->shape == IRQCHIP_PARKED)
		sregs.apic_base = (old.apic_base & ~LAPIC_BASE_EN) |
				  (state->lapic.base & LAPIC_BASE_EN);
	memcpy(&page, state->lapic.page, sizeof(page));
	sregs.cr8 = page.tpr.reg >> 4 & 0xf;
	memset(sregs.interrupt_bitmap, 0, sizeof(sregs.interrupt_bitmap));
	vcpu->cr8 = (uint32_t)sregs.cr8;
	vcpu->run->cr8 = sregs.cr8;
	return kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
}

/* KVM reads as many bytes as this host's area has. */
static int apply_xsave(struct vcpu *vcpu, const struct saved_vcpu *state, struct state_error *error)
{
	uint32_t size = xsave_size(vcpu);
	int ret = 0;

	if (state->xsave_size > size || size > sizeof(state->xsave))
		return state_fail(error,
				  "CPU %u: its XSAVE area has %u bytes, this host's CPU has %u",
				  vcpu->index, state->xsave_size, size);
	if (has(vcpu, KVM_CAP_XCRS))
		ret = kvm_set(vcpu->fd, KVM_SET_XCRS, &state->xcrs);
	if (ret)
		return vcpu_state_fail(vcpu, "KVM_SET_XCRS", ret, error);
	ret = kvm_set(vcpu->fd, KVM_SET_XSAVE, state->xsave);
	return ret ? vcpu_state_fail(vcpu, "KVM_SET_XSAVE", ret, error) : 0;
}

static int apply_events(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	struct kvm_vcpu_events events = state->kvm_events;

	/*
	 * SMM is not offered, and nothing of the rest exists without a capability that is not
	 * enabled.
	 */
	events.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW;
	memset(&events.smi, 0, sizeof(events.smi));
	if (vcpu->machine->shape == IRQCHIP_KERNEL && (state->events & LAPIC_EVENT_NMI))
		events.nmi.pending = 1;
	vcpu->nmi_queued = events.nmi.pending || events.nmi.injected;
	return kvm_set(vcpu->fd, KVM_SET_VCPU_EVENTS, &events);
}

/*
 * Such an NMI is in KVM already: in a CPU that we keep halted nobody would look for it again
 * (R141).
 */
static bool nmi_ends_halt(const struct kvm_vcpu_events *events)
{
	return events->nmi.pending && !events->nmi.masked;
}

static int apply_mp_state(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	struct kvm_mp_state mp = { .mp_state = KVM_MP_STATE_RUNNABLE };
	bool waits = (state->lapic.flags & LAPIC_STATE_WAIT_FOR_SIPI) != 0;

	vcpu->halted = vcpu->machine->shape == IRQCHIP_NONE && state->halted && !waits &&
		       !nmi_ends_halt(&state->kvm_events);
	if (vcpu->machine->shape == IRQCHIP_NONE)
		return 0;
	if (waits && vcpu->machine->shape == IRQCHIP_KERNEL)
		mp.mp_state = KVM_MP_STATE_INIT_RECEIVED;
	else if (state->halted && !waits)
		mp.mp_state = KVM_MP_STATE_HALTED;
	return kvm_set(vcpu->fd, KVM_SET_MP_STATE, &mp);
}

/*
 * What is the vCPU's own. INTR is sampled afresh. A KVM_RUN that enters nothing tells whether an
 * interrupt can be injected: a HLT inside KVM would never ask.
 */
static int apply_rest(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	int ret;

	if (vcpu->machine->shape != IRQCHIP_KERNEL) {
		vcpu->events = (state->events & LAPIC_EVENT_NMI) | VCPU_EVENT_INTR;
		vcpu->extint_message = (state->events & LAPIC_EVENT_EXTINT) != 0;
	}
	vcpu->run->immediate_exit = 1;
	ret = kvm_run_vcpu(vcpu->fd);
	vcpu->run->if_flag = (state->regs.rflags & RFLAGS_IF) != 0;
	return ret == -EINTR || ret == -EAGAIN ? 0 : ret;
}

struct apply_step {
	int (*apply)(struct vcpu *vcpu, const struct saved_vcpu *state);
	const char *name;
};

static int apply_steps(struct vcpu *vcpu, const struct saved_vcpu *state,
		       const struct apply_step *steps, size_t count, struct state_error *error)
{
	for (size_t i = 0; i < count; i++) {
		int ret = steps[i].apply(vcpu, state);

		if (ret)
			return vcpu_state_fail(vcpu, steps[i].name, ret, error);
	}
	return 0;
}

static int apply_regs(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	return kvm_set(vcpu->fd, KVM_SET_REGS, &state->regs);
}

static int apply_debug(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	return kvm_set(vcpu->fd, KVM_SET_DEBUGREGS, &state->debug);
}

/*
 * To the tick what the first CPU shows, which has been restored, but for what the guest has moved
 * the two by.
 */
static int follow_first_tsc(const struct vcpu *vcpu, const struct saved_vcpu *state)
{
	int first = vcpu->machine->vcpus[0].fd;
	uint64_t wanted;
	uint64_t moved;
	uint64_t own;

	if (kvm_tsc_offset(first, &wanted) || kvm_tsc_offset(vcpu->fd, &own))
		return -1;
	if (kvm_get_msr(first, MSR_IA32_TSC_ADJUST, &moved))
		moved = 0; /* this KVM knows of none */
	return kvm_move_tsc(vcpu->fd, wanted - moved + vcpu_state_tsc_adjust(state) - own);
}

/* What has passed since the clock stands still is made up for. */
static uint64_t tsc_now(const struct vcpu *vcpu, const struct saved_vcpu *state)
{
	const struct machine *m = vcpu->machine;

	return state->tsc +
	       board_clock_scale(kick_clock_ns() - m->timers.frozen, m->tsc_khz, KHZ_TO_GHZ);
}

static int correct_tsc(const struct vcpu *vcpu, const struct saved_vcpu *state)
{
	uint64_t shown;

	if (vcpu->index)
		return follow_first_tsc(vcpu, state);
	if (kvm_get_msr(vcpu->fd, MSR_IA32_TSC, &shown))
		return -1;
	return kvm_move_tsc(vcpu->fd, tsc_now(vcpu, state) - shown);
}

/*
 * A write of the MSR is not enough. Less than a second away from what KVM expects it is taken for a
 * wish to have the TSCs equal: it makes a CPU lose what its guest has moved its own by, and before
 * Linux 6.7 a young guest's TSC goes back to what has passed since the VM was created.
 */
static int apply_tsc(struct vcpu *vcpu, const struct saved_vcpu *state)
{
	int ret = kvm_set_msr(vcpu->fd, MSR_IA32_TSC, tsc_now(vcpu, state));

	/* kvm_pvm has the attribute, but nothing moves the TSC there. */
	if (ret == 0 && has(vcpu, KVM_CAP_VCPU_ATTRIBUTES))
		(void)correct_tsc(vcpu, state);
	return ret;
}

int vcpu_state_apply(struct vcpu *vcpu, const struct saved_vcpu *state, struct state_error *error)
{
	static const struct apply_step registers[] = {
		{ apply_sregs, "KVM_SET_SREGS" },
		{ apply_regs, "KVM_SET_REGS" },
		{ apply_debug, "KVM_SET_DEBUGREGS" },
		{ apply_tsc, "setting the TSC" },
	};
	static const struct apply_step events[] = {
		{ apply_events, "KVM_SET_VCPU_EVENTS" },
		{ apply_mp_state, "KVM_SET_MP_STATE" },
		{ apply_rest, "KVM_RUN" },
	};

	if (apply_steps(vcpu, state, registers, sizeof(registers) / sizeof(registers[0]), error) ||
	    apply_xsave(vcpu, state, error) || vcpu_state_apply_msrs(vcpu, state, error) ||
	    vcpu_state_apply_lapic(vcpu, state, error))
		return -1;
	return apply_steps(vcpu, state, events, sizeof(events) / sizeof(events[0]), error);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

void vcpu_state_encode(const struct saved_vcpu *state, struct state_writer *out)
{
	state_put(out, &state->lapic, sizeof(state->lapic));
	state_put_bool(out, state->halted);
	state_put_u32(out, state->events);
	state_put_u64(out, state->tsc);
	state_put_u64(out, state->pv_eoi);
	state_put(out, &state->regs, sizeof(state->regs));
	state_put(out, &state->sregs, sizeof(state->sregs));
	state_put(out, &state->debug, sizeof(state->debug));
	state_put(out, &state->kvm_events, sizeof(state->kvm_events));
	state_put(out, &state->xcrs, sizeof(state->xcrs));
	state_put_u32(out, state->xsave_size);
	state_put(out, state->xsave, state->xsave_size);
	state_put_u32(out, state->nr_msrs);
	for (uint32_t i = 0; i < state->nr_msrs; i++) {
		state_put_u32(out, state->msrs[i].index);
		state_put_u64(out, state->msrs[i].data);
	}
}

static void decode_lapic(struct saved_vcpu *state, struct state_reader *in)
{
	uint8_t bytes[sizeof(state->lapic)];

	state_get(in, bytes, sizeof(bytes));
	if (lapic_state_from_bytes(&state->lapic, bytes, sizeof(bytes)) != LAPIC_STATE_OK)
		in->failed = true;
}

static void decode_msrs(struct saved_vcpu *state, struct state_reader *in)
{
	state->nr_msrs = state_get_u32(in);
	if (state->nr_msrs > VCPU_STATE_MSRS) {
		state->nr_msrs = 0;
		in->failed = true;
	}
	for (uint32_t i = 0; i < state->nr_msrs; i++) {
		state->msrs[i].index = state_get_u32(in);
		state->msrs[i].data = state_get_u64(in);
	}
}

void vcpu_state_decode(struct saved_vcpu *state, struct state_reader *in)
{
	memset(state, 0, sizeof(*state));
	decode_lapic(state, in);
	state->halted = state_get_bool(in);
	state->events = state_get_u32(in) & (LAPIC_EVENT_NMI | LAPIC_EVENT_EXTINT);
	state->tsc = state_get_u64(in);
	state->pv_eoi = state_get_u64(in);
	state_get(in, &state->regs, sizeof(state->regs));
	state_get(in, &state->sregs, sizeof(state->sregs));
	state_get(in, &state->debug, sizeof(state->debug));
	state_get(in, &state->kvm_events, sizeof(state->kvm_events));
	state_get(in, &state->xcrs, sizeof(state->xcrs));
	state->xsave_size = state_get_u32(in);
	if (state->xsave_size < VCPU_XSAVE_SIZE_MIN || state->xsave_size > sizeof(state->xsave)) {
		state->xsave_size = VCPU_XSAVE_SIZE_MIN;
		in->failed = true;
	}
	state_get(in, state->xsave, state->xsave_size);
	decode_msrs(state, in);
}
