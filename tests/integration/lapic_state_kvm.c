/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our state and KVM's own LAPIC: what KVM_GET_LAPIC gives goes through struct lapic_state and an
 * APIC of ours, and KVM_SET_LAPIC and KVM_GET_LAPIC give the same again. Also KVM's pages are
 * what lapicdump takes.
 *
 * KVM API documentation, "KVM_GET_LAPIC", "KVM_CAP_X2APIC_API"; rules R91, R123. Status: 0, 1 when
 * something differs, 77 without KVM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lapic/lapic.h"
#include "lapic/lapic_names.h"
#include "lapic/lapic_page.h"
#include "lapic/lapic_state.h"
#include "vmm/lapicdump/lapicdump.h"

#define SKIPPED 77
#define CPU_ID  5u
#define COUNT   4000000000u

struct machine {
	int kvm;
	int vm;
	int vcpu;
	bool ids_32bit;
	struct kvm_lapic_state lapic;
};

static bool fail(const char *what)
{
	printf("FAIL: %s: %s\n", what, errno ? strerror(errno) : "differs");
	return false;
}

/* A VM with KVM's LAPICs, and one CPU with its CPUID. */
static bool create(struct machine *m, bool ids_32bit)
{
	struct kvm_enable_cap split = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { 24 } };
	struct kvm_enable_cap api = {
		.cap = KVM_CAP_X2APIC_API,
		.args = { KVM_X2APIC_API_USE_32BIT_IDS },
	};
	union {
		struct kvm_cpuid2 header;
		uint8_t room[sizeof(struct kvm_cpuid2) + 128 * sizeof(struct kvm_cpuid_entry2)];
	} cpuid = { .header = { .nent = 128 } };

	m->ids_32bit = ids_32bit;
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0 || ioctl(m->vm, KVM_ENABLE_CAP, &split) ||
	    (ids_32bit && ioctl(m->vm, KVM_ENABLE_CAP, &api)))
		return fail("creating a VM");
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, CPU_ID);
	if (m->vcpu < 0 || ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) ||
	    ioctl(m->vcpu, KVM_SET_CPUID2, &cpuid))
		return fail("creating a CPU");
	return true;
}

static bool set_base(struct machine *m, uint64_t base)
{
	struct kvm_sregs sregs;

	if (ioctl(m->vcpu, KVM_GET_SREGS, &sregs))
		return fail("KVM_GET_SREGS");
	sregs.apic_base = base;
	return ioctl(m->vcpu, KVM_SET_SREGS, &sregs) == 0 || fail("KVM_SET_SREGS");
}

/* Something in every kind of register, by name. */
static bool prepare(struct machine *m, bool x2apic)
{
	static const struct {
		const char *name;
		uint32_t value;
	} values[] = {
		{ "SVR", 0x1ff },         { "TPR", 0x20 },        { "ISR2", 1 },
		{ "IRR3", 0x30000 },      { "TMR2", 1 },          { "LVT_LINT0", 0x700 },
		{ "LVT_TIMER", 0x300ef }, { "TDCR", 0xa }, /* divide by 128 */
		{ "TMICT", COUNT },       { "TMCCT", COUNT / 2 }, { "ICR", 0xc4500 },
		{ "LVT_ERROR", 0xfe },
	};
	uint8_t *page = (uint8_t *)m->lapic.regs;

	if (ioctl(m->vcpu, KVM_GET_LAPIC, &m->lapic))
		return fail("KVM_GET_LAPIC");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (lapic_page_set(page, lapic_reg_by_name(values[i].name)->offset, x2apic,
				   values[i].value) != LAPIC_PAGE_OK)
			return fail(values[i].name);
	lapic_page_store(page, LAPIC_ICR_HIGH, x2apic ? 0x12345 : 0x12000000);
	if (ioctl(m->vcpu, KVM_SET_LAPIC, &m->lapic) || ioctl(m->vcpu, KVM_GET_LAPIC, &m->lapic))
		return fail("KVM_SET_LAPIC and KVM_GET_LAPIC");
	return true;
}

static bool is_taken_by_lapicdump(const struct machine *m, bool x2apic)
{
	struct lapicdump_input input = { .name = "KVM", .x2apic = x2apic };
	char error[512];

	if (!lapicdump_judge(&input, (const uint8_t *)m->lapic.regs, sizeof(m->lapic.regs), false,
			     error, sizeof(error))) {
		printf("FAIL: lapicdump refuses KVM's page: %s\n", error);
		return false;
	}
	return lapicdump_id(&input) == CPU_ID || fail("the id that lapicdump sees");
}

