/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CPUID policy: what KVM supports, less what cannot work with a local APIC outside of it, plus ids
 * and topology for each vCPU. SDM vol. 2, "CPUID - CPU Identification"; KVM's own leaves are those
 * of Linux' Documentation/virt/kvm/x86/cpuid.rst.
 */
#include <errno.h>
#include <string.h>

#include "vmm/kvm_host.h"
#include "vmm/machine.h"

#define LEAF1_ECX_DTES64       (1u << 2)
#define LEAF1_ECX_MONITOR      (1u << 3)
#define LEAF1_ECX_VMX          (1u << 5)
#define LEAF1_ECX_CX16         (1u << 13)
#define LEAF1_ECX_PDCM         (1u << 15)
#define LEAF1_ECX_X2APIC       (1u << 21)
#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_XSAVE        (1u << 26)
#define LEAF1_ECX_OSXSAVE      (1u << 27)
#define LEAF1_ECX_AVX          (1u << 28)
#define LEAF1_ECX_HYPERVISOR   (1u << 31)
#define LEAF1_EDX_APIC         (1u << 9)
#define LEAF1_EDX_DS           (1u << 21)
#define LEAF1_EDX_HTT          (1u << 28)
#define LEAF6_EAX_ARAT         (1u << 2)
#define LEAF7_EBX_PT           (1u << 25)
#define LEAF7_EDX_ARCH_LBR     (1u << 19)
#define LEAF7_1_EAX_PERFMON    (1u << 8)
#define EXT1_ECX_SVM           (1u << 2)
#define EXT1_ECX_EXT_APIC      (1u << 3)
#define EXT1_ECX_IBS           (1u << 10)
#define EXT1_ECX_PERFCTR_CORE  (1u << 23)
#define EXT1_ECX_PERFCTR_NB    (1u << 24)
#define EXT1_ECX_PERFCTR_LLC   (1u << 28)

/*
 * What counts or records events tells so by a vector of the local APIC, and KVM's do by its own
 * LAPIC only: hidden in all shapes, so that guests see one machine.
 */
#define LEAF1_ECX_PMU (LEAF1_ECX_DTES64 | LEAF1_ECX_PDCM)
#define EXT1_ECX_PMU \
	(EXT1_ECX_IBS | EXT1_ECX_PERFCTR_CORE | EXT1_ECX_PERFCTR_NB | EXT1_ECX_PERFCTR_LLC)

/* Leaves 4 and 8000001DH, EAX */
#define CACHE_TYPE       0x1fu
#define CACHE_PROPERTIES 0x3fffu /* of the cache itself: all below who shares it */
#define CACHE_LEVEL(eax) ((eax) >> 5 & 7)
#define SHARED_LEVEL     3u
#define CACHE_SHARERS    0x1000u
#define PACKAGE_CORES    64u

#define KVM_LEAF_BASE     0x40000000u
#define KVM_LEAF_FEATURES 0x40000001u
#define KVM_LEAF_TIMING   0x40000010u

/* KVM_LEAF_FEATURES.EAX */
#define PV_CLOCKSOURCE        (1u << 0)
#define PV_NOP_IO_DELAY       (1u << 1)
#define PV_CLOCKSOURCE2       (1u << 3)
#define PV_STEAL_TIME         (1u << 5)
#define PV_EOI                (1u << 6)
#define PV_TLB_FLUSH          (1u << 9)
#define PV_POLL_CONTROL       (1u << 12)
#define PV_MSI_EXT_DEST_ID    (1u << 15)
#define PV_CLOCKSOURCE_STABLE (1u << 24)

/*
 * Async page faults and PV IPIs end in KVM's LAPIC and PV unhalt in its wake-up: hidden in all
 * shapes, so that guests see one machine.
 */
#define PV_EVERYWHERE                                                                        \
	(PV_CLOCKSOURCE | PV_NOP_IO_DELAY | PV_CLOCKSOURCE2 | PV_STEAL_TIME | PV_TLB_FLUSH | \
	 PV_CLOCKSOURCE_STABLE)

