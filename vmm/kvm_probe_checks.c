/* SPDX-License-Identifier: BSD-2-Clause */
/* The start-up probe's questions: snippets of code, and what their exits have to be. */
#include <errno.h>
#include <string.h>

#include "lapic/lapic_regs.h"
#include "vmm/kvm_probe_priv.h"
#include "vmm/msr_index.h"

#define HLT_KICK_NS  100000
#define HLT_TRIES    12
#define CR8_LIMIT_NS 50000000
#define TSC_JUMP     (UINT64_C(1) << 40)

/* What one KVM_RUN ended in. */
struct probe_exit {
	uint32_t reason;
	uint64_t where; /* MMIO address, MSR number or port */
	bool write;
	uint32_t msr_reason;
};

/* mov eax,[0xFEE00030]; mov [0xFEE00080],eax; mov [0xFEE000B0],eax; out 0x10,al */
static const uint8_t code_mmio[] = { 0xa1, 0x30, 0x00, 0xe0, 0xfe, 0xa3, 0x80, 0x00,           0xe0,
				     0xfe, 0xa3, 0xb0, 0x00, 0xe0, 0xfe, 0xe6, PROBE_PORT_DONE };
/* mov ecx,0x80B; xor eax,eax; xor edx,edx; wrmsr; out 0x10,al */
static const uint8_t code_x2apic[] = { 0xb9, 0x0b, 0x08, 0x00, 0x00, 0x31,           0xc0,
				       0x31, 0xd2, 0x0f, 0x30, 0xe6, PROBE_PORT_DONE };
/* mov ecx,0x1B; rdmsr; out 0x10,al */
static const uint8_t code_base[] = {
	0xb9, 0x1b, 0x00, 0x00, 0x00, 0x0f, 0x32, 0xe6, PROBE_PORT_DONE
};
/* mov ecx,0x6E0; xor eax,eax; mov edx,0x7fffffff; wrmsr; out 0x10,al */
static const uint8_t code_deadline[] = {
	0xb9, 0xe0, 0x06, 0x00, 0x00, 0x31, 0xc0, 0xba,
	0xff, 0xff, 0xff, 0x7f, 0x0f, 0x30, 0xe6, PROBE_PORT_DONE
};
/* mov ecx,0x10; xor eax,eax; xor edx,edx; wrmsr; out 0x10,al */
static const uint8_t code_tsc[] = { 0xb9, 0x10, 0x00, 0x00, 0x00, 0x31,           0xc0,
				    0x31, 0xd2, 0x0f, 0x30, 0xe6, PROBE_PORT_DONE };
/* sti; nop; out 0x10,al; nop */
static const uint8_t code_inject[] = { 0xfb, 0x90, 0xe6, PROBE_PORT_DONE, 0x90 };
/* sti; hlt; nop */
static const uint8_t code_hlt[] = { 0xfb, 0xf4, 0x90 };
/* mov eax,1; cpuid; out 0x10,al */
static const uint8_t code_cpuid[] = { 0xb8, 0x01, 0x00, 0x00,           0x00,
				      0x0f, 0xa2, 0xe6, PROBE_PORT_DONE };

/* sti; nop; out 0x10,al; xor eax,eax; mov cr8,rax; jmp $ */
static const uint8_t code_cr8[] = { 0xfb, 0x90, 0xe6, PROBE_PORT_DONE, 0x31, 0xc0, 0x44, 0x0f, 0x22,
				    0xc0, 0xeb, 0xfe };

/* One KVM_RUN. Exits that read get 0; MSR exits are let through without a #GP. */
static struct probe_exit step(struct probe *p)
{
	struct kvm_run *run = p->run;
	struct probe_exit e = { .reason = KVM_EXIT_UNKNOWN };

	if (kvm_run_vcpu(p->vcpu) < 0)
		return (struct probe_exit){ .reason = KVM_EXIT_INTR };
	e.reason = run->exit_reason;
	switch (run->exit_reason) {
	case KVM_EXIT_MMIO:
		e.where = run->mmio.phys_addr;
		e.write = run->mmio.is_write;
		memset(run->mmio.data, 0, sizeof(run->mmio.data));
		break;
	case KVM_EXIT_IO:
		e.where = run->io.port;
		break;
	case KVM_EXIT_X86_RDMSR:
	case KVM_EXIT_X86_WRMSR:
		e.where = run->msr.index;
		e.write = run->exit_reason == KVM_EXIT_X86_WRMSR;
		e.msr_reason = run->msr.reason;
		run->msr.data = 0;
		run->msr.error = 0;
		break;
	default:
		break;
	}
	return e;
}

static bool is_port(struct probe_exit e, uint64_t port)
{
	return e.reason == KVM_EXIT_IO && e.where == port;
}

static bool is_mmio(struct probe_exit e, uint64_t address, bool write)
{
	return e.reason == KVM_EXIT_MMIO && e.where == address && e.write == write;
}

/* why: KVM_MSR_EXIT_REASON_*. */
static bool is_msr(struct probe_exit e, uint32_t reason, uint32_t why)
{
	return e.reason == reason && e.msr_reason == why;
}

static bool judge_mmio(struct probe *p)
{
	return is_mmio(step(p), LAPIC_BASE_DEFAULT + LAPIC_VERSION, false) &&
	       is_mmio(step(p), LAPIC_BASE_DEFAULT + LAPIC_TPR, true) &&
	       is_mmio(step(p), LAPIC_BASE_DEFAULT + LAPIC_EOI, true) &&
	       is_port(step(p), PROBE_PORT_DONE);
}