/* KVM's page becomes an APIC of ours, whose state becomes KVM's page again. */
static bool through_ours(struct machine *m, uint64_t base, uint8_t page[LAPIC_REGS_SIZE])
{
	const struct lapic_config config = {
		.id = CPU_ID,
		.bsp = true,
		.x2apic = true,
		.tsc_deadline = true,
		.maxphyaddr = 36,
		.bus_cycle_ns = 1,
	};
	const struct lapic_kvm_context kvm = {
		.base = base,
		.id = CPU_ID,
		.bus_cycle_ns = 1,
		.ids_32bit = m->ids_32bit,
	};
	enum lapic_state_error error;
	struct lapic_state state;
	struct lapic a;

	lapic_power_up(&a, &config);
	error = lapic_state_from_kvm(&state, (const uint8_t *)m->lapic.regs, &kvm);
	if (error == LAPIC_STATE_OK)
		error = lapic_state_restore(&a, &state, 0, 1000);
	if (error == LAPIC_STATE_OK) {
		lapic_state_save(&a, 1000, &state);
		error = lapic_state_to_kvm(&state, m->ids_32bit, page);
	}
	if (error != LAPIC_STATE_OK) {
		printf("FAIL: %s\n", lapic_state_strerror(error));
		return false;
	}
	return lapic_cr8(&a) == 2 || fail("TPR in ours");
}

/*
 * VERSION is each one's own, the count of KVM's runs on, and KVM_SET_LAPIC leaves a PPR that does
 * not know of the new ISR yet.
 */
static bool same(const uint8_t *x, const uint8_t *y)
{
	for (uint32_t offset = 0; offset < LAPIC_REGS_SIZE; offset += 16) {
		uint32_t a = lapic_page_load(x, offset);
		uint32_t b = lapic_page_load(y, offset);
		const struct lapic_reg_desc *desc = lapic_reg_desc(offset);

		if (!desc || offset == LAPIC_VERSION || offset == LAPIC_PPR || a == b)
			continue;
		if (offset == LAPIC_LVT_CMCI) /* KVM has it always, this APIC of ours does not */
			continue;
		if (offset == LAPIC_TIMER_CCR && b <= a && a - b < COUNT / 4)
			continue;
		printf("FAIL: %s was 0x%08x and is 0x%08x\n", desc->name, a, b);
		return false;
	}
	return true;
}

static bool round_trip(struct machine *m, bool x2apic)
{
	uint64_t base = LAPIC_BASE_DEFAULT | LAPIC_BASE_BSP | LAPIC_BASE_EN |
			(x2apic ? LAPIC_BASE_EXTD : 0);
	uint8_t before[LAPIC_REGS_SIZE];
	uint8_t page[LAPIC_REGS_SIZE];

	errno = 0;
	if (!set_base(m, base) || !prepare(m, x2apic) || !is_taken_by_lapicdump(m, x2apic))
		return false;
	memcpy(before, m->lapic.regs, sizeof(before));
	if (!through_ours(m, base, page) || !same(before, page))
		return false;
	memcpy(m->lapic.regs, page, sizeof(page));
	if (ioctl(m->vcpu, KVM_SET_LAPIC, &m->lapic) || ioctl(m->vcpu, KVM_GET_LAPIC, &m->lapic))
		return fail("KVM_SET_LAPIC of our page");
	errno = 0;
	return same(before, (const uint8_t *)m->lapic.regs);
}

int main(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int failures = 0;

	if (kvm < 0) {
		printf("SKIP: /dev/kvm cannot be opened: %s\n", strerror(errno));
		return SKIPPED;
	}
	for (int ids_32bit = 0; ids_32bit <= 1; ids_32bit++)
		for (int x2apic = 0; x2apic <= 1; x2apic++) {
			struct machine m = { .kvm = kvm, .vm = -1, .vcpu = -1 };
			bool ok = create(&m, ids_32bit) && round_trip(&m, x2apic);

			printf("%s: %s mode, %s ids\n", ok ? "ok" : "FAIL",
			       x2apic ? "x2APIC" : "xAPIC", ids_32bit ? "32-bit" : "8-bit");
			failures += !ok;
			close(m.vcpu);
			close(m.vm);
		}
	close(kvm);
	return failures ? 1 : 0;
}
