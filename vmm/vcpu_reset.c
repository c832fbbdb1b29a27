/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A vCPU's architectural state: entry into an image, INIT, SIPI.
 *
 * SDM vol. 3, "Processor Management and Initialization", table "IA-32 and Intel 64 Processor States
 * Following Power-up, Reset, or INIT"; "MP Initialization Protocol Algorithm".
 */
#include <errno.h>
#include <string.h>

#include "vmm/machine.h"
#include "vmm/msr_index.h"
#include "vmm/vcpu.h"

#define CR0_PE       (1u << 0)
#define CR0_ET       (1u << 4)
#define CR0_NW       (1u << 29)
#define CR0_CD       (1u << 30)
#define CR0_PG       (1u << 31)
#define CR4_PAE      (1u << 5)
#define EFER_LME     (1u << 8)
#define EFER_LMA     (1u << 10)
#define RFLAGS_FIXED 0x2u
#define RFLAGS_IF    (1u << 9)
#define TSS_LIMIT    0x67

/* Segment types of the SDM's "Code- and Data-Segment Types" and "System-Segment and Gate Types". */
#define TYPE_DATA_RW  3
#define TYPE_CODE_RX  11
#define TYPE_LDT      2
#define TYPE_TSS_BUSY 11

static struct kvm_segment real_mode_segment(uint16_t selector, uint64_t base, uint8_t type)
{
	return (struct kvm_segment){
		.base = base,
		.limit = 0xffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
	};
}

/*
 * An exit that was answered but not finished ends inside the next KVM_RUN: it would still write
 * registers and move RIP, in the middle of the new state. immediate_exit finishes just that. One
 * instruction may take several exits, as an MMIO access across two pages does: they go unanswered
 * until KVM_RUN has nothing left to ask and fails with EINTR. immediate_exit stays set, because a
 * kick may have set it as well: the price is one empty round.
 */
static void finish_exit(struct vcpu *vcpu)
{
	int exits = 0;

	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	while (kvm_run_vcpu(vcpu->fd) == 0 && exits < VCPU_EXITS_PER_INSTRUCTION)
		exits++;
}

/* struct kvm_signal_mask with the kernel's one word of signals. */
struct one_signal_mask {
	uint32_t len;
	uint8_t signals[8];
};

_Static_assert(offsetof(struct one_signal_mask, signals) == sizeof(struct kvm_signal_mask),
	       "the layout of struct kvm_signal_mask");

/* CD and NW survive an INIT, but for the combination that is illegal. */
static uint64_t init_cr0(uint64_t old)
{
	uint64_t kept = old & (CR0_CD | CR0_NW);

	return CR0_ET | ((kept & CR0_CD) ? kept : 0);
}

static int reset_sregs(struct vcpu *vcpu)
{
	const struct kvm_segment data = real_mode_segment(0, 0, TYPE_DATA_RW);
	struct kvm_sregs sregs;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs);

	if (ret)
		return ret;
	sregs.cs = real_mode_segment(0xf000, 0xffff0000, TYPE_CODE_RX);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.ldt = real_mode_segment(0, 0, TYPE_LDT);
	sregs.ldt.s = 0;
	sregs.tr = real_mode_segment(0, 0, TYPE_TSS_BUSY);
	sregs.tr.s = 0;
	sregs.gdt = sregs.idt = (struct kvm_dtable){ .limit = 0xffff };
	sregs.cr0 = init_cr0(sregs.cr0);
	sregs.cr2 = sregs.cr3 = sregs.cr4 = sregs.cr8 = 0;
	sregs.efer = 0;
	memset(sregs.interrupt_bitmap, 0, sizeof(sregs.interrupt_bitmap));
	return kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
}

/* RDX holds the processor's family, model and stepping. */
static int reset_regs(struct vcpu *vcpu)
{
	const struct kvm_cpuid_buffer *cpuid = &vcpu->machine->cpuid;
	struct kvm_regs regs = { .rip = 0xfff0, .rflags = RFLAGS_FIXED, .rdx = 0x600 };

	for (uint32_t i = 0; i < cpuid->nent; i++)
		if (cpuid->entries[i].function == 1)
			regs.rdx = cpuid->entries[i].eax;
	return kvm_set(vcpu->fd, KVM_SET_REGS, &regs);
}