/*
 * What KVM's instruction emulator knows, where kernels run in it. Only CX16 and the highest leaf
 * are honoured by all such hosts: without leaf 7 guests find neither SMAP, and without leaf 13 no
 * XSAVE.
 */
#define BASIC_MAX_LEAF  6u
#define BASIC_LEAF1_ECX (LEAF1_ECX_CX16 | LEAF1_ECX_XSAVE | LEAF1_ECX_OSXSAVE | LEAF1_ECX_AVX)
#define BASIC_LEAVES    0x40000000u /* the basic range ends here at the latest */

/*
 * Low bits in which the ids of the CPUs differ: the one package has all that share the higher ones.
 */
static uint32_t id_bits(const struct machine *m)
{
	uint32_t first = m->options->apic_id_offset;
	uint32_t differ = first ^ (first + m->nr_vcpus - 1);
	uint32_t bits = 0;

	while (differ >> bits)
		bits++;
	return bits;
}

static uint32_t package_ids(const struct machine *m)
{
	return UINT32_C(1) << id_bits(m);
}

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void filter_leaf1(const struct machine *m, struct kvm_cpuid_entry2 *e)
{
	e->ecx &= ~(LEAF1_ECX_MONITOR | LEAF1_ECX_VMX | LEAF1_ECX_PMU | LEAF1_ECX_X2APIC |
		    LEAF1_ECX_TSC_DEADLINE);
	e->ecx |= LEAF1_ECX_HYPERVISOR;
	e->edx &= ~LEAF1_EDX_DS;
	e->edx |= LEAF1_EDX_APIC;
	if (m->x2apic)
		e->ecx |= LEAF1_ECX_X2APIC;
	if (m->tsc_deadline)
		e->ecx |= LEAF1_ECX_TSC_DEADLINE;
	if (m->nr_vcpus > 1)
		e->edx |= LEAF1_EDX_HTT;
	else
		e->edx &= ~LEAF1_EDX_HTT;
	e->ebx = (e->ebx & 0xffffu) | (min_u32(package_ids(m), 255) << 16);
}

/* "Deterministic Cache Parameters": L1 and L2 are a CPU's own, the rest is the package's. */
static void filter_cache(const struct machine *m, struct kvm_cpuid_entry2 *e)
{
	uint32_t ids = CACHE_LEVEL(e->eax) < SHARED_LEVEL ? 1 : package_ids(m);

	if (!(e->eax & CACHE_TYPE))
		return;
	e->eax = (e->eax & CACHE_PROPERTIES) | (min_u32(ids, CACHE_SHARERS) - 1) << 14;
	if (e->function == 4)
		e->eax |= (min_u32(package_ids(m), PACKAGE_CORES) - 1) << 26;
}

static void filter_leaf7(struct kvm_cpuid_entry2 *e)
{
	if (e->index == 0) {
		e->ebx &= ~LEAF7_EBX_PT;
		e->edx &= ~LEAF7_EDX_ARCH_LBR;
	} else if (e->index == 1) {
		e->eax &= ~LEAF7_1_EAX_PERFMON;
	}
}

static void filter_extended1(const struct machine *m, struct kvm_cpuid_entry2 *e)
{
	e->ecx &= ~(EXT1_ECX_SVM | EXT1_ECX_EXT_APIC | EXT1_ECX_PMU);
	if (m->options->amd_extapic)
		e->ecx |= EXT1_ECX_EXT_APIC; /* R78 */
}

static void filter_kvm_features(const struct machine *m, struct kvm_cpuid_entry2 *e)
{
	e->eax &= PV_EVERYWHERE;
	if (m->shape != IRQCHIP_NONE)
		e->eax |= PV_POLL_CONTROL;
	/* Ours where the local APIC is, KVM's own with its LAPIC. */
	e->eax |= PV_MSI_EXT_DEST_ID | PV_EOI;
	/*
	 * A guest that was saved goes on with what it had. Poll control works wherever it is
	 * offered.
	 */
	if (m->options->restore_path)
		e->eax = (e->eax | PV_POLL_CONTROL) & m->options->restored_pv_features;
	e->edx = 0;
}

