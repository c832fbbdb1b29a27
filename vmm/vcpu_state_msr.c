/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's MSRs to and from a saved state: those of KVM_GET_MSR_INDEX_LIST that can be read. Linux
 * documentation, "The Definitive KVM API Documentation", "KVM_GET_MSR_INDEX_LIST", "KVM_SET_MSRS".
 */
#include <errno.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/msr_index.h"
#include "vmm/vcpu_state.h"

#define HYPERV_MSRS 0x200u

/* struct kvm_msr_list with its entries. */
struct msr_list {
	uint32_t nmsrs;
	uint32_t indices[VCPU_STATE_MSRS];
};

_Static_assert(offsetof(struct msr_list, indices) == sizeof(struct kvm_msr_list),
	       "the layout of struct kvm_msr_list");

static int get_list(const struct vcpu *vcpu, struct msr_list *list, struct state_error *error)
{
	int ret;

	list->nmsrs = VCPU_STATE_MSRS;
	ret = kvm_get(vcpu->machine->kvm_fd, KVM_GET_MSR_INDEX_LIST, list);
	return ret ? vcpu_state_fail(vcpu, "KVM_GET_MSR_INDEX_LIST", ret, error) : 0;
}

/*
 * The TSC goes first and the APIC's MSRs go with the APIC; Hyper-V's are not offered, and some of
 * them are clocks.
 */
static bool is_special(uint32_t index)
{
	switch (index) {
	case MSR_IA32_TSC:
	case MSR_IA32_APIC_BASE:
	case MSR_IA32_TSC_DEADLINE:
	case MSR_KVM_PV_EOI_EN:
		return true;
	default:
		return index - MSR_HYPERV_FIRST < HYPERV_MSRS ||
		       (index >= LAPIC_X2APIC_MSR_FIRST && index <= LAPIC_X2APIC_MSR_LAST);
	}
}

int vcpu_state_take_msrs(struct vcpu *vcpu, struct saved_vcpu *state, struct state_error *error)
{
	struct msr_list list;

	if (get_list(vcpu, &list, error))
		return -1;
	for (uint32_t i = 0; i < list.nmsrs; i++) {
		struct kvm_msr_entry *msr = &state->msrs[state->nr_msrs];
		uint64_t value;

		/* The list is that of the host: what this CPU does not have cannot be read. */
		if (is_special(list.indices[i]) || kvm_get_msr(vcpu->fd, list.indices[i], &value))
			continue;
		msr->index = list.indices[i];
		msr->data = value;
		state->nr_msrs++;
	}
	return 0;
}

uint64_t vcpu_state_tsc_adjust(const struct saved_vcpu *state)
{
	for (uint32_t i = 0; i < state->nr_msrs; i++)
		if (state->msrs[i].index == MSR_IA32_TSC_ADJUST)
			return state->msrs[i].data;
	return 0;
}

static bool is_listed(const struct msr_list *list, uint32_t index)
{
	for (uint32_t i = 0; i < list->nmsrs; i++)
		if (list->indices[i] == index)
			return !is_special(index);
	return false;
}

/* What has its value already is left alone: some can be read only. */
static int apply_msr(struct vcpu *vcpu, const struct kvm_msr_entry *msr)
{
	uint64_t now;

	if (kvm_get_msr(vcpu->fd, msr->index, &now) == 0 && now == msr->data)
		return 0;
	return kvm_set_msr(vcpu->fd, msr->index, msr->data);
}

int vcpu_state_apply_msrs(struct vcpu *vcpu, const struct saved_vcpu *state,
			  struct state_error *error)
{
	struct msr_list list;

	if (get_list(vcpu, &list, error))
		return -1;
	for (uint32_t i = 0; i < state->nr_msrs; i++) {
		const struct kvm_msr_entry *msr = &state->msrs[i];

		if (!is_listed(&list, msr->index) || apply_msr(vcpu, msr))
			return state_fail(error,
					  "CPU %u: this host does not take 0x%llx for MSR 0x%x",
					  vcpu->index, (unsigned long long)msr->data, msr->index);
	}
	return 0;
}