static int reset_events(struct vcpu *vcpu)
{
	const struct kvm_vcpu_events none = {
		.flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
	};
	const struct kvm_debugregs debug = { .dr6 = 0xffff0ff0, .dr7 = 0x400 };
	struct kvm_vcpu_events old;
	/*
	 * KVM holds fresh NMIs in a queue that setting the events does not empty, but reading does.
	 */
	int ret = kvm_get(vcpu->fd, KVM_GET_VCPU_EVENTS, &old);

	if (ret == 0)
		ret = kvm_set(vcpu->fd, KVM_SET_VCPU_EVENTS, &none);
	return ret ? ret : kvm_set(vcpu->fd, KVM_SET_DEBUGREGS, &debug);
}

/*
 * With a parked LAPIC a vector that KVM_INTERRUPT queued may sit where no ioctl can see or revoke
 * it until KVM has begun an entry, and would then arrive after the INIT. A signal that is blocked
 * here and open inside KVM_RUN makes KVM begin the entry, move the vector on, and return without
 * running the guest; from there KVM_SET_VCPU_EVENTS can take it back (R132).
 */
static int begin_entry(struct vcpu *vcpu)
{
	const struct one_signal_mask open_mask = { .len = sizeof(open_mask.signals) };
	struct kvm_vcpu_events events;
	int ret = kvm_set(vcpu->fd, KVM_SET_SIGNAL_MASK, &open_mask);

	/* The first entry may only end a HLT; the signal stays pending meanwhile. */
	for (int i = 0; ret == 0 && i < 3; i++) {
		__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
		kvm_run_vcpu(vcpu->fd);
		ret = kvm_get(vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
		if (ret || events.interrupt.injected || vcpu->run->ready_for_interrupt_injection)
			break;
	}
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	return ret ? ret : kvm_set(vcpu->fd, KVM_SET_SIGNAL_MASK, NULL);
}

int vcpu_begin_entry(struct vcpu *vcpu)
{
	sigset_t kick;
	int ret;

	sigemptyset(&kick);
	sigaddset(&kick, KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, NULL);
	kick_thread(atomic_load(&vcpu->tid), vcpu->run);
	ret = begin_entry(vcpu);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	return ret;
}

static int expose_queued_vector(struct vcpu *vcpu)
{
	struct kvm_regs regs;
	int ret = kvm_get(vcpu->fd, KVM_GET_REGS, &regs);

	/*
	 * IF, an NMI in service, an exception: what might hold the vector back ends with the INIT.
	 */
	regs.rflags |= RFLAGS_IF;
	if (ret == 0)
		ret = kvm_set(vcpu->fd, KVM_SET_REGS, &regs);
	if (ret == 0)
		ret = reset_events(vcpu);
	return ret ? ret : vcpu_begin_entry(vcpu);
}

/* Paravirtual areas end with the INIT, or KVM would go on writing into guest memory. */
static void reset_pv_msrs(struct vcpu *vcpu)
{
	static const uint32_t pv_msrs[] = { MSR_KVM_SYSTEM_TIME, MSR_KVM_SYSTEM_TIME_NEW,
					    MSR_KVM_STEAL_TIME };

	/* A host without one of them refuses it, and has nothing to end. */
	for (size_t i = 0; i < sizeof(pv_msrs) / sizeof(pv_msrs[0]); i++)
		kvm_set_msr(vcpu->fd, pv_msrs[i], 0);
	vcpu->pv_eoi = (struct pv_eoi){ .msr = 0 };
}

int vcpu_reset_init(struct vcpu *vcpu)
{
	const struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	int ret;

	finish_exit(vcpu);
	/* The entry below raises IF: a vector that waits for CR8 in KVM must not come in by it. */
	ret = vcpu_cr8_take_back(vcpu);
	if (ret == 0 && vcpu->injection_queued && vcpu->machine->shape == IRQCHIP_PARKED)
		ret = expose_queued_vector(vcpu);
	vcpu->injection_queued = false;
	vcpu->gp_pending = false;
	vcpu->nmi_queued = false;
	vcpu->unfinished_exit = false;
	vcpu->cr8 = 0;
	vcpu->run->cr8 = 0;
	/* KVM said so of the CPU as it was before; with IF clear nothing may be injected. */
	vcpu->run->ready_for_interrupt_injection = 0;
	vcpu->run->if_flag = 0;
	if (ret == 0)
		ret = reset_sregs(vcpu);
	if (ret == 0)
		ret = reset_regs(vcpu);
	if (ret == 0)
		ret = reset_events(vcpu);
	/* Out of a HLT inside KVM; without a LAPIC there KVM knows no other state. */
	if (ret == 0)
		ret = kvm_set(vcpu->fd, KVM_SET_MP_STATE, &runnable);
	reset_pv_msrs(vcpu);
	return ret;
}

int vcpu_reset_real_mode(struct vcpu *vcpu, uint16_t segment, uint16_t offset)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs);

	if (ret == 0)
		ret = kvm_get(vcpu->fd, KVM_GET_REGS, &regs);
	if (ret)
		return ret;
	sregs.cs.selector = segment;
	sregs.cs.base = (uint64_t)segment << 4;
	regs.rip = offset;
	ret = kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
	return ret ? ret : kvm_set(vcpu->fd, KVM_SET_REGS, &regs);
}