static void clear_entry(struct kvm_cpuid_entry2 *e)
{
	e->eax = e->ebx = e->ecx = e->edx = 0;
}

/* Twelve letters in EBX, EDX and ECX, of leaf 0 and of the highest extended leaf's. */
static void set_vendor(struct kvm_cpuid_entry2 *e, enum vendor_choice vendor)
{
	const char *name = vendor == VENDOR_INTEL ? "GenuineIntel" : "AuthenticAMD";

	if (vendor == VENDOR_HOST)
		return;
	memcpy(&e->ebx, name, sizeof(e->ebx));
	memcpy(&e->edx, name + 4, sizeof(e->edx));
	memcpy(&e->ecx, name + 8, sizeof(e->ecx));
}

static void filter_entry(const struct machine *m, struct kvm_cpuid_entry2 *e)
{
	switch (e->function) {
	case 0:
	case 0x80000000:
		set_vendor(e, m->options->cpu_vendor);
		break;
	case 1:
		filter_leaf1(m, e);
		break;
	case 4:
	case 0x8000001d: /* AMD */
		filter_cache(m, e);
		break;
	case 7:
		filter_leaf7(e);
		break;
	case 5:          /* MONITOR */
	case 0xa:        /* performance counters */
	case 0x14:       /* processor trace */
	case 0x15:       /* its crystal clock would have to be the APIC's bus clock */
	case 0x1c:       /* last branch records */
	case 0x23:       /* performance counters, once more */
	case 0x8000000a: /* SVM */
	case 0x8000001b: /* AMD: instruction-based sampling */
	case 0x80000022: /* AMD: performance counters */
	case 0x80000026: /* AMD: topology that leaf 0BH has as well */
		clear_entry(e);
		break;
	case 6: /* the APIC timer never stops */
		clear_entry(e);
		e->eax = LEAF6_EAX_ARAT;
		break;
	case KVM_LEAF_BASE:
		e->eax = KVM_LEAF_TIMING;
		break;
	case KVM_LEAF_FEATURES:
		filter_kvm_features(m, e);
		break;
	case 0x80000001:
		filter_extended1(m, e);
		break;
	case 0x80000008: /* AMD: number of threads and width of their ids */
		if (e->ecx)
			e->ecx = (id_bits(m) << 12) | min_u32(m->nr_vcpus - 1, 255);
		break;
	default:
		break;
	}
}

static struct kvm_cpuid_entry2 *add_entry(struct kvm_cpuid_buffer *cpuid, uint32_t function,
					  uint32_t index, uint32_t flags)
{
	struct kvm_cpuid_entry2 *e;

	if (cpuid->nent >= KVM_CPUID_MAX)
		return NULL;
	e = &cpuid->entries[cpuid->nent++];
	*e = (struct kvm_cpuid_entry2){ .function = function, .index = index, .flags = flags };
	return e;
}

/* Leaf 0BH alone has APIC ids of more than 8 bits: a guest could not tell its CPUs apart. */
static bool has_long_ids(const struct machine *m)
{
	return m->options->apic_id_offset + m->nr_vcpus - 1 > UINT8_MAX;
}

static bool is_basic(const struct machine *m)
{
	return m->options->cpuid == CPUID_CHOICE_BASIC ||
	       (m->options->cpuid == CPUID_CHOICE_AUTO && kvm_host_emulates_kernels() &&
		!has_long_ids(m));
}

static void filter_basic(struct kvm_cpuid_entry2 *e)
{
	if (e->function == 0)
		e->eax = min_u32(e->eax, BASIC_MAX_LEAF);
	else if (e->function == 1)
		e->ecx &= ~BASIC_LEAF1_ECX;
}