static bool judge_x2apic(struct probe *p)
{
	return is_msr(step(p), KVM_EXIT_X86_WRMSR, KVM_MSR_EXIT_REASON_INVAL) &&
	       is_port(step(p), PROBE_PORT_DONE);
}

static bool judge_base(struct probe *p)
{
	return is_msr(step(p), KVM_EXIT_X86_RDMSR, KVM_MSR_EXIT_REASON_FILTER) &&
	       is_port(step(p), PROBE_PORT_DONE);
}

static bool judge_deadline(struct probe *p)
{
	return is_msr(step(p), KVM_EXIT_X86_WRMSR, KVM_MSR_EXIT_REASON_FILTER) &&
	       is_port(step(p), PROBE_PORT_DONE);
}

static bool moves_tsc(const struct probe *p)
{
	uint64_t before;
	uint64_t after;

	return kvm_get_msr(p->vcpu, MSR_IA32_TSC, &before) == 0 &&
	       kvm_move_tsc(p->vcpu, TSC_JUMP) == 0 &&
	       kvm_get_msr(p->vcpu, MSR_IA32_TSC, &after) == 0 && after - before >= TSC_JUMP;
}

static bool judge_tsc(struct probe *p)
{
	return is_msr(step(p), KVM_EXIT_X86_WRMSR, KVM_MSR_EXIT_REASON_FILTER) && moves_tsc(p) &&
	       is_port(step(p), PROBE_PORT_DONE);
}

static bool judge_inject(struct probe *p)
{
	if (!is_port(step(p), PROBE_PORT_DONE) || !p->run->ready_for_interrupt_injection)
		return false;
	if (kvm_interrupt(p->vcpu, PROBE_VECTOR))
		return false;
	/* The slot is taken, and KVM has to say so. */
	if (kvm_interrupt(p->vcpu, PROBE_VECTOR) != -EEXIST)
		return false;
	return is_port(step(p), PROBE_PORT_HANDLER);
}

/*
 * KVM sleeps in the HLT, and only the timer's signal ends that. On a slow host the signal may come
 * before the guest gets there: it is not ready for an interrupt then, and is given more time.
 */
static bool judge_hlt(struct probe *p)
{
	uint64_t wait = HLT_KICK_NS;

	for (int i = 0; i < HLT_TRIES; i++, wait *= 2) {
		kick_timer_arm(&p->timer, kick_clock_ns() + wait);
		if (step(p).reason != KVM_EXIT_INTR)
			return false;
		p->timer.armed = UINT64_MAX;
		p->run->immediate_exit = 0;
		if (p->run->ready_for_interrupt_injection)
			return kvm_interrupt(p->vcpu, PROBE_VECTOR) == 0 &&
			       is_port(step(p), PROBE_PORT_HANDLER);
	}
	return false;
}

static bool judge_cpuid(struct probe *p)
{
	struct kvm_regs regs;

	return is_port(step(p), PROBE_PORT_DONE) && kvm_get(p->vcpu, KVM_GET_REGS, &regs) == 0 &&
	       (regs.rdx & (1u << 9));
}

/* Held back by CR8 while that is of the vector's own class, and delivered when it is 0. */
static bool releases_by_cr8(struct probe *p)
{
	if (kvm_park_set(p->vcpu, 0, PROBE_VECTOR & 0xf0, PROBE_VECTOR))
		return false;
	if (!is_port(step(p), PROBE_PORT_DONE) || kvm_park_waits(p->vcpu, PROBE_VECTOR) != 1)
		return false;
	kick_timer_arm(&p->timer, kick_clock_ns() + CR8_LIMIT_NS);
	return is_port(step(p), PROBE_PORT_HANDLER) && kvm_park_waits(p->vcpu, PROBE_VECTOR) == 0;
}

static bool judge_cr8(struct probe *p)
{
	bool passed = releases_by_cr8(p);

	return kvm_park_set(p->vcpu, 0, 0, 0) == 0 && passed;
}

const struct probe_snippet probe_snippets[PROBE_CHECKS] = {
	[PROBE_MMIO] = { "APIC page exits as MMIO", code_mmio, sizeof(code_mmio), judge_mmio, false,
			 false },
	[PROBE_X2APIC_MSR] = { "x2APIC MSRs exit", code_x2apic, sizeof(code_x2apic), judge_x2apic,
			       false, false },
	[PROBE_APIC_BASE_MSR] = { "IA32_APIC_BASE exits", code_base, sizeof(code_base), judge_base,
				  false, false },
	[PROBE_TSC_DEADLINE_MSR] = { "IA32_TSC_DEADLINE exits", code_deadline,
				     sizeof(code_deadline), judge_deadline, false, true },
	[PROBE_TSC_WRITE] = { "a write of the TSC exits, and KVM moves it", code_tsc,
			      sizeof(code_tsc), judge_tsc, false, true },
	[PROBE_INJECTION] = { "KVM_INTERRUPT injects through a parked LAPIC", code_inject,
			      sizeof(code_inject), judge_inject, false, false },
	[PROBE_HLT_WAKE] = { "a signal ends HLT inside KVM", code_hlt, sizeof(code_hlt), judge_hlt,
			     false, false },
	[PROBE_CPUID_APIC] = { "CPUID shows an APIC", code_cpuid, sizeof(code_cpuid), judge_cpuid,
			       false, false },
	[PROBE_CR8] = { "a lowered CR8 releases a vector inside KVM", code_cr8, sizeof(code_cr8),
			judge_cr8, true, true },
};