int vcpu_reset_sipi(struct vcpu *vcpu, uint8_t vector)
{
	return vcpu_reset_real_mode(vcpu, (uint16_t)(vector << 8), 0);
}

/* ---- entry into an image --------------------------------------------------------------------- */

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type, bool long_mode)
{
	return (struct kvm_segment){
		.limit = ~0u,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = !long_mode,
		.l = long_mode,
		.s = 1,
		.g = 1,
	};
}

static void entry_sregs(struct kvm_sregs *sregs, const struct boot_entry *entry)
{
	bool long_mode = entry->mode == BOOT_CPU_LONG64;
	struct kvm_segment data = flat_segment(entry->data_selector, TYPE_DATA_RW, false);

	sregs->cs = flat_segment(entry->code_selector, TYPE_CODE_RX, long_mode);
	sregs->ds = sregs->es = sregs->fs = sregs->gs = sregs->ss = data;
	sregs->tr = real_mode_segment(entry->tss_selector, 0, TYPE_TSS_BUSY);
	sregs->tr.s = 0;
	sregs->tr.limit = TSS_LIMIT;
	sregs->ldt = (struct kvm_segment){ .unusable = 1 };
	sregs->gdt = (struct kvm_dtable){ .base = entry->gdt_base, .limit = entry->gdt_limit };
	sregs->idt = (struct kvm_dtable){ .limit = 0 };
	sregs->cr0 = CR0_PE | CR0_ET;
	if (!long_mode)
		return;
	sregs->cr0 |= CR0_PG;
	sregs->cr3 = entry->cr3;
	sregs->cr4 |= CR4_PAE;
	sregs->efer |= EFER_LME | EFER_LMA;
}

int vcpu_set_entry(struct vcpu *vcpu, const struct boot_entry *entry)
{
	const struct kvm_regs regs = {
		.rip = entry->rip,
		.rsp = entry->rsp,
		.rax = entry->rax,
		.rbx = entry->rbx,
		.rsi = entry->rsi,
		.rdi = entry->rdi,
		.rflags = RFLAGS_FIXED,
	};
	struct kvm_sregs sregs;
	int ret = kvm_get(vcpu->fd, KVM_GET_SREGS, &sregs);

	if (ret)
		return ret;
	entry_sregs(&sregs, entry);
	ret = kvm_set(vcpu->fd, KVM_SET_SREGS, &sregs);
	return ret ? ret : kvm_set(vcpu->fd, KVM_SET_REGS, &regs);
}