/* Leaves that are made afresh, or not at all. */
static bool is_replaced(uint32_t function, bool basic)
{
	if (basic && function > BASIC_MAX_LEAF && function < BASIC_LEAVES)
		return true;
	return function == 0xb || function == 0x1f || function == KVM_LEAF_TIMING;
}

/* "V2 Extended Topology Enumeration": a thread level of one, a core level of all. */
static int add_topology(struct machine *m, uint32_t function)
{
	struct kvm_cpuid_entry2 *threads = add_entry(&m->cpuid, function, 0,
						     KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
	struct kvm_cpuid_entry2 *cores = add_entry(&m->cpuid, function, 1,
						   KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
	struct kvm_cpuid_entry2 *end = add_entry(&m->cpuid, function, 2,
						 KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

	if (!threads || !cores || !end)
		return -E2BIG;
	threads->ebx = 1;
	threads->ecx = 1u << 8;
	cores->eax = id_bits(m);
	cores->ebx = m->nr_vcpus;
	cores->ecx = (2u << 8) | 1;
	end->ecx = 2;
	return 0;
}

int cpuid_prepare(struct machine *machine)
{
	struct kvm_cpuid_buffer *cpuid = &machine->cpuid;
	bool basic = is_basic(machine);
	struct kvm_cpuid_entry2 *timing;
	uint32_t max_leaf = 0;
	uint32_t kept = 0;
	int ret = kvm_get_supported_cpuid(machine->kvm_fd, cpuid);

	if (ret)
		return ret;
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		if (is_replaced(cpuid->entries[i].function, basic))
			continue;
		if (basic)
			filter_basic(&cpuid->entries[i]);
		if (cpuid->entries[i].function == 0)
			max_leaf = cpuid->entries[i].eax;
		cpuid->entries[kept] = cpuid->entries[i];
		filter_entry(machine, &cpuid->entries[kept++]);
	}
	cpuid->nent = kept;
	/* TSC and APIC bus frequencies in kHz, as other hypervisors tell them. */
	timing = add_entry(cpuid, KVM_LEAF_TIMING, 0, 0);
	if (!timing)
		return -E2BIG;
	timing->ebx = 1000000 / VCPU_APIC_BUS_CYCLE_NS;
	if (max_leaf >= 0xb)
		ret = add_topology(machine, 0xb);
	if (ret == 0 && max_leaf >= 0x1f)
		ret = add_topology(machine, 0x1f);
	return ret;
}

/*
 * A guest may try counters that no CPUID has offered. KVMs that cannot be told are older than 5.18.
 */
int cpuid_hide_pmu(int vm_fd)
{
	int switches = kvm_check_extension(vm_fd, KVM_CAP_PMU_CAPABILITY);

	if (switches <= 0 || !(switches & KVM_PMU_CAP_DISABLE))
		return 0;
	return kvm_enable_cap(vm_fd, KVM_CAP_PMU_CAPABILITY, KVM_PMU_CAP_DISABLE);
}

uint8_t cpuid_maxphyaddr(const struct machine *machine)
{
	const struct kvm_cpuid_buffer *cpuid = &machine->cpuid;

	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 0x80000008)
			return (uint8_t)cpuid->entries[i].eax;
	return 36;
}

void cpuid_for_vcpu(const struct machine *machine, uint32_t index, struct kvm_cpuid_buffer *cpuid)
{
	uint32_t id = machine->options->apic_id_offset + index;

	*cpuid = machine->cpuid;
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		switch (e->function) {
		case 1:
			e->ebx = (e->ebx & 0x00ffffffu) | (id << 24);
			break;
		case 0xb:
		case 0x1f:
			e->edx = id;
			break;
		case KVM_LEAF_TIMING:
			e->eax = machine->tsc_khz;
			break;
		case 0x8000001e: /* AMD: extended APIC id; one thread a core, one node */
			e->eax = id;
			e->ebx = index & 0xff;
			e->ecx = 0;
			break;
		default:
			break;
		}
	}
}
